package account

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
)

// script is a provider whose Run and Send are the test's functions.
type script struct {
	env  providers.Env
	run  func(ctx context.Context, env providers.Env) error
	send func(ctx context.Context, m providers.Outgoing) (providers.Receipt, error)
	caps providers.Capabilities
}

func (s *script) Run(ctx context.Context) error { return s.run(ctx, s.env) }

func (s *script) Send(ctx context.Context, m providers.Outgoing) (providers.Receipt, error) {
	return s.send(ctx, m)
}

func (s *script) Capabilities() providers.Capabilities { return s.caps }

func factory(s script) providers.Factory {
	return providers.Factory{Surface: "telegram", New: func(env providers.Env) (providers.Provider, error) {
		p := s
		p.env = env
		return &p, nil
	}}
}

// upUntilCancelled is a Run that works.
func upUntilCancelled(ctx context.Context, env providers.Env) error {
	env.State(providers.Status{Link: providers.LinkUp, Mode: "polling", Self: "@bot"})
	<-ctx.Done()
	return nil
}

// rig is a system with the supervisor of the accounts in it.
type rig struct {
	t    *testing.T
	sys  *actors.System
	dir  *Directory
	ref  actors.Ref[Message]
	work atomic.Int64

	mu     sync.Mutex
	phases []Phase // of every change, in order

	changed chan struct{} // something is new in phases
}

func newRig(t *testing.T, st *store.Store, intercept actors.Interceptor) *rig {
	t.Helper()
	r := &rig{t: t, dir: NewDirectory(), changed: make(chan struct{}, 1)}
	r.sys = actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler), Intercept: intercept})
	if st != nil {
		if err := st.Start(r.sys); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	r.ref, err = actors.Spawn(r.sys, "accounts", Props(Options{
		Store: st, Directory: r.dir, Work: func() { r.work.Add(1) },
		Changed: func(s State) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.phases = append(r.phases, s.Phase)
			select {
			case r.changed <- struct{}{}:
			default:
			}
		},
	}))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) stop() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := errors.Join(r.sys.Stop(ctx), r.dir.Wait(ctx)); err != nil {
		r.t.Error(err)
	}
}

func (r *rig) tell(m Message) {
	r.t.Helper()
	if err := r.ref.Tell(m); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) start(f providers.Factory) {
	r.t.Helper()
	r.tell(Start{Account: "telegram", Factory: f})
}

func (r *rig) state() State {
	r.t.Helper()
	all, err := actors.Ask(r.t.Context(), r.ref, func(p actors.Reply[[]State]) Message { return Status{Reply: p} })
	if err != nil || len(all) != 1 {
		r.t.Fatalf("states = %v, %v; want one", all, err)
	}
	return all[0]
}

// wantPhase waits for a phase, in real time.
func (r *rig) wantPhase(p Phase) State {
	r.t.Helper()
	for {
		s := r.state()
		if s.Phase == p {
			return s
		}
		select {
		case <-r.changed:
		case <-time.After(time.Minute):
			r.t.Fatalf("phase = %s (%s), want %s", s.Phase, s.Reason, p)
		}
	}
}

// bubble runs f in fake time with a rig without a store.
func bubble(t *testing.T, f func(r *rig)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil, nil)
		f(r)
		r.stop()
	})
}

// pass lets time go by and everything happen that is due.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// atOnce counts what is in progress, and how much ever was at once.
type atOnce struct {
	mu       sync.Mutex
	now, top int // guarded by mu
}

// enter begins one more; leave ends it.
func (a *atOnce) enter() (leave func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.now++
	a.top = max(a.top, a.now)
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.now--
	}
}

func (a *atOnce) live() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.now
}

func (a *atOnce) most() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.top
}
