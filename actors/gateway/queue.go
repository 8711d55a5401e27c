package gateway

import (
	"time"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/router"
	"github.com/clawdbot/gateway/actors/session"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// enqueue accepts the run of an inbound message.
func (g *Gateway) enqueue(tx *store.Tx, run store.Run, surface string) (router.Accepted, error) {
	done, err := session.Enqueue(tx, run, func(e wire.SessionEntry) session.Queue { return g.queueOf(e, surface) })
	return router.Accepted{Refused: done.Refused, Stopped: done.Stopped}, err
}

// queueOf says how messages of a surface wait while their session is busy: what the session says, what the configuration
// in force says of the surface, and of all.
func (g *Gateway) queueOf(e wire.SessionEntry, surface string) session.Queue {
	c := g.doc.Load().Config.Routing.Queue
	mode := c.Mode
	if m, ok := c.BySurface[surface]; ok {
		mode = m
	}
	if m, ok := config.ParseQueueMode(e.QueueMode); ok {
		mode = m
	}
	q := session.Queue{Mode: string(mode), Debounce: time.Duration(c.DebounceMs) * time.Millisecond, Cap: c.Cap, Drop: c.Drop}
	if e.QueueDebounceMs != nil && *e.QueueDebounceMs >= 0 {
		q.Debounce = time.Duration(*e.QueueDebounceMs) * time.Millisecond
	}
	if e.QueueCap != nil && *e.QueueCap > 0 {
		q.Cap = int(*e.QueueCap)
	}
	if e.QueueDrop != "" {
		q.Drop = e.QueueDrop
	}
	return q
}
