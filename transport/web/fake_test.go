package web_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/clawdbot/gateway/transport/web"
)

type object = map[string]any

// fakeGateway speaks enough of protocol 2 to drive the page: connect, history, lists, and a chat.send
// that each test scripts. It is served through the handler under test.
type fakeGateway struct {
	t    *testing.T
	addr string

	mu      sync.Mutex
	changed *sync.Cond // a call came in or a connection opened or closed
	server  *http.Server
	conns   map[*fakeConn]bool
	running sync.WaitGroup
	seq     int
	calls   []fakeCall

	token    string   // asked for in connect when not empty
	history  []object // of every session
	sessions []object
	health   object
	on       map[string]func(c *fakeCall) // answers a method; runs on a goroutine of its own
	unbound  bool                         // chat.history ignores its limit
	onSend   func(c *fakeCall)            // runs on a goroutine of its own; answers the call
	pending  []object                     // devices that ask to be let in
	methods  []string                     // of the hello
	decided  bool                         // who answers one of them is late
	base     string
}

type fakeConn struct {
	ws *websocket.Conn
	mu sync.Mutex
}

// fakeCall is one request of the page.
type fakeCall struct {
	gw     *fakeGateway
	conn   *fakeConn
	ID     string          `json:"id"`
	Method string          `json:"method"`
	Raw    json.RawMessage `json:"params"`
	Params struct {
		SessionKey  string   `json:"sessionKey"`
		Message     string   `json:"message"`
		Key         string   `json:"idempotencyKey"`
		RunID       string   `json:"runId"`
		Limit       int      `json:"limit"`
		Attachments []object `json:"attachments"`
		Auth        struct {
			Token string `json:"token"`
		} `json:"auth"`
		Client object `json:"client"`
	} `json:"-"`
}

const sessionID = "6a1f1f6e-5e55-4000-8000-00000000c001"

func newFake(t *testing.T) *fakeGateway {
	g := &fakeGateway{
		t: t, conns: map[*fakeConn]bool{}, onSend: echo, on: map[string]func(c *fakeCall){},
		sessions: []object{{"key": "main", "kind": "direct", "updatedAt": time.Now().UnixMilli(), "totalTokens": 0}},
		health:   object{"ok": true, "ts": time.Now().UnixMilli(), "web": object{"linked": false}, "telegram": object{"configured": true}},
	}
	g.changed = sync.NewCond(&g.mu)
	t.Cleanup(g.stop)
	return g
}

// start listens, on the earlier port if there was one, and returns the page's address.
func (g *fakeGateway) start() string {
	g.t.Helper()
	addr := g.addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		g.t.Fatal(err)
	}
	g.addr = ln.Addr().String()
	srv := &http.Server{Handler: web.New(web.Options{Upgrade: http.HandlerFunc(g.accept), ControlUI: true, BasePath: g.base})}
	g.mu.Lock()
	g.server = srv
	g.mu.Unlock()
	g.running.Go(func() { _ = srv.Serve(ln) })
	return "http://" + g.addr + g.base + "/"
}

// stop closes sockets as a restarting gateway does and frees the port.
func (g *fakeGateway) stop() {
	g.mu.Lock()
	srv := g.server
	g.server = nil
	var open []*fakeConn
	for c := range g.conns {
		open = append(open, c)
	}
	g.mu.Unlock()
	for _, c := range open {
		_ = c.ws.Close(websocket.StatusServiceRestart, "service restart")
	}
	if srv != nil {
		_ = srv.Close()
	}
	if !g.t.Failed() { // else a script may wait for its test for ever
		g.running.Wait()
	}
}

func (g *fakeGateway) accept(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	ws.SetReadLimit(524288)
	c := &fakeConn{ws: ws}
	defer ws.CloseNow()
	g.running.Add(1)
	defer g.running.Done()
	for {
		_, data, err := ws.Read(context.Background())
		if err != nil {
			break
		}
		call := fakeCall{gw: g, conn: c}
		if json.Unmarshal(data, &call) != nil || json.Unmarshal(call.Raw, &call.Params) != nil {
			g.t.Errorf("the page sent %.200s", data)
			break
		}
		if !g.handle(&call) {
			break
		}
	}
	g.mu.Lock()
	delete(g.conns, c)
	g.changed.Broadcast()
	g.mu.Unlock()
}

func (g *fakeGateway) handle(c *fakeCall) bool {
	g.mu.Lock()
	g.calls = append(g.calls, *c)
	g.changed.Broadcast()
	history, health, token, do := g.history, g.health, g.token, g.on[c.Method]
	g.mu.Unlock()
	if do != nil {
		g.running.Go(func() { do(c) })
		return true
	}
	switch c.Method {
	case "connect":
		if token != "" && c.Params.Auth.Token != token {
			c.fail("INVALID_REQUEST", "unauthorized", nil)
			_ = c.conn.ws.Close(websocket.StatusPolicyViolation, "unauthorized")
			return false
		}
		c.ok(hello(health, g.methods))
		g.mu.Lock()
		g.conns[c.conn] = true
		g.mu.Unlock()
	case "chat.history":
		if n := c.Params.Limit; !g.unbound && len(history) > n {
			history = history[len(history)-n:]
		}
		if c.Params.SessionKey != "main" {
			history = nil
		}
		c.ok(object{"sessionKey": c.Params.SessionKey, "sessionId": sessionID, "messages": append([]object{}, history...), "thinkingLevel": "off"})
	case "health":
		c.ok(health)
	case "system-presence":
		c.ok([]object{{"host": "box1", "mode": "gateway", "text": "Gateway", "ts": 1}, {"host": "clawdbot-control-ui", "mode": "webchat", "reason": "connect", "text": "x", "ts": 1}})
	case "sessions.list":
		g.list(c)
	case "chat.send":
		g.running.Go(func() { g.onSend(c) })
	case "chat.abort":
		g.emit("chat", object{"runId": c.Params.RunID, "sessionKey": "main", "seq": 9, "state": "aborted"})
		c.ok(object{"ok": true, "aborted": true})
	case "node.pair.list", "node.pair.approve", "node.pair.reject":
		g.pair(c)
	default:
		c.fail("INVALID_REQUEST", "unknown method: "+c.Method, nil)
	}
	return true
}

// list answers sessions.list.
func (g *fakeGateway) list(c *fakeCall) {
	g.mu.Lock()
	sessions := g.sessions
	g.mu.Unlock()
	if n := c.Params.Limit; n > 0 && len(sessions) > n {
		sessions = sessions[:n]
	}
	c.ok(object{"ts": 1, "path": "/x", "count": len(sessions), "defaults": object{"model": "builtin/echo", "contextTokens": nil}, "sessions": sessions})
}

func hello(health object, methods []string) object {
	return object{
		"type": "hello-ok", "protocol": 2, "server": object{"version": "2026.1.5", "host": "box1", "connId": "c1"},
		"features": object{"methods": append([]string{}, methods...), "events": []string{}},
		"snapshot": object{"presence": []object{}, "health": health, "uptimeMs": 7_260_000, "configPath": "~/.clawdbot/clawdbot.json", "stateDir": "~/.clawdbot", "stateVersion": object{"presence": 1, "health": 1}},
		"policy":   object{"maxPayload": 524288, "maxBufferedBytes": 1572864, "tickIntervalMs": 30000},
	}
}

// write sends a frame; a connection that is gone is the page's business.
func (c *fakeConn) write(frame object) {
	b, _ := json.Marshal(frame) // plain data
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.ws.Write(context.Background(), websocket.MessageText, b)
}

func (c *fakeCall) ok(payload any) {
	c.conn.write(object{"type": "res", "id": c.ID, "ok": true, "payload": payload})
}

func (c *fakeCall) fail(code, message string, payload any) {
	f := object{"type": "res", "id": c.ID, "ok": false, "error": object{"code": code, "message": message}}
	if payload != nil {
		f["payload"] = payload
	}
	c.conn.write(f)
}

// done answers a chat.send whose run went well.
func (c *fakeCall) done() { c.ok(object{"runId": c.Params.Key, "status": "ok"}) }

// emit broadcasts an event with the next sequence number.
func (g *fakeGateway) emit(name string, payload any) {
	g.mu.Lock()
	g.seq++
	seq := g.seq
	var open []*fakeConn
	for c := range g.conns {
		open = append(open, c)
	}
	g.mu.Unlock()
	for _, c := range open {
		c.write(object{"type": "event", "event": name, "payload": payload, "seq": seq})
	}
}

// skip makes the next event arrive with a gap before it.
func (g *fakeGateway) skip(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seq += n
}

// add appends a message to the transcript.
func (g *fakeGateway) add(role string, content any, more ...any) {
	m := object{"role": role, "content": content, "timestamp": time.Now().UnixMilli()}
	for i := 0; i+1 < len(more); i += 2 {
		m[more[i].(string)] = more[i+1]
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.history = append(g.history, m)
}

// count returns how many calls of a method came in.
func (g *fakeGateway) count(method string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.callsOf(method))
}

func (g *fakeGateway) callsOf(method string) (found []fakeCall) {
	for _, c := range g.calls {
		if c.Method == method {
			found = append(found, c)
		}
	}
	return found
}

// wait blocks until n calls of a method came in and returns the n-th.
func (g *fakeGateway) wait(method string, n int) fakeCall {
	g.t.Helper()
	timeout := time.AfterFunc(20*time.Second, func() { g.mu.Lock(); g.changed.Broadcast(); g.mu.Unlock() })
	defer timeout.Stop()
	deadline := time.Now().Add(19 * time.Second)
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.callsOf(method)) < n {
		if time.Now().After(deadline) {
			g.t.Fatalf("%d calls of %s, want %d", len(g.callsOf(method)), method, n)
		}
		g.changed.Wait()
	}
	return g.callsOf(method)[n-1]
}

func text(s string) []object { return []object{{"type": "text", "text": s}} }

// delta sends the cumulative text of a run.
func (c *fakeCall) delta(s string) {
	c.gw.emit("chat", object{"runId": c.Params.Key, "sessionKey": c.Params.SessionKey, "seq": 2, "state": "delta",
		"message": object{"role": "assistant", "content": text(s), "timestamp": time.Now().UnixMilli()}})
}

// begin accepts a message: it is in the transcript and its run starts.
func (c *fakeCall) begin() {
	c.gw.add("user", text(c.Params.Message))
	c.gw.emit("agent", object{"runId": sessionID, "sessionKey": c.Params.SessionKey, "seq": 1, "stream": "job", "ts": 1,
		"data": object{"state": "started", "startedAt": 1, "to": nil, "sessionId": sessionID, "isNewSession": false}})
}

// finish ends a run with its last text.
func (c *fakeCall) finish(s string) {
	c.gw.add("assistant", text(s))
	c.gw.emit("chat", object{"runId": c.Params.Key, "sessionKey": c.Params.SessionKey, "seq": 3, "state": "final",
		"message": object{"role": "assistant", "content": text(s), "timestamp": time.Now().UnixMilli()}})
	c.done()
}

// echo is the default script: three deltas and the final.
func echo(c *fakeCall) {
	c.begin()
	c.delta("You")
	c.delta("You said")
	c.finish("You said: " + c.Params.Message)
}
