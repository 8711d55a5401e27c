//go:build notui || slim

package main

import "github.com/spf13/cobra"

func (a *app) tuiCommand() *cobra.Command {
	return leftOut("tui", "this program was built without the chat in the terminal; the full one has it. There is also: clawdbot agent --message TEXT")
}
