package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/config"
)

const botToken = "123456789:AAabcdefghijklmnopqrstuvwxyz0123456"

// logs runs use with a logger in every style and returns console and file output.
func logs(s logSettings, use func(*slog.Logger)) (console, file string) {
	var c, f bytes.Buffer
	use(newLogger(s, &c, &f))
	return c.String(), f.String()
}

func TestLog_secretsNeverReachIt(t *testing.T) {
	t.Parallel()
	type holder struct{ Token config.Secret }
	for _, style := range []string{"pretty", "compact", "json"} {
		s := logSettings{config: config.Logging{Level: "trace", ConsoleLevel: "trace", ConsoleStyle: style}}
		console, file := logs(s, func(l *slog.Logger) {
			l.Info("typed", "secret", config.Secret("CANARY"), "in", holder{"CANARY"}, "ptr", &holder{"CANARY"})
			l.With("auth", config.Secret("CANARY")).WithGroup("g").Info("grouped", slog.Group("h", "token", "CANARY"))
			l.Info("by key", "botToken", "CANARY", "api_key", []string{"CANARY"}, "Authorization", "CANARY")
			l.Info("by shape "+botToken, "url", "https://api.telegram.org/bot"+botToken+"/getMe", "err", errors.New("post: "+botToken))
			l.Info("more shapes", "a", "xoxb-1234567890-CANARY", "b", "Bearer CANARYCANARY", "c", "http://u:CANARY@h", "d", "ws://h/?token=CANARY", "e", "sk-ant-CANARYCANARYCANARY")
		})
		for where, text := range map[string]string{"console " + style: console, "file": file} {
			if strings.Contains(text, "CANARY") || strings.Contains(text, botToken) {
				t.Errorf("%s: %s", where, text)
			}
			if n := strings.Count(text, "\n"); n != 5 {
				t.Errorf("%s: %d lines, want 5", where, n)
			}
		}
	}
}

func TestLog_strangersCannotForgeLines(t *testing.T) {
	t.Parallel()
	evil := "hi\n[12:00:00] [gateway] error: all is lost\x1b[2J\r\u202eabc\x00"
	for _, style := range []string{"pretty", "compact", "json"} {
		console, file := logs(logSettings{config: config.Logging{Level: "info", ConsoleStyle: style}}, func(l *slog.Logger) {
			l.Info(evil, "text", evil, evil, "key", "actor", evil)
		})
		for where, text := range map[string]string{"console " + style: console, "file": file} {
			if strings.Count(text, "\n") != 1 || strings.ContainsAny(strings.TrimSuffix(text, "\n"), "\x1b\r\x00\n") {
				t.Errorf("%s: %q", where, text)
			}
			if style != "json" && where != "file" && strings.Contains(text, "\u202e") {
				t.Errorf("%s: %q", where, text)
			}
		}
	}
}

func TestLog_longValuesAreCut(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 1<<20)
	console, file := logs(logSettings{config: config.Logging{Level: "info"}}, func(l *slog.Logger) { l.Info(long, "a", long, "b", errors.New(long)) })
	if len(console) > 4*longestValue || len(file) > 4*longestValue || !strings.Contains(console, "…") {
		t.Errorf("console %d bytes, file %d bytes", len(console), len(file))
	}
}

func TestLog_levelsMeanWhatTheySay(t *testing.T) {
	t.Parallel()
	all := []slog.Level{levelTrace, slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError, levelFatal}
	for name, want := range map[string]int{"silent": 0, "fatal": 1, "error": 2, "warn": 3, "info": 4, "debug": 5, "trace": 6} {
		console, file := logs(logSettings{config: config.Logging{Level: name, ConsoleLevel: name}}, func(l *slog.Logger) {
			for _, level := range all {
				l.Log(t.Context(), level, "x")
			}
		})
		if strings.Count(console, "\n") != want || strings.Count(file, "\n") != want {
			t.Errorf("%s: console %q file %q, want %d lines", name, console, file, want)
		}
	}
	console, file := logs(logSettings{config: config.Logging{Level: "info"}, verbose: true}, func(l *slog.Logger) { l.Debug("x") })
	if console == "" || file != "" {
		t.Errorf("verbose: console %q file %q", console, file)
	}
}

func TestLog_styles(t *testing.T) {
	t.Parallel()
	use := func(l *slog.Logger) {
		l.With("actor", "gateway/accounts/telegram").Warn("link degraded", "wait", 2*time.Second, "why", "no \"answer\"", slog.Group("g", "n", 1))
	}
	console, file := logs(logSettings{config: config.Logging{Level: "info"}}, use)
	if want := "[accounts/telegram] warn: link degraded wait=2s why=\"no \\\"answer\\\"\" g.n=1\n"; console != want {
		t.Errorf("compact: %q, want %q", console, want)
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(file), &m); err != nil || m["level"] != "warn" || m["message"] != "link degraded" || m["time"] == nil {
		t.Errorf("file: %s", file)
	}
	console, _ = logs(logSettings{config: config.Logging{Level: "info"}, tty: true}, use)
	if !strings.HasPrefix(console[11:], "[accounts/telegram] ") || console[0] != '[' {
		t.Errorf("pretty: %q", console)
	}
	console, _ = logs(logSettings{config: config.Logging{ConsoleStyle: "json"}}, use)
	if err := json.Unmarshal([]byte(console), &m); err != nil || m["subsystem"] != "accounts/telegram" || m["g.n"] != 1.0 {
		t.Errorf("json: %s", console)
	}
}

func TestLog_wsLog(t *testing.T) {
	t.Parallel()
	use := func(l *slog.Logger) {
		l.Debug("frame", "conn", "c1", "size", 3)
		l.Debug("other", "size", 3)
	}
	for mode, want := range map[string]string{"auto": "", "full": "frame conn=c1 size=3\n", "compact": "frame conn=c1\n"} {
		if console, _ := logs(logSettings{config: config.Logging{Level: "info"}, wsLog: mode}, use); console != want {
			t.Errorf("%s: %q", mode, console)
		}
	}
}

// stuck is an output that takes nothing until it is released.
type stuck struct {
	release chan struct{}
	mu      sync.Mutex
	bytes.Buffer
}

func (s *stuck) Write(b []byte) (int, error) {
	<-s.release
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Buffer.Write(b)
}

func TestLineWriter_neverBlocksAndCountsWhatItDrops(t *testing.T) {
	t.Parallel()
	s := &stuck{release: make(chan struct{})}
	w := newLineWriter(s)
	line := []byte(strings.Repeat("x", 1023) + "\n")
	for range 1000 {
		if _, err := w.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	close(s.release)
	w.Close()
	got := strings.Count(s.String(), "x\n")
	if got < 200 || got > 2*pendingLimit/1024+1 || !strings.Contains(s.String(), `log lines dropped`) {
		t.Errorf("%d of 1000 lines, %d bytes", got, s.Len())
	}
	if _, err := w.Write(line); err != nil {
		t.Error(err)
	}
}

func TestLogFile_datedAndPruned(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "logs")
	now := time.Date(2026, 3, 1, 23, 59, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	old := now.Add(-25 * time.Hour)
	for _, name := range []string{"clawdbot-2026-02-27.log", "clawdbot-notes.log", "clawdbot-2026-02-27.log.txt", "other.log", "clawdbot-2026-02-28.log"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		at := old
		if name == "clawdbot-2026-02-28.log" {
			at = now.Add(-time.Hour)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	l, err := openLogFile(config.Logging{}, dir, clock)
	if err != nil {
		t.Fatal(err)
	}
	write := func(s string) {
		if _, err := io.WriteString(l, s); err != nil {
			t.Fatal(err)
		}
	}
	write("one\n")
	now = now.Add(2 * time.Minute)
	write("two\n")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"clawdbot-2026-03-01.log": "one\n", "clawdbot-2026-03-02.log": "two\n", "clawdbot-2026-02-28.log": "x",
		"clawdbot-notes.log": "x", "clawdbot-2026-02-27.log.txt": "x", "other.log": "x",
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(want) {
		t.Errorf("%v, want %d files, %v", entries, len(want), err)
	}
	for name, text := range want {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(b) != text {
			t.Errorf("%s: %q %v", name, b, err)
		}
	}
	for _, path := range []string{dir, filepath.Join(dir, "clawdbot-2026-03-02.log")} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
}

func TestLogFile_configuredFileIsKeptAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	neighbour := filepath.Join(dir, "clawdbot-2020-01-01.log")
	if err := os.WriteFile(neighbour, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(neighbour, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	l, err := openLogFile(config.Logging{File: filepath.Join(dir, "sub", "x.log")}, "/nowhere", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if _, err := os.Stat(neighbour); err != nil {
		t.Error("a file outside the default directory was pruned")
	}
}

func TestLogFile_refusesWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	if _, err := openLogFile(config.Logging{}, link, time.Now); err == nil {
		t.Error("a symbolic link was taken for the log directory")
	}
	target := filepath.Join(dir, "target")
	if err := os.Symlink(target, filepath.Join(dir, "x.log")); err != nil {
		t.Fatal(err)
	}
	if _, err := openLogFile(config.Logging{File: filepath.Join(dir, "x.log")}, "", time.Now); err == nil {
		t.Error("a symbolic link was taken for the log file")
	}
}

func TestCgroupLimit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"none", nil, 0},
		{"v2, parent is smaller", map[string]string{
			"/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/memory.max": "max\n", "/sys/fs/cgroup/a/memory.max": "1000000\n", "/sys/fs/cgroup/memory.max": "2000000\n",
		}, 1000000},
		{"v1 without limit", map[string]string{"/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 0},
		{"v1", map[string]string{"/proc/self/cgroup": "5:memory:/x\n", "/sys/fs/cgroup/memory/memory.limit_in_bytes": "5000\n"}, 5000},
	} {
		got := cgroupLimit(func(name string) ([]byte, error) {
			s, ok := c.files[name]
			if !ok {
				return nil, os.ErrNotExist
			}
			return []byte(s), nil
		})
		if got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
