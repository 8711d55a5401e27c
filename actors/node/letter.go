package node

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// The mailbox of a node that sleeps: commands whose caller said how long they may wait (mailboxMs). A letter holds its
// idempotency key, without an outcome, until the node has answered it or its time is over. It is marked as sent before
// the node hears of it; one that was sent when the gateway ended is of unknown outcome, and is not sent again.

const (
	mailboxBucket = "node.mailbox" // by node id
	maxLetters    = 64             // of one node
	maxLetter     = 64 << 10       // bytes of params
	maxMailbox    = 7 * 24 * time.Hour
)

// letter is one command that waits.
type letter struct {
	Key       string   `json:"key"`
	Command   string   `json:"command"`
	Params    wire.Raw `json:"params,omitzero"`
	TimeoutMs *int64   `json:"timeoutMs,omitempty"`
	ExpiresAt int64    `json:"expiresAt"` // ms
	Sent      bool     `json:"sent,omitzero"`
}

func (l *letter) asleep(nodeID string) *wire.Error {
	e := notConnected(nodeID)
	e.Details = invokeDetails{Reason: "node_asleep", ExpiresAtMs: l.ExpiresAt}
	return e
}

type box struct {
	Letters []letter `json:"letters"`
}

func (b *box) find(key string) *letter {
	for i := range b.Letters {
		if b.Letters[i].Key == key {
			return &b.Letters[i]
		}
	}
	return nil
}

func openBox(v *store.View, nodeID string) (b box, err error) {
	raw, found, err := v.Get(mailboxBucket, nodeID)
	if err != nil || !found {
		return b, err
	}
	if err := wire.Unmarshal(raw, &b); err != nil {
		return b, fmt.Errorf("read the mailbox of node %s: %w", nodeID, err)
	}
	return b, nil
}

func (b box) put(tx *store.Tx, nodeID string) error {
	if len(b.Letters) == 0 {
		return tx.Delete(mailboxBucket, nodeID)
	}
	raw, err := wire.Marshal(b)
	if err != nil {
		return fmt.Errorf("encode the mailbox of node %s: %w", nodeID, err)
	}
	return tx.Put(mailboxBucket, nodeID, raw)
}

// claimAsleep is claim for a node that is not connected. A repeat has the outcome that there is; a new command is put
// into the mailbox if its caller wants that.
func (o *Options) claimAsleep(ctx context.Context, p wire.NodeInvokeParams) (found claim, err error) {
	if p.MailboxMs == nil || *p.MailboxMs <= 0 {
		known := false
		err = o.Store.View(ctx, func(v *store.View) (err error) {
			found.outcome, _, known, err = v.Lookup(invokeScope, p.IdempotencyKey)
			return err
		})
		if err == nil && !known {
			err = notConnected(p.NodeID)
		}
		if err != nil || found.outcome != nil {
			return found, err
		}
	}
	err = o.Store.Do(ctx, func(tx *store.Tx) error {
		prev, finished, fresh, err := tx.Claim(invokeScope, p.IdempotencyKey)
		found = claim{outcome: prev}
		switch {
		case err != nil || finished:
			return err
		case !fresh:
			found.outcome, err = o.unfinished(tx, p)
			return err
		}
		l, err := o.post(tx, p)
		if err == nil {
			asleep := failure(l.asleep(p.NodeID))
			found.outcome = &asleep
		}
		return err
	})
	return found, err
}

// post puts a command into the mailbox of a node. An error undoes the claim of its key.
func (o *Options) post(tx *store.Tx, p wire.NodeInvokeParams) (letter, error) {
	l := letter{Key: p.IdempotencyKey, Command: p.Command, Params: p.Params, TimeoutMs: p.TimeoutMs}
	known, err := tx.Node(p.NodeID)
	if err != nil {
		return l, err
	}
	if known == nil || p.MailboxMs == nil {
		return l, notConnected(p.NodeID)
	}
	if len(p.Params) > maxLetter {
		return l, wire.InvalidRequest("invalid node.invoke params: the params of a command for the mailbox must be at most %d bytes", maxLetter)
	}
	now := o.Now()
	l.ExpiresAt = now.Add(min(wire.Millis(*p.MailboxMs), maxMailbox)).UnixMilli()
	b, err := openBox(&tx.View, p.NodeID)
	if err != nil {
		return l, err
	}
	if err := b.expire(tx, now); err != nil {
		return l, err
	}
	if len(b.Letters) >= maxLetters {
		return l, wire.Unavailable("Error: UNAVAILABLE: the mailbox of node %s is full (%d commands)", p.NodeID, maxLetters)
	}
	b.Letters = append(b.Letters, l)
	return l, b.put(tx, p.NodeID)
}

// expire takes out what has waited too long.
func (b *box) expire(tx *store.Tx, now time.Time) (err error) {
	b.Letters = slices.DeleteFunc(b.Letters, func(l letter) bool {
		over := !l.Sent && now.UnixMilli() >= l.ExpiresAt
		if over {
			err = cmp.Or(err, tx.Settle(invokeScope, l.Key, failure(&wire.Error{
				Code: wire.CodeUnavailable, Message: "Error: UNAVAILABLE: the node was not connected in time",
				Details: invokeDetails{Reason: "expired", ExpiresAtMs: l.ExpiresAt},
			})))
		}
		return over
	})
	return err
}

// onStarted looks into the mailbox of a node that has connected, one look at a time.
func (n *nodes) onStarted(c *actors.Context[Message], m started) {
	if _, looking := n.looking[m.id]; looking {
		n.looking[m.id] = true
		return
	}
	n.looking[m.id] = false
	o := n.o
	busy := map[string]bool{}
	for key := range n.joins {
		busy[key] = true
	}
	actors.Pipe(c, func(ctx context.Context) (list []letter, err error) {
		return o.collect(ctx, m.id, busy)
	}, func(list []letter, err error) Message {
		if err != nil {
			c.Log().Warn("mailbox of a node not read", "node", m.id, "err", err)
		}
		return taken{m.id, list}
	})
}

// collect marks the commands that wait for a node as sent, and returns them.
func (o *Options) collect(ctx context.Context, id string, busy map[string]bool) (list []letter, err error) {
	empty := true
	err = o.Store.View(ctx, func(v *store.View) error {
		b, err := openBox(v, id)
		empty = len(b.Letters) == 0
		return err
	})
	if err != nil || empty {
		return nil, err
	}
	err = o.Store.Do(ctx, func(tx *store.Tx) error {
		list = nil
		b, err := openBox(&tx.View, id)
		if err != nil {
			return err
		}
		if err := b.expire(tx, o.Now()); err != nil {
			return err
		}
		keep := b.Letters[:0]
		for _, l := range b.Letters {
			switch {
			case busy[l.Key]:
			case l.Sent: // before a crash
				lost := failure(unknown("Error: the gateway was restarted while the node was at work"))
				if err := tx.Settle(invokeScope, l.Key, lost); err != nil {
					return err
				}
				continue
			default:
				l.Sent = true
				list = append(list, l)
			}
			keep = append(keep, l)
		}
		b.Letters = keep
		return b.put(tx, id)
	})
	return list, err
}

// onTaken sends the commands that waited for a node, in their order.
func (n *nodes) onTaken(c *actors.Context[Message], m taken) {
	again := n.looking[m.id]
	delete(n.looking, m.id)
	if again {
		defer n.onStarted(c, started{m.id})
	}
	for _, l := range m.list {
		if n.joins[l.Key] != nil {
			continue // a doubled message
		}
		n.newJoin(c, wire.NodeInvokeParams{
			NodeID: m.id, Command: l.Command, Params: l.Params, TimeoutMs: l.TimeoutMs, IdempotencyKey: l.Key,
		})
		j := n.joins[l.Key]
		j.letter = true
		n.run(c, l.Key, j)
	}
}

// takeLetter removes a letter that has been answered.
func takeLetter(tx *store.Tx, nodeID, key string) error {
	b, err := openBox(&tx.View, nodeID)
	if err != nil {
		return err
	}
	b.Letters = slices.DeleteFunc(b.Letters, func(l letter) bool { return l.Key == key })
	return b.put(tx, nodeID)
}

// returnLetter has a letter wait again that the node was not told.
func returnLetter(tx *store.Tx, nodeID, key string) error {
	b, err := openBox(&tx.View, nodeID)
	if err != nil {
		return err
	}
	if l := b.find(key); l != nil {
		l.Sent = false
	}
	return b.put(tx, nodeID)
}
