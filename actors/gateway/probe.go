package gateway

import (
	"context"
	"fmt"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/account"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/outbox"
	"github.com/clawdbot/gateway/actors/session"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// probeEvery is the shortest time between two live probes of the platforms.
const probeEvery = time.Minute

// probe makes a health snapshot (protocol 6.1).
func (g *Gateway) probe(ctx context.Context) (wire.HealthSummary, error) {
	h := wire.HealthSummary{OK: true, HeartbeatSeconds: g.heartbeatSeconds()}
	h.Telegram.Configured, h.Discord.Configured = g.section("telegram").tokenThere(), g.section("discord").tokenThere()
	h.Deaf, h.ModelsDown = g.deaf(), g.modelsDown()
	g.liveProbes(ctx)
	h.Telegram.Probe = probed[wire.TelegramProbe](g.tree.directory, "telegram")
	h.Discord.Probe = probed[wire.DiscordProbe](g.tree.directory, "discord")
	if s, ok := g.tree.directory.Surface("whatsapp"); ok {
		h.Web = s.Web(time.Now())
	}
	err := g.store.View(ctx, func(v *store.View) error {
		failed, ambiguous, err := v.OutLost()
		if failed+ambiguous > 0 {
			h.Undelivered = &wire.Undelivered{Failed: int64(failed), Ambiguous: int64(ambiguous)}
		}
		return err
	})
	if err != nil {
		return h, err
	}
	rows, err := g.sessions(ctx)
	if err != nil {
		return h, err
	}
	now := time.Now().UnixMilli()
	h.Sessions = wire.HealthSessions{Path: g.storePath(), Count: int64(len(rows)), Recent: []wire.HealthSession{}}
	for _, r := range rows[:min(5, len(rows))] {
		at, age := r.UpdatedAt, now-r.UpdatedAt
		h.Sessions.Recent = append(h.Sessions.Recent, wire.HealthSession{Key: r.Key, UpdatedAt: &at, Age: &age})
	}
	return h, nil
}

// liveProbes asks the platforms of the health snapshot anew when what is known of one is older than a minute.
func (g *Gateway) liveProbes(ctx context.Context) {
	for _, surface := range []string{"telegram", "discord"} {
		s, ok := g.tree.directory.Surface(surface)
		if ok && s.Phase != account.Disabled && time.Since(time.UnixMilli(s.LastProbe)) > probeEvery {
			_, _ = ask(ctx, g.tree.accounts, func(r actors.Reply[[]account.State]) account.Message {
				return account.Status{Reply: r, Probe: true}
			})
			return // it asked all of them
		}
	}
}

// probed is the last live probe of a surface; nil while it is off.
func probed[T any](d *account.Directory, surface string) *T {
	s, ok := d.Surface(surface)
	if !ok || s.Phase == account.Disabled || s.Probe == nil {
		return nil
	}
	raw, err := wire.Marshal(s.Probe)
	p := new(T)
	if err != nil || wire.Unmarshal(raw, p) != nil {
		return nil
	}
	return p
}

func (g *Gateway) heartbeatSeconds() float64 {
	if s := g.doc.Load().Config.Web.HeartbeatSeconds; s > 0 {
		return float64(s)
	}
	return 60
}

// sessions lists the sessions that people have, newest first.
func (g *Gateway) sessions(ctx context.Context) ([]store.Session, error) {
	var rows []store.Session
	err := g.store.View(ctx, func(v *store.View) error {
		all, err := v.Sessions()
		for _, r := range all {
			if r.Key != "global" && r.Key != "unknown" {
				rows = append(rows, r)
			}
		}
		return err
	})
	return rows, err
}

// status answers the status method (protocol 6.2).
func (g *Gateway) status(ctx context.Context) (wire.StatusSummary, error) {
	s := wire.StatusSummary{
		HeartbeatSeconds: g.heartbeatSeconds(), ProviderSummary: []string{}, QueuedSystemEvents: []string{},
	}
	for _, a := range g.tree.directory.States() {
		s.ProviderSummary = append(s.ProviderSummary, summaryLine(a))
	}
	for _, surface := range []string{"telegram", "slack", "discord", "whatsapp"} {
		if g.endpoint(surface) != "" {
			s.DevEndpoints = append(s.DevEndpoints, surface)
		}
	}
	file, err := ask(ctx, g.tree.config, func(r actors.Reply[config.State]) config.Message { return config.Status{Reply: r} })
	if err != nil {
		return s, err
	}
	s.Config = &wire.StatusConfig{Valid: !file.Invalid, Problem: file.Problem, RestartNeeded: file.Restart}
	rows, err := g.sessions(ctx)
	if err != nil {
		return s, err
	}
	if s.QueuedSystemEvents, err = g.systemEvents(ctx); err != nil {
		return s, err
	}
	s.Sessions = session.Summary(rows, g.sessionOptions(), time.Now())
	counts, err := ask(ctx, g.tree.outbox, func(r actors.Reply[outbox.Counts]) outbox.Message { return outbox.Count{Reply: r} })
	if err != nil {
		return s, err
	}
	s.Outbox = &wire.OutboxCounts{
		Queued: int64(counts.Queued), Sending: int64(counts.Sending), Ambiguous: int64(counts.Ambiguous), Failed: int64(counts.Failed),
	}
	s.Discovery, s.TLS, s.Tailscale, s.Traces = g.discoveryInfo(), g.tlsInfo(), g.tailscaleInfo(), g.tracesInfo()
	return s, nil
}

// summaryLine is one surface in words: what it is, how it is, since when.
func summaryLine(a account.State) string {
	line := a.Account + ": " + string(a.Phase)
	if a.Deaf != "" {
		line += ", deaf: " + a.Deaf
	}
	if a.Self != "" {
		line += " as " + a.Self
	}
	if a.Reason != "" {
		line += " (" + a.Reason + ")"
	}
	if h := a.Holder; h != nil && h.Ours {
		line += fmt.Sprintf(", session held by pid %d since %s", h.PID, h.Since.Local().Format(time.DateTime))
	}
	if a.LastSeen > 0 {
		line += ", last heard of " + time.Since(time.UnixMilli(a.LastSeen)).Round(time.Second).String() + " ago"
	}
	return line
}
