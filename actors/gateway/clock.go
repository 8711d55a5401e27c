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
	// stuckFor is how long a part may be at one message. None of them waits for anything but its own thoughts.
	stuckFor = 30 * time.Second
)

// growClock has somebody notice when time jumps. Without it things take longer, and nothing is lost: it is not vital.
func (g *Gateway) growClock(c *actors.Context[rootMessage]) error {
	o := clock.Options{Jumped: g.timeJumped, Read: g.o.Clocks, AliveEvery: g.o.AliveEvery}
	if o.AliveEvery == 0 {
		o.AliveEvery = aliveEvery
	}
	if tell := g.o.OnAlive; tell != nil {
		o.Alive = func() {
			if stuck := stuck(g.system.Inspect()); stuck != "" {
				g.log.Error("a part of the gateway is stuck", "actor", stuck)
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

// stuck is the path of a part of the root that has been at one message for too long; "" = there is none. What hangs under one of
// them, such as a provider's account, may have its own troubles.
func stuck(all []actors.Info) string {
	for _, a := range all {
		if a.Parent == "gateway" && a.CurrentFor > stuckFor {
			return a.Path
		}
	}
	return ""
}
