package pairing

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// decisions are what became of requests in the last minutes, for those who still wait or ask late. They are in memory
// only, because a token is among them, and outlive the actor's incarnations. Only the actor's own goroutine uses them.
type decisions struct {
	byRequest map[string]decided
}

func (d *decisions) put(m decided) {
	for id, old := range d.byRequest {
		if m.at.Sub(old.at) > requestLife {
			delete(d.byRequest, id)
		}
	}
	d.byRequest[m.requestID] = m
}

// Start sees to it that what the previous incarnation knew is forgotten in time.
func (p *pairing) Start(c *actors.Context[Message]) error {
	for id, d := range p.decisions.byRequest {
		c.After(max(0, requestLife-p.o.Now().Sub(d.at)), forget{id})
	}
	return nil
}

func (p *pairing) onRequestNode(c *actors.Context[Message], m RequestNode) {
	o := p.o
	off(c, func(ctx context.Context) {
		r := wire.NodePairRequestResult{Status: "pending"}
		err := o.Store.Do(ctx, func(tx *store.Tx) (err error) {
			r.Request, r.Created, err = requestNode(tx, m.Node, o.Now())
			return err
		})
		if err != nil || !r.Created {
			answer(m.Reply, r, err)
			return
		}
		o.publish(wire.EventNodePairRequested, r.Request, func() { m.Send(r) })
	})
}

func (p *pairing) onListNodes(c *actors.Context[Message], m ListNodes) {
	o := p.o
	off(c, func(ctx context.Context) {
		var r wire.NodePairListResult
		err := o.Store.View(ctx, func(v *store.View) (err error) {
			if r.Pending, err = nodeRequests(v, o.Now()); err == nil {
				r.Paired, err = Nodes(v)
			}
			return err
		})
		answer(m.Reply, r, err)
	})
}

func (p *pairing) onApproveNode(c *actors.Context[Message], m ApproveNode) {
	o, self, log := p.o, c.Self(), c.Log()
	p.deciding[m.RequestID] = o.Now()
	off(c, func(ctx context.Context) {
		r := wire.NodePairApproveResult{RequestID: m.RequestID}
		now := o.Now()
		err := o.Store.Do(ctx, func(tx *store.Tx) (err error) {
			r.Node, err = approveNode(tx, m.RequestID, now)
			return err
		})
		if err != nil {
			_ = self.Tell(decided{requestID: m.RequestID})
			m.Fail(err)
			return
		}
		log.Info("node approved", slog.String("node", r.Node.NodeID))
		o.Changed(r.Node.NodeID)
		_ = self.Tell(decided{requestID: m.RequestID, at: now, outcome: NodeOutcome{State: NodeApproved, Node: r.Node}})
		o.resolved(m.RequestID, r.Node.NodeID, NodeApproved, now, func() { m.Send(r) })
	})
}

func (p *pairing) onRejectNode(c *actors.Context[Message], m RejectNode) {
	o, self, log := p.o, c.Self(), c.Log()
	p.deciding[m.RequestID] = o.Now()
	off(c, func(ctx context.Context) {
		r := wire.NodePairRejectResult{RequestID: m.RequestID}
		now := o.Now()
		err := o.Store.Do(ctx, func(tx *store.Tx) error {
			req, err := takeRequest(tx, m.RequestID, now)
			r.NodeID = req.NodeID
			return err
		})
		if err != nil {
			_ = self.Tell(decided{requestID: m.RequestID})
			m.Fail(err)
			return
		}
		log.Info("node rejected", slog.String("node", r.NodeID))
		_ = self.Tell(decided{requestID: m.RequestID, at: now, outcome: NodeOutcome{State: NodeRejected}})
		o.resolved(m.RequestID, r.NodeID, NodeRejected, now, func() { m.Send(r) })
	})
}

func (p *pairing) onRevokeNode(c *actors.Context[Message], m RevokeNode) {
	o, log := p.o, c.Log()
	off(c, func(ctx context.Context) {
		r := wire.NodePairRevokeResult{NodeID: strings.TrimSpace(m.NodeID)}
		err := o.Store.Do(ctx, func(tx *store.Tx) error {
			known, err := tx.DeleteNode(r.NodeID)
			if err == nil && !known {
				err = wire.InvalidRequest("unknown nodeId")
			}
			return err
		})
		if err == nil {
			log.Info("node revoked", slog.String("node", r.NodeID))
			o.Changed(r.NodeID)
		}
		answer(m.Reply, r, err)
	})
}

func (p *pairing) onVerifyNode(c *actors.Context[Message], m VerifyNode) {
	o := p.o
	off(c, func(ctx context.Context) {
		var r wire.NodePairVerifyResult
		err := o.Store.View(ctx, func(v *store.View) (err error) {
			r, err = verifyNode(v, m.NodeID, m.Token)
			return err
		})
		answer(m.Reply, r, err)
	})
}

// onAwaitNode finds out whether the request still waits. A decision that is made meanwhile is heard of first.
func (p *pairing) onAwaitNode(c *actors.Context[Message], m AwaitNode) {
	if d, ok := p.decisions.byRequest[m.RequestID]; ok {
		m.Send(d.outcome)
		return
	}
	o := p.o
	actors.Pipe(c, func(ctx context.Context) (wait time.Duration, err error) {
		err = o.Store.View(ctx, func(v *store.View) error {
			all, err := nodeRequests(v, o.Now())
			for _, r := range all {
				if r.RequestID == m.RequestID {
					wait = time.UnixMilli(r.TS).Add(requestLife).Sub(o.Now())
				}
			}
			return err
		})
		return wait, err
	}, func(wait time.Duration, err error) Message { return looked{m, wait, err} })
}

func (p *pairing) onLooked(c *actors.Context[Message], m looked) {
	d, known := p.decisions.byRequest[m.await.RequestID]
	switch {
	case m.err != nil:
		m.await.Fail(m.err)
	case known:
		m.await.Send(d.outcome)
	case m.wait <= 0 && p.o.Now().Sub(p.deciding[m.await.RequestID]) < decidingLimit: // on disk, and the word of it is on its way
		c.After(50*time.Millisecond, m.await)
	case m.wait <= 0:
		m.await.Send(NodeOutcome{State: NodeExpired})
	default:
		p.waiting = append(slices.DeleteFunc(p.waiting, waiter.over), waiter{m.await, c.After(m.wait, lapsed{m.await.RequestID})})
	}
}

func (p *pairing) onDecided(c *actors.Context[Message], m decided) {
	delete(p.deciding, m.requestID)
	if m.outcome.State == "" { // it came to nothing
		return
	}
	p.decisions.put(m)
	c.After(requestLife, forget{m.requestID})
	p.tell(m.requestID, m.outcome)
}

// waiter is somebody who waits for a decision.
type waiter struct {
	AwaitNode
	cancel func() // of the timer that ends it
}

// over tells whether it has gone, and then stops its timer.
func (w waiter) over() bool {
	select {
	case <-w.Gone:
		w.cancel()
		return true
	default:
		return false
	}
}

// tell answers everyone who waits for a request.
func (p *pairing) tell(requestID string, o NodeOutcome) {
	p.waiting = slices.DeleteFunc(p.waiting, func(w waiter) bool {
		if w.RequestID == requestID {
			w.cancel()
			w.Send(o)
		}
		return w.RequestID == requestID
	})
}

func (o *Options) resolved(requestID, nodeID, decision string, at time.Time, then func()) {
	o.publish(wire.EventNodePairResolved, wire.NodePairResolvedEvent{
		RequestID: requestID, NodeID: nodeID, Decision: decision, TS: at.UnixMilli(),
	}, then)
}

func (o *Options) publish(name string, payload any, then func()) {
	o.Stream.PublishThen(wire.Event{Name: name, Payload: payload, Droppable: true}, then)
}
