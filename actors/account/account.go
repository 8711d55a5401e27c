package account

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/providers"
)

const (
	closeLimit = 10 * time.Second // a Run that has not returned this long after its cancel is reported as stuck
	healthy    = time.Minute      // up this long: the count of failures starts anew
)

// account is one account. Its state for others is in the slot.
type account struct {
	o    *Options
	slot *slot

	link     *link              // nil while nothing is wanted or the predecessor is not gone
	provider providers.Provider // of the link, nil until it is built
	attempt  uint64             // counts begin; answers that belong to an older one are ignored
	order    int                // number of what was wanted when it began
	late     bool               // the last check found that something else is wanted
	upSince  time.Time
	failures int
	cancel   func() // of the pending retry

	canary   canary
	mended   time.Time // when it was last connected anew for being deaf
	performs int       // actions being carried out
	inFlight int
	waiting  []deliver // sends above the limit
	typing   int
	probes   []probe // callers waiting for the probe in progress
}

// Start runs for each incarnation: whatever the previous one left is ended first.
func (a *account) Start(c *actors.Context[message]) error {
	a.recall(c)
	c.After(checkEvery, check{})
	a.begin(c)
	return nil
}

// Stop ends the connection. What waits for an answer gets it from the runtime.
func (a *account) Stop(*actors.Context[message]) {
	a.slot.retire()
	a.slot.change(func(s *State) { s.InFlight = 0 })
}

func (a *account) Receive(c *actors.Context[message], m message) error {
	switch m := m.(type) {
	case begin:
		a.begin(c)
	case renew:
		a.onRenew(c)
	case vacated:
		a.onVacated(c, m)
	case overdue:
		a.onOverdue(m)
	case built:
		a.onBuilt(c, m)
	case reported:
		a.look(m.link)
	case ended:
		a.onEnded(c, m)
	case retry:
		if m.link == a.link {
			a.run(c)
		}
	case deliver:
		a.onDeliver(c, m)
	case sent:
		a.onSent(c)
	case reconcile:
		a.onReconcile(c, m)
	case typing:
		a.onTyping(c, m)
	case typed:
		a.typing--
	case probe:
		a.onProbe(c, m)
	case probed:
		a.onProbed(m)
	case check:
		a.onCheck(c)
	case recalled:
		a.slot.listen(m.r, a.o.Now().UnixMilli())
	case kept:
		if m.err != nil {
			c.Log().Debug("what was learned of an account's messages is not kept", slog.Any("err", m.err))
		}
	case perform:
		a.onPerform(c, m)
	case launched:
		a.onLaunched(c, m)
	case performed:
		a.performs--
	case settled:
		m.Send(struct{}{})
	}
	return nil
}

// begin starts over from what is wanted now. Sends in progress go on with the old provider.
func (a *account) begin(c *actors.Context[message]) {
	a.attempt++
	a.slot.retire()
	a.link, a.provider, a.upSince, a.failures = nil, nil, time.Time{}, 0
	if a.cancel != nil {
		a.cancel()
		a.cancel = nil
	}
	spec, order := a.slot.ordered()
	a.order, a.late = order, false
	a.canary = a.canary.again(spec.Config)
	if spec.Disabled != "" {
		a.change(func(s *State) { s.Phase, s.Reason, s.NextAt, s.LastError = Disabled, spec.Disabled, 0, spec.Disabled })
		return
	}
	a.change(func(s *State) {
		s.Phase, s.Reason, s.NextAt, s.Failures, s.LastError = Starting, "", 0, 0, ""
		s.Probe, s.LastProbe = nil, 0
	})
	busy := a.slot.busy()
	if busy == nil {
		a.build(c, spec)
		return
	}
	attempt := a.attempt
	c.After(closeLimit, overdue{attempt})
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		select {
		case <-busy:
			return struct{}{}, nil
		case <-ctx.Done():
			return struct{}{}, ctx.Err()
		}
	}, func(struct{}, error) message { return vacated{attempt} })
}

// onRenew begins anew what is connected, or wants to be. One that is just beginning has no old connection.
func (a *account) onRenew(c *actors.Context[message]) {
	a.slot.unheard(a.o.Now().UnixMilli())
	if a.link != nil && a.slot.snapshot().Phase != Terminal {
		a.begin(c)
	}
}

func (a *account) onVacated(c *actors.Context[message], m vacated) {
	if m.attempt == a.attempt && a.link == nil {
		a.build(c, a.slot.wanted())
	}
}

func (a *account) onOverdue(m overdue) {
	if m.attempt == a.attempt && a.link == nil && a.slot.busy() != nil { // not the successor, which is busy, too
		a.change(func(s *State) { s.Phase, s.Reason = Stuck, "the old connection does not close" })
	}
}

// build makes the provider off the actor: a factory may read a token file.
func (a *account) build(c *actors.Context[message], spec Start) {
	ctx, cancel := context.WithCancel(c.Ctx())
	l := &link{o: a.o, slot: a.slot, account: spec.Account, surface: spec.Factory.Surface, inflow: a.slot.inflow, self: c.Self(), ctx: ctx, cancel: cancel}
	a.link = l
	a.slot.install(l)
	log := c.Log().With(slog.String("account", spec.Account))
	actors.Pipe(c, func(context.Context) (providers.Provider, error) { return spec.Factory.New(l.env(spec, log)) },
		func(p providers.Provider, err error) message { return built{l, p, err} })
}

func (a *account) onBuilt(c *actors.Context[message], m built) {
	if m.link != a.link || a.provider != nil {
		return
	}
	if m.err != nil {
		a.fail(c, providers.Terminal(m.err))
		return
	}
	a.provider = m.provider
	a.slot.built(m.provider)
	a.slot.change(func(s *State) { s.Capabilities = m.provider.Capabilities() })
	a.run(c)
}

func (a *account) run(c *actors.Context[message]) {
	if a.slot.busy() != nil { // a doubled message
		return
	}
	a.cancel = nil
	l, p := a.link, a.provider
	a.slot.running(l.begin())
	actors.Pipe(c, func(context.Context) (struct{}, error) {
		l.end(guard(func() error { return p.Run(l.ctx) }))
		return struct{}{}, nil
	}, func(struct{}, error) message { return ended{l} })
	now := a.o.Now().UnixMilli()
	a.change(func(s *State) { s.Phase, s.Reason, s.NextAt, s.LastStart = Starting, "", 0, now })
}

// look turns the link's report into the account's state.
func (a *account) look(l *link) {
	if l == nil || l != a.link || !l.running() {
		return
	}
	r := l.reported()
	phase := map[providers.Link]Phase{
		providers.LinkConnecting: Starting, providers.LinkUp: Up, providers.LinkDegraded: Degraded, providers.LinkDown: Degraded,
	}[r.Link]
	switch {
	case phase != Up:
		a.upSince = time.Time{}
	case a.upSince.IsZero():
		a.upSince = a.o.Now()
	}
	a.change(func(s *State) {
		s.Phase, s.Reason, s.Mode, s.Self = phase, r.Reason, r.Mode, r.Self
		switch phase {
		case Up:
			s.Reason, s.LastError = "", ""
		case Degraded:
			s.LastError = r.Reason
		}
	})
}

func (a *account) onEnded(c *actors.Context[message], m ended) {
	if m.link != a.link {
		return
	}
	err := m.link.result()
	if err == nil {
		err = errors.New("the connection ended")
	}
	a.fail(c, err)
}

// fail notes that the account is down, and tries again later unless that cannot help.
func (a *account) fail(c *actors.Context[message], err error) {
	now := a.o.Now()
	if !a.upSince.IsZero() && now.Sub(a.upSince) >= healthy {
		a.failures = 0
	}
	a.upSince = time.Time{}
	a.failures++
	if pe, ok := errors.AsType[*actors.PanicError](err); ok {
		c.Log().Error("provider panicked", slog.String("account", a.slot.account), slog.Any("err", pe), slog.String("stack", pe.Stack))
	}
	down := func(s *State) {
		s.Reason, s.LastError, s.LastStop, s.Failures = err.Error(), err.Error(), now.UnixMilli(), a.failures
	}
	if errors.Is(err, providers.ErrTerminal) {
		a.change(func(s *State) { down(s); s.Phase, s.NextAt = Terminal, 0 })
		return
	}
	wait := backoff(a.failures, rand.Float64())
	a.cancel = c.After(wait, retry{a.link})
	a.change(func(s *State) { down(s); s.Phase, s.NextAt = Backoff, now.Add(wait).UnixMilli() })
}

// change edits the state and tells whoever wants to know.
func (a *account) change(f func(*State)) {
	if s, news := a.slot.change(f); news {
		a.o.Changed(s)
	}
}

// up says whether sends go out now.
func (a *account) up() bool { return a.provider != nil && !a.upSince.IsZero() }
