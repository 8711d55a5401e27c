package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/media"
	"github.com/clawdbot/gateway/providers/text"
)

const (
	maxSends    = 8    // sends in flight per account; the outbox keeps to one per chat
	maxWaiting  = 4096 // sends that wait for their turn
	sendLimit   = 60 * time.Second
	maxTyping   = 8
	typingLimit = 5 * time.Second
)

func (a *account) onDeliver(c *actors.Context[message], m deliver) {
	if !a.up() {
		a.look(a.link)
	}
	switch {
	case !a.up():
		m.Fail(notBegun(ErrDown))
	case a.inFlight < maxSends:
		a.send(c, m)
	case len(a.waiting) < maxWaiting:
		a.waiting = append(a.waiting, m)
	default:
		m.Fail(notBegun(errors.New("too many sends wait")))
	}
}

// send carries out one attempt. The answer goes to the lane straight from its goroutine.
func (a *account) send(c *actors.Context[message], m deliver) {
	a.inFlight++
	a.slot.change(func(s *State) { s.InFlight = a.inFlight })
	p, slot, o := a.provider, a.slot, a.o
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		switch err := m.begin(ctx); {
		case errors.Is(err, ErrRepeat):
			return struct{}{}, nil
		case err != nil:
			m.Fail(notBegun(err))
			return struct{}{}, nil
		}
		out, done, err := fitted(p, m.out)
		var r providers.Receipt
		if err == nil {
			r, err = attempt(ctx, p, converted(p, out))
			done()
		}
		if err != nil {
			m.Fail(err)
		} else {
			slot.change(func(s *State) { s.LastOutbound = o.Now().UnixMilli() })
			m.Send(r)
		}
		return struct{}{}, nil
	}, func(struct{}, error) message { return sent{} })
}

// fitted is a message whose image the platform takes, which may be in a file that done removes. The error is nil or a
// *providers.SendError.
func fitted(p providers.Provider, out providers.Outgoing) (_ providers.Outgoing, done func(), err error) {
	if out.Media == nil {
		return out, func() {}, nil
	}
	m, done, err := media.Fit(*out.Media, p.Capabilities().MaxImage)
	if err != nil {
		return out, done, &providers.SendError{Class: providers.Permanent, Err: fmt.Errorf("attachment: %w", err)}
	}
	out.Media = &m
	return out, done, nil
}

// converted is a message in the markup of the provider, as it is now: the row in the store has what the agent wrote.
func converted(p providers.Provider, out providers.Outgoing) providers.Outgoing {
	out.Text = text.Convert(out.Text, p.Capabilities().Markup)
	return out
}

// attempt asks the provider. The error is nil or a *providers.SendError.
func attempt(ctx context.Context, p providers.Provider, out providers.Outgoing) (r providers.Receipt, err error) {
	ctx, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	err = guard(func() (err error) {
		r, err = p.Send(ctx, out)
		return err
	})
	if err == nil {
		return r, nil
	}
	if _, ok := errors.AsType[*actors.PanicError](err); ok { // nobody knows how far it got
		return r, &providers.SendError{Class: providers.Ambiguous, Err: err}
	}
	if se, ok := errors.AsType[*providers.SendError](err); ok {
		return r, se
	}
	return r, &providers.SendError{Class: providers.Transient, Err: err}
}

func (a *account) onSent(c *actors.Context[message]) {
	a.inFlight--
	for a.inFlight < maxSends && len(a.waiting) > 0 {
		m := a.waiting[0]
		a.waiting[0] = deliver{}
		a.waiting = a.waiting[1:]
		if !a.up() {
			m.Fail(notBegun(ErrDown))
			continue
		}
		a.send(c, m)
	}
	a.slot.change(func(s *State) { s.InFlight = a.inFlight })
}

// onReconcile needs the provider, not the link: most can tell over a plain request.
func (a *account) onReconcile(c *actors.Context[message], m reconcile) {
	if a.provider == nil {
		m.Fail(notBegun(ErrDown))
		return
	}
	p := a.provider
	if p.Capabilities().SenderIDs {
		m.Send(Reconciled{Repeat: true})
		return
	}
	r, ok := p.(providers.Reconciler)
	if !ok {
		m.Send(Reconciled{})
		return
	}
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		ctx, cancel := context.WithTimeout(ctx, sendLimit)
		defer cancel()
		var rec providers.Receipt
		var found bool
		err := guard(func() (err error) {
			rec, found, err = r.Reconcile(ctx, converted(p, m.out))
			return err
		})
		m.Send(Reconciled{Found: found && err == nil, Receipt: rec, Repeat: !found && err == nil})
		return struct{}{}, nil
	}, func(struct{}, error) message { return answered{} })
}

func (a *account) onTyping(c *actors.Context[message], m typing) {
	if !a.up() || a.typing >= maxTyping {
		return
	}
	t, ok := a.provider.(providers.Typer)
	if !ok {
		return
	}
	a.typing++
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		ctx, cancel := context.WithTimeout(ctx, typingLimit)
		defer cancel()
		return struct{}{}, t.Typing(ctx, m.chat) // a hint that fails is not worth a word
	}, func(struct{}, error) message { return typed{} })
}

// onProbe asks the provider live. Callers that come while it is being asked share the answer.
func (a *account) onProbe(c *actors.Context[message], m probe) {
	p, ok := a.provider.(providers.Prober)
	if !ok {
		m.Send(nil)
		return
	}
	a.probes = append(a.probes, m)
	if len(a.probes) > 1 {
		return
	}
	l := a.link
	actors.Pipe(c, func(ctx context.Context) (any, error) {
		ctx, cancel := context.WithTimeout(ctx, m.timeout)
		defer cancel()
		return p.Probe(ctx), nil
	}, func(r any, err error) message { return probed{l, r, err} })
}

func (a *account) onProbed(m probed) {
	waiting := a.probes
	a.probes = nil
	if m.err == nil && m.link == a.link {
		now := a.o.Now().UnixMilli()
		a.slot.change(func(s *State) { s.Probe, s.LastProbe = m.result, now })
	}
	for _, w := range waiting {
		if m.err != nil {
			w.Fail(m.err)
		} else {
			w.Send(m.result)
		}
	}
}
