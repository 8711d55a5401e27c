package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

func TestSessionsExport(t *testing.T) {
	t.Parallel()
	l := startLive(t, "")
	say := func(session, text string) {
		p := wire.ChatSendParams{SessionKey: session, Message: text, IdempotencyKey: fmt.Sprint(session, len(text), text[:3])}
		if err := l.Call(t.Context(), "chat.send", p, nil); err != nil {
			t.Fatal(err)
		}
	}
	say("main", "one")
	say("main", "two "+strings.Repeat("x", 300_000)) // a part of its own
	say("main", "three")
	say("a/../b", "four")
	if err := l.Call(t.Context(), "sessions.patch", map[string]any{"key": "main", "thinkingLevel": "low", "verboseLevel": "on"}, nil); err != nil {
		t.Fatal(err)
	}
	var list wire.SessionsListResult
	if err := l.Call(t.Context(), "sessions.list", nil, &list); err != nil {
		t.Fatal(err)
	}

	if out := l.ok("sessions", "--verbose"); !strings.Contains(out, "thinking low, verbose on") || !strings.Contains(out, list.Sessions[1].SessionID) {
		t.Errorf("sessions --verbose: %s", out)
	}
	out := l.ok("sessions", "export")
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(lines) != 7 {
		t.Fatalf("%d lines: %.300s", len(lines), out)
	}
	parent := any(nil)
	for i, line := range lines {
		var m struct {
			Type, ID, Timestamp string
			ParentID            any
			Message             json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("line %d: %v", i, err)
		}
		if i == 0 && m.Type == "session" {
			continue
		}
		if m.Type != "message" || m.ParentID != parent || len(m.Message) == 0 || m.Timestamp == "" {
			t.Errorf("line %d: %.200s", i, line)
		}
		parent = m.ID
	}

	dir := filepath.Join(t.TempDir(), "deep", "down")
	var r struct{ Files []exported }
	if err := json.Unmarshal([]byte(l.ok("sessions", "export", "--all", "--out", dir, "--json")), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Files) != 2 {
		t.Fatalf("files %+v", r.Files)
	}
	for i, f := range r.Files {
		raw, err := os.ReadFile(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(f.Path)
		if err != nil || info.Mode().Perm() != 0o600 || filepath.Dir(f.Path) != dir || f.SessionID != list.Sessions[i].SessionID {
			t.Errorf("%+v: %v %v", f, info.Mode(), err)
		}
		if f.Key == "main" && (string(raw) != out || f.Messages != 6) {
			t.Errorf("the file of main is not what was printed (%d messages)", f.Messages)
		}
	}
	if out := l.ok("sessions", "export", "--session", "a/../b", "--out", dir); !strings.Contains(out, "a/../b") {
		t.Errorf("table %q", out)
	}
	if r := l.run("sessions", "export", "--session", "nobody"); r.code != exitFailed || r.err != "session nobody: unknown session: nobody\n" || r.out != "" {
		t.Errorf("nobody: %+v", r)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 2 {
		t.Errorf("in the directory: %v %v", names, err)
	}
}

func TestExportName(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"0b1c-2d": "0b1c-2d.jsonl", "../../etc/x": "_..%2F..%2Fetc%2Fx.jsonl", "..": "_...jsonl", strings.Repeat("a", 300): strings.Repeat("a", 200) + ".jsonl",
	} {
		if got := exportName(id); got != want {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
}
