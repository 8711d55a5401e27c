package account

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/providers"
)

func TestBackoff(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 6: 32 * time.Second, 7: time.Minute, 1000: time.Minute} {
		if got := backoff(n, 0); got != want {
			t.Errorf("backoff(%d) = %v, want %v", n, got, want)
		}
		if got := backoff(n, 0.999); got < want/2 || got >= want {
			t.Errorf("backoff(%d) with jitter = %v, want in [%v, %v)", n, got, want/2, want)
		}
	}
}

func TestAccount_comesUp(t *testing.T) {
	bubble(t, func(r *rig) {
		r.start(factory(script{run: upUntilCancelled, caps: providers.Capabilities{MaxText: 4096}}))
		synctest.Wait()
		s := r.state()
		if s.Phase != Up || s.Mode != "polling" || s.Self != "@bot" || s.LastStart == 0 || s.Capabilities.MaxText != 4096 || !s.Running() {
			r.t.Errorf("state = %+v", s)
		}
		if got, ok := r.dir.Surface("telegram"); !ok || got.Account != "telegram" {
			r.t.Errorf("Surface = %v, %v", got, ok)
		}
	})
}

func TestAccount_backsOffAndForgetsFailuresOnceHealthy(t *testing.T) {
	bubble(t, func(r *rig) {
		var runs atomic.Int64
		up := make(chan time.Duration, 10) // how long the next Run stays up
		r.start(factory(script{run: func(ctx context.Context, env providers.Env) error {
			runs.Add(1)
			if d := <-up; d > 0 {
				env.State(providers.Status{Link: providers.LinkUp})
				time.Sleep(d)
			}
			return errors.New("link lost")
		}}))
		for n := 1; n <= 8; n++ {
			up <- 0
			synctest.Wait()
			s := r.state()
			wait := time.Until(time.UnixMilli(s.NextAt))
			if full := backoff(n, 0); s.Phase != Backoff || s.Failures != n || s.Reason != "link lost" || wait < full/2-time.Millisecond || wait > full {
				r.t.Fatalf("after %d failures: %+v, next try in %v", n, s, wait)
			}
			if runs.Load() != int64(n) {
				r.t.Fatalf("runs = %d before the backoff is over, want %d", runs.Load(), n)
			}
			pass(wait + time.Millisecond)
		}
		up <- healthy + time.Second
		pass(healthy + 2*time.Second)
		if s := r.state(); s.Failures != 1 {
			r.t.Errorf("failures after a healthy minute = %d, want 1", s.Failures)
		}
		close(up)
	})
}

func TestAccount_terminalStaysDownUntilRestart(t *testing.T) {
	bubble(t, func(r *rig) {
		var runs atomic.Int64
		r.start(factory(script{run: func(ctx context.Context, env providers.Env) error {
			if runs.Add(1) == 1 {
				return providers.Terminal(errors.New("bad token"))
			}
			return upUntilCancelled(ctx, env)
		}}))
		pass(time.Hour)
		if s := r.state(); s.Phase != Terminal || s.Reason != "bad token" || s.LastError != "bad token" || runs.Load() != 1 {
			r.t.Fatalf("after an hour: %+v, %d runs", s, runs.Load())
		}
		r.tell(Restart{"telegram"})
		synctest.Wait()
		if s := r.state(); s.Phase != Up || s.LastError != "" || runs.Load() != 2 {
			r.t.Errorf("after a restart: %+v, %d runs", s, runs.Load())
		}
	})
}

func TestAccount_configurationMistakeIsTerminal(t *testing.T) {
	bubble(t, func(r *rig) {
		r.start(providers.Factory{Surface: "telegram", New: func(providers.Env) (providers.Provider, error) {
			return nil, errors.New("telegram.proxy: not a URL")
		}})
		synctest.Wait()
		if s := r.state(); s.Phase != Terminal || s.Reason != "telegram.proxy: not a URL" {
			r.t.Errorf("state = %+v", s)
		}
	})
}

func TestAccount_panicOfTheProviderIsAFailure(t *testing.T) {
	bubble(t, func(r *rig) {
		r.start(factory(script{run: func(context.Context, providers.Env) error { panic("boom") }}))
		synctest.Wait()
		if s := r.state(); s.Phase != Backoff || s.Reason != "panic: boom" {
			r.t.Errorf("state = %+v", s)
		}
	})
}

func TestAccount_disabledSaysWhy(t *testing.T) {
	bubble(t, func(r *rig) {
		r.tell(Start{Account: "telegram", Factory: factory(script{run: upUntilCancelled}), Disabled: "not configured"})
		synctest.Wait()
		if s := r.state(); s.Phase != Disabled || s.LastError != "not configured" || s.Running() {
			r.t.Errorf("state = %+v", s)
		}
		r.start(factory(script{run: upUntilCancelled}))
		synctest.Wait()
		if s := r.state(); s.Phase != Up {
			r.t.Errorf("state once configured = %+v", s)
		}
		r.tell(Stop{Account: "telegram"})
		synctest.Wait()
		if s := r.state(); s.Phase != Disabled || s.Reason != "disabled" || r.dir.slot("telegram").busy() != nil {
			r.t.Errorf("state once stopped = %+v", s)
		}
	})
}

func TestAccount_neverTwoLive(t *testing.T) {
	bubble(t, func(r *rig) {
		var runs atOnce
		release := make(chan struct{})
		r.start(factory(script{run: func(ctx context.Context, env providers.Env) error {
			defer runs.enter()()
			_ = upUntilCancelled(ctx, env)
			<-release // hangs on after its cancel
			return nil
		}}))
		synctest.Wait()
		r.tell(Restart{"telegram"})
		pass(closeLimit - time.Second)
		if s := r.state(); s.Phase != Starting {
			r.t.Errorf("before the limit: %+v", s)
		}
		pass(2 * time.Second)
		if s := r.state(); s.Phase != Stuck || s.Reason == "" {
			r.t.Errorf("after the limit: %+v", s)
		}
		r.tell(Restart{"telegram"})
		pass(time.Minute)
		if runs.live() != 1 {
			r.t.Errorf("%d connections are live, want the old one", runs.live())
		}
		close(release)
		synctest.Wait()
		if s := r.state(); s.Phase != Up || runs.most() != 1 {
			r.t.Errorf("after it closed: %+v, at most %d live", s, runs.most())
		}
	})
}

func TestAccount_crashClosesTheConnectionFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		faults := actortest.NewFaults(1)
		faults.On(actortest.Kind("account"), actortest.Message[typing]()).Nth(1).Crash()
		r := newRig(t, nil, faults)
		var live, runs atomic.Int64
		r.start(factory(script{run: func(ctx context.Context, env providers.Env) error {
			if live.Add(1) > 1 {
				t.Error("two connections are live")
			}
			defer live.Add(-1)
			runs.Add(1)
			_ = upUntilCancelled(ctx, env)
			time.Sleep(3 * time.Second) // closing takes a while
			return nil
		}}))
		synctest.Wait()
		r.tell(Typing{"telegram", "1"})
		pass(10 * time.Second)
		if s := r.state(); s.Phase != Up || runs.Load() != 2 {
			t.Errorf("after the crash: %+v, %d runs", s, runs.Load())
		}
		r.stop()
	})
}

func TestAccounts_supervisorCrashBringsTheAccountsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		faults := actortest.NewFaults(1)
		faults.On(actortest.Kind("accounts"), actortest.Message[Typing]()).Nth(1).Crash()
		r := newRig(t, nil, faults)
		var runs atomic.Int64
		r.start(factory(script{run: func(ctx context.Context, env providers.Env) error {
			runs.Add(1)
			return upUntilCancelled(ctx, env)
		}}))
		synctest.Wait()
		r.tell(Typing{"telegram", "1"})
		pass(5 * time.Second)
		if s := r.state(); s.Phase != Up || runs.Load() != 2 {
			t.Errorf("after the crash: %+v, %d runs", s, runs.Load())
		}
		r.stop()
	})
}

func TestAccount_reportsMergeAndTellOfChanges(t *testing.T) {
	bubble(t, func(r *rig) {
		states := make(chan providers.Status)
		r.start(factory(script{run: func(ctx context.Context, env providers.Env) error {
			for {
				select {
				case s := <-states:
					env.State(s)
				case <-ctx.Done():
					return nil
				}
			}
		}}))
		seen := time.Now().Add(time.Minute)
		for _, s := range []providers.Status{
			{Link: providers.LinkUp, Self: "@bot"}, {LastSeen: seen}, {Link: providers.LinkDegraded, Reason: "409"}, {Mode: "polling"},
		} {
			states <- s
			synctest.Wait()
		}
		s := r.state()
		if s.Phase != Degraded || s.Reason != "409" || s.LastError != "409" || s.Self != "@bot" || s.Mode != "polling" || s.LastSeen != seen.UnixMilli() {
			r.t.Errorf("state = %+v", s)
		}
		states <- providers.Status{Link: providers.LinkUp}
		synctest.Wait()
		if s := r.state(); s.Phase != Up || s.Reason != "" || s.LastError != "" {
			r.t.Errorf("state = %+v", s)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if want := []Phase{Up, Degraded, Up}; !slices.Equal(r.phases, want) {
			r.t.Errorf("changes told of: %v, want %v", r.phases, want)
		}
	})
}

func TestStatus_probes(t *testing.T) {
	bubble(t, func(r *rig) {
		var asked atomic.Int64
		p := prober{script: script{run: upUntilCancelled}, probe: func(ctx context.Context) any {
			asked.Add(1)
			<-ctx.Done()
			return map[string]any{"ok": false, "error": "no answer", "elapsedMs": 2000}
		}}
		r.start(providers.Factory{Surface: "telegram", New: func(env providers.Env) (providers.Provider, error) {
			q := p
			q.env = env
			return &q, nil
		}})
		synctest.Wait()
		got := make(chan []State, 2)
		for range 2 {
			r.tell(Status{Reply: actors.ReplyTo(func(s []State, err error) {
				if err != nil {
					r.t.Error(err)
				}
				got <- s
			}), Probe: true, Timeout: 2 * time.Second})
		}
		pass(2 * time.Second)
		for range 2 {
			if s := <-got; len(s) != 1 || s[0].Probe == nil || s[0].LastProbe == 0 {
				r.t.Errorf("probed state = %+v", s)
			}
		}
		if asked.Load() != 1 {
			r.t.Errorf("the platform was asked %d times, want once for both", asked.Load())
		}
	})
}

type prober struct {
	script
	probe func(ctx context.Context) any
}

func (p *prober) Probe(ctx context.Context) any { return p.probe(ctx) }
