package store

import "time"

// SQLite would checkpoint within the commit that makes the log long, and that one commit takes milliseconds more. So
// we do it: in an idle moment when it is worth it, or at once when the log has become too long.
const (
	idleCheckpoint = 300 * time.Millisecond // no commit for so long is an idle moment
	idleWALFrames  = 256                    // less in the log than this is not worth two syncs
	maxWALFrames   = 4096                   // 16 MiB
)

const pageSize = 4096

// wal is what is known of the write-ahead log since the last look at it.
type wal struct {
	frames int // in the log
	copied int // of these, in the database file too
}

func (w wal) worthCheckpoint() bool { return w.frames-w.copied >= idleWALFrames }

// limitWAL looks at the log after a batch and copies it to the database when it is too long.
func (e *engine) limitWAL() {
	e.readWAL("PRAGMA wal_checkpoint(NOOP)")
	if e.wal.frames-e.wal.copied >= maxWALFrames {
		e.checkpoint()
	}
}

// checkpoint copies the log to the database file. PASSIVE waits for nobody; when it got everything and no reader needs
// the log any more, the next commit begins it anew.
func (e *engine) checkpoint() { e.readWAL("PRAGMA wal_checkpoint(PASSIVE)") }

func (e *engine) readWAL(pragma string) {
	if e.h == nil {
		return
	}
	var busy int
	if _, err := e.h.row(pragma, nil, &busy, &e.wal.frames, &e.wal.copied); err != nil {
		e.log.Warn("store checkpoint failed", "err", err)
		e.wal = wal{}
		return
	}
	e.stats.walFrames.Store(int64(max(e.wal.frames, 0)))
}
