package gateway_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// What the apps rely on, beyond what the transcripts show. docs/nodes.md has the list.

// kinds are the types of lines, those of events with their names.
func kinds(lines []line) (all []string) {
	for _, l := range lines {
		all = append(all, strings.TrimSpace(l.Type+" "+l.Event))
	}
	return all
}

// TestNode_silentBeforeApproval: whatever goes on, a node that waits to be let in hears nothing before pair-ok.
func TestNode_silentBeforeApproval(t *testing.T) {
	t.Parallel()
	g := setup{seed: knows("n1")}.start(t)
	c, other, p := dial(t, g.URL()), paired(t, g, "n1"), ring(t, g)
	other.told("chat.subscribe", map[string]any{"sessionKey": "main"})
	p.say(map[string]any{"type": "pair-request", "nodeId": "n2", "platform": "iOS 18.2"})
	_, asked := c.wait("the request", 0, event("node.pair.requested"))
	var pending wire.NodePending
	asked.decode(t, &pending)
	other.settles()
	c.ok("voicewake.set", map[string]any{"triggers": []string{"hey"}}, nil)
	c.ok("chat.send", map[string]any{"sessionKey": "main", "message": "hi", "idempotencyKey": "k"}, nil)
	other.wait("the wake words", 0, heard("voicewake.changed", "hey"))
	other.wait("the final", 0, heard("chat", `"final"`))
	other.wait("health", 0, is("event health"))
	if p.mark() > 0 {
		t.Errorf("heard before approval\n%s", p.tail())
	}
	c.ok("node.pair.approve", wire.NodePairApproveParams{RequestID: pending.RequestID}, nil)
	p.wait("the wake words", 0, is("event voicewake.changed"))
	if got, want := kinds(p.all()), []string{"pair-ok", "hello-ok", "event voicewake.changed"}; !slices.Equal(got, want) {
		t.Errorf("heard %q, want %q", got, want)
	}
}

// TestNode_helloAgain: a hello on a live connection is answered as the first one was, and what was under way goes on:
// commands, and the sessions that the node follows (bridge-canvas 1.8).
func TestNode_helloAgain(t *testing.T) {
	t.Parallel()
	g := setup{seed: knows("n1")}.start(t)
	c, p := dial(t, g.URL()), paired(t, g, "n1")
	p.told("chat.subscribe", map[string]any{"sessionKey": "main"})
	p.settles()
	c.send("a", "node.invoke", invoke("n1", "slow", "k"))
	_, asked := p.invoked(0, "slow")
	from := p.mark()
	p.greet("n1")
	again := slices.DeleteFunc(kinds(p.all()[from:]), func(kind string) bool { return kind == "event health" }) // of the subscription
	if want := []string{"hello-ok", "event voicewake.changed"}; !slices.Equal(again, want) {
		t.Errorf("the second hello: %q, want %q", again, want)
	}
	p.answers(asked.ID, `"done"`)
	if _, f := c.wait("the answer", 0, response("a")); !f.OK || !strings.Contains(f.raw, `"payload":"done"`) {
		t.Errorf("the command under way: %s", f.raw)
	}
	c.ok("chat.send", map[string]any{"sessionKey": "main", "message": "hi", "idempotencyKey": "k"}, nil)
	p.wait("the final", from, heard("chat", `"final"`))
}

// TestNode_wholeNumbers: Swift reads counts, times and numbers of events as integers, and gives up a whole list for one
// that is none.
func TestNode_wholeNumbers(t *testing.T) {
	t.Parallel()
	count := int64(1e15)
	g := setup{seed: func(tx *store.Tx) error {
		e := wire.SessionEntry{SessionID: "s1", InputTokens: &count, OutputTokens: &count, TotalTokens: &count, ContextTokens: &count}
		if err := session(tx, "main", e); err != nil {
			return err
		}
		if err := lines(tx, "s1", "m", 2, 0); err != nil {
			return err
		}
		return knows("n1")(tx)
	}}.start(t)
	p := paired(t, g, "n1")
	p.told("chat.subscribe", map[string]any{"sessionKey": "main"})
	for i, tc := range []struct{ method, params string }{
		{"chat.send", `{"sessionKey":"main","message":"hi","idempotencyKey":"k"}`}, {"sessions.list", `{}`}, {"health", `{}`}, {"models.list", `{}`},
		{"chat.history", `{"sessionKey":"main"}`}, {"talk.mode", `{"enabled":true}`}, {"config.get", `{}`}, {"sessions.patch", `{"key":"main","thinkingLevel":"low"}`},
	} {
		if l := p.call(fmt.Sprint("r", i), tc.method, tc.params); !l.OK {
			t.Fatalf("%s: %s", tc.method, l.raw)
		}
	}
	p.wait("the agent's words", 0, heard("agent", `"assistant"`))
	p.wait("the final", 0, heard("chat", `"final"`))
	p.wait("health", 0, is("event health"))
	numbers := 0
	var check func(at string, v any)
	check = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, e := range v {
				check(at+"/"+k, e)
			}
		case []any:
			for _, e := range v {
				check(at, e)
			}
		case json.Number:
			numbers++
			if strings.ContainsAny(v.String(), ".eE") {
				t.Errorf("%s is %s", at, v)
			}
		}
	}
	for _, l := range p.all() {
		if l.payload() == "" {
			continue
		}
		d := json.NewDecoder(strings.NewReader(l.payload()))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%s: %v", l.raw, err)
		}
		check(l.Type+" "+l.Event+l.ID, v)
	}
	if numbers < 30 {
		t.Errorf("only %d numbers seen", numbers)
	}
}
