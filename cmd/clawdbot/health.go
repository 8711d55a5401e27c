package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) healthCommand(name string) *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   name,
		Short: "Show whether the running gateway is well",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return query(a, c, f, "health", nil, a.showHealth)
		},
	}
	f.register(c)
	return c
}

func (a *app) showHealth(h wire.HealthSummary) error {
	t := a.newTable()
	t.row("Gateway", yes(h.OK, "ok", "not ok"))
	t.row("WhatsApp", yes(h.Web.Linked, "linked", "not linked"))
	telegram, discord := yes(h.Telegram.Configured, "configured", "not configured"), yes(h.Discord.Configured, "configured", "not configured")
	if p := h.Telegram.Probe; p != nil {
		telegram = yes(p.OK, "ok", "unreachable")
	}
	if p := h.Discord.Probe; p != nil {
		discord = yes(p.OK, "ok", "unreachable")
	}
	t.row("Telegram", telegram)
	t.row("Discord", discord)
	t.row("Sessions", fmt.Sprint(h.Sessions.Count))
	return t.flush()
}
