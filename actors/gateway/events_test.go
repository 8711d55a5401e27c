package gateway_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

// TestEvents_sameForAll: there is one count of events, and every client gets the same bytes in the same order.
func TestEvents_sameForAll(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	clients := make([]*socket, 4)
	for i := range clients {
		clients[i] = dial(t, g.URL(), as("cli", ""))
	}
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() {
			for n := range 20 {
				c.ok("system-event", map[string]any{"text": fmt.Sprintf("from %d %d", i, n)}, nil)
			}
			c.ok("chat.send", chatSend(fmt.Sprint("s", i), fmt.Sprintf("words of %d", i), fmt.Sprint("k", i)), nil)
		})
	}
	wg.Wait()
	clients[0].ok("system-event", map[string]any{"text": "the last"}, nil)

	streams := make([][]frame, len(clients))
	for i, c := range clients {
		c.wait("the last event", 0, containing("presence", `"the last"`))
		checkStream(t, c)
		for _, f := range c.all(0) {
			if f.Type == "event" {
				streams[i] = append(streams[i], f)
			}
		}
	}
	bytes := map[int64]string{}
	for _, stream := range streams {
		for _, f := range stream {
			if seen, ok := bytes[*f.Seq]; ok && seen != f.raw {
				t.Errorf("two events with one number:\n%s\n%s", cut(seen), cut(f.raw))
			}
			bytes[*f.Seq] = f.raw
		}
	}
	for _, f := range streams[0] { // protocol 1.11
		if stamped := f.Event == "presence" || f.Event == "health"; stamped != (f.StateVersion != nil) || stamped != strings.Contains(f.raw, `"stateVersion":{"presence":`) {
			t.Errorf("stateVersion: %s", cut(f.raw))
		}
	}
}

// TestEvents_agent: an agent event passes through whatever its data is, has numbers of its own without a gap, carries
// the session key, and comes before the chat event that it causes.
func TestEvents_agent(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	c := dial(t, g.URL())
	args := `{"text":"from a tool","anything":{"nested":[1,null,"ü"]}}`
	c.send("a", "agent", map[string]any{"message": "!tool system-event " + args, "sessionKey": "tools", "idempotencyKey": "run-1"})
	c.wait("the end", 0, final("a"))
	var phases []string
	last, lastText := int64(0), ""
	for _, f := range c.all(0) {
		switch f.Event {
		case "agent":
			var e struct {
				RunID, SessionKey, Stream string
				Seq, TS                   int64
				Data                      struct{ State, Phase, Text string }
			}
			if err := json.Unmarshal(f.Payload, &e); err != nil {
				t.Fatal(err)
			}
			if e.RunID != "run-1" || e.SessionKey != "tools" || e.Seq != last+1 || e.TS == 0 {
				t.Errorf("agent event %s", f.raw)
			}
			last = e.Seq
			d := e.Data
			phases = append(phases, e.Stream+" "+d.State+d.Phase)
			if lastText = d.Text; d.Phase == "start" && !strings.Contains(f.raw, `"args":`+args) {
				t.Errorf("tool args changed: %s", f.raw)
			}
			if d.Phase == "result" && !strings.Contains(f.raw, `"isError":false,"result":{"ok":true}`) && !strings.Contains(f.raw, `"result":{"ok":true},"isError":false`) {
				t.Errorf("tool result: %s", f.raw)
			}
		case "chat":
			var e wire.ChatEvent
			f.decode(t, &e)
			if e.RunID != "run-1" || e.SessionKey != "tools" || e.Seq != last || e.Message == nil {
				t.Errorf("chat event %s after agent event %d", f.raw, last)
			}
			if e.State == wire.ChatDelta && e.Message.Content[0].Text != lastText {
				t.Errorf("chat event %s after text %q", f.raw, lastText)
			}
		}
	}
	if got := strings.Join(phases, ", "); got != "job started, tool start, tool result, assistant , job done" {
		t.Errorf("events: %s", got)
	}
}

// TestEvents_cumulative: assistant texts grow, and the last one is whole before the run ends.
func TestEvents_cumulative(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	c := dial(t, g.URL())
	c.ok("chat.send", chatSend("main", "!say 5", "say"), nil)
	text, deltas, end := "", 0, false
	for _, f := range c.all(0) {
		if f.Event != "agent" {
			continue
		}
		if end {
			t.Errorf("after the end came %s", f.raw)
		}
		var e struct {
			Stream string
			Data   struct{ Text, State string }
		}
		if err := json.Unmarshal(f.Payload, &e); err != nil {
			t.Fatal(err)
		}
		switch {
		case e.Stream == "assistant":
			if !strings.HasPrefix(e.Data.Text, strings.TrimSpace(text)) {
				t.Errorf("%q does not go on from %q", e.Data.Text, text)
			}
			text = e.Data.Text
			deltas++
		case e.Data.State == "done":
			end = true
		}
	}
	if want := "part 1 part 2 part 3 part 4 part 5"; strings.TrimSpace(text) != want || deltas < 4 || !end {
		t.Errorf("%d assistant events, the last %q, want %q", deltas, text, want)
	}
}
