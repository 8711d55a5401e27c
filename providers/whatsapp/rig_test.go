package whatsapp

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/media"
	"github.com/clawdbot/gateway/providers/providertest/whatsappfake"
)

const patience = 60 * time.Second

// rig is a provider on a fake, with everything it says on record.
type rig struct {
	t   *testing.T
	ctx context.Context
	s   *whatsappfake.Server
	v   *testVault
	p   *Provider

	mu       sync.Mutex // guards the following fields
	changed  chan struct{}
	states   []providers.Status
	detail   Detail
	received []providers.Incoming
}

// newRig makes a provider; config is what stands in the section besides the quick policy.
func newRig(t *testing.T, o whatsappfake.Options, config string, change ...func(*options)) *rig {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	t.Cleanup(cancel)
	r := &rig{t: t, ctx: ctx, s: whatsappfake.Start(t, o), v: newVault(t), changed: make(chan struct{})}
	env := testEnv(t, r.s, r.v, config)
	env.Account = "whatsapp"
	env.Files = media.New(t.TempDir(), r.s.URL())
	env.Receive = func(_ context.Context, m providers.Incoming) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.received = append(r.received, m)
		r.broadcast()
		return nil
	}
	env.State = func(s providers.Status) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.states = append(r.states, s)
		if d, ok := s.Detail.(*Detail); ok {
			r.detail = *d
		}
		r.broadcast()
	}
	life, end := context.WithCancel(context.Background())
	t.Cleanup(func() { // before the fake goes: its connections end with it
		end()
		if l := r.p.active(); l != nil {
			<-l.done
		}
	})
	env.Life = life
	p, err := newProvider(env, func(c Config) options {
		opt := quick(c)
		for _, f := range change {
			f(&opt)
		}
		return opt
	})
	if err != nil {
		t.Fatal(err)
	}
	r.p = p
	return r
}

// linkedRig is newRig with a linked device.
func linkedRig(t *testing.T, config string, change ...func(*options)) *rig {
	t.Helper()
	r := newRig(t, whatsappfake.Options{}, config, change...)
	adopt(t, r.s, r.v)
	return r
}

func (r *rig) broadcast() {
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *rig) await(what string, cond func() bool) {
	r.t.Helper()
	for {
		r.mu.Lock()
		done, changed := cond(), r.changed
		r.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-r.ctx.Done():
			r.mu.Lock()
			defer r.mu.Unlock()
			r.t.Fatalf("no %s; states %+v; received %+v", what, r.states, r.received)
		}
	}
}

// run starts a Run; it is stopped with the test at the latest. The error comes on the channel.
func (r *rig) run() (stop func() error) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.ctx)
	done := make(chan struct{})
	var err error
	go func() {
		defer close(done)
		err = r.p.Run(ctx)
	}()
	stop = func() error {
		cancel()
		<-done
		return err
	}
	r.t.Cleanup(func() { _ = stop() })
	return stop
}

// ends runs until Run returns by itself.
func (r *rig) ends() error {
	r.t.Helper()
	done := make(chan error, 1)
	go func() { done <- r.p.Run(r.ctx) }()
	select {
	case err := <-done:
		return err
	case <-r.ctx.Done():
		r.t.Fatal("Run does not return")
		return nil
	}
}

func (r *rig) link(from int, link providers.Link) func() bool {
	return func() bool {
		for _, s := range r.states[min(from, len(r.states)):] {
			if s.Link == link {
				return true
			}
		}
		return false
	}
}

func (r *rig) mark() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.states)
}

// up runs and waits until the link is up.
func (r *rig) up() (stop func() error) {
	r.t.Helper()
	from := r.mark()
	stop = r.run()
	r.await("link up", r.link(from, providers.LinkUp))
	return stop
}

// message waits for the message with an id.
func (r *rig) message(id string) (found providers.Incoming) {
	r.t.Helper()
	r.await("message "+id, func() bool {
		for _, m := range r.received {
			if m.ID == id {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

func (r *rig) details() Detail {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.detail
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func terminal(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, providers.ErrTerminal) {
		t.Fatalf("Run = %v, want a terminal error", err)
	}
}
