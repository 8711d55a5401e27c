package account

import (
	"cmp"
	"context"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/providers"
)

// LinkStep is what is to be done about the link of an account.
type LinkStep int

// The steps, in the order in which a person takes them.
const (
	LinkStart  LinkStep = iota // get a code
	LinkWait                   // wait until it was scanned; the account then starts over
	LinkForget                 // unlink
)

// Link takes one step of linking an account to its platform. The answer may take as long as Timeout.
type Link struct {
	actors.Reply[Linked]
	Account string
	Step    LinkStep
	Request providers.LinkRequest // of LinkStart
	Timeout time.Duration
}

// Linked answers Link: a code or why there is none. Done: the account is linked (LinkWait), or it was until now
// (LinkForget).
type Linked struct {
	providers.LinkCode
	Done bool
}

// linkLimit is how long a code may wait for its person.
const linkLimit = 5 * time.Minute

// SignOut removes an account's credential from the configuration and stops the account. The answer says whether there
// was one to remove.
type SignOut struct {
	actors.Reply[bool]
	Account string
}

// linkedFor is how long whoever asks late for the end of a login is told of it: its provider has gone by then.
const linkedFor = time.Minute

// outcome is how a login ended well.
type outcome struct {
	Linked
	at time.Time
}

func (a *accounts) onLink(c *actors.Context[Message], m Link) {
	if m.Step != LinkWait {
		delete(a.linked, m.Account)
	} else if o, ok := a.linked[m.Account]; ok && a.o.Now().Sub(o.at) < linkedFor {
		m.Send(o.Linked)
		return
	}
	slot := a.o.Directory.slot(m.Account)
	if slot == nil {
		m.Send(noCode("This gateway has no " + m.Account + ": it was built without it."))
		return
	}
	self := c.Self()
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		ctx, cancel := context.WithTimeout(ctx, m.Timeout)
		defer cancel()
		linker, state := slot.awaitLinker(ctx)
		if linker == nil {
			m.Send(noCode(m.Account + " is not there to be linked: " + cmp.Or(state.Reason, string(state.Phase)) + "."))
			return struct{}{}, nil
		}
		var l Linked
		err := guard(func() (err error) {
			l, err = step(ctx, linker, m)
			return err
		})
		if err != nil {
			m.Fail(err)
			return struct{}{}, nil
		}
		if m.Step == LinkForget && l.Done {
			_ = self.Tell(Restart{m.Account})
		}
		m.Send(l)
		if m.Step == LinkStart && l.Any() {
			_ = self.Tell(await{m.Account, linker})
		}
		return struct{}{}, nil
	}, func(struct{}, error) Message { return polled{} })
}

func noCode(why string) Linked { return Linked{LinkCode: providers.LinkCode{Message: why}} }

// onAwait watches a code that was given out, whether or not its person waits for it too: once it was scanned the account
// starts over.
func (a *accounts) onAwait(c *actors.Context[Message], m await) {
	if a.awaiting[m.account] == m.linker {
		return
	}
	a.awaiting[m.account] = m.linker
	actors.Pipe(c, func(ctx context.Context) (l Linked, err error) {
		ctx, cancel := context.WithTimeout(ctx, linkLimit)
		defer cancel()
		err = guard(func() (err error) {
			l, err = step(ctx, m.linker, Link{Step: LinkWait})
			return err
		})
		return l, err
	}, func(l Linked, err error) Message {
		l.Done = l.Done && err == nil
		return awaited{m.account, m.linker, l}
	})
}

func (a *accounts) onAwaited(c *actors.Context[Message], m awaited) {
	if a.awaiting[m.account] != m.linker {
		return
	}
	delete(a.awaiting, m.account)
	if m.linked.Done {
		a.linked[m.account] = outcome{m.linked, a.o.Now()}
		a.again(c, m.account)
	}
}

func step(ctx context.Context, linker providers.Linker, m Link) (l Linked, err error) {
	switch m.Step {
	case LinkStart:
		l.LinkCode, err = linker.StartLink(ctx, m.Request)
	case LinkWait:
		l.Done, l.Message, err = linker.WaitLink(ctx)
	case LinkForget:
		l.Done, err = linker.Unlink(ctx)
	}
	return l, err
}

func (a *accounts) onSignOut(c *actors.Context[Message], m SignOut) {
	o, self := a.o, c.Self()
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		had, err := o.Forget(ctx, m.Account)
		if err != nil {
			m.Fail(err)
			return struct{}{}, nil
		}
		// The change of the configuration may have stopped it already, with a better reason.
		if slot := o.Directory.slot(m.Account); slot != nil && slot.wanted().Disabled == "" {
			_ = self.Tell(Stop{m.Account, "logged out"})
		}
		_, _ = actors.Ask(ctx, self, func(r actors.Reply[struct{}]) Message { return settle{r, m.Account} })
		m.Send(had)
		return struct{}{}, nil
	}, func(struct{}, error) Message { return polled{} })
}

// Settle waits until an account has begun to do what it was told before. The error is ctx's.
func Settle(ctx context.Context, accounts actors.Ref[Message], account string) error {
	_, err := actors.Ask(ctx, accounts, func(r actors.Reply[struct{}]) Message { return settle{r, account} })
	return err
}

// onSettle is answered when the account has handled what it was told before.
func (a *accounts) onSettle(m settle) {
	if a.refs[m.account].Tell(settled{m.Reply}) != nil {
		m.Send(struct{}{})
	}
}

// awaitLinker returns the provider as something that can be linked, nil if it cannot, and the state. One that is starting is waited for.
func (s *slot) awaitLinker(ctx context.Context) (providers.Linker, State) {
	for {
		p, state, changed := s.look()
		if p != nil || state.Phase != Starting {
			l, _ := p.(providers.Linker)
			return l, state
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, state
		}
	}
}

// look is how things are, and what is closed when they are no longer so.
func (s *slot) look() (p providers.Provider, st State, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.provider, s.state, s.changed
}

// built notes the provider of the present link.
func (s *slot) built(p providers.Provider) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.provider = p
	s.wake()
}

// wake has those look again who wait for a change. The caller holds mu.
func (s *slot) wake() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}
