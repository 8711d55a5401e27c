package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	tailBytes   = 1 << 20 // at most so much of a file is read for one call
	tailLimit   = 200
	tailReaders = 4 // calls that read at a time; more wait
)

// tailMethod answers logs.tail on a goroutine of its own: it reads files. file gives the configured one, "" = those of
// the default directory.
func tailMethod(file func() string) wire.Method {
	readers := make(chan struct{}, tailReaders)
	return wire.Strict("logs.tail", func(c *wire.Call, p wire.LogsTailParams) {
		go func() {
			readers <- struct{}{}
			defer func() { <-readers }()
			r, err := (&logTail{file(), defaultLogDir}).read(p)
			if errors.Is(err, os.ErrNotExist) {
				err = errors.New("there is no log file: logging.file cannot be written, or nothing was logged yet")
			}
			c.Answer(r, err)
		}()
	})
}

// logTail reads the log that this process writes. It shares nothing with the writer but the files.
type logTail struct {
	file string // the one file; "" = one per day in dir
	dir  string
}

func (l *logTail) read(p wire.LogsTailParams) (r wire.LogsTailResult, err error) {
	path, err := l.latest()
	if err != nil {
		return r, err
	}
	limit := tailLimit
	if p.Limit != nil {
		limit = int(*p.Limit)
	}
	keep := func(line []byte) bool { return p.Level == "" || levelIn(line) >= levelOf(p.Level) }
	if from, offset, ok := l.cursor(p.Cursor, path); ok {
		r, err = l.behind(from, offset, path, limit, keep)
	} else {
		r, err = l.last(path, limit, keep)
		r.Reset = p.Cursor != ""
	}
	for i, line := range r.Lines {
		r.Lines[i] = config.HideSecrets(line, redacted)
	}
	return r, err
}

// latest is the file that lines go to now, or went to last.
func (l *logTail) latest() (string, error) {
	if l.file != "" {
		_, err := os.Stat(l.file)
		return l.file, err
	}
	days, err := l.days()
	if err != nil || len(days) == 0 {
		return "", errors.Join(err, os.ErrNotExist)
	}
	return days[len(days)-1], nil
}

// days are the files in dir, the oldest first.
func (l *logTail) days() (paths []string, err error) {
	entries, err := os.ReadDir(l.dir)
	for _, e := range entries {
		if datedLog.MatchString(e.Name()) && e.Type().IsRegular() {
			paths = append(paths, filepath.Join(l.dir, e.Name()))
		}
	}
	return paths, err
}

// cursor reads "name@offset" and gives the file that it is in, if that is still there and as long.
func (l *logTail) cursor(s, latest string) (path string, offset int64, ok bool) {
	name, at, _ := strings.Cut(s, "@")
	offset, err := strconv.ParseInt(at, 10, 64)
	if err != nil || offset < 0 {
		return "", 0, false
	}
	path = latest
	if name != filepath.Base(latest) {
		if l.file != "" || !datedLog.MatchString(name) {
			return "", 0, false
		}
		path = filepath.Join(l.dir, name)
	}
	info, err := os.Stat(path)
	return path, offset, err == nil && info.Size() >= offset
}

func cursorAt(path string, offset int64) string {
	return fmt.Sprintf("%s@%d", filepath.Base(path), offset)
}

// behind gives the lines that follow a cursor. At the end of a day's file it goes on with the next.
func (l *logTail) behind(path string, offset int64, latest string, limit int, keep func([]byte) bool) (r wire.LogsTailResult, err error) {
	r.File, r.Lines = path, []string{}
	text, err := readAt(path, offset)
	if err != nil {
		return r, err
	}
	for len(r.Lines) < limit {
		end := bytes.IndexByte(text, '\n')
		if end < 0 {
			break
		}
		if line := text[:end]; keep(line) {
			r.Lines = append(r.Lines, string(line))
		}
		text = text[end+1:]
		offset += int64(end) + 1
	}
	if len(text) == tailBytes { // one line, and it is longer than anything that is logged
		offset += tailBytes
	}
	if days, _ := l.days(); len(text) == 0 && path != latest {
		if i := slices.Index(days, path); i >= 0 && i+1 < len(days) {
			path, offset = days[i+1], 0
		}
	}
	r.Cursor = cursorAt(path, offset)
	return r, nil
}

// last gives the last lines of a file.
func (l *logTail) last(path string, limit int, keep func([]byte) bool) (r wire.LogsTailResult, err error) {
	r.File, r.Lines = path, []string{}
	info, err := os.Stat(path)
	if err != nil {
		return r, err
	}
	start := max(0, info.Size()-tailBytes)
	text, err := readAt(path, start)
	if err != nil {
		return r, err
	}
	whole := bytes.LastIndexByte(text, '\n') + 1 // the line behind it is being written
	r.Cursor = cursorAt(path, start+int64(whole))
	lines := bytes.Split(text[:whole], []byte("\n"))
	lines = lines[:len(lines)-1]
	if start > 0 && len(lines) > 0 {
		lines = lines[1:] // it began before
	}
	r.Truncated = start > 0
	for i := len(lines) - 1; i >= 0; i-- {
		switch {
		case !keep(lines[i]):
		case len(r.Lines) == limit:
			r.Truncated = true
			i = 0
		default:
			r.Lines = append(r.Lines, string(lines[i]))
		}
	}
	slices.Reverse(r.Lines)
	return r, nil
}

// readAt reads from offset to the end of a file, but not more than tailBytes.
func readAt(path string, offset int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.NewSectionReader(f, offset, tailBytes))
}

// levelIn is the level of a line of the log.
func levelIn(line []byte) slog.Level {
	var l struct {
		Level string `json:"level"`
	}
	_ = wire.Unmarshal(line, &l) // what cannot be read counts as info
	return levelOf(l.Level)
}
