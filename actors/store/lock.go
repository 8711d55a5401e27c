package store

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// dirLock is the exclusive lock on a state directory. Its file is never deleted: a deleted and re-created file would
// be another one, and two processes could each hold "the" lock.
type dirLock struct {
	fl    *flock.Flock
	since time.Time
}

func acquireLock(path string, now time.Time) (*dirLock, error) {
	fl := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	ok, err := fl.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock state directory: %w", err)
	}
	if !ok {
		fl.Close()
		return nil, &LockedError{Path: path, Holder: readHolder(path)}
	}
	l := &dirLock{fl: fl, since: now}
	if err := os.Chmod(path, 0o600); err != nil {
		l.release()
		return nil, fmt.Errorf("lock state directory: %w", err)
	}
	if err := l.setInfo(""); err != nil {
		l.release()
		return nil, err
	}
	return l, nil
}

func readHolder(path string) string {
	b, err := os.ReadFile(infoPath(path))
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(line)
}

// setInfo writes who holds the lock. It writes in place: the lock belongs to this very file.
func (l *dirLock) setInfo(addr string) error {
	line := fmt.Sprintf("pid=%d since=%s addr=%s\n", os.Getpid(), l.since.UTC().Format(time.RFC3339), addr)
	if err := os.WriteFile(infoPath(l.fl.Path()), []byte(line), 0o600); err != nil {
		return fmt.Errorf("write lock file: %w", err)
	}
	return nil
}

// release empties the file and gives the lock back.
func (l *dirLock) release() error {
	if err := os.Truncate(infoPath(l.fl.Path()), 0); err != nil {
		return fmt.Errorf("clear lock file: %w", err)
	}
	return l.fl.Close()
}

// HoldFile takes an exclusive lock on a file of its own and writes line into it, which says who holds it. When somebody
// else does, the error is a *LockedError with their line. The file stays behind: only the lock counts.
func HoldFile(path, line string) (release func() error, err error) {
	fl := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	ok, err := fl.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	l := &dirLock{fl: fl}
	if !ok {
		return nil, errors.Join(&LockedError{Path: path, Holder: readHolder(path)}, fl.Close())
	}
	if err := os.WriteFile(infoPath(path), []byte(line+"\n"), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("write lock file: %w", err), l.release())
	}
	return l.release, nil
}
