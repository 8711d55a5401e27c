//go:build !nocoders && !slim

package main

import (
	"github.com/clawdbot/gateway/providers/codeagent"
	"github.com/clawdbot/gateway/providers/codeagent/acp"
	"github.com/clawdbot/gateway/providers/codeagent/pi"
)

// codingAgents are the protocols of coding agents. -tags nocoders builds a program without them.
func codingAgents() []codeagent.Protocol {
	return []codeagent.Protocol{acp.Protocol(), pi.Protocol()}
}
