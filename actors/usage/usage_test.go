package usage

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
)

// rig is a ledger with a store of its own, and a clock and limits that tests set.
type rig struct {
	*Ledger
	st     *store.Store
	broken atomic.Bool // commits fail
	now    time.Time
	limit  map[string]Limit
}

func newRig(t *testing.T, limit map[string]Limit) *rig {
	t.Helper()
	r := &rig{now: time.Date(2026, 11, 29, 20, 30, 0, 0, time.UTC), limit: limit}
	dir := t.TempDir()
	r.open(t, dir)
	return r
}

// open opens the store of a directory, and a ledger on it.
func (r *rig) open(t *testing.T, dir string) (shut func()) {
	t.Helper()
	sys := actors.NewSystem(actors.SystemOptions{})
	st, err := store.Open(store.Options{Dir: dir, Fault: func(stage string) error {
		if stage == "commit" && r.broken.Load() {
			return errors.New("the disk is broken")
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Start(sys); err != nil {
		t.Fatal(err)
	}
	shut = sync.OnceFunc(func() {
		if err := errors.Join(sys.Stop(context.Background()), st.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(shut)
	r.st = st
	r.Ledger = New(Options{Store: st, Limits: func(trigger string) Limit { return r.limit[trigger] }, Now: func() time.Time { return r.now }})
	return shut
}

// spent is a request of so many tokens and dollars.
func spent(tokens int64, cost float64) agent.Spent {
	return agent.Spent{Usage: agent.Usage{Input: tokens - 1, Output: 1}, Cost: cost}
}

// limited is the error of a run that may not ask a model, "" = it may.
func limited(t *testing.T, m *Meter) string {
	t.Helper()
	err := m.Allow(t.Context(), "p/m", true)
	if _, ok := errors.AsType[*Limited](err); err != nil && !ok {
		t.Fatal(err)
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestRunLimit: a run is stopped between its requests once it has taken what it may; another one begins with nothing.
func TestRunLimit(t *testing.T) {
	r := newRig(t, map[string]Limit{"chat": {RunTokens: 1000, RunCost: 0.5}})
	m := r.Meter("chat")
	m.Count(t.Context(), "p/m", spent(999, 0))
	if text := limited(t, m); text != "" {
		t.Error(text)
	}
	m.Count(t.Context(), "p/m", spent(1500, 0))
	const want = "the turn was stopped: it has taken 2,499 tokens, and a turn of chat may take 1,000 (agent.limits.chat.runTokens)"
	if text := limited(t, m); text != want {
		t.Error(text)
	}
	m = r.Meter("chat")
	m.Count(t.Context(), "p/m", spent(10, 0.75))
	if text := limited(t, m); !strings.Contains(text, "taken $0.75") || !strings.Contains(text, "may take $0.50 (agent.limits.chat.runCostUsd)") {
		t.Error(text)
	}
	if text := limited(t, r.Meter("chat")); text != "" {
		t.Error(text)
	}
}

// TestDayLimit: the runs of a trigger share what a day has. Those of others have theirs, and the next day has its own.
func TestDayLimit(t *testing.T) {
	r := newRig(t, map[string]Limit{"chat": {DayTokens: 1000}, "hook": {DayCost: 1}})
	r.Meter("chat").Count(t.Context(), "p/m", spent(600, 0))
	second := r.Meter("chat")
	second.Count(t.Context(), "p/n", spent(600, 0))
	const want = "the limit of tokens for chat is used up for today: 1,200 tokens of 1,000 (agent.limits.chat.dayTokens). It ends at 00:00 UTC, in 3 h 30 min"
	if text := limited(t, second); text != want {
		t.Error(text)
	}
	if text := limited(t, r.Meter("hook")); text != "" {
		t.Error(text)
	}
	r.now = r.now.Add(3*time.Hour + 30*time.Minute)
	if text := limited(t, r.Meter("chat")); text != "" {
		t.Error(text)
	}
	r.now = r.now.Add(-time.Second)
	if text := limited(t, r.Meter("chat")); !strings.HasSuffix(text, "in 1 min") {
		t.Error(text)
	}
}

// TestUnpriced: a limit of cost does not count a model without a price, and says so; a limit of tokens does.
func TestUnpriced(t *testing.T) {
	r := newRig(t, map[string]Limit{"cron": {DayCost: 1, DayTokens: 5000}})
	m := r.Meter("cron")
	s := spent(3000, 0)
	s.Unpriced = true
	m.Count(t.Context(), "p/free", s)
	if text := limited(t, m); text != "" {
		t.Error(text)
	}
	status, err := r.Status(t.Context(), 7)
	if err != nil || len(status.Warnings) != 1 || !strings.Contains(status.Warnings[0], "the limit of cost for cron does not count p/free, which has no price") {
		t.Errorf("%+v, %v", status.Warnings, err)
	}
	m.Count(t.Context(), "p/m", spent(10, 2))
	if text := limited(t, m); !strings.Contains(text, "$2.00 of $1.00") || !strings.HasSuffix(text, "; 3,000 tokens of models without a price are not in it") {
		t.Error(text)
	}
	m.Count(t.Context(), "p/free", s)
	if text := limited(t, m); !strings.Contains(text, "agent.limits.cron.dayTokens") {
		t.Error(text)
	}
}

// TestKept: what was counted is there after the store was opened again, each request once, whoever counted it.
func TestKept(t *testing.T) {
	dir := t.TempDir()
	r := &rig{now: time.Date(2026, 11, 29, 20, 30, 0, 0, time.UTC)}
	shut := r.open(t, dir)
	var all sync.WaitGroup
	for run := range 8 {
		all.Go(func() {
			m := r.Meter([]string{"chat", "hook"}[run%2])
			for range 5 {
				m.Count(t.Context(), fmt.Sprint("p/m", run%3), spent(100, 0.01))
			}
		})
	}
	all.Wait()
	shut()
	defer r.open(t, dir)()
	status, err := r.Status(t.Context(), 7)
	if u := status.Total; err != nil || u.Runs != 8 || u.Requests != 40 || u.Tokens != 4000 || u.Output != 40 || u.CostUSD < 0.399 || u.CostUSD > 0.401 {
		t.Errorf("%+v, %v", u, err)
	}
	if len(status.Models) != 3 || status.Models[0].Used.Tokens != 1500 || status.Triggers[0].Used.Tokens != 2000 || status.Triggers[1].Used.Tokens != 0 {
		t.Errorf("%+v", status)
	}
}

// TestBrokenStore: what the store did not take counts all the same, and is written by the next request or by the end of the run.
func TestBrokenStore(t *testing.T) {
	r := newRig(t, map[string]Limit{"chat": {DayTokens: 150}})
	m := r.Meter("chat")
	r.broken.Store(true)
	m.Count(t.Context(), "p/m", spent(100, 0))
	r.broken.Store(false)
	if text := limited(t, m); text != "" {
		t.Error(text)
	}
	m.Count(t.Context(), "p/m", spent(100, 0))
	if text := limited(t, r.Meter("chat")); !strings.Contains(text, "200 tokens of 150") {
		t.Error(text)
	}
	r.broken.Store(true)
	m.Count(t.Context(), "p/m", spent(100, 0))
	if text := limited(t, m); !strings.Contains(text, "300 tokens of 150") {
		t.Error(text)
	}
	r.broken.Store(false)
	if err := r.st.Do(t.Context(), m.Flush); err != nil {
		t.Fatal(err)
	}
	if text := limited(t, r.Meter("chat")); !strings.Contains(text, "300 tokens of 150") {
		t.Error(text)
	}
}

// TestDays: old days go.
func TestDays(t *testing.T) {
	r := newRig(t, nil)
	first, _ := today(r.now)
	for range keepDays + 3 {
		r.Meter("chat").Count(t.Context(), "p/m", spent(10, 0))
		r.now = r.now.AddDate(0, 0, 1)
	}
	status, err := r.Status(t.Context(), 99)
	if err != nil || len(status.Days) != keepDays || status.Days[0].Used.Tokens != 10 || status.Days[0].Day <= status.Days[1].Day {
		t.Errorf("%d days, %v", len(status.Days), err)
	}
	if err := r.st.View(t.Context(), func(v *store.View) error {
		_, found, err := v.Get(bucket, first)
		if found {
			t.Error("the first day is still there")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if status, err = r.Status(t.Context(), 2); err != nil || len(status.Days) != 2 {
		t.Errorf("%+v, %v", status.Days, err)
	}
}

// TestTell: an owner reads what is the matter and where to change it, others neither numbers nor settings.
func TestTell(t *testing.T) {
	r := newRig(t, map[string]Limit{"chat": {DayTokens: 10, RunTokens: 100}})
	m := r.Meter("chat")
	for range 2 { // the limit of the day, then that of the run
		m.Count(t.Context(), "p/m", spent(60, 0))
		var l agent.Refusal
		if err := m.Allow(t.Context(), "p/m", true); !errors.As(err, &l) || !strings.Contains(l.Tell(true), "agent.limits.chat.") || strings.Contains(l.Tell(false), "agent.") ||
			strings.ContainsAny(strings.ReplaceAll(l.Tell(false), "00:00", ""), "0123456789") {
			t.Errorf("%v", err)
		}
	}
}
