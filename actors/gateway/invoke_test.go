package gateway_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/node"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// invoke makes the params of node.invoke.
func invoke(id, command, key string, more ...map[string]any) map[string]any {
	p := map[string]any{"nodeId": id, "command": command, "idempotencyKey": key, "timeoutMs": 60_000}
	for _, m := range more {
		for k, v := range m {
			p[k] = v
		}
	}
	return p
}

// detail is a field of an error's details.
func detail(e *wire.Error, name string) any {
	d, _ := e.Details.(map[string]any)
	return d[name]
}

// invokes is how many times a command came.
func (p *phone) invokes(command string) (n int) {
	for _, l := range p.all() {
		if l.Type == "invoke" && l.Command == command {
			n++
		}
	}
	return n
}

// settles sees to it that everything that the phone was sent has come: a ping goes after it.
func (p *phone) settles() {
	p.t.Helper()
	id := fmt.Sprintf("settle-%d", p.mark())
	p.say(map[string]any{"type": "ping", "id": id})
	p.wait("the pong", 0, func(l line) bool { return l.Type == "pong" && l.ID == id })
}

// TestInvoke_onceByKey: concurrent repeats wait for the first, later ones get its answer, also after a restart.
func TestInvoke_onceByKey(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir(), seed: knows("n1")}
	g := s.start(t)
	p := paired(t, g, "n1")
	var clients []*socket
	for i := range 3 {
		c := dial(t, g.URL())
		clients = append(clients, c)
		c.send("a", "node.invoke", invoke(" n1 ", " canvas.eval ", "k", map[string]any{"params": map[string]any{"n": i}}))
		if i == 0 {
			p.invoked(0, "canvas.eval")
		}
	}
	_, asked := p.invoked(0, "canvas.eval")
	if asked.ParamsJSON == nil || *asked.ParamsJSON != `{"n":0}` {
		t.Errorf("invoke %s", asked.raw)
	}
	p.answers("nobody's", `1`)
	p.answers(asked.ID, ` {"result": "4"} `)
	p.answers(asked.ID, `"again"`)
	want := `{"ok":true,"nodeId":"n1","command":"canvas.eval","payload":{"result":"4"},"payloadJSON":" {\"result\": \"4\"} "}`
	for _, c := range clients {
		if _, f := c.wait("the answer", 0, response("a")); string(f.Payload) != want {
			t.Errorf("answer %s", f.raw)
		}
	}
	if f := clients[0].call("node.invoke", invoke("n1", "other", "k")); string(f.Payload) != want {
		t.Errorf("repeat %s", f.raw)
	}
	p.settles()
	if p.invokes("canvas.eval") != 1 || p.invokes("other") != 0 {
		t.Errorf("the node was told\n%s", p.tail())
	}
	stop(t, g)
	s.seed = nil
	c := dial(t, s.start(t).URL())
	if f := c.call("node.invoke", invoke("n1", "canvas.eval", "k")); string(f.Payload) != want {
		t.Errorf("after a restart, with the node away: %s", f.raw)
	}
	if e := c.refused("node.invoke", invoke("n1", "canvas.eval", "k2")); e.Message != "Error: UNAVAILABLE: node not connected (n1)" {
		t.Errorf("another key: %+v", e)
	}
}

// TestInvoke_errors are the forms of an answer that is none (bridge-canvas 3.3).
func TestInvoke_errors(t *testing.T) {
	t.Parallel()
	g := setup{seed: knows("n1")}.start(t)
	c, p := dial(t, g.URL()), paired(t, g, "n1")
	for i, tc := range []struct {
		answer  map[string]any
		message string
		node    any
	}{
		{map[string]any{"ok": false, "error": map[string]any{"code": "CAMERA_DISABLED", "message": "CAMERA_DISABLED: enable it"}},
			"CAMERA_DISABLED: enable it", map[string]any{"code": "CAMERA_DISABLED", "message": "CAMERA_DISABLED: enable it"}},
		{map[string]any{"ok": false}, "node invoke failed", nil},
		{map[string]any{"error": map[string]any{"code": "X"}}, "node invoke failed", map[string]any{"code": "X", "message": ""}},
	} {
		id, key := c.nextID(), fmt.Sprint("k", i)
		c.send(id, "node.invoke", invoke("n1", key, key))
		_, asked := p.invoked(0, key)
		tc.answer["type"], tc.answer["id"] = "invoke-res", asked.ID
		p.say(tc.answer)
		_, f := c.wait("the refusal", 0, response(id))
		details, _ := f.Error.Details.(map[string]any)
		if f.Error.Code != wire.CodeUnavailable || f.Error.Message != tc.message || fmt.Sprint(details["nodeError"]) != fmt.Sprint(tc.node) || details == nil {
			t.Errorf("%v: %s", tc.answer, f.raw)
		}
	}
	c.send("raw", "node.invoke", invoke("n1", "raw", "raw", map[string]any{"params": nil}))
	_, asked := p.invoked(0, "raw")
	if asked.ParamsJSON == nil || *asked.ParamsJSON != "null" {
		t.Errorf("params null: %s", asked.raw)
	}
	p.answers(asked.ID, "no JSON")
	if _, f := c.wait("the answer", 0, response("raw")); string(f.Payload) != `{"ok":true,"nodeId":"n1","command":"raw","payload":{"payloadJSON":"no JSON"},"payloadJSON":"no JSON"}` {
		t.Errorf("no JSON: %s", f.raw)
	}
	if e := c.refused("node.invoke", invoke("n1", "slow", "slow", map[string]any{"timeoutMs": 0})); e.Message != "Error: UNAVAILABLE: invoke timeout" || detail(e, "outcome") != "unknown" {
		t.Errorf("timeout: %+v", e)
	}
	c.send("cut", "node.invoke", invoke("n1", "cut", "cut"))
	p.invoked(0, "cut")
	_ = p.nc.Close()
	if _, f := c.wait("the refusal", 0, response("cut")); f.Error == nil || f.Error.Message != "Error: bridge connection closed" || detail(f.Error, "outcome") != "unknown" {
		t.Errorf("connection closed: %s", f.raw)
	}
	p = paired(t, g, "n1")
	if e := c.refused("node.invoke", invoke("n1", "cut", "cut")); detail(e, "outcome") != "unknown" {
		t.Errorf("the repeat: %+v", e)
	}
	p.settles()
	if p.invokes("cut") != 0 {
		t.Error("a command of unknown outcome was sent again")
	}
}

// TestInvoke_unknownAfterACrash: a key that was claimed before the gateway died is not used again.
func TestInvoke_unknownAfterACrash(t *testing.T) {
	t.Parallel()
	g := setup{seed: func(tx *store.Tx) error {
		if _, _, _, err := tx.Claim("node.invoke", "k"); err != nil {
			return err
		}
		return knows("n1")(tx)
	}}.start(t)
	c, p := dial(t, g.URL()), paired(t, g, "n1")
	for range 2 {
		if e := c.refused("node.invoke", invoke("n1", "x", "k")); e.Code != wire.CodeUnavailable || detail(e, "outcome") != "unknown" {
			t.Errorf("%+v", e)
		}
	}
	p.settles()
	if p.invokes("x") != 0 {
		t.Error("the command was sent again")
	}
}

// TestInvoke_longResult: the first caller has it; it is not kept for repeats, which do not run it again.
func TestInvoke_longResult(t *testing.T) {
	t.Parallel()
	g := setup{seed: knows("n1")}.start(t)
	c, p := dial(t, g.URL()), paired(t, g, "n1")
	long, err := json.Marshal(strings.Repeat("x", 3<<20))
	if err != nil {
		t.Fatal(err)
	}
	c.send("a", "node.invoke", invoke("n1", "clip", "k"))
	_, asked := p.invoked(0, "clip")
	p.answers(asked.ID, string(long))
	if _, f := c.wait("the answer", 0, response("a")); !f.OK || len(f.Payload) < 6<<20 {
		t.Errorf("answer of %d bytes: %s", len(f.Payload), cut(f.raw))
	}
	if e := c.refused("node.invoke", invoke("n1", "clip", "k")); detail(e, "outcome") != "done" {
		t.Errorf("repeat: %+v", e)
	}
}

// TestInvoke_mailbox: a command for a node that sleeps is refused at once, and carried out once when it is back.
func TestInvoke_mailbox(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir(), seed: knows("n1")}
	g := s.start(t)
	c := dial(t, g.URL())
	box := map[string]any{"mailboxMs": 3_600_000, "params": map[string]any{"a": 1}}
	asleep := func(key string) {
		t.Helper()
		e := c.refused("node.invoke", invoke("n1", "system.notify", key, box))
		if e.Code != wire.CodeUnavailable || e.Message != "Error: UNAVAILABLE: node not connected (n1)" || detail(e, "reason") != "node_asleep" || detail(e, "expiresAtMs") == nil {
			t.Errorf("%s: %+v", key, e)
		}
	}
	asleep("k1")
	asleep("k1") // a repeat changes nothing
	asleep("k2")
	if e := c.refused("node.invoke", invoke("nobody", "x", "k3", box)); e.Details != nil {
		t.Errorf("a node that is not known: %+v", e)
	}
	if e := c.refused("node.invoke", invoke("n1", "x", "k4", box, map[string]any{"params": strings.Repeat("x", 65<<10)})); e.Code != wire.CodeInvalidRequest {
		t.Errorf("long params: %+v", e)
	}
	stop(t, g)
	s.seed = nil
	g = s.start(t)
	c = dial(t, g.URL())
	p := paired(t, g, "n1")
	first, one := p.invoked(0, "system.notify")
	_, two := p.invoked(first+1, "system.notify")
	if *one.ParamsJSON != `{"a":1}` {
		t.Errorf("invoke %s", one.raw)
	}
	c.send("again", "node.invoke", invoke("n1", "system.notify", "k1", box)) // now it waits for the answer
	p.answers(one.ID, `"done"`)
	if _, f := c.wait("the answer", 0, response("again")); !strings.Contains(f.raw, `"payload":"done"`) {
		t.Errorf("repeat: %s", f.raw)
	}
	_ = p.nc.Close() // before the second is answered
	p.ended()
	p = paired(t, g, "n1")
	if e := c.refused("node.invoke", invoke("n1", "system.notify", "k2", box)); detail(e, "outcome") != "unknown" {
		t.Errorf("the second: %+v (%s)", e, two.raw)
	}
	p.settles()
	if p.invokes("system.notify") != 0 {
		t.Errorf("sent again\n%s", p.tail())
	}
}

// TestInvoke_mailboxExpires: what has waited too long is not carried out.
func TestInvoke_mailboxExpires(t *testing.T) {
	t.Parallel()
	g := setup{seed: knows("n1")}.start(t)
	c := dial(t, g.URL())
	asked := invoke("n1", "late", "k", map[string]any{"mailboxMs": 1})
	if e := c.refused("node.invoke", asked); detail(e, "reason") != "node_asleep" {
		t.Fatalf("%+v", e)
	}
	<-time.After(5 * time.Millisecond)
	p := paired(t, g, "n1")
	for ctx := deadline(t); ctx.Err() == nil; { // it is looked for when the node has come
		e := c.refused("node.invoke", asked)
		if detail(e, "reason") == "expired" {
			break
		}
		if detail(e, "reason") != "node_asleep" {
			t.Fatalf("%+v", e)
		}
	}
	p.settles()
	if p.invokes("late") != 0 {
		t.Error("it was sent")
	}
}

// TestInvoke_nodeActorCrashes: that socket is closed, its callers hear it, and another node notices nothing.
func TestInvoke_nodeActorCrashes(t *testing.T) {
	t.Parallel()
	faults := actortest.NewFaults(1)
	faults.On(actortest.Kind("node"), actortest.Message[node.Said]()).Nth(1).Crash()
	g := setup{seed: knows("n1", "n2"), options: func(o *gateway.Options) { o.Intercept = faults }}.start(t)
	c, p, other := dial(t, g.URL()), paired(t, g, "n1"), paired(t, g, "n2")
	c.send("a", "node.invoke", invoke("n1", "x", "a"))
	c.send("b", "node.invoke", invoke("n2", "y", "b"))
	p.invoked(0, "x")
	_, asked := other.invoked(0, "y")
	p.say(map[string]any{"type": "event", "event": "boom"})
	p.ended()
	if _, f := c.wait("the refusal", 0, response("a")); f.Error == nil || f.Error.Message != "Error: bridge connection closed" || detail(f.Error, "outcome") != "unknown" {
		t.Errorf("%s", f.raw)
	}
	other.answers(asked.ID, "1")
	if _, f := c.wait("the answer", 0, response("b")); !f.OK {
		t.Errorf("%s", f.raw)
	}
	paired(t, g, "n1").settles()
}

// TestInvoke_doubledMessages: the node is told once, whatever is doubled on the way.
func TestInvoke_doubledMessages(t *testing.T) {
	t.Parallel()
	faults := actortest.NewFaults(1)
	for _, kind := range []string{"node", "nodes"} {
		faults.On(actortest.Kind(kind)).Every(1).Duplicate()
	}
	g := setup{seed: knows("n1"), options: func(o *gateway.Options) { o.Intercept = faults }}.start(t)
	c, p := dial(t, g.URL()), paired(t, g, "n1")
	for i := range 5 {
		id := fmt.Sprint("k", i)
		c.send(id, "node.invoke", invoke("n1", id, id))
		_, asked := p.invoked(0, id)
		p.answers(asked.ID, `{}`)
		if _, f := c.wait("the answer", 0, response(id)); !f.OK {
			t.Errorf("%s", f.raw)
		}
	}
	p.settles()
	for i := range 5 {
		if n := p.invokes(fmt.Sprint("k", i)); n != 1 {
			t.Errorf("k%d was sent %d times", i, n)
		}
	}
}
