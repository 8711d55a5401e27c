package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/config"
)

// Level, style and file follow the configuration, also for loggers that were made before the change.
func TestLiveLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, second := filepath.Join(dir, "a", "1.log"), filepath.Join(dir, "b", "2.log")
	console := &bytes.Buffer{}
	l := openLog(logSettings{config: config.Logging{Level: "info", File: first}}, console)
	log := l.logger().With("actor", "gateway/router").WithGroup("g")
	log.Debug("too fine")
	log.Info("one", "n", 1)
	l.change(config.Logging{Level: "debug", File: second, ConsoleLevel: "warn"})
	log.Debug("two", "n", 2)
	log.Warn("three", "n", 3)
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l.change(config.Logging{Level: "error", File: filepath.Join(dir, "file", "x.log")}) // cannot be
	log.Debug("four", "n", 4)
	l.Close()
	for path, want := range map[string][]string{
		first:  {`"message":"one","actor":"gateway/router","g":{"n":1}`},
		second: {`"message":"two","actor":"gateway/router","g":{"n":2}`, `"message":"three"`, `"message":"the log settings did not change: no log file"`, `"message":"four"`},
	} {
		b, err := os.ReadFile(path)
		if err != nil || strings.Count(string(b), "\n") != len(want) {
			t.Errorf("%s: %v\n%s", path, err, b)
		}
		for _, part := range want {
			if !strings.Contains(string(b), part) {
				t.Errorf("%s lacks %s:\n%s", path, part, b)
			}
		}
	}
	if text := console.String(); !strings.HasPrefix(text, "[router] one g.n=1\n[router] warn: three g.n=3\n") || strings.Contains(text, "four") {
		t.Errorf("console: %q", text)
	}
	if !log.Enabled(t.Context(), slog.LevelDebug) {
		t.Error("the level went back")
	}
}
