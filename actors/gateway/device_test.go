package gateway_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/bridge"
	"github.com/clawdbot/gateway/transport/wire"
)

// told sends an event of the node.
func (p *phone) told(event string, payload any) {
	p.t.Helper()
	b, err := json.Marshal(payload)
	if err != nil {
		p.t.Fatal(err)
	}
	p.say(map[string]any{"type": "event", "event": event, "payloadJSON": string(b)})
}

// heard is an event to the node whose payload contains all of these texts.
func heard(event string, texts ...string) func(line) bool {
	return func(l line) bool {
		if l.Type != "event" || l.Event != event {
			return false
		}
		for _, t := range texts {
			if !strings.Contains(l.payload(), t) {
				return false
			}
		}
		return true
	}
}

// TestNode_pairedWinsOverHello: a name that was given stays, what the node can do is as it says now (bridge-canvas 1.3).
func TestNode_pairedWinsOverHello(t *testing.T) {
	t.Parallel()
	g := setup{seed: knows("n1")}.start(t)
	c := dial(t, g.URL())
	c.ok("node.rename", map[string]any{"nodeId": "n1", "displayName": "Kitchen"}, nil)
	p := ring(t, g)
	describe := func(more map[string]any) wire.NodeRow {
		t.Helper()
		from := p.mark()
		p.say(hello("n1", "n1-token", map[string]any{"version": "9.9", "modelIdentifier": "M1"}, more))
		p.wait("the wake words", from, is("event voicewake.changed"))
		var d wire.NodeDescribeResult
		c.ok("node.describe", map[string]any{"nodeId": "n1"}, &d)
		return d.NodeRow
	}
	d := describe(nil)
	if d.DisplayName != "Kitchen" || d.Version != "1.0" || d.ModelIdentifier != "M1" || fmt.Sprint(d.Caps) != "[camera canvas]" || !d.Connected || d.RemoteIP != "127.0.0.1" {
		t.Errorf("first hello: %+v", d)
	}
	d = describe(map[string]any{"caps": []any{"screen", "", 7}, "commands": []string{"b", "a"}, "permissions": map[string]any{"x": true, " y ": 1}})
	if fmt.Sprint(d.Caps, d.Commands, d.Permissions) != "[7 screen] [a b] map[x:true y:false]" {
		t.Errorf("on the same connection: %+v", d)
	}
	d = describe(map[string]any{"caps": "all", "commands": []string{}, "permissions": map[string]any{"x": false}})
	if fmt.Sprint(d.Caps, d.Commands, d.Permissions) != "[7 screen] [a b] map[x:false y:false]" {
		t.Errorf("without lists: %+v", d)
	}
	_ = p.nc.Close()
	c.until("node.list", `"connected":false`)
	if f := c.ok("node.describe", map[string]any{"nodeId": "n1"}, nil); !strings.Contains(f.raw, `"displayName":"Kitchen"`) || !strings.Contains(f.raw, `"permissions":{"x":false,"y":false}`) || !strings.Contains(f.raw, `"modelIdentifier":"M1"`) {
		t.Errorf("stored: %s", f.raw)
	}
}

// TestNode_replacedConnection: the older one is closed, and its end takes nothing away from the newer one.
func TestNode_replacedConnection(t *testing.T) {
	t.Parallel()
	g := setup{seed: knows("n1", "n2")}.start(t)
	c := dial(t, g.URL())
	old := paired(t, g, "n1")
	old.told("chat.subscribe", map[string]any{"sessionKey": "main"})
	old.settles()
	for range 3 {
		young := paired(t, g, "n1")
		young.told("chat.subscribe", map[string]any{"sessionKey": "main"})
		old.ended()
		from := young.mark()
		young.settles()
		c.ok("chat.send", map[string]any{"sessionKey": "main", "message": "hi", "idempotencyKey": fmt.Sprint("k", from, young.nc.LocalAddr())}, nil)
		young.wait("the final", 0, heard("chat", `"final"`))
		old = young
	}
	if l := c.until("node.list", `"connected":true`); strings.Count(l.raw, `"connected":true`) != 1 {
		t.Errorf("list %s", l.raw)
	}
	old.say(hello("n2", "wrong")) // a hello that fails changes nothing
	old.wait("the refusal", 0, is("error"))
	old.say(hello("n2", "n2-token")) // one that does not makes the connection another node's
	old.wait("its welcome", old.mark()-1, is("event voicewake.changed"))
	f := c.until("node.list", `"nodeId":"n1","displayName":"Phone n1"`)
	for !strings.Contains(f.raw, `"paired":true,"connected":false`) {
		f = c.until("node.list", `"connected":false`)
	}
	old.settles()
}

// TestNode_presence: connected, then disconnected, with the reference's text (bridge-canvas 1.9).
func TestNode_presence(t *testing.T) {
	t.Parallel()
	g := setup{seed: knows("n1")}.start(t)
	c := dial(t, g.URL())
	p := paired(t, g, "n1")
	f := c.until("system-presence", `"reason":"node-connected"`)
	want := `"mode":"remote","reason":"node-connected","instanceId":"n1","text":"Node: Phone n1 · app 1.0 · last input 0s ago · mode remote · reason node-connected"`
	if !strings.Contains(f.raw, want) || strings.Contains(f.raw, `"ip":"127.0.0.1"`) || !strings.Contains(f.raw, `"lastInputSeconds":0`) {
		t.Errorf("presence %s", f.raw)
	}
	_ = p.nc.Close()
	c.until("system-presence", `"reason":"node-disconnected"`)
	c.wait("the event", 0, containing("presence", "node-disconnected"))
}

// TestNode_revoked: a token that is replaced or taken away closes the connection that was opened with it.
func TestNode_revoked(t *testing.T) {
	t.Parallel()
	g := setup{seed: knows("n1", "n2")}.start(t)
	c, p, other := dial(t, g.URL()), paired(t, g, "n1"), paired(t, g, "n2")
	r := pairRequest(c, wire.NodePairRequestParams{NodeID: "n1"})
	var approved wire.NodePairApproveResult
	from := c.mark()
	c.ok("node.pair.approve", map[string]any{"requestId": r.Request.RequestID}, &approved)
	p.ended()
	p = ring(t, g)
	p.say(hello("n1", approved.Node.Token)) // before anybody could look
	p.wait("its welcome", 0, is("hello-ok"))
	from, _ = c.wait("the end of the old connection", from, containing("presence", `"node-disconnected"`))
	c.wait("the new one", from+1, containing("presence", `"node-connected"`))
	p = ring(t, g)
	p.say(hello("n1", "n1-token"))
	if _, l := p.wait("the refusal", 0, is("error")); l.Code != "UNAUTHORIZED" || l.Message != "invalid token" {
		t.Errorf("the old token: %s", l.raw)
	}
	p.say(hello("n1", approved.Node.Token))
	p.wait("its welcome", 0, is("hello-ok"))
	from = c.mark()
	c.ok("node.pair.revoke", map[string]any{"nodeId": " n1 "}, nil)
	p.ended()
	c.wait("the end of the connection", from, containing("presence", `"node-disconnected"`))
	if e := c.refused("node.pair.revoke", map[string]any{"nodeId": "n1"}); e.Message != "unknown nodeId" {
		t.Errorf("revoked twice: %+v", e)
	}
	p = ring(t, g)
	p.say(hello("n1", ""))
	if _, l := p.wait("the refusal", 0, is("error")); l.Code != "NOT_PAIRED" {
		t.Errorf("after that: %s", l.raw)
	}
	other.settles()
}

// TestNode_chat: the session's events come to the node that follows it, with the run ids that apps go by; a chat.send is
// answered in time though its run goes on (bridge-canvas 1.10, 1.12).
func TestNode_chat(t *testing.T) {
	t.Parallel()
	g := setup{seed: func(tx *store.Tx) error {
		if err := session(tx, "main", wire.SessionEntry{SessionID: "sess-1"}); err != nil {
			return err
		}
		return knows("n1", "n2")(tx)
	}, options: func(o *gateway.Options) { o.Runner = holding{} }}.start(t)
	c, p, deaf := dial(t, g.URL()), paired(t, g, "n1"), paired(t, g, "n2")
	p.told("chat.subscribe", map[string]any{"sessionKey": " main "})
	p.wait("health", 0, is("event health"))
	deaf.told("chat.subscribe", map[string]any{"sessionKey": "other"})
	l := p.call("q1", "chat.send", `{"sessionKey":"main","message":"hello","idempotencyKey":"run-1","timeoutMs":30000}`)
	if !l.OK || l.payload() != `{"runId":"run-1","status":"ok"}` {
		t.Errorf("answer %s", l.raw)
	}
	p.wait("the agent's words", 0, heard("agent", `"runId":"sess-1"`, `"stream":"assistant"`, `"sessionKey":"main"`))
	p.wait("the final", 0, heard("chat", `"runId":"run-1"`, `"state":"final"`, `"sessionKey":"main"`))

	l = p.call("q2", "chat.send", `{"sessionKey":"main","message":"hold","idempotencyKey":"run-2","timeoutMs":1}`)
	if !l.OK || l.payload() != `{"runId":"run-2","status":"accepted"}` {
		t.Errorf("of a run that goes on: %s", l.raw)
	}
	p.settles() // nothing is held up by it
	if l := p.call("q3", "chat.abort", `{"sessionKey":"main","runId":"run-2"}`); l.payload() != `{"ok":true,"aborted":true}` {
		t.Errorf("abort %s", l.raw)
	}
	p.wait("the abort", 0, heard("chat", `"runId":"run-2"`, `"aborted"`))
	if l := p.call("q4", "chat.send", `{"sessionKey":"main","message":"!tool node.list {}","idempotencyKey":"run-3"}`); !l.OK {
		t.Errorf("answer %s", l.raw)
	}
	_, final := p.wait("the final", 0, heard("chat", `"runId":"run-3"`, `"final"`))
	if strings.Contains(final.payload(), "nodes") { // a node is no operator: the line is only repeated
		t.Errorf("a node used a tool: %s", final.raw)
	}
	p.told("chat.unsubscribe", map[string]any{"sessionKey": "main"})
	p.settles()
	from := p.mark()
	c.ok("chat.send", map[string]any{"sessionKey": "main", "message": "more", "idempotencyKey": "run-4"}, nil)
	p.settles()
	for _, l := range append(p.all()[from:], deaf.all()...) {
		if l.Event == "chat" || l.Event == "agent" {
			t.Errorf("heard without following: %s", l.raw)
		}
	}
}

// TestNode_says: what a node hears or is told to ask for begins a run of its session (bridge-canvas 1.11).
func TestNode_says(t *testing.T) {
	t.Parallel()
	whatsapp := newSurface("whatsapp")
	g := setup{config: `{whatsapp: {allowFrom: ["+1"]}}`, seed: func(tx *store.Tx) error {
		if err := session(tx, "main", wire.SessionEntry{SessionID: "sess-1"}); err != nil {
			return err
		}
		return knows("n1")(tx)
	}, options: func(o *gateway.Options) { o.Providers = append(o.Providers, whatsapp.factory()) }}.start(t)
	c, p := dial(t, g.URL()), paired(t, g, "n1")
	p.told("voice.transcript", map[string]any{"text": "  what is on  "})
	c.wait("the final of what was said", 0, containing("chat", `"runId":"voice-`, `"final"`, `"sessionKey":"main"`, "what is on"))
	c.wait("the agent's", 0, containing("agent", `"runId":"sess-1"`, `"done"`))

	from := c.mark()
	p.told("agent.request", map[string]any{"message": "a tap", "sessionKey": "main", "thinking": "low", "deliver": false, "key": "x", "channel": nil})
	c.wait("the final of a tap", from, containing("chat", `"runId":"sess-1"`, `"final"`, "a tap"))
	p.told("agent.request", map[string]any{"message": "of its own"})
	c.wait("the final of its own session", from, containing("chat", `"sessionKey":"node-n1"`, `"final"`, "of its own"))
	p.told("agent.request", map[string]any{"message": "to a surface", "deliver": true, "channel": " WhatsApp ", "to": "+1"})
	select {
	case m := <-whatsapp.sent:
		if m.Route.Chat != "+1" && !strings.Contains(fmt.Sprint(m.Route), "1") || !strings.Contains(m.Text, "to a surface") {
			t.Errorf("sent %+v", m)
		}
	case <-time.After(patience):
		t.Fatal("nothing was sent to the surface")
	}
	c.wait("its final", from, containing("chat", `"final"`, "to a surface"))

	from = c.mark()
	long := strings.Repeat("x", 20_001)
	for _, quiet := range []map[string]any{
		{"text": ""}, {"text": 5}, {"text": long}, {"message": " "}, {"message": long}, {"sessionKey": "main"},
	} {
		p.told("voice.transcript", quiet)
		p.told("agent.request", quiet)
	}
	p.say(`{"type":"event","event":"agent.request","payloadJSON":"{oops"}`)
	p.say(`{"type":"event","event":"agent.request","payloadJSON":null}`)
	p.say(`{"type":"event","event":"unheard of","payloadJSON":"{}"}`)
	p.told("chat.subscribe", map[string]any{"sessionKey": 5})
	p.settles()
	p.told("agent.request", map[string]any{"message": 5})
	if _, l := p.wait("the refusal", 0, is("error")); l.Code != wire.CodeInvalidRequest {
		t.Errorf("a wrong type: %s", l.raw)
	}
	c.ok("chat.send", map[string]any{"sessionKey": "last", "message": "last", "idempotencyKey": "last"}, nil)
	for _, f := range c.all(from) {
		if f.Event == "chat" && !strings.Contains(f.raw, `"sessionKey":"last"`) {
			t.Errorf("a run that nobody asked for: %s", cut(f.raw))
		}
	}
}

// TestNode_methods: those that nodes may call, with the bridge's own rules for params (bridge-canvas 1.10).
func TestNode_methods(t *testing.T) {
	t.Parallel()
	g := setup{seed: knows("n1")}.start(t)
	p := paired(t, g, "n1")
	for _, method := range []string{"node.list", "node.invoke", "send", "agent", "cron.list", "skills.status", "system-event", "status", "nope", "connect"} {
		l := p.call(method, method, `{}`)
		if l.OK || l.Error == nil || l.Error.Code != "FORBIDDEN" || l.Error.Message != "Method not allowed" || fmt.Sprint(l.Error.Details) != "map[method:"+method+"]" {
			t.Errorf("%s: %s", method, l.raw)
		}
	}
	for i, tc := range []struct{ method, params, want string }{
		{" voicewake.get ", `{"x":1}`, `{"triggers":["clawd","claude","computer"]}`},
		{"voicewake.set", `{"triggers":"x"}`, `{"triggers":["clawd","claude","computer"]}`},
		{"voicewake.set", `5`, `{"triggers":["clawd","claude","computer"]}`},
		{"voicewake.set", `{"triggers":[" a "]}`, `{"triggers":["a"]}`},
		{"health", `[]`, `{"ok":true`}, {"models.list", `7`, `{"models":[`}, {"models.list", ` `, `{"models":[`},
		{"talk.mode", `{"enabled":true}`, `{"enabled":true,"phase":null`},
	} {
		if l := p.call(fmt.Sprint("r", i), tc.method, tc.params); !l.OK || !strings.HasPrefix(l.payload(), tc.want) {
			t.Errorf("%s %s: %s", tc.method, tc.params, l.raw)
		}
	}
	for i, tc := range []struct{ method, params, message string }{
		{"models.list", `{`, "SyntaxError: "}, {"models.list", `{"a":1}`, "invalid models.list params: "},
		{"chat.send", `[]`, "invalid chat.send params: "}, {"talk.mode", `{}`, "invalid talk.mode params: "},
	} {
		if l := p.call(fmt.Sprint("e", i), tc.method, tc.params); l.OK || l.Error.Code != wire.CodeInvalidRequest || !strings.HasPrefix(l.Error.Message, tc.message) || l.PayloadJSON != nil {
			t.Errorf("%s %s: %s", tc.method, tc.params, l.raw)
		}
	}
}

// TestNode_flood: many connections that say nothing, and one that floods, are noticed by nobody.
func TestNode_flood(t *testing.T) {
	t.Parallel()
	log := &records{}
	g := setup{seed: knows("n1"), log: slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}), options: func(o *gateway.Options) {
		o.BridgeLimits = bridge.Limits{PerAddress: 4, Waiting: 1, Wait: time.Millisecond}
	}}.start(t)
	p := paired(t, g, "n1")
	s := ring(t, g)
	guess := func() {
		from := s.mark()
		s.say(map[string]any{"type": "hello", "nodeId": "n1", "token": "guess"})
		s.wait("the refusal", from, func(l line) bool { return l.Code == "UNAUTHORIZED" })
	}
	guess() // it has a place, which the others do not leave to those who come after them
	for range 200 {
		_ = ring(t, g).nc.Close()
	}
	for range 3 {
		s.say(strings.Repeat("x", 60<<10))
		guess()
	}
	p.settles()
	stop(t, g)
	if text := log.text.String(); strings.Contains(text, "guess") || strings.Contains(text, "n1-token") {
		t.Error("a token is in the log")
	}
}

// TestNode_frozen: a node that stops reading is closed in the end; until then, and after, the others are served as ever.
func TestNode_frozen(t *testing.T) {
	t.Parallel()
	g := setup{seed: knows("n1", "n2"), options: func(o *gateway.Options) {
		o.BridgeLimits = bridge.Limits{Events: 256 << 10, Queue: 4 << 20}
	}}.start(t)
	c, frozen, other := dial(t, g.URL()), paired(t, g, "n1"), paired(t, g, "n2")
	for _, p := range []*phone{frozen, other} {
		p.told("chat.subscribe", map[string]any{"sessionKey": "main"})
		p.settles()
	}
	frozen.freeze()
	invokes := 0
	serve := func() {
		t.Helper()
		invokes++
		key := fmt.Sprint("k", invokes)
		c.send(key, "node.invoke", invoke("n2", key, key))
		_, asked := other.invoked(0, key)
		other.answers(asked.ID, "1")
		if _, f := c.wait("the answer", 0, response(key)); !f.OK {
			t.Errorf("%s", f.raw)
		}
	}
	connected := func() bool {
		var d wire.NodeDescribeResult
		c.ok("node.describe", map[string]any{"nodeId": "n1"}, &d)
		return d.Connected
	}
	for ctx := deadline(t); connected(); {
		if ctx.Err() != nil {
			t.Fatal("the frozen node is never closed")
		}
		key := fmt.Sprint("run", invokes)
		c.ok("chat.send", map[string]any{"sessionKey": "main", "message": "!big 512KiB", "idempotencyKey": key}, nil)
		other.wait("the final", 0, heard("chat", key, `"final"`))
		serve()
	}
	serve()
	paired(t, g, "n1").settles() // and it may come back
}

// TestInvoke_foreignAnswer: what another node says of a call changes nothing.
func TestInvoke_foreignAnswer(t *testing.T) {
	t.Parallel()
	g := setup{seed: knows("n1", "n2")}.start(t)
	c, p, other := dial(t, g.URL()), paired(t, g, "n1"), paired(t, g, "n2")
	c.send("a", "node.invoke", invoke("n1", "x", "k"))
	_, asked := p.invoked(0, "x")
	other.answers(asked.ID, `"forged"`)
	other.settles()
	p.answers(asked.ID, `"mine"`)
	if _, f := c.wait("the answer", 0, response("a")); !strings.Contains(f.raw, `"payload":"mine"`) {
		t.Errorf("%s", f.raw)
	}
}
