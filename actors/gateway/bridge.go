package gateway

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/node"
	"github.com/clawdbot/gateway/actors/pairing"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/bridge"
	"github.com/clawdbot/gateway/transport/wire"
)

// bridgeCore stands between the bridge and the actors: it says who a node is, and hands on what it says.
type bridgeCore struct {
	g    *Gateway
	name string // of this host
}

// helloLimit is how long a hello may take: apps wait for 6 s.
const helloLimit = 5 * time.Second

// Hello checks the token of a node, and connects it.
func (b *bridgeCore) Hello(ctx context.Context, c *bridge.Conn, h bridge.Hello) (bridge.Node, *bridge.ErrorFrame) {
	ctx, cancel := context.WithTimeout(ctx, helloLimit)
	defer cancel()
	said := told(h.About, c)
	said.Token = h.Token
	var greeting pairing.Greeting
	err := b.g.store.View(ctx, func(v *store.View) (err error) {
		greeting, err = pairing.Greet(v, said)
		return err
	})
	if err == nil && greeting.News() {
		err = b.g.store.Do(ctx, func(tx *store.Tx) error { return pairing.Remember(tx, said) })
	}
	if err != nil {
		return nil, &bridge.ErrorFrame{Code: wire.CodeInvalidRequest, Message: wire.AsError(err).Message}
	}
	if r := greeting.Refused; r != nil {
		return nil, &bridge.ErrorFrame{Code: r.Code, Message: r.Message}
	}
	return b.connect(ctx, c, live(greeting.Node, greeting.Hash, c), "")
}

// told is what a node says of itself, and what its connection says of it.
func told(a bridge.About, c *bridge.Conn) wire.NodePaired {
	return wire.NodePaired{
		NodeID: a.NodeID, DisplayName: a.DisplayName, Platform: a.Platform, Version: a.Version, DeviceFamily: a.DeviceFamily,
		ModelIdentifier: a.ModelIdentifier, Caps: a.Caps, Commands: a.Commands, Permissions: a.Permissions, RemoteIP: c.RemoteIP(),
	}
}

func live(n wire.NodePaired, hash []byte, c *bridge.Conn) node.Live {
	return node.Live{
		NodeID: n.NodeID, DisplayName: n.DisplayName, Platform: n.Platform, Version: n.Version, DeviceFamily: n.DeviceFamily,
		ModelIdentifier: n.ModelIdentifier, RemoteIP: c.RemoteIP(), Caps: n.Caps, Commands: n.Commands, Permissions: n.Permissions,
		Loopback: c.Loopback(), TokenHash: hash,
	}
}

// connect gives the node its actor.
func (b *bridgeCore) connect(ctx context.Context, c *bridge.Conn, l node.Live, token string) (bridge.Node, *bridge.ErrorFrame) {
	s := nodeSocket{c, &tie{core: b, token: token}}
	old, _ := c.Node().(*device)
	if old != nil && old.id == l.NodeID {
		s = old.socket // it says hello once more
		s.token = token
	} else {
		old = nil
	}
	ref, err := node.Connect(ctx, b.g.tree.nodes, b.g.nodeOptions(), l, s)
	if err != nil {
		c.Close() // whether hello-ok is queued is not known
		return nil, &bridge.ErrorFrame{Code: wire.CodeUnavailable, Message: wire.AsError(err).Message}
	}
	if old != nil && old.ref == ref {
		return old, nil
	}
	return &device{l.NodeID, ref, s}, nil
}

// Pair asks for a pairing, and waits for the decision of a person.
func (b *bridgeCore) Pair(ctx context.Context, c *bridge.Conn, p bridge.PairRequest) (string, *bridge.ErrorFrame) {
	said := told(p.About, c)
	pending := wire.NodePending{
		NodeID: said.NodeID, DisplayName: said.DisplayName, Platform: said.Platform, Version: said.Version, DeviceFamily: said.DeviceFamily,
		ModelIdentifier: said.ModelIdentifier, Caps: said.Caps, Commands: said.Commands, Permissions: said.Permissions, RemoteIP: said.RemoteIP,
	}
	if p.Silent {
		pending.Silent = &p.Silent
	}
	r, err := ask(ctx, b.g.tree.pairing, func(r actors.Reply[wire.NodePairRequestResult]) pairing.Message {
		return pairing.RequestNode{Reply: r, Node: pending}
	})
	if err != nil {
		return "", &bridge.ErrorFrame{Code: wire.CodeInvalidRequest, Message: wire.AsError(err).Message}
	}
	wait, cancel := context.WithTimeout(ctx, pairLimit)
	defer cancel()
	out, err := b.await(wait, r.Request.RequestID)
	switch {
	case err != nil && ctx.Err() == nil: // the word of it was lost
		return "", &bridge.ErrorFrame{Code: bridge.CodeUnauthorized, Message: "pairing expired"}
	case err != nil:
		return "", &bridge.ErrorFrame{Code: bridge.CodeUnauthorized, Message: "disconnected"}
	case out.State != pairing.NodeApproved:
		return "", &bridge.ErrorFrame{Code: bridge.CodeUnauthorized, Message: "pairing " + out.State}
	}
	return out.Node.Token, nil
}

// pairLimit is longer than any request waits.
const pairLimit = 5*time.Minute + 30*time.Second

// awaitPause is how long it takes until a decision is waited for again whose wait was lost with an actor.
const awaitPause = 100 * time.Millisecond

// await waits for the decision on a request until the connection ends.
func (b *bridgeCore) await(ctx context.Context, requestID string) (pairing.NodeOutcome, error) {
	for {
		out, err := actors.Ask(ctx, b.g.tree.pairing, func(r actors.Reply[pairing.NodeOutcome]) pairing.Message {
			return pairing.AwaitNode{Reply: r, RequestID: requestID, Gone: ctx.Done()}
		})
		if err == nil || ctx.Err() != nil {
			return out, cmp.Or(err, ctx.Err())
		}
		select {
		case <-time.After(awaitPause):
		case <-ctx.Done():
		}
	}
}

// Admit connects a node that has just been paired: as it described itself in its request.
func (b *bridgeCore) Admit(ctx context.Context, c *bridge.Conn, p bridge.PairRequest, token string) (bridge.Node, *bridge.ErrorFrame) {
	ctx, cancel := context.WithTimeout(ctx, helloLimit)
	defer cancel()
	return b.connect(ctx, c, live(told(p.About, c), pairing.TokenHash(token), c), token)
}

// device is the bridge's view of a node's actor.
type device struct {
	id     string
	ref    actors.Ref[node.NodeMessage]
	socket nodeSocket
}

func (d *device) Req(r bridge.Req, done func()) {
	c := node.NewCall(d.socket, r.ID, r.Method, r.ParamsJSON, done)
	if err := d.ref.Tell(c); err != nil {
		c.Fail(err)
	}
}

func (d *device) Event(e bridge.Event) {
	_ = d.ref.Tell(node.Said{Socket: d.socket, Key: uuid.NewString(), Event: e.Event, PayloadJSON: e.PayloadJSON})
}

func (d *device) InvokeRes(r bridge.InvokeRes) {
	a := node.Answered{Socket: d.socket, ID: r.ID, Ran: node.Ran{PayloadJSON: r.PayloadJSON, Refused: !r.OK}}
	if r.Err != nil && !r.OK {
		a.Err = &wire.NodeError{Code: r.Err.Code, Message: r.Err.Message}
	}
	if errors.Is(d.ref.Tell(a), actors.ErrFull) { // it would be lost: whoever waits is to hear that at once
		d.socket.Close()
	}
}

func (d *device) Closed() {
	d.socket.over.Store(true) // the connection may be another node's by now
	_ = d.ref.Tell(node.Detach{Socket: d.socket})
}

// nodeSocket is what the actor of a node sees of its connection.
type nodeSocket struct {
	conn *bridge.Conn
	*tie
}

// tie is what makes a connection one node's.
type tie struct {
	core  *bridgeCore
	token string      // of a node that has just been paired, until it has been told
	over  atomic.Bool // the connection has ended, or is another node's
}

func (s nodeSocket) Welcome(words wire.Voicewake) bool {
	var frames []bridge.Frame
	if s.token != "" {
		frames = append(frames, bridge.PairOK{Token: s.token})
		s.token = ""
	}
	payload, err := wire.Marshal(words)
	if err != nil {
		return false
	}
	text := string(payload)
	return s.conn.Welcome(append(frames,
		bridge.HelloOK{ServerName: s.core.name, CanvasHostURL: s.core.g.canvasForNode(s.conn.LocalIP().String())},
		bridge.Event{Event: wire.EventVoicewakeChanged, PayloadJSON: &text},
	)...)
}

func (s nodeSocket) Invoke(id, command string, paramsJSON *string) bool {
	return !s.Ended() && s.conn.Send(bridge.Invoke{ID: id, Command: command, ParamsJSON: paramsJSON})
}

func (s nodeSocket) Respond(id string, r wire.Result) {
	res := bridge.Res{ID: id, Err: r.Err}
	if r.Err == nil && r.Payload != nil {
		payload, err := wire.AppendPayload(nil, r.Payload)
		if err != nil {
			res.Err = wire.Unavailable("Error: cannot encode the answer: %v", err)
		} else {
			text := string(payload)
			res.PayloadJSON = &text
		}
	}
	s.conn.Send(res)
}

func (s nodeSocket) Refuse(e *wire.Error) {
	s.conn.Send(bridge.ErrorFrame{Code: e.Code, Message: e.Message})
}

func (s nodeSocket) Offer(line []byte, droppable bool) bool {
	return !s.Ended() && s.conn.Offer(line, droppable)
}

// Check is node.Socket's.
func (s nodeSocket) Check(limit time.Duration) { s.conn.Check(limit) }

func (s nodeSocket) Ended() bool { return s.over.Load() || s.conn.Ended() }

func (s nodeSocket) Close() {
	if !s.over.Load() {
		s.conn.Close()
	}
}
