package gateway

import (
	"context"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/health"
	"github.com/clawdbot/gateway/transport/wire"
)

// Beat reports the outcome of an agent heartbeat, as the part that runs them would.
func (g *Gateway) Beat(ev wire.HeartbeatEvent) error {
	return g.tree.health.Tell(health.Heartbeat{Event: ev})
}

// Heartbeats tells whether set-heartbeats lets agent heartbeats be.
func Heartbeats(ctx context.Context, g *Gateway) (bool, error) {
	return ask(ctx, g.tree.health, func(r actors.Reply[bool]) health.Message { return health.HeartbeatsEnabled{Reply: r} })
}

// CanvasForNode is what a node is told of the canvas that is connected to this local address.
func CanvasForNode(g *Gateway, local string) string { return g.canvasForNode(local) }

// Renew starts a part anew, as a change of the configuration does.
func Renew(g *Gateway, part string) error { return g.renew(map[string]bool{part: true}) }
