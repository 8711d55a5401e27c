package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) wakeCommand() *cobra.Command {
	var f clientFlags
	p := wire.WakeParams{Mode: "next-heartbeat"}
	c := &cobra.Command{
		Use:     "wake --text TEXT",
		Short:   "Tell the main session something, at its next turn or now",
		Example: "  clawdbot wake --mode now --text \"The backup has failed\"",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if strings.TrimSpace(p.Text) == "" {
				return usage("--text is needed")
			}
			if p.Mode != "now" && p.Mode != "next-heartbeat" {
				return usage("--mode is now or next-heartbeat")
			}
			return query(a, c, f, "wake", p, func(r wire.OKResult) error {
				if !r.OK {
					return errors.New("the gateway did not take it: the text is blank")
				}
				_, err := fmt.Fprintln(a.out, "The main session will hear of it.")
				return err
			})
		},
	}
	c.Flags().StringVar(&p.Text, "text", "", "what to say")
	c.Flags().StringVar(&p.Mode, "mode", p.Mode, "now, or with the next-heartbeat")
	f.register(c)
	return c
}
