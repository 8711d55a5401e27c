package conn

import (
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/health"
	"github.com/clawdbot/gateway/actors/metrics"
	"github.com/clawdbot/gateway/actors/presence"
	"github.com/clawdbot/gateway/transport/wire"
)

// helloLimit is how long the parts of hello may take to come together.
const helloLimit = 5 * time.Second

type conn struct {
	o         Options
	methods   map[string]row
	socket    Socket
	peer      wire.Peer
	connectID string
	canvasURL string
	calls     calls

	hello    *wire.HelloOK // until it is sent
	presence []wire.PresenceEntry
	health   wire.Raw
	held     []Request // that came before hello was sent
	sweeping bool
}

// Start joins the event stream first, so that no event falls between the snapshot and the first event: the socket
// holds events back until hello is queued.
func (n *conn) Start(c *actors.Context[Message]) error {
	h := n.o.Hello(n.peer)
	h.CanvasHostURL = n.canvasURL
	n.hello = &h
	n.o.Stream.Join(n.peer.ConnID, n.socket)
	self := c.Self()
	err := n.o.Presence.Tell(presence.Connected{Peer: n.peer, Reply: actors.ReplyTo(func(l []wire.PresenceEntry, err error) {
		_ = self.Tell(present{l, err})
	})})
	if err != nil {
		return err
	}
	err = n.o.Health.Tell(health.Cached{Reply: actors.ReplyTo(func(s wire.Raw, err error) {
		_ = self.Tell(healthy{s, err})
	})})
	if err != nil {
		return err
	}
	c.After(helloLimit, helloDue{})
	return nil
}

// Stop tidies up, however the connection ended. A socket that is closed already stays as it is.
func (n *conn) Stop(*actors.Context[Message]) {
	n.o.Stream.Leave(n.peer.ConnID)
	_ = n.o.Presence.Tell(presence.Disconnected{Peer: n.peer})
	n.socket.Close(wire.CloseInternal, "internal error")
}

func (n *conn) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case Request:
		n.onRequest(c, m)
	case present:
		n.presence = m.list
		return n.welcome(c, m.err)
	case healthy:
		n.health = m.snapshot
		return n.welcome(c, m.err)
	case helloDue:
		if n.hello != nil {
			n.socket.Close(wire.CloseInternal, "hello timed out")
			c.StopSelf()
		}
	case sweep:
		n.onSweep(c)
	}
	return nil
}

// welcome sends hello once both halves of the snapshot are there, then the requests that came too early.
func (n *conn) welcome(c *actors.Context[Message], err error) error {
	if err != nil {
		return err
	}
	if n.hello == nil || n.presence == nil || n.health == nil {
		return nil
	}
	h := n.hello
	n.hello = nil
	h.Snapshot.Presence, h.Snapshot.Health, h.Snapshot.StateVersion = n.presence, n.health, n.o.Stream.Versions()
	n.presence, n.health = nil, nil
	frame, err := wire.AppendResponse(nil, wire.QuoteID(n.connectID), wire.Result{Payload: h})
	if err != nil {
		return err
	}
	n.socket.Hello(frame)
	_ = n.o.Health.Tell(health.Refresh{})
	for _, r := range n.held {
		n.dispatch(c, r)
	}
	n.held = nil
	return nil
}

func (n *conn) onRequest(c *actors.Context[Message], r Request) {
	if r.call.calls != nil { // a doubled message
		return
	}
	n.calls.add(r.call)
	r.Send(struct{}{})
	if n.hello != nil {
		n.held = append(n.held, r)
		return
	}
	n.dispatch(c, r)
}

// dispatch hands a request to the owner of its method.
func (n *conn) dispatch(c *actors.Context[Message], r Request) {
	f, p := r.frame, r.call
	m, ok := n.methods[f.Method]
	if !ok {
		p.count = n.o.Calls.Of(metrics.Other)
		p.respond(wire.Result{Err: wire.InvalidRequest("unknown method: %s", f.Method)})
		return
	}
	if !n.sweeping {
		n.sweeping = true
		c.After(n.o.AnswerLimit, sweep{})
	}
	p.count = m.count
	m.Handle(&wire.Call{ID: f.ID, Method: f.Method, Params: f.Params, Peer: n.peer, Respond: p.respond, Hold: p.hold})
}

// onSweep answers the calls whose owner did not: every request is answered once or with a typed error.
func (n *conn) onSweep(c *actors.Context[Message]) {
	n.sweeping = false
	if n.calls.expire(n.o.AnswerLimit) {
		n.sweeping = true
		c.After(n.o.AnswerLimit/2, sweep{})
	}
}
