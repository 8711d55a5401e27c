package health

import (
	"context"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	fresh    = time.Minute // a younger snapshot is served from the cache; also the period of refreshes
	interval = time.Second // between two refreshes that were asked for
	limit    = 15 * time.Second
)

// Options for the actor.
type Options struct {
	Stream eventstream.Stream
	// Probe makes a new snapshot. It runs off the actor and may block until ctx ends.
	Probe func(ctx context.Context) (wire.HealthSummary, error)
	// Status computes the answer to one status call, off the actor.
	Status func(ctx context.Context) (wire.StatusSummary, error)
	// HeartbeatsOff begins with agent heartbeats switched off, as they were before a restart within the process.
	HeartbeatsOff bool
}

// Props describes the actor.
func Props(o Options) actors.Props[Message] {
	return actors.Props[Message]{
		Kind: "health",
		New: func() actors.Behavior[Message] {
			return &health{o: o, snapshot: wire.Raw("{}"), heartbeats: !o.HeartbeatsOff}
		},
		Mailbox: actors.Mailbox{Count: 1 << 15, Bytes: 8 << 20},
		Restart: actors.Restart{Min: 5 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

type health struct {
	o        Options
	snapshot wire.Raw
	ts       int64     // of the snapshot, ms; 0 = none
	running  bool      // a refresh is under way
	wanted   bool      // another one was asked for meanwhile
	dueAt    time.Time // of the timer that is set
	cancel   func()
	last     time.Time
	waiting  []Get

	heartbeat  *wire.HeartbeatEvent
	heartbeats bool
}

// Start makes the first snapshot at once and sets the minute going.
func (h *health) Start(c *actors.Context[Message]) error {
	h.refresh(c)
	return nil
}

func (h *health) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case Get:
		h.onGet(c, m)
	case Cached:
		m.Send(h.snapshot)
	case Refresh:
		h.soon(c)
	case due:
		h.dueAt = time.Time{}
		h.refresh(c)
	case refreshed:
		h.onRefreshed(c, m)
	case Heartbeat:
		ev := m.Event
		h.heartbeat = &ev
		h.o.Stream.Publish(wire.Event{Name: "heartbeat", Payload: ev, Droppable: true})
	case Status:
		actors.Pipe(c, h.o.Status, func(s wire.StatusSummary, err error) Message { return computed{m.Reply, s, err} })
	case computed:
		answer(m.Reply, m.status, m.err)
	case LastHeartbeat:
		m.Send(h.heartbeat)
	case SetHeartbeats:
		h.heartbeats = m.Enabled
		m.Send(m.Enabled)
	case HeartbeatsEnabled:
		m.Send(h.heartbeats)
	}
	return nil
}

func (h *health) onGet(c *actors.Context[Message], m Get) {
	if h.ts > 0 && time.Now().UnixMilli()-h.ts < fresh.Milliseconds() {
		m.Send(h.snapshot)
		h.soon(c)
		return
	}
	h.waiting = append(h.waiting, m)
	h.refresh(c)
}

// soon refreshes once the interval since the last refresh is over.
func (h *health) soon(c *actors.Context[Message]) {
	if h.running {
		h.wanted = true
		return
	}
	h.arm(c, max(0, interval-time.Since(h.last)))
}

// arm sets the timer, unless it is set for an earlier moment already.
func (h *health) arm(c *actors.Context[Message], d time.Duration) {
	at := time.Now().Add(d)
	if !h.dueAt.IsZero() {
		if !h.dueAt.After(at) {
			return
		}
		h.cancel()
	}
	h.dueAt = at
	h.cancel = c.After(d, due{})
}

// refresh is single-flight: callers during one share its result.
func (h *health) refresh(c *actors.Context[Message]) {
	if h.running {
		return
	}
	h.running = true
	actors.Pipe(c, func(ctx context.Context) (refreshed, error) {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		start := time.Now()
		s, err := h.o.Probe(ctx)
		if err != nil {
			return refreshed{}, err
		}
		s.DurationMs = time.Since(start).Milliseconds()
		s.TS = time.Now().UnixMilli()
		raw, err := wire.Marshal(s)
		return refreshed{snapshot: raw, ts: s.TS}, err
	}, func(r refreshed, err error) Message { r.err = err; return r })
}

func (h *health) onRefreshed(c *actors.Context[Message], m refreshed) {
	if !h.running {
		return // a duplicate
	}
	h.running, h.last = false, time.Now()
	waiting := h.waiting
	h.waiting = nil
	if m.err != nil {
		for _, w := range waiting {
			w.Fail(m.err)
		}
		h.next(c)
		return
	}
	h.snapshot, h.ts = m.snapshot, m.ts
	h.o.Stream.BumpHealth()
	sv := h.o.Stream.Versions()
	h.o.Stream.PublishThen(wire.Event{Name: "health", Payload: m.snapshot, StateVersion: &sv}, func() {
		for _, w := range waiting { // the event comes before the responses (protocol 2)
			w.Send(m.snapshot)
		}
	})
	h.next(c)
}

// next arms the timer of the next refresh: soon if somebody asked meanwhile, else in a minute.
func (h *health) next(c *actors.Context[Message]) {
	d := fresh
	if h.wanted {
		d = interval
	}
	h.wanted = false
	h.arm(c, d)
}

func answer[T any](r actors.Reply[T], v T, err error) {
	if err != nil {
		r.Fail(err)
		return
	}
	r.Send(v)
}
