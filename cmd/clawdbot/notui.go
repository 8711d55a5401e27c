//go:build notui || slim

package main

import "github.com/spf13/cobra"

func (a *app) tuiCommand() *cobra.Command {
	return &cobra.Command{Use: "tui", Short: "Not in this program: it was built without it", Hidden: true, DisableFlagParsing: true, RunE: func(*cobra.Command, []string) error {
		return usage("this program was built without the chat in the terminal; the full one has it. There is also: clawdbot agent --message TEXT")
	}}
}
