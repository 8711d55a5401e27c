package store

import "time"

// SQLite would checkpoint within the commit that makes the log long, and that one commit takes milliseconds more. So
// we do it: in an idle moment when it is worth it, or between two batches when the log has become too long.
const (
	idleCheckpoint = 300 * time.Millisecond // no commit for so long is an idle moment
	idleWALFrames  = 256                    // less in the log than this is not worth two syncs
	maxWALFrames   = 8192                   // 32 MiB
	walLookEvery   = 16                     // batches, or one MiB, between two looks at the length of the log
	tightFor       = time.Hour              // after something could not be stored for want of room
)

const pageSize = 4096

// limitWAL is called after each batch: it keeps the log from growing without end while there is no idle moment.
// On a disk that was full a moment ago it is kept short: a long log takes the very room that the database needs when the log is copied, and then
// neither can go on.
func (e *engine) limitWAL() {
	e.unlooked++
	if e.h != nil {
		e.unlooked += int(e.h.written * walLookEvery >> 20)
	}
	switch {
	case time.Since(e.tight) < tightFor:
		if !e.broken {
			e.shortenWAL(idleWALFrames)
		}
	case e.unlooked >= walLookEvery:
		e.shortenWAL(maxWALFrames)
	}
}

// shortenWAL copies the log to the database file when at least so many frames are in the log alone. PASSIVE waits for
// nobody; when it got everything and no reader needs the log any more, the next commit begins it anew.
func (e *engine) shortenWAL(frames int) {
	e.unlooked = 0
	if e.readWAL("PRAGMA wal_checkpoint(NOOP)") >= frames {
		e.readWAL("PRAGMA wal_checkpoint(PASSIVE)")
	}
}

// readWAL runs a checkpoint pragma and says how many frames are left to be copied.
func (e *engine) readWAL(pragma string) (behind int) {
	if e.h == nil {
		return 0
	}
	var busy, frames, copied int
	if _, err := e.h.row(pragma, nil, &busy, &frames, &copied); err != nil {
		e.log.Warn("store checkpoint failed", "err", err)
		return 0
	}
	e.stats.walFrames.Store(int64(max(frames, 0)))
	return frames - copied
}
