package cron

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// hook makes a call of a hook and waits for the answer.
func (r *rig) hook(m func(actors.Reply[HookAnswer]) Message) (HookAnswer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return actors.Ask(ctx, r.cron, m)
}

func (r *rig) turn(m HookTurn) HookAnswer {
	r.t.Helper()
	m.ID = uuid.NewString()
	a, err := r.hook(func(to actors.Reply[HookAnswer]) Message { m.Reply = to; return m })
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

func message(text string) wire.CronPayload {
	return wire.CronPayload{Kind: "agentTurn", Message: text}
}

func TestHook_turn(t *testing.T) {
	t.Parallel()
	r := setup{config: beating(HeartbeatConfig{Target: "none"})}.start(t)
	m := HookTurn{Name: " Mail\nbox ", Payload: message("read"), Now: true}
	m.Payload.Thinking = "low"
	a := r.turn(m)
	if key := next(t, "work", r.work); key != "hook:"+a.RunID {
		t.Errorf("work for %s", key)
	}
	run := r.openRuns()[0]
	var req agent.Request
	if err := wire.Unmarshal(run.Request, &req); err != nil || req.Message != "[cron:"+a.RunID+" Mail box] read" || req.Plain != "read" ||
		req.Operator || req.Thinking != "low" || run.Kind != string(KindHook) || run.SessionKey != "hook:"+a.RunID {
		t.Errorf("%+v %+v %v", run, req, err)
	}
	r.finish(run, agent.Answer{Text: strings.Repeat("x", 3000)}, agent.Done, "")
	r.quiet()
	if got := r.notes(); len(got) != 1 || got[0] != "Hook Mail box: "+strings.Repeat("x", 2000)+"…" {
		t.Errorf("notes %q", got)
	}
	next(t, "work of the heartbeat", r.work)
	r.finish(r.openRuns()[0], agent.Answer{Text: "HEARTBEAT_OK"}, agent.Done, "")
	if ev := next(t, "heartbeat", r.beats); ev.Reason != "hook:"+a.RunID {
		t.Errorf("heartbeat %+v", ev)
	}
	select {
	case ev := <-r.events:
		t.Errorf("event %+v", ev)
	default:
	}
}

func TestHook_wake(t *testing.T) {
	t.Parallel()
	r := setup{config: beating(HeartbeatConfig{Target: "none"})}.start(t)
	for text, now := range map[string]bool{"later": false, "at once": true} {
		want := HookAnswer{Mode: "next-heartbeat"}
		if now {
			want.Mode = "now"
		}
		a, err := r.hook(func(to actors.Reply[HookAnswer]) Message { return HookWake{Reply: to, Text: text, Now: now} })
		if err != nil || a != want {
			t.Errorf("%s: %+v %v", text, a, err)
		}
	}
	next(t, "work", r.work)
	r.finish(r.openRuns()[0], agent.Answer{Text: "HEARTBEAT_OK"}, agent.Done, "")
	if ev := next(t, "heartbeat", r.beats); ev.Reason != "hook:wake" {
		t.Errorf("heartbeat %+v", ev)
	}
	if got := r.notes(); len(got) != 2 || !slices.Contains(got, "later") || !slices.Contains(got, "at once") {
		t.Errorf("notes %q", got)
	}
}

// TestHook_route: where the answer goes is decided at acceptance, whatever becomes of the main session's last chat.
func TestHook_route(t *testing.T) {
	t.Parallel()
	yes := true
	r := setup{config: running}.start(t)
	r.session(wire.SessionEntry{SessionID: "s", UpdatedAt: 1, LastChannel: "telegram", LastTo: "77"})
	m := HookTurn{Payload: message("x")}
	m.Payload.Deliver, m.Payload.Channel = &yes, last
	r.turn(m)
	r.session(wire.SessionEntry{SessionID: "s", UpdatedAt: 2, LastChannel: "slack", LastTo: "U1"})
	var route providers.Route
	if err := wire.Unmarshal(r.openRuns()[0].Route, &route); err != nil || route.Surface != "telegram" || route.Chat != "77" {
		t.Errorf("route %+v, %v", route, err)
	}
}

// TestHook_busy: too many runs that have not ended are refused, and take no places from jobs.
func TestHook_busy(t *testing.T) {
	t.Parallel()
	r := setup{config: Config{Enabled: true, MaxConcurrent: 1}}.start(t)
	for i := range maxHookRuns {
		r.turn(HookTurn{SessionKey: fmt.Sprint("s", i), Payload: message("x")})
	}
	over := HookTurn{Delivery: "over", SessionKey: "s", Payload: message("x")}
	if _, err := r.hook(func(to actors.Reply[HookAnswer]) Message { over.Reply = to; return over }); !errors.Is(err, ErrHooksBusy) {
		t.Errorf("one more: %v", err)
	}
	j := r.add(oneShot(isolatedJob, 1))
	for next(t, "work of the job", r.work) != "cron:"+j.ID {
	}
	r.finish(r.openRuns()[0], agent.Answer{Text: "done"}, agent.Done, "")
	if a := r.turn(over); a.RunID == "" { // its delivery was not used up
		t.Error("refused for good")
	}
}

// TestHook_doubled: a message that comes twice is one run.
func TestHook_doubled(t *testing.T) {
	t.Parallel()
	r := setup{config: running}.start(t)
	m := HookTurn{ID: uuid.NewString(), Payload: message("x")}
	for range 2 {
		if a, err := r.hook(func(to actors.Reply[HookAnswer]) Message { m.Reply = to; return m }); err != nil || a.RunID != m.ID {
			t.Errorf("%+v, %v", a, err)
		}
	}
	if n := len(r.openRuns()); n != 1 {
		t.Errorf("%d runs", n)
	}
}

// TestHook_stray: the end of a run that ended without this package is told all the same.
func TestHook_stray(t *testing.T) {
	t.Parallel()
	r := setup{config: running}.start(t)
	r.turn(HookTurn{Payload: message("x")})
	r.write(func(tx *store.Tx) error {
		_, err := tx.EndRun(r.openRuns()[0].ID, store.RunAborted, "", time.Now().UnixMilli())
		return err
	})
	r.quiet()
	if got := r.notes(); !slices.Equal(got, []string{"Hook Hook (error): Error: the run was stopped before its end"}) {
		t.Errorf("notes %q", got)
	}
}

// TestHook_crashAnywhere cuts the store off at its n-th step, for every n until all is done before the cut. The caller
// repeats what was not answered: it is done once, and what was answered too.
func TestHook_crashAnywhere(t *testing.T) {
	t.Parallel()
	calls := []func(actors.Reply[HookAnswer]) Message{
		func(to actors.Reply[HookAnswer]) Message {
			return HookTurn{Reply: to, ID: uuid.NewString(), Delivery: "turn", Name: "Mail", Payload: message("x")}
		},
		func(to actors.Reply[HookAnswer]) Message { return HookWake{Reply: to, Delivery: "wake", Text: "woken"} },
	}
	for n := int64(0); ; n++ {
		var steps atomic.Int64
		cut := setup{config: running, dir: t.TempDir(), fault: func(stage string) error {
			if stage == "migrate" || stage == "open" || steps.Add(1) <= n {
				return nil
			}
			return errors.New("power cut")
		}}.start(t)
		answers := make([]HookAnswer, len(calls))
		done := true
		for i, m := range calls {
			var err error
			answers[i], err = cut.hook(m)
			done = done && err == nil
		}
		done = done && cut.tryFinish(cut.openRuns()[0]) == nil && untilTold(cut, &steps, n)
		cut.kill()

		b := setup{config: running, dir: cut.dir}.start(t)
		for i, m := range calls {
			a, err := b.hook(m)
			if err != nil || answers[i] != (HookAnswer{}) && a != answers[i] {
				t.Errorf("cut after %d steps: call %d: %+v, %v; was %+v", n, i, a, err, answers[i])
			}
		}
		for _, run := range b.openRuns() {
			b.finish(run, agent.Answer{Text: "done"}, agent.Done, "")
		}
		b.quiet()
		ends, accepted := b.count(hookJob)
		if notes := b.notes(); ends != 1 || accepted != 1 || len(notes) != 2 || !slices.Contains(notes, "woken") || !slices.Contains(notes, "Hook Mail: done") {
			t.Errorf("cut after %d steps: %d ends, %d runs, notes %q", n, ends, accepted, notes)
		}
		b.kill()
		if done || t.Failed() {
			t.Logf("%d steps", n)
			return
		}
	}
}

// untilTold waits until the end of the run is no news, or the cut has come.
func untilTold(r *rig, steps *atomic.Int64, n int64) bool {
	for deadline := time.Now().Add(patience); ; {
		if news := readStore(r, func(v *store.View) ([]store.CronRun, error) { return v.CronNews() }); len(news) == 0 {
			return true
		}
		if steps.Load() > n {
			return false
		}
		if time.Now().After(deadline) {
			r.t.Fatal("neither told nor cut")
		}
	}
}
