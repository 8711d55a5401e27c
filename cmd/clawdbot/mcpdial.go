//go:build !nomcp && !slim

package main

import (
	"github.com/clawdbot/gateway/providers/mcp"
	"github.com/clawdbot/gateway/providers/mcp/client"
)

// mcpDial connects to servers of tools. -tags nomcp builds a program without the protocol's library.
func mcpDial() mcp.Dial {
	v, _ := buildInfo()
	return client.Dialer(v)
}
