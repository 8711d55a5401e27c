package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/file"
)

const (
	logRetention = 24 * time.Hour
	mostKept     = 99 // of the files that were full
)

// datedLog matches the files of the default directory: one per day, and those of the day that were full, with a number.
var datedLog = regexp.MustCompile(`^clawdbot-(\d{4}-\d{2}-\d{2})\.log(?:\.(\d{1,2}))?$`)

// logFile is the file that log lines are appended to. In the default directory it is one per UTC day, and those that
// were last written more than a day ago are removed. One that is full becomes name.1, what was that name.2 and so on.
type logFile struct {
	dir   string // of dated files; "" = one file for ever
	path  string
	most  int64 // bytes of one file; 0 = no limit
	keep  int   // full files beside the one that is written
	now   func() time.Time
	file  *os.File
	size  int64
	later time.Time // do not try again before: the last attempt failed
}

// openLogFile opens the configured file, or today's in dir.
func openLogFile(c config.Logging, dir string, now func() time.Time) (*logFile, error) {
	l := &logFile{path: c.File, now: now, most: int64(c.MaxFileMb) << 20, keep: min(c.KeepFiles, mostKept)}
	if c.File == "" {
		l.dir = dir
		if err := ownDir(dir); err != nil {
			return nil, err
		}
		l.path = l.today()
		l.prune()
	} else if err := os.MkdirAll(filepath.Dir(c.File), 0o700); err != nil {
		return nil, err
	}
	return l, l.open()
}

// ownDir makes sure that dir is ours alone: in /tmp somebody else may have been faster.
func ownDir(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() || !ownedByUser(info) {
		return fmt.Errorf("%s is not a directory of this user", dir)
	}
	if file.Modes && info.Mode().Perm()&0o077 != 0 {
		return os.Chmod(dir, 0o700)
	}
	return nil
}

func (l *logFile) today() string {
	return filepath.Join(l.dir, "clawdbot-"+l.now().UTC().Format("2006-01-02")+".log")
}

func (l *logFile) open() (err error) {
	l.file, err = os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|notElsewhere, 0o600)
	if err != nil {
		return err
	}
	l.size = 0
	if info, err := l.file.Stat(); err == nil && info.Mode().IsRegular() { // a pipe or a terminal is never full
		l.size = info.Size()
	}
	return nil
}

// rotate makes room: the file that is written becomes number 1, and the oldest goes. If that cannot be done, it is written on.
func (l *logFile) rotate() {
	info, err := l.file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		l.size = 0
		return
	}
	_ = l.file.Close() // first: Windows gives no other name to a file that is open
	l.file, l.later = nil, time.Time{}
	numbered := func(n int) string { return fmt.Sprintf("%s.%d", l.path, n) }
	if l.keep == 0 {
		err = os.Remove(l.path)
	} else {
		for n := l.keep - 1; n >= 1; n-- {
			_ = os.Rename(numbered(n), numbered(n+1)) // not there, mostly
		}
		err = os.Rename(l.path, numbered(1))
	}
	if err != nil && l.open() == nil {
		l.size = 0 // once more when as much has been written again
	}
}

// Write appends whole lines. It is called from one goroutine.
func (l *logFile) Write(b []byte) (int, error) {
	if l.dir != "" && l.today() != l.path {
		if l.file != nil {
			_ = l.file.Close()
		}
		l.file, l.path, l.later = nil, l.today(), time.Time{}
		l.prune()
	}
	if l.most > 0 && l.file != nil && l.size > 0 && l.size+int64(len(b)) > l.most {
		l.rotate()
	}
	if l.file == nil {
		if l.now().Before(l.later) {
			return len(b), nil
		}
		if err := l.open(); err != nil {
			l.later = l.now().Add(time.Minute)
			return 0, err
		}
	}
	n, err := l.file.Write(b)
	l.size += int64(n)
	return n, err
}

// prune removes old files with dated names, and nothing else.
func (l *logFile) prune() {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !datedLog.MatchString(e.Name()) || !e.Type().IsRegular() || filepath.Join(l.dir, e.Name()) == l.path {
			continue
		}
		if info, err := e.Info(); err == nil && l.now().Sub(info.ModTime()) > logRetention {
			_ = os.Remove(filepath.Join(l.dir, e.Name())) // the next day tries again
		}
	}
}

func (l *logFile) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}
