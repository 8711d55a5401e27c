package gateway

import (
	"github.com/clawdbot/gateway/actors/health"
	"github.com/clawdbot/gateway/transport/wire"
)

// Beat reports the outcome of an agent heartbeat, as the part that runs them would.
func (g *Gateway) Beat(ev wire.HeartbeatEvent) error {
	return g.tree.health.Tell(health.Heartbeat{Event: ev})
}
