package usage

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// countLimit is how long a run waits until a request is counted in the store. What is not is written with the next one.
const countLimit = 5 * time.Second

// Meter counts one run. It is an agent.Meter.
type Meter struct {
	l       *Ledger
	trigger string

	mu      sync.Mutex
	run     count                       // guarded by mu; of the whole run
	begun   bool                        // guarded by mu; the run is counted
	unsaved map[string]map[string]count // guarded by mu; by day and model: no commit has it, and none is on its way
	ending  bool                        // guarded by mu; Flush writes unsaved
}

// Meter begins to count a run of a trigger.
func (l *Ledger) Meter(trigger string) *Meter {
	return &Meter{l: l, trigger: trigger, unsaved: map[string]map[string]count{}}
}

// Allow tells whether one more request may be made. The error is a *Limited, or the cause of ctx.
func (m *Meter) Allow(ctx context.Context, model string, priced bool) error {
	limit, now := m.l.o.Limits(m.trigger), m.l.o.Now()
	name, ends := today(now)
	m.mu.Lock()
	run := m.run
	m.mu.Unlock()
	if !priced && limit.RunCost+limit.DayCost > 0 {
		m.l.warn(name, m.trigger, model)
	}
	if err := reached(m.trigger, "run", run, limit.RunTokens, limit.RunCost, time.Time{}, now); err != nil {
		return err
	}
	if limit.DayTokens == 0 && limit.DayCost == 0 {
		return nil
	}
	used, err := m.l.used(ctx, name, m.trigger)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil { // what cannot be counted is not to be spent
		return err
	}
	m.mu.Lock()
	for _, c := range m.unsaved[name] {
		used = used.plus(c)
	}
	m.mu.Unlock()
	if err := reached(m.trigger, "day", used, limit.DayTokens, limit.DayCost, ends, now); err != nil {
		return err
	}
	return nil
}

// reached is nil while there is something left.
func reached(trigger, scope string, used count, tokens int64, cost float64, ends, now time.Time) *Limited {
	r := wire.LimitReached{Trigger: trigger, Scope: scope}
	if !ends.IsZero() {
		r.EndsAt = ends.UnixMilli()
	}
	at := "agent.limits." + trigger + "." + scope
	switch {
	case tokens > 0 && used.tokens() >= tokens:
		r.Unit, r.Used, r.Limit, r.Setting = "tokens", float64(used.tokens()), float64(tokens), at+"Tokens"
		return &Limited{Reached: r, now: now}
	case cost > 0 && used.CostUSD >= cost:
		r.Unit, r.Used, r.Limit, r.Setting = "usd", used.CostUSD, cost, at+"CostUsd"
		return &Limited{Reached: r, Unpriced: used.Unpriced, now: now}
	}
	return nil
}

// Count adds what a request took. When it returns, that is on disk, unless ctx has ended or the store is slow: then it will be.
func (m *Meter) Count(ctx context.Context, model string, s agent.Spent) {
	c := counted(s)
	name, _ := today(m.l.o.Now())
	m.mu.Lock()
	if !m.begun {
		m.begun, c.Runs = true, 1
	}
	m.run = m.run.plus(c)
	all := map[string]map[string]count{}
	if !m.ending {
		all, m.unsaved = m.unsaved, all
	}
	merge(all, name, model, c)
	m.mu.Unlock()

	done := make(chan struct{})
	m.l.o.Store.Commit(func(tx *store.Tx) error { return m.write(tx, all) }, func(err error) {
		if err != nil {
			m.l.o.Log.Warn("what a run took of a model is not stored yet", "err", err)
			m.back(all)
		}
		close(done)
	})
	ctx, cancel := context.WithTimeout(ctx, countLimit)
	defer cancel()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// Flush writes what is not stored yet into the commit that ends the run. It may be called again if that fails.
func (m *Meter) Flush(tx *store.Tx) error {
	m.mu.Lock()
	m.ending = true
	all := map[string]map[string]count{}
	for name, by := range m.unsaved {
		all[name] = maps.Clone(by)
	}
	m.mu.Unlock()
	return m.write(tx, all)
}

func (m *Meter) write(tx *store.Tx, all map[string]map[string]count) error {
	for name, by := range all {
		if err := add(tx, name, m.trigger, by); err != nil {
			return err
		}
	}
	return nil
}

// back keeps what was not written.
func (m *Meter) back(all map[string]map[string]count) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, by := range all {
		for model, c := range by {
			merge(m.unsaved, name, model, c)
		}
	}
}

func merge(all map[string]map[string]count, name, model string, c count) {
	if all[name] == nil {
		all[name] = map[string]count{}
	}
	all[name][model] = all[name][model].plus(c)
}
