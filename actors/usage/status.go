package usage

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// answerLimit is how long a call waits for the store.
const answerLimit = 20 * time.Second

// shownDays is how many days before today are shown to those who do not say.
const shownDays = 7

// Methods answers usage.status, an addition to the protocol.
func Methods(l *Ledger) wire.Table {
	return wire.Table{
		wire.Strict("usage.status", func(c *wire.Call, p wire.UsageStatusParams) {
			days := int64(shownDays)
			if p.Days != nil {
				days = *p.Days
			}
			go func() { // reads of the store
				ctx, cancel := context.WithTimeout(context.Background(), answerLimit)
				defer cancel()
				r, err := l.Status(ctx, int(days))
				c.Answer(r, err)
			}()
		}),
	}
}

// Status is what was taken today and on the days before it.
func (l *Ledger) Status(ctx context.Context, before int) (wire.UsageStatusResult, error) {
	now := l.o.Now()
	name, ends := today(now)
	r := wire.UsageStatusResult{
		TS: now.UnixMilli(), Day: name, EndsAt: ends.UnixMilli(),
		Triggers: []wire.UsageTrigger{}, Models: []wire.UsageModel{}, Days: []wire.UsageDay{}, Warnings: []string{},
	}
	d := day{}
	err := l.o.Store.View(ctx, func(v *store.View) (err error) {
		if d, err = readDay(v, name); err != nil {
			return err
		}
		r.Days, err = daysBefore(v, name, before)
		return err
	})
	if err != nil {
		return r, err
	}
	r.Total = shown(d.total())
	models := map[string]count{}
	for _, trigger := range Triggers {
		r.Triggers = append(r.Triggers, l.trigger(trigger, d.of(trigger), ends, now))
		r.Warnings = append(r.Warnings, l.warnings(trigger, d[trigger])...)
		for model, c := range d[trigger] {
			models[model] = models[model].plus(c)
		}
	}
	for model, c := range models {
		r.Models = append(r.Models, wire.UsageModel{Model: model, Used: shown(c)})
	}
	sort.Slice(r.Models, func(i, j int) bool {
		a, b := r.Models[i], r.Models[j]
		return cmp.Or(cmp.Compare(b.Used.Tokens, a.Used.Tokens), strings.Compare(a.Model, b.Model)) < 0
	})
	return r, nil
}

// daysBefore are the latest days before one, the latest first.
func daysBefore(v *store.View, name string, most int) ([]wire.UsageDay, error) {
	all := []wire.UsageDay{}
	names, err := readDays(v)
	if err != nil {
		return all, err
	}
	for _, n := range slices.Backward(names) {
		if n >= name || len(all) == most {
			continue
		}
		d, err := readDay(v, n)
		if err != nil {
			return all, err
		}
		all = append(all, wire.UsageDay{Day: n, Used: shown(d.total())})
	}
	return all, nil
}

func (l *Ledger) trigger(name string, used count, ends, now time.Time) wire.UsageTrigger {
	limit := l.o.Limits(name)
	t := wire.UsageTrigger{
		Trigger: name, Used: shown(used), RunTokens: limit.RunTokens, RunCostUSD: limit.RunCost, DayTokens: limit.DayTokens, DayCostUSD: limit.DayCost,
	}
	if e := reached(name, "day", used, limit.DayTokens, limit.DayCost, ends, now); e != nil {
		t.Reached = &e.Reached
	}
	return t
}

// warnings say what a limit of cost does not count.
func (l *Ledger) warnings(trigger string, by map[string]count) (all []string) {
	if limit := l.o.Limits(trigger); limit.RunCost+limit.DayCost == 0 {
		return nil
	}
	var names []string
	if l.o.Unpriced != nil {
		names = l.o.Unpriced()
	}
	for name, c := range by {
		if c.Unpriced > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		all = append(all, fmt.Sprintf("the limit of cost for %s does not count %s, which has no price: %s", trigger, name, priceAdvice))
	}
	return all
}

func shown(c count) wire.UsageCount {
	return wire.UsageCount{
		Runs: c.Runs, Requests: c.Requests, Tokens: c.tokens(), Input: c.Input, Output: c.Output, CacheRead: c.CacheRead, CacheWrite: c.CacheWrite,
		CostUSD: c.CostUSD, UnpricedTokens: c.Unpriced,
	}
}
