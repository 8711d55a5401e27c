package account

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/providers"
)

// TestAccount_deaf: a connection that stays open and carries nothing is reported and replaced.
func TestAccount_deaf(t *testing.T) {
	bubble(t, func(r *rig) {
		var runs atomic.Int64
		r.start(factory(script{run: func(ctx context.Context, env providers.Env) error {
			n := runs.Add(1)
			env.State(providers.Status{Link: providers.LinkUp})
			for i := 0; ; i++ {
				if n > 1 || i < 10 {
					env.State(providers.Status{LastSeen: time.Now()})
				}
				select {
				case <-time.After(20 * time.Second):
				case <-ctx.Done():
					return nil
				}
			}
		}}))
		pass(5 * time.Minute)
		if s := r.state(); s.Deaf != "" || runs.Load() != 1 {
			r.t.Fatalf("after five minutes: %q, %d runs", s.Deaf, runs.Load())
		}
		pass(105 * time.Second)
		s := r.state()
		if !strings.Contains(s.Deaf, "no sign of the platform") || runs.Load() != 2 {
			r.t.Fatalf("deaf: %q, %d runs", s.Deaf, runs.Load())
		}
		if w := s.Wire(time.Now()); w.State != "degraded" || !strings.HasPrefix(w.Reason, "deaf: ") || w.PingAgeMs == nil {
			r.t.Errorf("on the wire: %+v", w)
		}
		pass(time.Minute)
		if s := r.state(); s.Deaf != "" || s.Phase != Up {
			r.t.Errorf("the new connection: %+v", s)
		}
	})
}

// performer is a script that can react.
type performer struct{ script }

func (performer) Actions() []string { return []string{"react", "edit"} }

func (performer) Perform(_ context.Context, action string, params json.RawMessage) (any, error) {
	if string(params) == `{"emoji":"x"}` {
		return nil, &providers.SendError{Class: providers.Permanent, Err: errors.New("emoji: x is none")}
	}
	return map[string]any{"did": action}, nil
}

func TestAccount_perform(t *testing.T) {
	bubble(t, func(r *rig) {
		f := providers.Factory{Surface: "telegram", New: func(env providers.Env) (providers.Provider, error) {
			return &performer{script{env: env, run: upUntilCancelled}}, nil
		}}
		do := func(action, params string) (any, error) {
			return actors.Ask(r.t.Context(), r.ref, func(p actors.Reply[any]) Message {
				return Perform{Reply: p, Account: "telegram", Action: action, Params: json.RawMessage(params)}
			})
		}
		if _, err := do("react", `{}`); err == nil {
			r.t.Error("an account that is not there does things")
		}
		r.start(f)
		synctest.Wait()
		for _, tt := range []struct{ action, params, want string }{
			{"", `{}`, `{"actions":["edit","react"]}`}, {"react", `{}`, `{"did":"react"}`},
			{"ban", `{}`, `action "ban" is not there or not allowed; actions are edit, react`}, {"react", `{"emoji":"x"}`, "emoji: x is none"},
		} {
			result, err := do(tt.action, tt.params)
			got, _ := json.Marshal(result)
			if err != nil {
				got = []byte(err.Error())
			}
			if string(got) != tt.want {
				r.t.Errorf("%s %s: %s, want %s", tt.action, tt.params, got, tt.want)
			}
		}
	})
}

// TestAccount_reconnect: after the machine has slept every connection is opened anew at once, a pause is cut short, what cannot be
// helped is left alone, and the time in which nobody listened is no silence.
func TestAccount_reconnect(t *testing.T) {
	bubble(t, func(r *rig) {
		var runs atomic.Int64
		outcome := func(_ int64, ctx context.Context, env providers.Env) error { return upUntilCancelled(ctx, env) }
		r.start(factory(script{run: func(ctx context.Context, env providers.Env) error { return outcome(runs.Add(1), ctx, env) }}))
		reconnect := func(want int64, phase Phase) {
			r.t.Helper()
			if err := r.ref.Tell(Reconnect{}); err != nil {
				r.t.Fatal(err)
			}
			synctest.Wait()
			if s := r.state(); runs.Load() != want || s.Phase != phase {
				r.t.Errorf("%d runs, %s (%s), want %d, %s", runs.Load(), s.Phase, s.Reason, want, phase)
			}
		}
		synctest.Wait()
		reconnect(2, Up)
		outcome = func(int64, context.Context, providers.Env) error { return errors.New("no network") }
		reconnect(3, Backoff)
		outcome = func(_ int64, ctx context.Context, env providers.Env) error { return upUntilCancelled(ctx, env) }
		reconnect(4, Up)
		outcome = func(int64, context.Context, providers.Env) error { return providers.Terminal(errors.New("logged out")) }
		reconnect(5, Terminal)
		reconnect(5, Terminal)
	})
}
