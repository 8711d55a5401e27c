package crashtest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// TestKill_subagents: whatever sub-agents were doing when the process was killed, the session that asked is told of each once,
// also after another kill.
func TestKill_subagents(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	h := newHost(t, map[string]any{})
	p := h.start(t)
	if err := p.waitReady(ctx); err != nil {
		t.Fatal(err)
	}
	d := newDriver(t)
	if err := d.connect(ctx, h.url()); err != nil {
		t.Fatal(err)
	}
	const subs = 5
	for i := range subs { // some have ended, some end as it dies, some are far from it
		task := fmt.Sprintf(`!tool sessions_spawn {"label":"n%d","task":"!sleep %dms"}`, i, 1+i*i*100)
		var r wire.RunResult
		err := d.client.Call(ctx, "chat.send", wire.ChatSendParams{SessionKey: "main", Message: task, IdempotencyKey: fmt.Sprint("k", i)}, &r)
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		p.kill()
		p = h.start(t)
		if err := p.waitReady(ctx); err != nil {
			t.Fatal(err)
		}
	}
	told := map[string]int{}
	for len(told) < subs {
		var h wire.ChatHistoryResult
		_ = d.client.Call(ctx, "chat.history", wire.ChatHistoryParams{SessionKey: "main"}, &h) // it comes back by itself
		clear(told)
		for _, m := range h.Messages {
			_, rest, is := strings.Cut(string(m), `"text":"[Sub-agent `)
			if name, _, _ := strings.Cut(rest, " "); is && strings.Contains(string(m), `"role":"user"`) {
				told[name]++
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("not told of all: %v\n%s", told, p.output())
		case <-time.After(50 * time.Millisecond):
		}
	}
	for name, n := range told {
		if n != 1 {
			t.Errorf("told %d times of %s", n, name)
		}
	}
	p.terminate(t)
}
