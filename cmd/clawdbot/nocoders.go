//go:build nocoders || slim

package main

import "github.com/clawdbot/gateway/providers/codeagent"

// codingAgents: this program was built without them.
func codingAgents() []codeagent.Protocol { return nil }
