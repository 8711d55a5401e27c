package gateway

import (
	"context"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/approvals"
	"github.com/clawdbot/gateway/actors/tools"
)

// approve is the tools.Approve of tools that run commands.
func (g *Gateway) approve(ctx context.Context, c tools.Caller, r tools.ExecRequest) error {
	return approvals.Asker{
		Ref: func() actors.Ref[approvals.Message] { return g.tree.approvals }, Settings: g.execSettings,
	}.Approve(ctx, c, r)
}

func (g *Gateway) execSettings() approvals.Settings {
	e := g.doc.Load().Config.Agent.Tools.Exec
	return approvals.Settings{Security: e.Security, Ask: e.Ask, Allow: e.Allow, Timeout: time.Duration(e.TimeoutSeconds) * time.Second}
}

func (g *Gateway) approvalsOptions() approvals.Options {
	return approvals.Options{Store: g.store, Stream: g.tree.stream, State: g.tree.asked, Settings: g.execSettings, Now: g.o.Clock}
}
