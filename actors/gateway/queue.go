package gateway

import (
	"time"

	"github.com/clawdbot/gateway/actors/command"
	"github.com/clawdbot/gateway/actors/router"
	"github.com/clawdbot/gateway/actors/session"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// enqueue accepts the run of an inbound message. All of q is set.
func enqueue(tx *store.Tx, run store.Run, q command.Queue) (router.Accepted, error) {
	done, err := session.Enqueue(tx, run, func(wire.SessionEntry) session.Queue {
		return session.Queue{Mode: q.Mode, Debounce: time.Duration(*q.DebounceMs) * time.Millisecond, Cap: int(*q.Cap), Drop: q.Drop}
	})
	return router.Accepted{Refused: done.Refused, Stopped: done.Stopped}, err
}

// queueOf says how messages of a surface wait while their session is busy: what the session says, what the configuration
// in force says of the surface, and of all.
func (g *Gateway) queueOf(e wire.SessionEntry, surface string) command.Queue {
	c := g.doc.Load().Config.Routing.Queue
	mode := c.Mode
	if m, ok := c.BySurface[surface]; ok {
		mode = m
	}
	own := command.Queue{Drop: e.QueueDrop}
	own.Mode, _ = command.QueueMode(e.QueueMode)
	if e.QueueDebounceMs != nil && *e.QueueDebounceMs >= 0 {
		own.DebounceMs = e.QueueDebounceMs
	}
	if e.QueueCap != nil && *e.QueueCap > 0 {
		own.Cap = e.QueueCap
	}
	return own.Over(command.Queue{Mode: string(mode), DebounceMs: new(int64(c.DebounceMs)), Cap: new(int64(c.Cap)), Drop: c.Drop})
}
