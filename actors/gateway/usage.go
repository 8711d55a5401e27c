package gateway

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/health"
	"github.com/clawdbot/gateway/actors/models"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/actors/usage"
	"github.com/clawdbot/gateway/providers/model"
)

// newLedger counts what runs take of models.
func (g *Gateway) newLedger() *usage.Ledger {
	return usage.New(usage.Options{Store: g.store, Log: g.log, Limits: g.limits, Unpriced: g.unpriced, Now: g.o.Clock})
}

// limits are those of a trigger in the configuration in force.
func (g *Gateway) limits(trigger string) usage.Limit {
	all := g.doc.Load().Config.Agent.Limits
	l := map[string]config.Limit{"chat": all.Chat, "cron": all.Cron, "heartbeat": all.Heartbeat, "hook": all.Hook, "node": all.Node}[trigger]
	return usage.Limit{RunTokens: int64(l.RunTokens), DayTokens: int64(l.DayTokens), RunCost: l.RunCostUSD, DayCost: l.DayCostUSD}
}

// meter counts a run among those of what it began with.
func (g *Gateway) meter(j agent.Job) agent.Meter {
	trigger := cmp.Or(triggerOf(j), tools.TriggerChat)
	if trigger == tools.TriggerAgent { // a client, as with chat.send
		trigger = tools.TriggerChat
	}
	return g.tree.ledger.Meter(trigger)
}

// unpriced are the models that are chosen to answer and have no price.
func (g *Gateway) unpriced() (names []string) {
	for _, c := range g.chosenModels() {
		if c.Error == "" && c.Model != "builtin" && g.tree.registry.Unpriced(c.Model) {
			names = append(names, c.Model)
		}
	}
	return names
}

// countLook counts what a tool took of a model.
func countLook(ctx context.Context, t models.Target, u model.Usage) {
	if m := agent.MeterOf(ctx); m != nil && u != (model.Usage{}) {
		m.Count(ctx, t.Name(), agent.Spent{
			Usage:    agent.Usage{Input: u.Input, Output: u.Output, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite, Total: u.Prompt()},
			Cost:     t.Info.Cost.Of(u).Total(),
			Unpriced: !t.Priced,
		})
	}
}

// allowLook tells whether a tool may ask a model.
func allowLook(ctx context.Context, t models.Target) error {
	if m := agent.MeterOf(ctx); m != nil {
		return m.Allow(ctx, t.Name(), t.Priced)
	}
	return nil
}

// modelsDown are the providers and models that count as down, in words.
func (g *Gateway) modelsDown() (lines []string) {
	down := g.tree.registry.Down()
	for _, name := range slices.Sorted(maps.Keys(down)) {
		c := down[name]
		lines = append(lines, fmt.Sprintf("%s: %d requests in a row have failed (%s); next try at %s", name, c.Failures, strings.TrimSuffix(c.Error, "."),
			time.UnixMilli(c.RetryAt).Format("15:04:05 MST")))
	}
	return lines
}

// modelsChanged shows with the health snapshot that a provider or a model is down, or no longer.
func (g *Gateway) modelsChanged() {
	if !g.tree.stopping.Load() {
		_ = g.tree.health.Tell(health.Refresh{})
	}
}
