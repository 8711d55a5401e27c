package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) sessionsCommand() *cobra.Command {
	var f clientFlags
	var active int64
	c := &cobra.Command{
		Use:   "sessions",
		Short: "List the conversations that the gateway knows",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			p := wire.SessionsListParams{IncludeGlobal: true, IncludeUnknown: true}
			if c.Flags().Changed("active") {
				if active < 1 {
					return usage("--active is a number of minutes, at least 1")
				}
				p.ActiveMinutes = &active
			}
			return query(a, c, f, "sessions.list", p, a.showSessions)
		},
	}
	c.Flags().Int64Var(&active, "active", 0, "only those updated in the last so many minutes")
	f.register(c)
	c.AddCommand(a.sessionsExportCommand())
	return c
}

func (a *app) showSessions(r wire.SessionsListResult) error {
	if len(r.Sessions) == 0 {
		_, err := fmt.Fprintln(a.out, "No sessions.")
		return err
	}
	now := time.Now()
	t := a.newTable("SESSION", "KIND", "UPDATED", "MODEL", "TOKENS", "NAME")
	for _, s := range r.Sessions {
		t.row(s.Key, s.Kind, ago(s.UpdatedAt, now), orElse(s.Model, "-"), fmt.Sprint(s.TotalTokens), s.DisplayName)
	}
	return t.flush()
}
