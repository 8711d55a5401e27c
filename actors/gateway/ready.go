package gateway

import (
	"fmt"
	"time"

	"github.com/clawdbot/gateway/transport/web"
)

// busyAfter is how long an actor may handle one message before the gateway no longer calls itself ready: handlers do no
// I/O and take microseconds. Any actor counts; what ends the process is in clock.go.
const busyAfter = 15 * time.Second

// readiness answers /readyz: whether work is taken, part by part. It asks nobody, so it answers also while something hangs.
func (g *Gateway) readiness() []web.Part {
	parts := []web.Part{
		{Name: "gateway", Reasons: g.ending()}, {Name: "store", Reasons: g.unwritable()},
		{Name: "actors", Reasons: g.busyKinds()}, {Name: "surfaces", Reasons: g.deaf()},
	}
	for i := range parts {
		parts[i].OK = len(parts[i].Reasons) == 0
	}
	return parts
}

// ending says why the process ends.
func (g *Gateway) ending() []string {
	if g.tree.stopping.Load() {
		return []string{"stopping"}
	}
	select {
	case err := <-g.fatal:
		g.fail(err)
		return []string{err.Error()}
	default:
		return nil
	}
}

// unwritable says why nothing is accepted: the disk is full, say, or the last batch could not be written.
func (g *Gateway) unwritable() []string {
	if err := g.store.Trouble(); err != nil {
		return []string{err.Error()}
	}
	if problem := g.store.Stats().Problem; problem != "" {
		return []string{"the database cannot be written: " + problem}
	}
	return nil
}

// busyKinds names the kinds of actors of which one hangs.
func (g *Gateway) busyKinds() (all []string) {
	for _, k := range g.system.Kinds() {
		if k.Busy > busyAfter {
			all = append(all, fmt.Sprintf("an actor of kind %s has been busy with one message for %s", k.Kind, k.Busy.Round(time.Second)))
		}
	}
	return all
}
