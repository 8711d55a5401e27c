package store

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What keeps the store from writing and passes when somebody does something about it. It is waited for: such failures are no
// reason to end.
var (
	errNoRoom   error = passing("the disk with the state directory is full: make room, then try again")
	errReadOnly error = passing("the state directory cannot be written: is its file system mounted read-only, or not yours?")
)

const (
	probeBytes = 64 << 10 // what must fit for the trouble to be over
	probeEvery = 2 * time.Second
	tellEvery  = time.Minute // between two lines in the log about the same trouble
	probeKey   = "probe"     // bucket and key of what is written to see whether it can be
)

// obstacle says what of the above a failed batch met; nil = something else.
func obstacle(dir string, err error) error {
	var se *sqlite.Error
	switch {
	case errors.Is(err, errNoRoom), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return errNoRoom
	case errors.Is(err, syscall.EROFS):
		return errReadOnly
	case !errors.As(err, &se):
		return nil
	}
	switch se.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return errNoRoom
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN: // which do not say why
		return tryWriting(dir)
	}
	return nil
}

// tryWriting finds out by doing it.
func tryWriting(dir string) error {
	path := filepath.Join(dir, ".room-"+probeKey)
	err := os.WriteFile(path, bytes.Repeat([]byte{1}, probeBytes), 0o600)
	_ = os.Remove(path)
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return errNoRoom
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return errReadOnly
	}
	return nil
}

// trouble is an obstacle that lasts.
type trouble struct {
	why  error
	told time.Time // when the log had it last
}

// obstructed books a batch that met an obstacle. It says so once in a while.
func (e *engine) obstructed(why, err error) {
	e.tight = time.Now()
	t := e.trouble.Load()
	if t == nil || time.Since(t.told) >= tellEvery {
		e.log.Error("nothing can be stored, and nothing is accepted, until somebody helps", "what", why, "err", err)
		t = &trouble{told: time.Now()}
	}
	e.trouble.Store(&trouble{why, t.told})
}

// recovered notes that a batch was committed.
func (e *engine) recovered() {
	if e.trouble.Swap(nil) != nil {
		e.log.Info("it can be stored again")
	}
}

// probe writes something, to find out whether it can be again while nobody wants anything.
func (e *engine) probe() {
	if e.trouble.Load() == nil {
		return
	}
	at := []byte(e.now().UTC().Format(time.RFC3339))
	_ = e.q.push(&request{op: func(tx *Tx) error { return tx.Put(probeKey, probeKey, at) }}) // full or closed: somebody else writes
}

// Trouble says what keeps the store from writing; nil = nothing.
func (s *Store) Trouble() error {
	if t := s.engine.trouble.Load(); t != nil {
		return t.why
	}
	return nil
}
