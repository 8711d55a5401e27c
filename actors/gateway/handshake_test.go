package gateway_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestHandshake_hello checks hello-ok field by field (protocol 1.8).
func TestHandshake_hello(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir(), options: func(o *gateway.Options) {
		o.Version, o.Commit = "9.8.7", "abc123"
		o.Methods = wire.Table{wire.Loose("acme.own", func(c *wire.Call) { c.OK("hi") })}
	}}
	g := s.start(t)
	c := dial(t, g.URL(), as("app", "Device-1"))
	h := c.hello

	if first := c.all(0)[0]; first.ID != "connect-1" {
		t.Errorf("the first frame is %s", cut(first.raw))
	}
	if h.Type != "hello-ok" || h.Protocol != 2 || h.Server.Version != "9.8.7" || h.Server.Commit != "abc123" {
		t.Errorf("hello %+v", h.Server)
	}
	if host, _ := os.Hostname(); h.Server.Host != host {
		t.Errorf("host %q, want %q", h.Server.Host, host)
	}
	if id, err := uuid.Parse(h.Server.ConnID); err != nil || id.Version() != 4 {
		t.Errorf("connId %q", h.Server.ConnID)
	}
	if h.Policy != (wire.HelloPolicy{MaxPayload: 524288, MaxBufferedBytes: 1572864, TickIntervalMs: 30000}) {
		t.Errorf("policy %+v", h.Policy)
	}
	if snap := h.Snapshot; snap.StateDir != s.dir || snap.ConfigPath != s.dir+"/clawdbot.json" || snap.UptimeMs < 0 || len(snap.Health) == 0 {
		t.Errorf("snapshot %+v", snap)
	}
	if !slices.ContainsFunc(h.Snapshot.Presence, func(e wire.PresenceEntry) bool {
		return e.InstanceID == "Device-1" && e.Host == "tester" && e.Reason == "connect"
	}) {
		t.Errorf("own entry is not in the snapshot: %+v", h.Snapshot.Presence)
	}
	if h.Snapshot.StateVersion.Presence != 2 { // 1 at the start, counted for this connect
		t.Errorf("presence version %d", h.Snapshot.StateVersion.Presence)
	}
	if !slices.Equal(h.Features.Events, append(wire.Events(), wire.EventAdditions()...)) {
		t.Errorf("events %q", h.Features.Events)
	}
	if !strings.Contains(c.all(0)[0].raw, `"uptimeMs":`) {
		t.Errorf("hello %s", c.all(0)[0].raw)
	}
	c.ok("acme.own", nil, nil)
}

// TestMethods_listed: the methods of hello-ok are the protocol's in its order, then the additions, then an embedder's
// own, and no more than there are; each refuses unknown keys exactly if the protocol says that it does.
func TestMethods_listed(t *testing.T) {
	t.Parallel()
	g := setup{options: func(o *gateway.Options) {
		o.Methods = wire.Table{wire.Loose("acme.own", func(c *wire.Call) { c.OK("hi") })}
	}}.start(t)
	c := dial(t, g.URL())
	listed := c.hello.Features.Methods
	order := append(append(wire.Methods(), wire.Additions()...), "acme.own")
	if !slices.IsSortedFunc(listed, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) }) {
		t.Errorf("order %q", listed)
	}
	for _, name := range wire.Methods() {
		if !slices.Contains(listed, name) {
			t.Errorf("%s is not listed", name)
		}
	}
	for _, name := range order {
		err := g.Call(t.Context(), name, map[string]any{"no such key": 1}, nil)
		refused := err != nil && strings.HasPrefix(err.Error(), "invalid "+name+" params: data ")
		switch {
		case !slices.Contains(listed, name):
			if err == nil || err.Error() != "unknown method: "+name {
				t.Errorf("%s is not listed, but answers %v", name, err)
			}
		case refused != wire.IsStrict(name):
			t.Errorf("%s refuses unknown keys: %v, want %v (%v)", name, refused, wire.IsStrict(name), err)
		}
		over := c.call(name, map[string]any{"no such key": 1}) // the socket checks by name, the table by row
		if (err == nil) != over.OK || err != nil && over.Error.Message != err.Error() {
			t.Errorf("%s: in process %v, on a socket %s", name, err, cut(over.raw))
		}
	}
}

// TestHandshake_refusals are the rows of protocol 1.5: the answer is written before the close frame.
func TestHandshake_refusals(t *testing.T) {
	t.Parallel()
	g := setup{env: map[string]string{"CLAWDBOT_GATEWAY_TOKEN": "right"}}.start(t)
	connect := func(minimum, maximum int, auth string) string {
		return fmt.Sprintf(`{"type":"req","id":"c","method":"connect","params":{"minProtocol":%d,"maxProtocol":%d,`+
			`"client":{"name":"n","version":"1","platform":"p","mode":"test"}%s}}`, minimum, maximum, auth)
	}
	for _, tc := range []struct {
		name, first, message string
		code                 websocket.StatusCode
		reason               string
	}{
		{"not JSON", `hello`, "", 1000, ""},
		{"array", `[]`, "", 1008, "invalid handshake"},
		{"another method", `{"type":"req","id":"c","method":"health"}`, "invalid handshake: first request must be connect", 1008, "invalid handshake"},
		{"invalid params", `{"type":"req","id":"c","method":"connect","params":{}}`,
			"invalid connect params: data must have required property 'minProtocol'; data must have required property 'maxProtocol'; data must have required property 'client'",
			1008, "invalid handshake"},
		{"too new", connect(3, 4, ""), "protocol mismatch", 1002, "protocol mismatch"},
		{"too old", connect(1, 1, ""), "protocol mismatch", 1002, "protocol mismatch"},
		{"mismatch comes before auth", connect(3, 3, `,"auth":{"token":"wrong"}`), "protocol mismatch", 1002, "protocol mismatch"},
		{"no token", connect(2, 2, ""), "unauthorized", 1008, "unauthorized"},
		{"wrong token", connect(2, 2, `,"auth":{"token":"wrong"}`), "unauthorized", 1008, "unauthorized"},
		{"the token as a password", connect(2, 2, `,"auth":{"password":"right"}`), "unauthorized", 1008, "unauthorized"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := open(t, g.URL(), nil)
			c.write(tc.first)
			code, reason := c.ended()
			if code != tc.code || reason != tc.reason {
				t.Errorf("closed %d %q, want %d %q", code, reason, tc.code, tc.reason)
			}
			frames := c.all(0)
			if tc.message == "" {
				if len(frames) != 0 {
					t.Errorf("answered %s", frames[0].raw)
				}
				return
			}
			if len(frames) != 1 || frames[0].ID != "c" || frames[0].OK || frames[0].Error.Code != wire.CodeInvalidRequest || frames[0].Error.Message != tc.message {
				t.Errorf("answers %+v", frames)
			}
			if mismatch := strings.Contains(frames[0].raw, `"details":{"expectedProtocol":2}`); mismatch != (tc.code == 1002) {
				t.Errorf("details: %s", frames[0].raw)
			}
		})
	}
	for _, span := range [][2]int{{1, 2}, {2, 2}, {1, 99}, {2, 3}} {
		c := open(t, g.URL(), nil)
		c.write(connect(span[0], span[1], `,"auth":{"token":"right","password":"ignored"}`))
		if _, f := c.wait("hello", 0, response("c")); !f.OK {
			t.Errorf("protocols %v refused: %s", span, f.raw)
		}
	}
}

func TestHandshake_password(t *testing.T) {
	t.Parallel()
	g := setup{config: `{gateway: {auth: {mode: "password", password: "a long password"}}}`}.start(t)
	with := func(password string) func(p *wire.ConnectParams) {
		return func(p *wire.ConnectParams) { p.Auth = &wire.ConnectAuth{Token: "a long password", Password: password} }
	}
	dial(t, g.URL(), with("a long password"))
	for _, wrong := range []string{"", "a long passwor", "a long password "} {
		c := open(t, g.URL(), nil)
		if f := c.connect(with(wrong)); f.OK || f.Error.Message != "unauthorized" {
			t.Errorf("password %q: %s", wrong, f.raw)
		}
	}
}

// TestHandshake_nothingBeforeHello: while events are broadcast all the time, every client that joins sees hello first
// and from then on every event, without a gap.
func TestHandshake_nothingBeforeHello(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	noisy := dial(t, g.URL())
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				if g.Call(t.Context(), "system-event", map[string]any{"text": fmt.Sprint("noise ", i)}, nil) != nil {
					return
				}
			}
		}
	}()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				c := dial(t, g.URL())
				at, _ := c.wait("an event", 0, event("presence"))
				c.wait("another event", at+1, event("presence"))
				checkStream(t, c)
			}
		})
	}
	wg.Wait()
	close(stop)
	<-stopped
	checkStream(t, noisy)
}

// checkStream: the first frame is hello, and the numbers of the events have no gap.
func checkStream(t *testing.T, c *socket) {
	t.Helper()
	frames := c.all(0)
	if frames[0].ID != "connect-1" {
		t.Errorf("the first frame is %s", cut(frames[0].raw))
	}
	last := int64(0)
	for _, f := range frames[1:] {
		if f.Type != "event" {
			continue
		}
		if f.Seq == nil || last > 0 && *f.Seq != last+1 {
			t.Errorf("after %d came %s", last, cut(f.raw))
			return
		}
		last = *f.Seq
	}
}

// TestFrames_afterHello are the rows of protocol 1.6, and the nesting that no JSON reader would follow.
func TestFrames_afterHello(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	c := dial(t, g.URL())
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, tc := range []struct {
		name, text string
		id         any
		message    string // "" = no answer
	}{
		{"not JSON", `{"type":"req",`, nil, ""},
		{"no id", `{"type":"req","method":"health"}`, "invalid", "invalid request frame: data must have required property 'id'"},
		{"a numeric id", `{"type":"req","id":7,"method":"health"}`, 7.0, "invalid request frame: data/id must be string"},
		{"an event", `{"type":"event","id":"e","event":"tick"}`, "e", "invalid request frame: "},
		{"a second connect", `{"type":"req","id":"again","method":"connect","params":{}}`, "again", "connect is only valid as the first request"},
		{"unknown method", `{"type":"req","id":"u","method":"no.such"}`, "u", "unknown method: no.such"},
		{"65 levels", `{"type":"req","id":"deep","method":"health","params":` + nested(64) + `}`, "deep", "invalid request frame: data must NOT be nested deeper than 64 levels"},
		{"50,000 levels", `{"type":"req","id":"deeper","method":"health","params":` + nested(50000) + `}`, "invalid", "invalid request frame: data must NOT be nested deeper than 64 levels"},
		{"duplicate keys", `{"type":"req","id":"d","method":"health","method":"status"}`, "d", "invalid request frame: data must NOT have duplicate keys"},
		{"trailing data", `{"type":"req","id":"t","method":"health"}{}`, "t", "invalid request frame: data must NOT be followed by more data"},
		{"params of another type", `{"type":"req","id":"p","method":"sessions.list","params":[]}`, "p", "invalid sessions.list params: data must be object"},
		{"params null", `{"type":"req","id":"n","method":"sessions.list","params":null}`, "n", "ok"},
	} {
		from := c.mark()
		c.write(tc.text)
		probe := c.nextID()
		c.send(probe, "last-heartbeat", nil)
		c.wait("the answer to what came after "+tc.name, from, response(probe))
		var got []frame
		for _, f := range c.all(from) {
			if f.Type == "res" && f.ID != probe {
				got = append(got, f)
			}
		}
		if tc.id == nil && len(got) == 0 {
			continue
		}
		if len(got) == 0 { // requests run concurrently: the probe may have been faster
			_, f := c.wait("the answer to "+tc.name, from, func(f frame) bool { return f.Type == "res" && f.ID == tc.id })
			got = append(got, f)
		}
		if len(got) != 1 || got[0].ID != tc.id || got[0].OK != (tc.message == "ok") ||
			!got[0].OK && (got[0].Error.Code != wire.CodeInvalidRequest || !strings.HasPrefix(got[0].Error.Message, tc.message)) {
			t.Errorf("%s: %s", tc.name, tail(got))
		}
	}
}

// TestParallelRequests: requests of one connection run concurrently, and each is answered.
func TestParallelRequests(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	c := dial(t, g.URL())
	methods := []string{"health", "status", "system-presence", "providers.status"}
	for _, m := range methods {
		c.send(m, m, nil)
	}
	for _, m := range methods {
		if _, f := c.wait(m, 0, response(m)); !f.OK || m == "system-presence" && f.Payload[0] != '[' {
			t.Errorf("%s: %s", m, cut(f.raw))
		}
	}
}
