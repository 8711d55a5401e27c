package pairing

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	attempts      = 10 // approvals, right or wrong
	attemptWindow = time.Minute
)

// Options for the pairing actor. Store, Stream, Reply and Sent are required.
type Options struct {
	Store  *store.Store
	Stream eventstream.Stream
	// Reply puts a text on its way to a chat, as part of the operation. key is unique to the text.
	Reply func(tx *store.Tx, key string, to providers.Route, text string) error
	Sent  func() // such a text is on disk; any goroutine, must not block
	// Changed is told that a node's token was replaced or taken away. Any goroutine; must not block; nil = nobody cares.
	Changed func(nodeID string)
	Now     func() time.Time // nil = time.Now
}

// Props describes the actor. Its name is "pairing".
func Props(o Options) actors.Props[Message] {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Changed == nil {
		o.Changed = func(string) {}
	}
	known := &decisions{byRequest: map[string]decided{}}
	return actors.Props[Message]{
		Kind: "pairing",
		New: func() actors.Behavior[Message] {
			return &pairing{o: &o, decisions: known, deciding: map[string]time.Time{}}
		},
		Restart: actors.Restart{Min: 10 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

type pairing struct {
	o         *Options
	recent    []time.Time // attempts within the window
	decisions *decisions
	waiting   []waiter
	deciding  map[string]time.Time // requests that are being decided on, and since when
}

// decidingLimit is how long the word of a decision is waited for: it may have died with an incarnation.
const decidingLimit = 10 * time.Second

func (p *pairing) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case List:
		p.onList(c, m)
	case Approve:
		p.onApprove(c, m)
	default:
		p.onNodes(c, m)
	}
	return nil
}

// onNodes handles what has to do with nodes.
func (p *pairing) onNodes(c *actors.Context[Message], m Message) {
	switch m := m.(type) {
	case RequestNode:
		p.onRequestNode(c, m)
	case ListNodes:
		p.onListNodes(c, m)
	case ApproveNode:
		p.onApproveNode(c, m)
	case RejectNode:
		p.onRejectNode(c, m)
	case VerifyNode:
		p.onVerifyNode(c, m)
	case RevokeNode:
		p.onRevokeNode(c, m)
	case AwaitNode:
		p.onAwaitNode(c, m)
	case looked:
		p.onLooked(c, m)
	case decided:
		p.onDecided(c, m)
	case lapsed:
		p.tell(m.requestID, NodeOutcome{State: NodeExpired})
	case forget:
		delete(p.decisions.byRequest, m.requestID)
	}
}

func (p *pairing) onList(c *actors.Context[Message], m List) {
	o := p.o
	off(c, func(ctx context.Context) {
		var r wire.PairingListResult
		err := o.Store.View(ctx, func(v *store.View) (err error) {
			r, err = list(v, o.Now().UnixMilli())
			return err
		})
		answer(m.Reply, r, err)
	})
}

// list leaves out codes that are no longer valid.
func list(v *store.View, now int64) (r wire.PairingListResult, err error) {
	codes, err := v.Codes()
	if err != nil {
		return r, err
	}
	for _, c := range codes {
		if now < c.ExpiresAt {
			r.Pending = append(r.Pending, wire.PairingCode{
				Code: c.Code, Account: c.Account, Surface: c.Surface, SenderID: c.SenderID, SenderName: c.SenderName,
				CreatedAt: c.CreatedAt, ExpiresAt: c.ExpiresAt,
			})
		}
	}
	allowed, err := v.Allowlist()
	for _, a := range allowed {
		r.Allowed = append(r.Allowed, wire.PairingSender{Account: a.Account, SenderID: a.SenderID, Name: a.Name, At: a.At})
	}
	return r, err
}

func (p *pairing) onApprove(c *actors.Context[Message], m Approve) {
	now := p.o.Now()
	p.recent = slices.DeleteFunc(p.recent, func(t time.Time) bool { return now.Sub(t) >= attemptWindow })
	if len(p.recent) >= attempts {
		wait := attemptWindow - now.Sub(p.recent[0])
		m.Fail(&wire.Error{
			Code: wire.CodeUnavailable, Message: "too many pairing attempts; wait a minute and try again",
			Retryable: true, RetryAfterMs: wait.Milliseconds(),
		})
		return
	}
	p.recent = append(p.recent, now)
	o, log := p.o, c.Log()
	off(c, func(ctx context.Context) {
		var who wire.PairingSender
		err := o.Store.Do(ctx, func(tx *store.Tx) (err error) {
			who, err = approve(tx, o, m.Code, now)
			return err
		})
		if err == nil {
			log.Info("sender approved", slog.String("account", who.Account), slog.String("sender", who.SenderID))
			o.Sent()
		}
		answer(m.Reply, who, err)
	})
}

// approve uses a code up and lets its holder in.
func approve(tx *store.Tx, o *Options, typed string, now time.Time) (who wire.PairingSender, err error) {
	codes, err := tx.Codes()
	if err != nil {
		return who, err
	}
	code, ok := match(codes, typed, now.UnixMilli())
	if !ok {
		return who, wire.InvalidRequest("pairing code unknown or expired; have the sender write again to get a new one (clawdbot pairing list shows the valid ones)")
	}
	if err := tx.DeleteCode(code.Code); err != nil {
		return who, err
	}
	who = wire.PairingSender{Account: code.Account, SenderID: code.SenderID, Name: code.SenderName, At: now.UnixMilli()}
	if err := tx.Allow(store.Allowed(who)); err != nil {
		return who, err
	}
	route := providers.Route{Account: code.Account, Surface: code.Surface, Chat: code.Chat, Kind: providers.Direct}
	key := fmt.Sprintf("paired:%s:%s:%d", code.Account, code.SenderID, code.CreatedAt)
	return who, o.Reply(tx, key, route, approvedText)
}

// off does work off the actor that gives its own answer.
func off(c *actors.Context[Message], work func(ctx context.Context)) {
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		work(ctx)
		return struct{}{}, nil
	}, func(struct{}, error) Message { return done{} })
}

func answer[T any](r actors.Reply[T], v T, err error) {
	if err != nil {
		r.Fail(err)
		return
	}
	r.Send(v)
}
