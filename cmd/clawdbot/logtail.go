package main

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
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
	files, err := l.files()
	if err != nil {
		return r, err
	}
	limit := tailLimit
	if p.Limit != nil {
		limit = int(*p.Limit)
	}
	wanted := bytes.ToLower([]byte(p.Contains))
	keep := func(line []byte) bool {
		return (p.Level == "" || levelIn(line) >= levelOf(p.Level)) && (len(wanted) == 0 || bytes.Contains(bytes.ToLower(line), wanted))
	}
	if at, f, offset := find(files, p.Cursor); f != nil {
		defer f.Close()
		r, err = behind(files[at:], f, offset, limit, keep)
	} else {
		r, err = last(files, limit, keep)
		r.Reset = p.Cursor != ""
	}
	for i, line := range r.Lines {
		r.Lines[i] = config.HideSecrets(line, redacted)
	}
	return r, err
}

// files are those that lines have gone to, the oldest first; the last is the one that they go to now.
func (l *logTail) files() (paths []string, err error) {
	if l.file == "" {
		paths, err = l.days()
	} else {
		for n := mostKept; n >= 0; n-- {
			path := l.file
			if n > 0 {
				path = fmt.Sprintf("%s.%d", l.file, n)
			}
			if _, err := os.Stat(path); err == nil {
				paths = append(paths, path)
			}
		}
	}
	if err == nil && len(paths) == 0 {
		err = os.ErrNotExist
	}
	return paths, err
}

// days are the files in dir, the oldest first.
func (l *logTail) days() (paths []string, err error) {
	entries, err := os.ReadDir(l.dir)
	slices.SortFunc(entries, func(a, b os.DirEntry) int {
		x, y := datedLog.FindStringSubmatch(a.Name()), datedLog.FindStringSubmatch(b.Name())
		if x == nil || y == nil || x[1] != y[1] {
			return strings.Compare(a.Name(), b.Name())
		}
		m, _ := strconv.Atoi(x[2]) // without a number: 0, the newest
		n, _ := strconv.Atoi(y[2])
		return n - m
	})
	for _, e := range entries {
		if datedLog.MatchString(e.Name()) && e.Type().IsRegular() {
			paths = append(paths, filepath.Join(l.dir, e.Name()))
		}
	}
	return paths, err
}

// find opens the file that a cursor is in: "name@offset@identity", because a file that is full gets another name; without an
// identity the name counts. No file: it is not there any more, or shorter.
func find(files []string, cursor string) (at int, f *os.File, offset int64) {
	name, rest, _ := strings.Cut(cursor, "@")
	where, identity, known := strings.Cut(rest, "@")
	offset, err := strconv.ParseInt(where, 10, 64)
	if err != nil || offset < 0 {
		return 0, nil, 0
	}
	for i, path := range files {
		f, err := os.Open(path)
		if err != nil {
			continue
		}
		info, err := f.Stat()
		if err == nil && info.Size() >= offset && (known && identityOf(f, info, offset) == identity || !known && filepath.Base(path) == name) {
			return i, f, offset
		}
		_ = f.Close()
	}
	return 0, nil, 0
}

// identityOf tells files apart: by the inode where there is one, and, since that of a removed file is used again, by how the file begins. What is
// before the offset does not change any more.
func identityOf(f *os.File, info os.FileInfo, offset int64) string {
	begins := fnv.New64a()
	_, _ = io.Copy(begins, io.NewSectionReader(f, 0, min(offset, 128))) // what cannot be read is another file
	return fmt.Sprintf("%d-%x", inode(info), begins.Sum64())
}

func cursorAt(f *os.File, info os.FileInfo, offset int64) string {
	return fmt.Sprintf("%s@%d@%s", filepath.Base(f.Name()), offset, identityOf(f, info, offset))
}

// behind gives the lines that follow an offset in the first of the files, which f has open. At its end it goes on with the
// next one.
func behind(files []string, f *os.File, offset int64, limit int, keep func([]byte) bool) (r wire.LogsTailResult, err error) {
	r.File, r.Lines = files[0], []string{}
	info, err := f.Stat()
	if err != nil {
		return r, err
	}
	text, err := readAt(f, offset)
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
	r.Cursor = cursorAt(f, info, offset)
	if len(text) == 0 && len(files) > 1 {
		if next, err := os.Open(files[1]); err == nil {
			defer next.Close()
			if info, err := next.Stat(); err == nil {
				r.Cursor = cursorAt(next, info, 0)
			}
		}
	}
	return r, nil
}

// last gives the last lines: of the last file, and of those before it while there are too few.
func last(files []string, limit int, keep func([]byte) bool) (r wire.LogsTailResult, err error) {
	r.File, r.Lines = files[len(files)-1], []string{}
	left := int64(tailBytes)
	for i := len(files) - 1; i >= 0 && !r.Truncated && left > 0; i-- {
		size, err := lastOf(files[i], i == len(files)-1, left, limit, keep, &r)
		if err != nil && i == len(files)-1 {
			return r, err
		}
		left -= size
	}
	slices.Reverse(r.Lines)
	return r, nil
}

// lastOf adds the last lines of one file, the last one first, reading at most left bytes of it. size is how long it is.
func lastOf(path string, current bool, left int64, limit int, keep func([]byte) bool, r *wire.LogsTailResult) (size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	start := max(0, info.Size()-left)
	text, err := readAt(f, start)
	if err != nil {
		return 0, err
	}
	whole := bytes.LastIndexByte(text, '\n') + 1 // the line behind it is being written
	if current {
		r.Cursor = cursorAt(f, info, start+int64(whole))
	}
	lines := bytes.Split(text[:whole], []byte("\n"))
	lines = lines[:len(lines)-1]
	if start > 0 && len(lines) > 0 {
		lines = lines[1:] // it began before
	}
	r.Truncated = start > 0
	for _, line := range slices.Backward(lines) {
		if !keep(line) {
			continue
		}
		if len(r.Lines) == limit {
			r.Truncated = true
			break
		}
		r.Lines = append(r.Lines, string(line))
	}
	return info.Size(), nil
}

// readAt reads from offset to the end of a file, but not more than tailBytes.
func readAt(f *os.File, offset int64) ([]byte, error) {
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
