package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) healthCommand(name string) *cobra.Command {
	var f clientFlags
	var verbose bool
	c := &cobra.Command{
		Use:   name,
		Short: "Show whether the running gateway is well",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return query(a, c, f, "health", nil, func(h wire.HealthSummary) error { return a.showHealth(h, verbose) })
		},
	}
	c.Flags().BoolVar(&verbose, "verbose", false, "show when that was found out, how the platforms answered, and the newest sessions")
	f.register(c)
	return c
}

func (a *app) showHealth(h wire.HealthSummary, verbose bool) error {
	now := time.Now()
	t := a.newTable()
	t.row("Gateway", yes(h.OK, "ok", "not ok"))
	t.row("WhatsApp", yes(h.Web.Linked, "linked", "not linked"))
	telegram, discord := yes(h.Telegram.Configured, "configured", "not configured"), yes(h.Discord.Configured, "configured", "not configured")
	if p := h.Telegram.Probe; p != nil {
		telegram = probeText(p.ProbeResult, verbose)
	}
	if p := h.Discord.Probe; p != nil {
		discord = probeText(p.ProbeResult, verbose)
	}
	t.row("Telegram", telegram)
	t.row("Discord", discord)
	t.row("Sessions", fmt.Sprint(h.Sessions.Count))
	if u := h.Undelivered; u != nil {
		t.row("Undelivered", fmt.Sprintf("%d given up, %d in doubt: see clawdbot outbox list", u.Failed, u.Ambiguous))
	}
	for _, line := range h.ModelsDown {
		t.row("Models down", line)
	}
	if verbose {
		t.row("Found out", fmt.Sprintf("%s, in %d ms", ago(&h.TS, now), h.DurationMs))
		t.row("WhatsApp keepalive", fmt.Sprintf("every %g s", h.HeartbeatSeconds))
	}
	if err := t.flush(); err != nil || !verbose || len(h.Sessions.Recent) == 0 {
		return err
	}
	fmt.Fprintln(a.out)
	t = a.newTable("SESSION", "UPDATED")
	for _, s := range h.Sessions.Recent {
		t.row(s.Key, ago(s.UpdatedAt, now))
	}
	return t.flush()
}

func probeText(p wire.ProbeResult, verbose bool) string {
	text := yes(p.OK, "ok", "unreachable")
	if !verbose {
		return text
	}
	text += fmt.Sprintf(", answered in %d ms", p.ElapsedMs)
	if p.Error != nil {
		text += ": " + *p.Error
	}
	return text
}
