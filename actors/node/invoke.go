package node

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	invokeScope   = "node.invoke"    // of the idempotency keys
	invokeDefault = 15 * time.Second // of an invoke that names no time
	invokeMost    = 24 * time.Hour
	// keptResult is the longest result that is kept for repeats of a key, in bytes.
	keptResult = 256 << 10
)

// Why a node's actor has no answer to an invoke.
var (
	errNotSent = errors.New("the node has not been told")
	errClosed  = errors.New("bridge connection closed")
	errTimeout = errors.New("UNAVAILABLE: invoke timeout")
)

// join is everybody who waits for the outcome of one idempotency key.
type join struct {
	id      uint64
	params  wire.NodeInvokeParams
	waiters actors.Replies[store.Outcome]
	letter  bool // it was in the node's mailbox
	ended   bool // the node is done with it; the outcome is being put on disk
}

// claim is what the store says of a key.
type claim struct {
	fresh   bool // it is ours: the command may be run
	outcome *store.Outcome
}

// onInvoke has a command run whose key is new. The key is on disk before the node hears of it, and the outcome before the
// caller does: after a crash in between the outcome is unknown, and the command is not run again.
func (n *nodes) onInvoke(c *actors.Context[Message], m Invoke) {
	key := m.Params.IdempotencyKey
	if j := n.joins[key]; j != nil {
		j.waiters = append(j.waiters, m.Reply)
		return
	}
	id := n.newJoin(c, m.Params, m.Reply)
	connected, o := n.o.Directory.IsConnected(m.Params.NodeID), n.o
	actors.Pipe(c, func(ctx context.Context) (claim, error) {
		if !connected {
			return o.claimAsleep(ctx, m.Params)
		}
		return o.claim(ctx, m.Params)
	}, func(found claim, err error) Message { return claimed{key, id, found, err} })
}

// overdueAfter is how long after its time an invoke may still be under way before a word of it counts as lost.
const overdueAfter = 15 * time.Second

func (n *nodes) newJoin(c *actors.Context[Message], p wire.NodeInvokeParams, waiters ...actors.Reply[store.Outcome]) (id uint64) {
	n.joinSeq++
	n.joins[p.IdempotencyKey] = &join{id: n.joinSeq, params: p, waiters: waiters}
	c.After(timeout(p)+overdueAfter, overdue{p.IdempotencyKey, n.joinSeq})
	return n.joinSeq
}

func timeout(p wire.NodeInvokeParams) time.Duration {
	if p.TimeoutMs == nil {
		return invokeDefault
	}
	return min(wire.Millis(*p.TimeoutMs), invokeMost)
}

// onOverdue ends an invoke of which a message was lost on its way through the actors.
func (n *nodes) onOverdue(c *actors.Context[Message], m overdue) {
	j := n.joins[m.key]
	switch {
	case j == nil || j.id != m.join:
	case j.ended:
		delete(n.joins, m.key)
		j.waiters.Fail(&wire.Error{
			Code: wire.CodeUnavailable, Message: "Error: the outcome is not known yet; repeat the call with the same idempotencyKey", Retryable: true,
		})
	default:
		n.onRan(c, ran{key: m.key, join: m.join, err: errTimeout})
		c.After(overdueAfter, m)
	}
}

// claim takes a key for a command that is about to be run.
func (o *Options) claim(ctx context.Context, p wire.NodeInvokeParams) (found claim, err error) {
	err = o.Store.Do(ctx, func(tx *store.Tx) error {
		prev, finished, fresh, err := tx.Claim(invokeScope, p.IdempotencyKey)
		found = claim{fresh, prev}
		if err != nil || finished || fresh {
			return err
		}
		found.outcome, err = o.unfinished(tx, p)
		return err
	})
	return found, err
}

// unfinished is the outcome of a key that was claimed, and that nobody is at work on: the command waits in the node's
// mailbox, or was under way when the gateway ended.
func (o *Options) unfinished(tx *store.Tx, p wire.NodeInvokeParams) (*store.Outcome, error) {
	box, err := openBox(&tx.View, p.NodeID)
	if err != nil {
		return nil, err
	}
	if l := box.find(p.IdempotencyKey); l != nil && !l.Sent {
		asleep := failure(l.asleep(p.NodeID))
		return &asleep, nil
	}
	lost := failure(unknown("Error: the gateway was restarted while the node was at work"))
	return &lost, tx.Settle(invokeScope, p.IdempotencyKey, lost)
}

func (n *nodes) onClaimed(c *actors.Context[Message], m claimed) {
	j := n.joins[m.key]
	if j == nil || j.id != m.join {
		return // a doubled message
	}
	switch {
	case m.err != nil:
		delete(n.joins, m.key)
		j.waiters.Fail(wire.AsError(m.err))
	case m.found.outcome != nil:
		delete(n.joins, m.key)
		j.waiters.Send(*m.found.outcome)
		if j.params.MailboxMs != nil && n.o.Directory.IsConnected(j.params.NodeID) { // it has come meanwhile
			n.onStarted(c, started{j.params.NodeID})
		}
	case m.found.fresh:
		n.run(c, m.key, j)
	}
}

// run has the node's actor carry out a command.
func (n *nodes) run(c *actors.Context[Message], key string, j *join) {
	p, id, self := j.params, j.id, c.Self()
	over := func(result Ran, err error) { _ = self.Tell(ran{key, id, result, err}) }
	r := Run{ID: uuid.NewString(), Command: p.Command, Timeout: timeout(p), Done: over}
	if p.Params != nil {
		text := string(p.Params)
		r.ParamsJSON = &text
	}
	r.Reply = actors.ReplyTo(func(_ struct{}, err error) {
		if err != nil { // it has stopped, or failed before it had taken it
			over(Ran{}, errNotSent)
		}
	})
	ref, ok := n.nodes[p.NodeID]
	if !ok {
		r.Fail(errNotSent)
		return
	}
	if err := ref.Tell(r); err != nil {
		r.Fail(err)
	}
}

// onRan puts the outcome on disk. A command that the node was never told gives its key back.
func (n *nodes) onRan(c *actors.Context[Message], m ran) {
	j := n.joins[m.key]
	if j == nil || j.id != m.join || j.ended {
		return
	}
	j.ended = true
	p, letter, o := j.params, j.letter, n.o
	actors.Pipe(c, func(ctx context.Context) (out store.Outcome, err error) {
		if errors.Is(m.err, errNotSent) {
			return out, o.unsent(ctx, p, letter)
		}
		out = outcome(p, m.result, m.err)
		return out, o.Store.Do(ctx, func(tx *store.Tx) error {
			if letter {
				if err := takeLetter(tx, p.NodeID, p.IdempotencyKey); err != nil {
					return err
				}
			}
			return tx.Settle(invokeScope, p.IdempotencyKey, kept(out))
		})
	}, func(out store.Outcome, err error) Message { return settled{m.key, m.join, out, err} })
}

// unsent gives back the key of a command that the node was not told. A letter goes back into the mailbox.
func (o *Options) unsent(ctx context.Context, p wire.NodeInvokeParams, letter bool) error {
	err := o.Store.Do(ctx, func(tx *store.Tx) error {
		if letter {
			return returnLetter(tx, p.NodeID, p.IdempotencyKey)
		}
		return tx.Unclaim(invokeScope, p.IdempotencyKey)
	})
	if err == nil {
		err = notConnected(p.NodeID)
	}
	return err
}

func (n *nodes) onSettled(m settled) {
	j := n.joins[m.key]
	if j == nil || j.id != m.join {
		return
	}
	delete(n.joins, m.key)
	if m.err != nil && m.outcome.Payload == nil && m.outcome.Error == nil {
		j.waiters.Fail(wire.AsError(m.err))
		return
	}
	j.waiters.Send(m.outcome) // the node has done it, whether or not that could be put on disk
}

// outcome is what the caller of an invoke is answered (bridge-canvas 3.3).
func outcome(p wire.NodeInvokeParams, r Ran, err error) store.Outcome {
	switch {
	case errors.Is(err, errTimeout):
		return failure(unknown("Error: " + errTimeout.Error()))
	case err != nil: // the socket is closed
		return failure(unknown("Error: " + errClosed.Error()))
	case r.Refused:
		e := &wire.Error{Code: wire.CodeUnavailable, Message: "node invoke failed", Details: wire.NodeErrorDetails{NodeError: r.Err}}
		if r.Err != nil && r.Err.Message != "" {
			e.Message = r.Err.Message
		}
		return failure(e)
	}
	res := wire.NodeInvokeResult{OK: true, NodeID: p.NodeID, Command: p.Command, PayloadJSON: r.PayloadJSON}
	if r.PayloadJSON != nil && strings.TrimSpace(*r.PayloadJSON) != "" {
		res.Payload = wire.Raw(*r.PayloadJSON)
		if wire.Valid(res.Payload) != nil {
			res.Payload, _ = wire.Marshal(map[string]string{"payloadJSON": *r.PayloadJSON}) // strings always encode
		}
	}
	b, err := wire.Marshal(res)
	if err != nil {
		return failure(wire.Unavailable("Error: the node's answer cannot be passed on: %v", err))
	}
	return store.Outcome{OK: true, Payload: b}
}

func failure(e *wire.Error) store.Outcome {
	b, err := wire.Marshal(e)
	if err != nil {
		b, _ = wire.Marshal(&wire.Error{Code: e.Code, Message: e.Message})
	}
	return store.Outcome{Error: b}
}

// invokeDetails says what is known of a command that was not answered.
type invokeDetails struct {
	Outcome     string `json:"outcome,omitempty"` // "unknown": the node may have carried it out; "done": it has
	Reason      string `json:"reason,omitempty"`  // "node_asleep": it waits for the node; "expired": it waited too long
	ExpiresAtMs int64  `json:"expiresAtMs,omitzero"`
}

// unknown: nobody knows whether the node has done it. It is not sent again.
func unknown(text string) *wire.Error {
	return &wire.Error{Code: wire.CodeUnavailable, Message: text, Details: invokeDetails{Outcome: "unknown"}}
}

func notConnected(id string) *wire.Error {
	return wire.Unavailable("Error: UNAVAILABLE: node not connected (%s)", id)
}

// kept is the outcome as it is stored for repeats: a long result is not.
func kept(o store.Outcome) store.Outcome {
	if len(o.Payload)+len(o.Error) <= keptResult {
		return o
	}
	return failure(&wire.Error{
		Code:    wire.CodeUnavailable,
		Message: "Error: the node has done this before, and its answer was too long to be kept; use another idempotencyKey to have it done again",
		Details: invokeDetails{Outcome: "done"},
	})
}
