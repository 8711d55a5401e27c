package gateway_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/clock"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers"
)

// TestClockJump: after a sleep of the machine, and after its clock was set back, every account connects anew by itself and the
// gateway goes on. Its parts are well all the time, which the service manager is told.
func TestClockJump(t *testing.T) {
	t.Parallel()
	began := time.Now()
	var ahead atomic.Int64
	runs, alive, read := make(chan struct{}, 100), make(chan struct{}, 1000), make(chan struct{}, 1)
	g := setup{
		config: `{telegram: {botToken: "1:a"}}`,
		options: func(o *gateway.Options) {
			o.Providers = []providers.Factory{{Surface: "telegram", New: func(env providers.Env) (providers.Provider, error) {
				return dozer{env, runs}, nil
			}}}
			o.Clocks = func() clock.Reading {
				now := time.Now()
				r := clock.Reading{Wall: now.Add(time.Duration(ahead.Load())), Mono: now.Sub(began)}
				select {
				case read <- struct{}{}:
				default:
				}
				return r
			}
			o.AliveEvery, o.OnAlive = 10*time.Millisecond, func() {
				select {
				case alive <- struct{}{}:
				default:
				}
			}
		},
	}.start(t)
	happens(t, runs, "the account does not connect")
	happens(t, read, "nobody looks at the clocks") // a jump before that is none
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		ahead.Add(int64(by))
		happens(t, runs, "it does not connect anew after a jump of "+by.String())
	}
	for range 3 {
		happens(t, alive, "nobody is told that the gateway lives")
	}
	parts := 0
	for _, a := range g.Actors() {
		if a.Parent == "gateway" {
			parts++
		}
	}
	if parts < 10 {
		t.Errorf("%d parts are watched", parts)
	}
}

// dozer notes each time that it connects.
type dozer struct {
	env  providers.Env
	runs chan struct{}
}

func (d dozer) Run(ctx context.Context) error {
	d.env.State(providers.Status{Link: providers.LinkUp})
	d.runs <- struct{}{}
	<-ctx.Done()
	return nil
}

func (d dozer) Send(context.Context, providers.Outgoing) (providers.Receipt, error) {
	return providers.Receipt{}, nil
}

func (d dozer) Capabilities() providers.Capabilities {
	return providers.Capabilities{MaxText: 4000, Markup: "plain"}
}
