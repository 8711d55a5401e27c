package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) sessionsCommand() *cobra.Command {
	var f clientFlags
	var active int64
	var verbose bool
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
			return query(a, c, f, "sessions.list", p, func(r wire.SessionsListResult) error { return a.showSessions(r, verbose) })
		},
	}
	c.Flags().Int64Var(&active, "active", 0, "only those updated in the last so many minutes")
	c.Flags().BoolVar(&verbose, "verbose", false, "with ids, settings and where the last direct message came from")
	f.register(c)
	c.AddCommand(a.sessionsExportCommand())
	return c
}

func (a *app) showSessions(r wire.SessionsListResult, verbose bool) error {
	if len(r.Sessions) == 0 {
		_, err := fmt.Fprintln(a.out, "No sessions.")
		return err
	}
	now := time.Now()
	heads := []string{"SESSION", "KIND", "UPDATED", "MODEL", "TOKENS", "NAME"}
	if verbose {
		heads = append(heads, "LAST FROM", "SETTINGS", "ID")
	}
	t := a.newTable(heads...)
	for _, s := range r.Sessions {
		cells := []string{s.Key, s.Kind, ago(s.UpdatedAt, now), orElse(s.Model, "-"), fmt.Sprint(s.TotalTokens), s.DisplayName}
		if verbose {
			cells = append(cells, strings.TrimSpace(s.LastChannel+" "+s.LastTo), sessionSettings(s), s.SessionID)
		}
		t.row(cells...)
	}
	return t.flush()
}

// sessionSettings are the settings of a session that are its own.
func sessionSettings(s wire.SessionRow) string {
	var own []string
	for _, p := range [][2]string{{"thinking", s.ThinkingLevel}, {"verbose", s.VerboseLevel}, {"elevated", s.ElevatedLevel}, {"send", s.SendPolicy}} {
		if p[1] != "" {
			own = append(own, p[0]+" "+p[1])
		}
	}
	return orElse(strings.Join(own, ", "), "-")
}
