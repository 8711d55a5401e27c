package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

// TestCanvas: without a device the commands draw on the web page; what must not go out does not.
func TestCanvas(t *testing.T) {
	t.Parallel()
	l := startLive(t, "")
	state := func() (s wire.CanvasState) {
		t.Helper()
		if err := l.Call(t.Context(), "canvas.state", struct{}{}, &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	if out := l.ok("canvas", "present", "--target", "plan.html"); out != "Shown on webchat.\n" {
		t.Errorf("present: %q", out)
	}
	if s := state(); !s.Visible || s.Path != "/__clawdbot__/canvas/plan.html" {
		t.Errorf("shown: %+v", s)
	}
	if out := l.ok("canvas", "a2ui", "push", "--text", "Dinner is \"ready\""); out != "Drawn on webchat.\n" {
		t.Errorf("push: %q", out)
	}
	if s := state(); len(s.Messages) != 2 || !strings.Contains(string(s.Messages[0].Message), `Dinner is \"ready\"`) {
		t.Errorf("pushed: %+v", s)
	}
	form := filepath.Join("..", "..", "canvas", "testdata", "form.jsonl")
	l.ok("canvas", "a2ui", "push", "--node", "webchat", "--jsonl", form)
	bad := filepath.Join(t.TempDir(), "bad.jsonl")
	for text, want := range map[string]string{
		"": "no JSONL messages found", "{}": "line 1: expected exactly one action key", `{"createSurface":{}}`: "Detected A2UI v0.9 JSONL (createSurface)",
		`{"surfaceUpdate":{"surfaceId":"s","components":[{"id":"a","component":{"Card":{"child":"a"}}}]}}`: "components go in a circle",
	} {
		if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		l.fails(exitFailed, want, "canvas", "a2ui", "push", "--jsonl", bad)
	}
	l.ok("canvas", "a2ui", "reset")
	l.ok("canvas", "hide")
	if s := state(); s.Visible || len(s.Messages) != 0 {
		t.Errorf("after reset and hide: %+v", s)
	}
	l.fails(exitFailed, "the web page does not take canvas.eval", "canvas", "eval", "--js", "1")
	l.fails(exitFailed, "the web page shows what is in the canvas only", "canvas", "navigate", "https://example.org/")
	l.fails(exitFailed, "unknown node: desk", "canvas", "hide", "--node", "desk")
	if out := l.ok("canvas", "url", "plan.html", "--ttl", "10m"); !strings.HasPrefix(out, "http://") || !strings.Contains(out, "/__clawdbot__/cap/") || !strings.HasSuffix(out, "/__clawdbot__/canvas/plan.html\n") {
		t.Errorf("url: %q", out)
	}
}
