package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) statusCommand(name string) *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   name,
		Short: "Show surfaces, sessions and the outbox of the running gateway",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return query(a, c, f, "status", nil, a.showStatus)
		},
	}
	f.register(c)
	return c
}

func (a *app) showStatus(s wire.StatusSummary) error {
	if len(s.DevEndpoints) > 0 {
		fmt.Fprintf(a.out, "WARNING: test addresses replace %s (dev.endpoints)\n\n", oneLine(strings.Join(s.DevEndpoints, ", ")))
	}
	for _, line := range s.ProviderSummary {
		fmt.Fprintln(a.out, oneLine(line))
	}
	t := a.newTable()
	if o := s.Outbox; o != nil {
		t.row("Outbox", fmt.Sprintf("%d queued, %d sending, %d ambiguous, %d failed", o.Queued, o.Sending, o.Ambiguous, o.Failed))
	}
	model := "builtin"
	if m := s.Sessions.Defaults.Model; m != nil {
		model = *m
	}
	t.row("Model", model)
	t.row("Sessions", fmt.Sprint(s.Sessions.Count))
	if n := len(s.QueuedSystemEvents); n > 0 {
		t.row("Waiting for the next turn", fmt.Sprintf("%d system events", n))
	}
	if err := t.flush(); err != nil || len(s.Sessions.Recent) == 0 {
		return err
	}
	fmt.Fprintln(a.out)
	now := time.Now()
	t = a.newTable("SESSION", "KIND", "UPDATED", "FLAGS")
	for _, r := range s.Sessions.Recent {
		t.row(r.Key, r.Kind, ago(r.UpdatedAt, now), strings.Join(r.Flags, " "))
	}
	return t.flush()
}
