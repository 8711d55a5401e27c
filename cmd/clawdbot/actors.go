package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) actorsCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "actors",
		Short: "Show every actor of the running gateway and what it is doing",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return query(a, c, f, "actors.list", struct{}{}, a.showActors)
		},
	}
	f.register(c)
	return c
}

func (a *app) showActors(r wire.ActorsListResult) error {
	t := a.newTable("ACTOR", "KIND", "STATE", "QUEUED", "OLDEST", "DOING", "RESTARTS", "LAST PANIC")
	for _, i := range r.Actors {
		doing := "-"
		if i.Current != "" {
			doing = fmt.Sprintf("%s (%s)", i.Current, short(time.Duration(i.CurrentForMs)*time.Millisecond))
		}
		oldest := "-"
		if i.Depth > 0 {
			oldest = short(time.Duration(i.OldestMs) * time.Millisecond)
		}
		t.row(i.Path, i.Kind, i.State, fmt.Sprint(i.Depth), oldest, doing, fmt.Sprint(i.Restarts), i.LastPanic)
	}
	return t.flush()
}
