package node

import (
	"strings"
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// allowed are the methods that a node may call (bridge-canvas 1.10).
var allowed = map[string]bool{
	"voicewake.get": true, "voicewake.set": true, "health": true, "config.get": true, "config.schema": true, "config.set": true,
	"talk.mode": true, "models.list": true, "sessions.list": true, "sessions.patch": true, "sessions.reset": true,
	"sessions.delete": true, "sessions.compact": true, "chat.history": true, "chat.send": true, "chat.abort": true,
}

// chatLimit is when a chat.send is answered at the latest: apps wait for 35 s. The run goes on.
const chatLimit = 30 * time.Second

// call is a request of a node between its coming and its answer.
type call struct {
	id     string
	socket Socket
	since  time.Time
	chat   string // the idempotency key of a chat.send

	mu       sync.Mutex
	answered bool   // guarded by mu
	held     bool   // guarded by mu: accepted, may take as long as a run
	done     func() // gives back what the call holds of the edge
}

// respond answers the call; what comes after the first answer is ignored.
func (k *call) respond(r wire.Result) {
	if r.More || !k.settle() {
		return
	}
	k.socket.Respond(k.id, r)
	k.done()
}

// drop ends a call that nobody waits for any more.
func (k *call) drop() {
	if k.settle() {
		k.done()
	}
}

func (k *call) settle() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	first := !k.answered
	k.answered = true
	return first
}

func (k *call) hold() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.held = true
}

// state says whether the call has been answered, and whether its owner has accepted it.
func (k *call) state() (answered, held bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.answered, k.held
}

// onCall hands a request of the node to the owner of its method.
func (n *node) onCall(c *actors.Context[NodeMessage], m Call) {
	if m.begun.Swap(true) {
		return
	}
	m.Send(struct{}{})
	k := &call{id: m.ID, socket: m.Socket, since: time.Now(), done: m.done}
	if m.Socket != n.socket {
		k.drop()
		return
	}
	name := strings.TrimSpace(m.Method)
	method, known := wire.Method{}, false
	if allowed[name] {
		method, known = n.o.Method(name)
	}
	if !known {
		k.respond(wire.Result{Err: &wire.Error{
			Code: "FORBIDDEN", Message: "Method not allowed", Details: map[string]string{"method": name},
		}})
		return
	}
	params, err := callParams(name, m.ParamsJSON)
	if err == nil && name == "chat.send" {
		params, err = n.chatParams(c, k, params)
	}
	if err == nil && method.Strict {
		err = wire.Validate(name, params)
	}
	if err != nil {
		k.respond(wire.Result{Err: err})
		return
	}
	n.calls[k] = struct{}{}
	if !n.sweeps {
		n.sweeps = true
		c.After(n.o.AnswerLimit, sweep{})
	}
	method.Handle(&wire.Call{ID: m.ID, Method: name, Params: params, Peer: n.peer(), Respond: k.respond, Hold: k.hold})
}

// peer is how the node looks to the owners of methods.
func (n *node) peer() wire.Peer {
	return wire.Peer{
		ConnID: "node:" + n.id, Name: n.live.DisplayName, Version: n.live.Version, Platform: n.live.Platform,
		DeviceFamily: n.live.DeviceFamily, ModelIdentifier: n.live.ModelIdentifier, Mode: wire.PeerModeNode, InstanceID: n.id,
		RemoteIP: n.live.RemoteIP, Local: n.live.Loopback,
	}
}

// callParams reads the params of a request: what is no object or list counts as none.
func callParams(method string, text *string) ([]byte, *wire.Error) {
	params := []byte("{}")
	if text != nil && strings.TrimSpace(*text) != "" {
		params = []byte(strings.TrimSpace(*text))
		if err := wire.Valid(params); err != nil {
			return nil, wire.InvalidRequest("SyntaxError: %v", err)
		}
		if params[0] != '{' && params[0] != '[' {
			params = []byte("{}")
		}
	}
	switch method {
	case "health", "voicewake.get":
		return []byte("{}"), nil
	case "voicewake.set": // unlike for operators, what is no list means the default words
		var p struct {
			Triggers any `json:"triggers"`
		}
		_ = wire.Unmarshal(params, &p) // of what is no object nothing is a list
		if _, isList := p.Triggers.([]any); !isList {
			return []byte(`{"triggers":[]}`), nil
		}
	}
	return params, nil
}

// chatParams sees to it that a chat.send is answered in time. What a node says of time is for its own patience, and does
// not end the run.
func (n *node) chatParams(c *actors.Context[NodeMessage], k *call, params []byte) ([]byte, *wire.Error) {
	if err := wire.Validate("chat.send", params); err != nil {
		return nil, err
	}
	var p wire.ChatSendParams
	if err := wire.Unmarshal(params, &p); err != nil {
		return nil, wire.InvalidRequest("invalid chat.send params: %v", err)
	}
	patience := chatLimit
	if p.TimeoutMs != nil && *p.TimeoutMs > 0 {
		patience = min(patience, wire.Millis(*p.TimeoutMs))
	}
	k.chat, p.TimeoutMs = p.IdempotencyKey, nil
	out, err := wire.Marshal(p)
	if err != nil {
		return nil, wire.AsError(err)
	}
	c.After(patience, late{k})
	return out, nil
}

// onLate answers a chat.send whose run goes on: its end comes as a chat event.
func (n *node) onLate(m late) {
	m.call.respond(wire.Result{Payload: wire.RunResult{RunID: m.call.chat, Status: wire.RunAccepted}})
	delete(n.calls, m.call)
}

// onSweep answers the calls whose owner did not.
func (n *node) onSweep(c *actors.Context[NodeMessage]) {
	n.sweeps = false
	for k := range n.calls {
		answered, held := k.state()
		if !answered && !held && time.Since(k.since) >= n.o.AnswerLimit {
			k.respond(wire.Result{Err: &wire.Error{
				Code: wire.CodeUnavailable, Message: "Error: no answer in time; try again", Retryable: true,
			}})
			answered = true
		}
		if answered {
			delete(n.calls, k)
		}
	}
	if len(n.calls) > 0 {
		n.sweeps = true
		c.After(n.o.AnswerLimit/2, sweep{})
	}
}
