package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// logLines writes lines of a log.
func logLines(t *testing.T, path string, from, n int, level string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := from; i < from+n; i++ {
		fmt.Fprintf(f, "{\"level\":%q,\"message\":\"m%d\"}\n", level, i)
	}
}

// messages are the texts of the lines.
func messages(lines []string) (all []string) {
	for _, line := range lines {
		var m struct{ Message string }
		if json.Unmarshal([]byte(line), &m) != nil {
			m.Message = line
		}
		all = append(all, m.Message)
	}
	return all
}

func tailed(t *testing.T, l *logTail, p wire.LogsTailParams) (wire.LogsTailResult, string) {
	t.Helper()
	r, err := l.read(p)
	if err != nil {
		t.Fatal(err)
	}
	return r, strings.Join(messages(r.Lines), " ")
}

func limit(n int64) *int64 { return &n }

func TestLogTail_cursor(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.log")
	l := &logTail{file: path}
	if _, err := l.read(wire.LogsTailParams{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	logLines(t, path, 0, 5, "info")
	logLines(t, path, 5, 1, "error")
	r, got := tailed(t, l, wire.LogsTailParams{Limit: limit(3)})
	if got != "m3 m4 m5" || !r.Truncated || r.Reset || r.File != path {
		t.Errorf("last three: %q %+v", got, r)
	}
	if r, got := tailed(t, l, wire.LogsTailParams{Level: "warn"}); got != "m5" || r.Truncated {
		t.Errorf("from warn on: %q %+v", got, r)
	}
	next, got := tailed(t, l, wire.LogsTailParams{Cursor: r.Cursor})
	if got != "" || next.Cursor != r.Cursor {
		t.Errorf("nothing new: %q %+v", got, next)
	}
	logLines(t, path, 6, 5, "debug")
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fmt.Fprint(f, `{"message":"half`)
	next, got = tailed(t, l, wire.LogsTailParams{Cursor: r.Cursor, Limit: limit(3)})
	if got != "m6 m7 m8" {
		t.Errorf("three more: %q", got)
	}
	next, got = tailed(t, l, wire.LogsTailParams{Cursor: next.Cursor})
	if got != "m9 m10" {
		t.Errorf("the rest: %q", got)
	}
	fmt.Fprint(f, " a line\"}\n")
	if _, got = tailed(t, l, wire.LogsTailParams{Cursor: next.Cursor}); got != "half a line" {
		t.Errorf("a line that has been completed: %q", got)
	}
	for _, bad := range []string{"x.log@99999999", "x.log@-1", "x.log", "@", "../etc/passwd@0", "other.log@0"} {
		if r, _ := tailed(t, l, wire.LogsTailParams{Cursor: bad}); !r.Reset || len(r.Lines) != 12 {
			t.Errorf("cursor %q: %+v", bad, r)
		}
	}
}

func TestLogTail_isBoundedAndRedacted(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.log")
	l := &logTail{file: path}
	if err := os.WriteFile(path, []byte(strings.Repeat("x", 3*tailBytes)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	logLines(t, path, 0, 3, "info")
	if r, got := tailed(t, l, wire.LogsTailParams{}); got != "m0 m1 m2" || !r.Truncated {
		t.Errorf("behind a huge line: %q", got)
	}
	cursor, found := "x.log@0", ""
	for range 6 {
		r, got := tailed(t, l, wire.LogsTailParams{Cursor: cursor})
		found += got
		cursor = r.Cursor
	}
	if !strings.HasSuffix(found, "m0 m1 m2") {
		t.Errorf("a huge line is never passed: %q", found[max(0, len(found)-50):])
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintln(f, `{"message":"Bearer CANARYCANARYCANARY"}`)
	if r, got := tailed(t, l, wire.LogsTailParams{Limit: limit(1)}); strings.Contains(got, "CANARY") || len(r.Lines) != 1 {
		t.Errorf("a credential: %q", got)
	}
}

func TestLogTail_days(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := &logTail{dir: dir}
	first, second := filepath.Join(dir, "clawdbot-2026-02-27.log"), filepath.Join(dir, "clawdbot-2026-02-28.log")
	logLines(t, filepath.Join(dir, "clawdbot-notes.log"), 0, 1, "info")
	if _, err := l.read(wire.LogsTailParams{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	logLines(t, first, 0, 2, "info")
	r, got := tailed(t, l, wire.LogsTailParams{})
	if got != "m0 m1" || r.File != first {
		t.Errorf("%q %+v", got, r)
	}
	logLines(t, first, 2, 1, "info")
	logLines(t, second, 3, 2, "info")
	var all []string
	for range 3 {
		var more string
		r, more = tailed(t, l, wire.LogsTailParams{Cursor: r.Cursor})
		all = append(all, strings.Fields(more)...)
	}
	if !slices.Equal(all, []string{"m2", "m3", "m4"}) || r.File != second {
		t.Errorf("over midnight: %q %+v", all, r)
	}
	if err := os.Remove(first); err != nil {
		t.Fatal(err)
	}
	if r, got := tailed(t, l, wire.LogsTailParams{Cursor: "clawdbot-2026-02-27.log@3"}); !r.Reset || got != "m3 m4" {
		t.Errorf("a day that is gone: %q %+v", got, r)
	}
}

// A reader that follows gets every line once, however often the file was full meanwhile, and the last lines are also found in
// what was put aside.
func TestLogTail_rotation(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(dir string) (*logFile, *logTail){
		"a file": func(dir string) (*logFile, *logTail) {
			path := filepath.Join(dir, "x.log")
			return &logFile{path: path, most: 1000, keep: 3, now: time.Now}, &logTail{file: path}
		},
		"dated files": func(dir string) (*logFile, *logTail) {
			l := &logFile{dir: dir, most: 1000, keep: 3, now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }}
			l.path = l.today()
			return l, &logTail{dir: dir}
		},
	} {
		dir := t.TempDir()
		w, l := open(dir)
		n := 0
		write := func(lines int) {
			for range lines {
				if _, err := fmt.Fprintf(w, "{\"level\":\"info\",\"message\":\"m%03d\"}\n", n); err != nil {
					t.Fatal(err)
				}
				n++
			}
		}
		write(5)
		r, got := tailed(t, l, wire.LogsTailParams{Limit: limit(1)})
		if got != "m004" {
			t.Errorf("%s: %q", name, got)
		}
		all := ""
		for _, lines := range []int{40, 1, 0, 60, 25} {
			write(lines)
			for quiet := 0; quiet < 4; { // it may stand at the ends of files that were put aside
				r, got = tailed(t, l, wire.LogsTailParams{Cursor: r.Cursor})
				if r.Reset {
					t.Errorf("%s: lost its place", name)
				}
				if quiet++; got != "" {
					quiet, all = 0, all+got+" "
				}
			}
		}
		want := ""
		for i := 5; i < n; i++ {
			want += fmt.Sprintf("m%03d ", i)
		}
		if all != want {
			t.Errorf("%s: followed %q", name, all)
		}
		if r, got := tailed(t, l, wire.LogsTailParams{Limit: limit(50)}); len(r.Lines) != 50 || !strings.HasSuffix(got, "m129 m130") || !r.Truncated {
			t.Errorf("%s: the last 50: %q", name, got)
		}
		if _, got := tailed(t, l, wire.LogsTailParams{Contains: "M11"}); !strings.HasPrefix(got, "m110 m111") || len(strings.Fields(got)) != 10 {
			t.Errorf("%s: filtered: %q", name, got)
		}
		write(400)
		if r, _ := tailed(t, l, wire.LogsTailParams{Cursor: r.Cursor}); !r.Reset {
			t.Errorf("%s: a place that is gone", name)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 4 {
			t.Errorf("%s: %v %v", name, entries, err)
		}
		for _, e := range entries {
			if info, err := e.Info(); err != nil || info.Size() > 1000 || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v %v", name, info, err)
			}
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}

// knock is refused, which the gateway logs.
func knock(t *testing.T, url string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.Replace(url, "ws", "http", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Origin": "https://evil.example", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		req.Header.Set(name, value)
	}
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
}

// TestLogs: the command over a real daemon, whose own lines it shows.
func TestLogs(t *testing.T) {
	t.Parallel()
	d := startDaemon(t)
	r := d.client(t, "logs")
	if r.code != 0 || !strings.Contains(r.out, " info  gateway started ") || !strings.Contains(r.out, "state="+d.dir) {
		t.Errorf("%+v", r)
	}
	r = d.client(t, "logs", "--json", "--limit", "1000")
	for line := range strings.Lines(r.out) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
	if r := d.client(t, "logs", "--level", "fatal"); r.code != 0 || r.out != "" {
		t.Errorf("%+v", r)
	}
	if r := d.client(t, "logs", "--grep", "GATEWAY started"); r.code != 0 || strings.Count(r.out, "\n") != 1 {
		t.Errorf("%+v", r)
	}
	for args, want := range map[string]string{"--level loud": "--level is one of", "--limit 0": "--limit is between"} {
		if r := d.client(t, append([]string{"logs"}, strings.Fields(args)...)...); r.code != exitUsage || !strings.Contains(r.err, want) {
			t.Errorf("%s: %+v", args, r)
		}
	}

	follow := command(t, d.env, "logs", "--follow", "--limit", "1", "--json", "--url", d.url)
	pipe, err := follow.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := follow.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(pipe)
	if !lines.Scan() {
		t.Fatal("no line at once")
	}
	knock(t, d.url)
	for lines.Scan() && !strings.Contains(lines.Text(), "upgrade refused") {
		continue
	}
	if err := follow.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := follow.Wait(); err == nil || follow.ProcessState.ExitCode() != exitFailed {
		t.Errorf("interrupted: %v", err)
	}
	d.stop(t)
}
