package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

// TestBrain is a day with the real program and each vendor's format.
func TestBrain(t *testing.T) {
	t.Parallel()
	for name, d := range vendors {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := startBrain(t, d, "")
			b.srv.Play(role)
			b.talks(t)
			b.callsTools(t)
			b.sumsUp(t)
			b.stopsAtOnce(t)
			b.fails(t)
			b.leaksNothing(t)
		})
	}
}

func (b *brain) talks(t *testing.T) {
	t.Helper()
	for _, c := range []struct {
		key, message, want string
		attachments        []wire.Raw
	}{
		{"plain", "good morning", "You said: good morning", nil},
		{"think", "think about it", "Thought: true", nil},
		{"fallback", "overload", "The other one answers.", nil},
		{"image", "what is in this picture?", "I see 1.", []wire.Raw{wire.Raw(`{"mimeType":"image/png","content":"` + pixel + `"}`)}},
	} {
		got := b.say(t, wire.ChatSendParams{SessionKey: c.key, Message: c.message, Thinking: map[bool]string{true: "medium"}[c.key == "think"],
			IdempotencyKey: "talk-" + c.key, Attachments: c.attachments})
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.key, got, c.want)
		}
	}
	all, _ := b.of("think")
	for _, e := range all {
		if strings.Contains(e.Data.Text, "Hm") {
			t.Errorf("a thought is in the text: %+v", e)
		}
	}
	if got := b.history(t, "think"); len(got) != 2 || !strings.HasPrefix(got[1], "assistant") || !strings.Contains(got[1], "thinking") || !strings.HasSuffix(got[1], "$") {
		t.Errorf("transcript with thoughts: %q", got)
	}
}

func (b *brain) callsTools(t *testing.T) {
	t.Helper()
	got := b.say(t, wire.ChatSendParams{SessionKey: "tools", Message: "use three tools", IdempotencyKey: "tools-1"})
	if got != "3 results, 1 of them bad." {
		t.Errorf("tools: %q", got)
	}
	all, _ := b.of("tools")
	started, ended := 0, 0
	for _, e := range all {
		switch {
		case e.Stream != "tool":
		case e.Data.Phase == "start":
			started++
		default:
			ended++
			if e.Data.IsError != (e.Data.ToolCallID == "call_3") {
				t.Errorf("result %+v", e.Data)
			}
		}
	}
	if started != 3 || ended != 3 {
		t.Errorf("%d started, %d ended", started, ended)
	}
	history := b.history(t, "tools")
	if len(history) != 6 || !strings.HasPrefix(history[1], "assistant") || strings.Count(history[1], "toolCall") != 3 ||
		!slices.Equal(history[2:5], []string{"toolResult text", "toolResult text", "toolResult text error"}) {
		t.Errorf("transcript %q", history)
	}
	// The next turn begins with all that, and what the vendor has signed.
	if got := b.say(t, wire.ChatSendParams{SessionKey: "tools", Message: "thanks", IdempotencyKey: "tools-2"}); got != "You said: thanks" {
		t.Errorf("the turn after tools: %q", got)
	}
	var patched wire.SessionsPatchResult
	err := b.cli.Call(b.ctx, "sessions.patch", map[string]any{"key": "tools", "verboseLevel": "on"}, &patched)
	if s := patched.Entry.Spent; err != nil || s == nil || s.Output != 21 || s.CostUSD <= 0 || patched.Entry.Model != "test-model" || patched.Entry.ModelProvider != "acme" {
		t.Errorf("what the session has spent: %+v, %v", patched.Entry, err)
	}
}

func (b *brain) sumsUp(t *testing.T) {
	t.Helper()
	for i, text := range []string{"OLD-STORY one", "OLD-STORY two"} {
		b.say(t, wire.ChatSendParams{SessionKey: "long", Message: text, IdempotencyKey: "long-" + string(rune('a'+i))})
	}
	got := b.say(t, wire.ChatSendParams{SessionKey: "long", Message: "overflow", IdempotencyKey: "long-x"})
	if got != "It fits: true." {
		t.Errorf("after the summary: %q", got)
	}
	if h := b.history(t, "long"); !slices.Equal(h, []string{"compactionSummary text", "user text", "assistant text $"}) {
		t.Errorf("transcript %q", h)
	}
	archives, err := filepath.Glob(filepath.Join(b.dir, ".clawdbot", "sessions", "*.jsonl.bak.*"))
	if err != nil || len(archives) == 0 {
		t.Fatalf("archives %v, %v", archives, err)
	}
	if text, err := os.ReadFile(archives[0]); err != nil || !strings.Contains(string(text), "OLD-STORY one") || !strings.Contains(string(text), "OLD-STORY two") {
		t.Errorf("the archive has not got it all: %s, %v", text, err)
	}
	if got := b.say(t, wire.ChatSendParams{SessionKey: "long", Message: "overflow again", IdempotencyKey: "long-y"}); got != "It fits: true." {
		t.Errorf("the turn after: %q", got)
	}
}

func (b *brain) stopsAtOnce(t *testing.T) {
	t.Helper()
	b.abortsAt(t, wire.ChatSendParams{SessionKey: "stop", Message: "stay silent", IdempotencyKey: "stop-1"},
		func(e brainEvent) bool { return e.Data.Text == "Half of it" })
	b.stoppedInOrder(t)
	if got := b.say(t, wire.ChatSendParams{SessionKey: "stop", Message: "are you there?", IdempotencyKey: "stop-2"}); got != "You said: are you there?" {
		t.Errorf("after the abort: %q", got)
	}
}

// abortsAt begins a turn, stops it at an event of it, and waits for its end. It tells how long that took from the stop on.
func (b *brain) abortsAt(t *testing.T, p wire.ChatSendParams, at func(brainEvent) bool) time.Duration {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- b.send(p) }()
	b.until(t, p.SessionKey, at)
	start := time.Now()
	var r wire.ChatAbortResult
	if err := b.cli.Call(b.ctx, "chat.abort", wire.ChatAbortParams{SessionKey: p.SessionKey, RunID: p.IdempotencyKey}, &r); err != nil || !r.Aborted {
		t.Errorf("abort: %+v, %v", r, err)
	}
	if err := <-done; err != nil {
		t.Errorf("the call that was aborted: %v", err)
	}
	b.until(t, p.SessionKey, func(e brainEvent) bool { return e.Name == "chat" && e.State == "final" })
	return time.Since(start)
}

// stoppedInOrder: the client's run id ends with "aborted"; the end of the run comes under the session's own (protocol 4.2).
func (b *brain) stoppedInOrder(t *testing.T) {
	t.Helper()
	all, _ := b.of("stop")
	var got []string
	for _, e := range all {
		switch {
		case e.Name == "chat" && e.State != "delta":
			got = append(got, fmt.Sprintf("chat %s %v", e.State, e.RunID == "stop-1"))
		case e.Stream == "job":
			got = append(got, fmt.Sprintf("job %s %v", e.Data.State, e.Data.Aborted))
		}
	}
	if want := []string{"job started false", "chat aborted true", "job done true", "chat final false"}; !slices.Equal(got, want) {
		t.Errorf("events of a run that is stopped: %q, want %q", got, want)
	}
}

// fails: what goes wrong is said in words that help, and the session works afterwards.
func (b *brain) fails(t *testing.T) {
	t.Helper()
	for model, want := range map[string]string{
		"":                 "I will not.",
		"acme/test-mode":   "Did you mean acme/test-model?",
		"nobody/x":         "no provider is called",
		"anthropic/claude": "ANTHROPIC_API_KEY",
	} {
		if model != "" {
			if err := b.cli.Call(b.ctx, "sessions.patch", map[string]any{"key": "fails", "model": model}, nil); err != nil {
				t.Fatal(err)
			}
		}
		// The fallback fails in its own way, so that the first error shows.
		err := b.send(wire.ChatSendParams{SessionKey: "fails", Message: "refuse", IdempotencyKey: "fails-" + model})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", model, err, want)
		}
	}
	if got := b.say(t, wire.ChatSendParams{SessionKey: "plain", Message: "still there?", IdempotencyKey: "fails-after"}); got != "You said: still there?" {
		t.Errorf("afterwards: %q", got)
	}
}

// leaksNothing: neither the key of the fake vendor nor one of the secrets is in the log or the output.
func (b *brain) leaksNothing(t *testing.T, secrets ...string) {
	t.Helper()
	out := b.stop(t) + b.stderr.String()
	log, err := os.ReadFile(filepath.Join(b.dir, "log", "x.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range append(secrets, "CANARY") {
		if strings.Contains(out+string(log), secret) {
			t.Error("a key is in the output or the log")
		}
	}
}
