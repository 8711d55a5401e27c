package cron

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	maxLogBytes  = 2_000_000
	keepLogLines = 2000
)

func logEntry(run store.CronRun) wire.CronRunLog {
	took := run.EndedAt - run.RunAt
	return wire.CronRunLog{
		TS: run.EndedAt, JobID: run.JobID, Action: "finished", Status: run.Status, Error: run.Error, Summary: run.Summary,
		RunAtMs: &run.RunAt, DurationMs: &took, NextRunAtMs: orAbsent(run.NextAt),
	}
}

// appendLog adds the line of a run to its job's file, unless it is the last one there already. A file over 2 MB keeps
// its last 2000 lines.
func appendLog(dir string, run store.CronRun) error {
	id := run.JobID
	if id == "" || strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" || len(id) > 128 {
		return fmt.Errorf("job id %q is not a file name", id)
	}
	line, err := wire.Marshal(logEntry(run))
	if err != nil {
		return err
	}
	line = append(line, '\n')
	dir = filepath.Join(dir, "runs")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(dir, id+".jsonl")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	size, err := appendOnce(f, line)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil || size <= maxLogBytes {
		return err
	}
	return trimLog(path)
}

// appendOnce writes line and returns the size of the file. A line that a crash has cut is ended first.
func appendOnce(f *os.File, line []byte) (size int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	size = info.Size()
	tail := make([]byte, min(size, int64(len(line))))
	if _, err := f.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return 0, err
	}
	if bytes.Equal(tail, line) {
		return size, nil
	}
	if len(tail) > 0 && tail[len(tail)-1] != '\n' {
		line = append([]byte("\n"), line...)
	}
	n, err := f.Write(line)
	return size + int64(n), err
}

func trimLog(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := bytes.SplitAfter(bytes.TrimRight(b, "\n"), []byte("\n"))
	kept := append(bytes.Join(lines[max(0, len(lines)-keepLogLines):], nil), '\n')
	temp := path + ".tmp"
	if err := os.WriteFile(temp, kept, 0o600); err != nil {
		return err
	}
	return os.Rename(temp, path)
}
