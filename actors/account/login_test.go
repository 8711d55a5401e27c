package account

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/providers"
)

// scanned is a script whose code is scanned a second after it was given out. It knows of its own login only.
type scanned struct {
	script
	done chan struct{} // nil = no login
}

func (s *scanned) StartLink(context.Context, providers.LinkRequest) (providers.LinkCode, error) {
	s.done = make(chan struct{})
	time.AfterFunc(time.Second, func() { close(s.done) })
	return providers.LinkCode{PairingCode: "ABCD"}, nil
}

func (s *scanned) WaitLink(ctx context.Context) (bool, string, error) {
	if s.done == nil {
		return false, "no login", nil
	}
	select {
	case <-s.done:
		return true, "linked", nil
	case <-ctx.Done():
		return false, "", ctx.Err()
	}
}

func (s *scanned) Unlink(context.Context) (bool, error) { return true, nil }

func (r *rig) link(step LinkStep) Linked {
	r.t.Helper()
	l, err := actors.Ask(r.t.Context(), r.ref, func(p actors.Reply[Linked]) Message {
		return Link{Reply: p, Account: "telegram", Step: step, Timeout: 10 * time.Second}
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return l
}

// TestLink_asksEarly: an account that is still starting is waited for, and not for ever.
func TestLink_asksEarly(t *testing.T) {
	for _, takes := range []time.Duration{5 * time.Second, time.Minute} {
		t.Run(takes.String(), func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.start(providers.Factory{Surface: "telegram", New: func(env providers.Env) (providers.Provider, error) {
					time.Sleep(takes)
					return &scanned{script: script{env: env, run: upUntilCancelled}}, nil
				}})
				if l := r.link(LinkStart); (l.PairingCode == "ABCD") != (takes < 10*time.Second) {
					t.Errorf("%+v", l)
				}
				pass(time.Minute)
			})
		})
	}
}

// TestLink_asksLate: once a code was scanned the account starts over, and the one who asks then is told all the same.
func TestLink_asksLate(t *testing.T) {
	bubble(t, func(r *rig) {
		var made atomic.Int64
		r.start(providers.Factory{Surface: "telegram", New: func(env providers.Env) (providers.Provider, error) {
			made.Add(1)
			return &scanned{script: script{env: env, run: upUntilCancelled}}, nil
		}})
		synctest.Wait()
		if l := r.link(LinkWait); l.Done {
			r.t.Errorf("before a login: %+v", l)
		}
		if l := r.link(LinkStart); l.PairingCode != "ABCD" {
			r.t.Fatalf("no code: %+v", l)
		}
		pass(5 * time.Second)
		if made.Load() != 2 {
			r.t.Fatalf("%d providers were made, want a second one after the login", made.Load())
		}
		for range 2 {
			if l := r.link(LinkWait); !l.Done || l.Message != "linked" {
				r.t.Errorf("after the login: %+v", l)
			}
		}
		pass(linkedFor)
		if l := r.link(LinkWait); l.Done {
			r.t.Errorf("long after it: %+v", l)
		}
		r.link(LinkStart)
		pass(5 * time.Second)
		r.link(LinkForget)
		if l := r.link(LinkWait); l.Done {
			r.t.Errorf("after it was unlinked: %+v", l)
		}
	})
}
