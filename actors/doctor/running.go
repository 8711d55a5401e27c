package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

const (
	stuckFor   = time.Minute // of one message of an actor
	manyStarts = 5           // restarts of an actor
	quietFor   = 7 * 24 * time.Hour
)

// ask calls a method of the running gateway. A failure is a finding by itself.
func (p *patient) ask(method string, params, result any) bool {
	if p.Call == nil {
		return false
	}
	if err := p.Call(p.ctx, method, params, result); err != nil {
		p.add("gateway.unanswered", Error, "clawdbot actors shows what is stuck; clawdbot logs what happened.", "%s: %v", method, err)
		return false
	}
	return true
}

// gateway: what runs is what was asked for.
func (p *patient) gateway() {
	if p.Running != "" && p.Running != p.Version {
		p.add("gateway.version", Warning, "Restart the gateway, or update the other one.", "the gateway that runs is version %s, this program is %s", p.Running, p.Version)
	}
	var s wire.StatusSummary
	if !p.ask("status", struct{}{}, &s) {
		return
	}
	if c := s.Config; c != nil {
		switch {
		case c.Problem != "":
			p.add("gateway.old-config", Error, "Correct the config file: it is taken up by itself.", "the gateway goes on with an older configuration: %s", c.Problem)
		case c.RestartNeeded != "":
			p.add("gateway.restart-needed", Warning, "Restart the gateway.", "a change waits for a restart: %s", c.RestartNeeded)
		}
	}
	if c := s.TLS; c != nil && c.Problem != "" {
		p.add("tls.not-taken-up", Warning, "Correct the file: it is taken up by itself.", "the gateway goes on with an older certificate: %s", c.Problem)
	}
	if ts := s.Tailscale; ts != nil && ts.URL == "" {
		p.add("tailscale.unpublished", Warning, "What it says; the gateway tries again by itself every few minutes.", "tailscale %s: %s", ts.Mode, ts.Problem)
	}
	if t := s.Traces; t != nil && t.Problem != "" {
		p.add("traces.refused", Warning, "What it says; docs/monitoring.md, \"Traces\". Messages do not wait for it.", "traces do not reach their collector: %s", t.Problem)
	}
	if d := s.Discovery; d != nil && !d.Announced && d.Reason != "" {
		p.add("discovery.off", Info, "Nodes need the gateway's address then.", "devices cannot find the gateway by themselves: %s", d.Reason)
	}
}

// accounts: each is up, hears, and its credentials are good.
func (p *patient) accounts() {
	var all map[string]wire.Raw
	if !p.ask("providers.status", wire.ProvidersStatusParams{Probe: true}, &all) {
		return
	}
	var accounts []wire.ProviderAccount
	_ = wire.Unmarshal(all["accounts"], &accounts) // absent in an older gateway
	for _, a := range accounts {
		p.account(a)
	}
	for _, surface := range slices.Sorted(maps.Keys(all)) {
		var s struct {
			Probe *struct {
				OK    bool    `json:"ok"`
				Error *string `json:"error"`
			} `json:"probe"`
		}
		if wire.Unmarshal(all[surface], &s) == nil && s.Probe != nil && !s.Probe.OK && s.Probe.Error != nil {
			p.add("account.refused", Error, "docs/providers/"+surface+".md says where its credentials come from.", "%s does not accept us: %s", surface, *s.Probe.Error)
		}
	}
}

func (p *patient) account(a wire.ProviderAccount) {
	next := "docs/providers/" + a.Provider + ".md, \"When something is wrong\""
	switch {
	case a.State == "terminal" && strings.HasPrefix(a.Reason, "not linked"):
		if p.doc.Has("whatsapp") || p.doc.Has("web") { // else nobody has asked for it
			p.add("account.unlinked", Warning, "clawdbot login, and scan the code with the phone.", "%s is configured and linked to no phone", a.Account)
		}
	case a.Deaf != "":
		p.add("account.deaf", Error, "clawdbot providers restart "+a.Account, "%s is connected and hears nothing: %s", a.Account, a.Deaf)
	case a.State == "terminal":
		p.add("account.stopped", Error, next, "%s has stopped for good: %s", a.Account, a.Reason)
	case a.State == "stuck":
		p.add("account.stuck", Error, "Restart the gateway; tell us what clawdbot logs shows.", "%s: %s", a.Account, a.Reason)
	case a.State == "backoff":
		p.add("account.failing", Warning, next, "%s has failed %d times in a row: %s", a.Account, a.Failures, a.Reason)
	case a.State == "degraded":
		p.add("account.degraded", Warning, next, "%s: %s", a.Account, a.Reason)
	case a.State == "up" && a.LastInboundAgeMs != nil && *a.LastInboundAgeMs > quietFor.Milliseconds():
		p.add("account.quiet", Info, "Write to it, to be sure.", "%s has had no message for %d days", a.Account, *a.LastInboundAgeMs/(24*time.Hour).Milliseconds())
	}
}

// deliveries: nothing waits for long, nothing is in doubt.
func (p *patient) deliveries() {
	for _, l := range []struct {
		state, id, text string
		s               Severity
	}{
		{"failed", "outbox.failed", "%d messages were not delivered: %s", Warning},
		{"ambiguous", "outbox.ambiguous", "%d messages may or may not have arrived: %s", Warning},
	} {
		var r wire.OutboxListResult
		if !p.ask("outbox.list", wire.OutboxListParams{State: l.state}, &r) {
			return
		}
		if len(r.Items) > 0 {
			it := r.Items[0]
			p.add(l.id, l.s, "clawdbot outbox list --state "+l.state+"; then outbox retry or outbox drop", l.text, len(r.Items), it.Account+": "+it.Reason)
		}
	}
}

// schedules: the last run of each job was a good one.
func (p *patient) schedules() {
	var r wire.CronListResult
	if !p.ask("cron.list", struct{}{}, &r) {
		return
	}
	for _, j := range r.Jobs {
		if j.Enabled && j.State.LastStatus == "error" {
			p.add("cron.failing", Warning, "clawdbot cron runs "+j.ID, "the job %q failed the last time: %s", j.Name, j.State.LastError)
		}
	}
}

// models answer, and there is something left to spend on them.
func (p *patient) models() {
	var m wire.ModelsStatusResult
	if p.ask("models.status", struct{}{}, &m) {
		for _, s := range m.Providers {
			if c := s.Circuit; c != nil {
				p.add("models.down", Warning, "clawdbot models status --probe asks it at once; clawdbot models fallbacks add another one.",
					"%s does not answer, %d requests in a row have failed: %s", s.Provider, c.Failures, c.Error)
			}
		}
	}
	var u wire.UsageStatusResult
	if !p.ask("usage.status", wire.UsageStatusParams{}, &u) {
		return
	}
	for _, t := range u.Triggers {
		if t.Reached != nil {
			p.add("usage.limit", Warning, "clawdbot usage shows what it went to; "+t.Reached.Setting+" sets the limit.", "no more runs of %s today: its limit is used up", t.Trigger)
		}
	}
	for _, w := range u.Warnings {
		p.add("usage.unpriced", Warning, "docs/models.md, \"Limits\"", "%s", w)
	}
}

// skills that are switched on have what they need.
func (p *patient) skills() {
	var r wire.SkillsStatusResult
	if !p.ask("skills.status", struct{}{}, &r) {
		return
	}
	for _, s := range r.Skills {
		if s.Always && !s.Eligible && !s.Disabled {
			missing := append(append([]string{}, s.Missing.Bins...), s.Missing.Env...)
			p.add("skills.lacking", Warning, "clawdbot skills info "+s.Name, "the skill %s cannot be used: it lacks %s", s.Name, strings.Join(missing, ", "))
		}
	}
}

// tree: no actor is stuck or restarted again and again.
func (p *patient) tree() {
	var r wire.ActorsListResult
	if !p.ask("actors.list", struct{}{}, &r) {
		return
	}
	for _, a := range r.Actors {
		switch {
		case time.Duration(a.CurrentForMs)*time.Millisecond > stuckFor:
			p.add("actor.stuck", Error, "Restart the gateway; tell us what clawdbot actors shows.", "%s has worked on %s for %s", a.Path, a.Current, time.Duration(a.CurrentForMs)*time.Millisecond)
		case a.Restarts > manyStarts:
			p.add("actor.restarting", Warning, "clawdbot logs has the stack; tell us.", "%s was restarted %d times%s", a.Path, a.Restarts, because(a.LastPanic))
		}
	}
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return fmt.Sprintf(": %s", why)
}
