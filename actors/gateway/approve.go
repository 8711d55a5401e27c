package gateway

import (
	"context"

	"github.com/clawdbot/gateway/actors/tools"
)

// approve is the tools.Approve of tools that run commands.
func (g *Gateway) approve(_ context.Context, c tools.Caller, _ tools.ExecRequest) error {
	return g.toolPolicy(c, "exec", tools.GroupExec)
}
