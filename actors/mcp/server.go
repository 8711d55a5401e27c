package mcp

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/mcp"
)

const (
	listGap   = time.Second // between two readings of a server's tools, whatever it says
	listLimit = 30 * time.Second
	refresh   = 10 * time.Minute // its tools are read again by themselves
)

// server keeps one server connected.
type server struct {
	o    *Options
	slot *slot

	turn   uint64 // of the connection; what belongs to another one is ignored
	order  int    // number of what was wanted when it began
	cancel context.CancelCauseFunc
	rest   func() // cancels the pending retry; nil = there is none
	pause  providers.Backoff
}

// Start runs for each incarnation: what the one before had ends by itself, and is waited for.
func (s *server) Start(c *actors.Context[message]) error {
	s.pause = providers.Backoff{Min: time.Second, Max: 2 * time.Minute, Healthy: time.Minute}
	c.After(s.o.Sweep, check{})
	s.begin(c)
	return nil
}

// Stop: its context has ended, and the connection with it.
func (s *server) Stop(*actors.Context[message]) { s.slot.leave(s.turn, "it is being stopped") }

func (s *server) Receive(c *actors.Context[message], m message) error {
	switch m := m.(type) {
	case begin:
		s.pause = providers.Backoff{Min: s.pause.Min, Max: s.pause.Max, Healthy: s.pause.Healthy}
		s.slot.change(func(st *State) { st.Failures = 0 })
		s.begin(c)
	case up:
		if m.turn == s.turn {
			s.pause.OK(time.Now())
		}
	case ended:
		s.onEnded(c, m)
	case retry:
		if m.turn == s.turn {
			s.begin(c)
		}
	case check:
		c.After(s.o.Sweep, check{})
		if s.slot.ordered() != s.order || s.rest == nil && s.slot.idle(s.turn) { // a word of it was lost
			s.begin(c)
		}
	}
	return nil
}

// begin makes a new connection to what is wanted now.
func (s *server) begin(c *actors.Context[message]) {
	if s.cancel != nil {
		s.cancel(errGone)
		s.cancel = nil
	}
	if s.rest != nil {
		s.rest()
		s.rest = nil
	}
	spec, order := s.slot.wanted(), s.slot.ordered()
	s.order = order
	before, leave, turn := s.slot.enlist()
	s.turn = turn
	if spec.Disabled != "" {
		leave()
		s.slot.change(func(st *State) { st.Phase, st.Reason, st.NextAt, st.Failures = Disabled, spec.Disabled, 0, 0 })
		return
	}
	s.slot.change(func(st *State) { st.Phase, st.Reason, st.NextAt = Starting, "", 0; st.Starts++ })
	ctx, cancel := context.WithCancelCause(c.Ctx())
	s.cancel = cancel
	l := &link{o: s.o, slot: s.slot, spec: spec, turn: turn, log: c.Log(), changed: make(chan struct{}, 1)}
	self := c.Self()
	l.up = func() { _ = self.Tell(up{turn}) }
	actors.Pipe(c, func(context.Context) (struct{}, error) {
		defer leave()
		<-before // however long that takes: never two at a time
		if ctx.Err() != nil {
			return struct{}{}, context.Cause(ctx)
		}
		return struct{}{}, l.run(ctx)
	}, func(_ struct{}, err error) message { return ended{turn, err} })
}

func (s *server) onEnded(c *actors.Context[message], m ended) {
	if m.turn != s.turn || s.rest != nil {
		return
	}
	err := m.err
	if err == nil {
		err = errors.New("the connection ended")
	}
	wait, now := s.pause.Failed(time.Now()), time.Now()
	reason := s.o.hide(err.Error())
	s.slot.change(func(st *State) {
		st.Phase, st.Reason, st.NextAt = Backoff, reason, now.Add(wait).UnixMilli()
		st.Failures++
	})
	c.Log().Warn("a server of tools is not there", slog.String("server", s.slot.name), slog.String("why", reason), slog.Duration("next", wait))
	s.rest = c.After(wait, retry{s.turn})
}

// link is one connection, from its beginning to its end.
type link struct {
	o       *Options
	slot    *slot
	spec    Spec
	turn    uint64
	log     *slog.Logger
	changed chan struct{}
	up      func()
}

// run returns when the connection is gone, with its process.
func (l *link) run(ctx context.Context) error {
	server := l.spec.Server
	server.Log = l.log
	server.Changed = func() {
		select {
		case l.changed <- struct{}{}:
		default: // it has said so
		}
	}
	session, err := l.o.Dial(ctx, server)
	if err != nil {
		return err
	}
	defer session.Close()
	if err := l.list(ctx, session); err != nil {
		return err
	}
	l.slot.open(l.turn, session)
	defer l.slot.leave(l.turn, "its connection is gone")
	l.log.Info("a server of tools is there", "server", l.slot.name, "name", session.About().Name, "version", session.About().Version)
	l.up()
	return l.serve(ctx, session)
}

// serve reads the tools again when there may be others.
func (l *link) serve(ctx context.Context, session mcp.Session) error {
	again := time.NewTicker(refresh)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-session.Done():
			return session.Err()
		case <-again.C:
		case <-l.changed:
			if !providers.Sleep(ctx, listGap) {
				return context.Cause(ctx)
			}
		}
		if err := l.list(ctx, session); err != nil {
			return err
		}
	}
}

func (l *link) list(ctx context.Context, session mcp.Session) error {
	ctx, cancel := context.WithTimeoutCause(ctx, listLimit, errors.New("it does not say which tools it has"))
	defer cancel()
	all, problems, err := session.Tools(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
	for i, p := range problems {
		problems[i] = l.o.hide(p)
	}
	if l.slot.offer(l.turn, all, problems) {
		for _, p := range problems {
			l.log.Warn("a server of tools offers what cannot be used", "server", l.slot.name, "what", p)
		}
	}
	return nil
}

var (
	_ actors.Starter[message] = (*server)(nil)
	_ actors.Stopper[message] = (*server)(nil)
	_ actors.Starter[Message] = (*servers)(nil)
)
