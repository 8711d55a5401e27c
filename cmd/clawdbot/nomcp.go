//go:build nomcp || slim

package main

import (
	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/providers/mcp"
)

// mcpDial: this program was built without servers of tools.
func mcpDial() mcp.Dial { return nil }

func (a *app) mcpServeCommand() *cobra.Command {
	return leftOut("serve", "this program was built without the Model Context Protocol; the full one has it")
}
