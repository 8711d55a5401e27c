package web_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

// pair answers the methods of devices that ask to be let in.
func (g *fakeGateway) pair(c *fakeCall) {
	var p struct {
		RequestID string `json:"requestId"`
	}
	_ = json.Unmarshal(c.Raw, &p) // without an id it is unknown
	g.mu.Lock()
	before := len(g.pending)
	if c.Method != "node.pair.list" && !g.decided {
		g.pending = slices.DeleteFunc(slices.Clone(g.pending), func(o object) bool { return o["requestId"] == p.RequestID })
	}
	pending := append([]object{}, g.pending...)
	g.mu.Unlock()
	switch {
	case c.Method == "node.pair.list":
		c.ok(object{"pending": pending, "paired": []object{}})
	case len(pending) == before:
		c.fail("INVALID_REQUEST", "unknown requestId", nil)
	default:
		c.ok(object{"requestId": p.RequestID})
	}
}

// ask lets a device ask to be let in.
func (g *fakeGateway) ask(id, name string, more ...any) {
	r := object{"requestId": id, "nodeId": "node-" + id, "displayName": name, "platform": "iPadOS 18.2.0", "remoteIp": "192.0.2.7", "isRepair": false, "ts": time.Now().UnixMilli()}
	for i := 0; i+1 < len(more); i += 2 {
		r[more[i].(string)] = more[i+1]
	}
	g.mu.Lock()
	g.pending = append(g.pending, r)
	g.mu.Unlock()
	g.emit("node.pair.requested", r)
}

// TestDevices: who asks is shown at once, also after a reload, and is let in or turned away with a click.
func TestDevices(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	p := open(t, g)
	g.wait("node.pair.list", 1)
	p.Wait(`document.querySelector('#devices').hidden`)
	g.ask("r1", "Kitchen <b>iPad</b>")
	g.ask("r2", "", "isRepair", true)
	p.WaitText(`[data-request=r1]`, "Kitchen <b>iPad</b> wants to be a device")
	p.WaitText(`[data-request=r1]`, "iPadOS 18.2.0 · 192.0.2.7 · asked")
	p.WaitText(`[data-request=r2]`, "node-r2 wants")
	p.WaitText(`[data-request=r2]`, "was let in before")
	p.Reload()
	p.WaitText(`[data-request=r1]`, "Kitchen")
	p.Click(`[data-request=r1] .primary`)
	if c := g.wait("node.pair.approve", 1); string(c.Raw) != `{"requestId":"r1"}` {
		t.Errorf("approve %s", c.Raw)
	}
	p.Wait(`!document.querySelector('[data-request=r1]')`)
	g.mu.Lock()
	g.decided = true // somebody else was quicker, and the page does not know yet
	g.mu.Unlock()
	p.Click(`[data-request=r2] .button:not(.primary)`)
	g.wait("node.pair.reject", 1)
	p.WaitText(`[data-request=r2] .device-words`, "answered elsewhere")
	g.mu.Lock()
	g.pending = nil
	g.mu.Unlock()
	g.emit("node.pair.resolved", object{"requestId": "r2", "nodeId": "node-r2", "decision": "approved", "ts": 1})
	p.Wait(`document.querySelector('#devices').hidden`)
}
