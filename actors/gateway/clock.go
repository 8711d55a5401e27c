package gateway

import (
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/account"
	"github.com/clawdbot/gateway/actors/clock"
	"github.com/clawdbot/gateway/actors/cron"
	"github.com/clawdbot/gateway/actors/node"
)

const (
	aliveEvery = 20 * time.Second
	// hungAfter is how long a part of the root may be at one message before the system is no longer told that the gateway is
	// alive, and ends it. It is longer than what makes it unready (busyAfter): that passes, this does not.
	hungAfter = 30 * time.Second
)

// growClock has somebody notice when time jumps. Without it things take longer, and nothing is lost: it is not vital.
func (g *Gateway) growClock(c *actors.Context[rootMessage]) error {
	o := clock.Options{Jumped: g.timeJumped, Read: g.o.Clocks, AliveEvery: g.o.AliveEvery}
	if o.AliveEvery == 0 {
		o.AliveEvery = aliveEvery
	}
	if tell := g.o.OnAlive; tell != nil {
		o.Alive = func() {
			if part := hungPart(g.system.Inspect()); part != "" {
				g.log.Error("a part of the gateway is stuck", "actor", part)
				return
			}
			tell()
		}
	}
	_, err := actors.Spawn(c, "clock", clock.Props(o))
	return err
}

// timeJumped has everything looked at that may not be what it seems: connections that died in the machine's sleep, and what was
// planned for a time of day.
func (g *Gateway) timeJumped(clock.Jump) {
	t := g.tree
	_ = t.accounts.Tell(account.Reconnect{})
	_ = t.nodes.Tell(node.Check{})
	_ = t.cron.Tell(cron.Replan{})
	g.sent()
}

// hungPart is the path of a part of the root that has been at one message for too long; "" = there is none. What hangs under one of
// them, such as a provider's account, may have its own troubles.
func hungPart(all []actors.Info) string {
	for _, a := range all {
		if a.Parent == "gateway" && a.CurrentFor > hungAfter {
			return a.Path
		}
	}
	return ""
}
