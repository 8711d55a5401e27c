package store

import (
	"context"
	"errors"
	"time"

	"github.com/clawdbot/gateway/actors"
)

// writer is the actor over the engine: it owns the goroutine that runs batches and decides when.
type writer struct {
	s        *Store
	kick     chan struct{} // to the goroutine; holds at most one
	exited   chan struct{} // closed when the goroutine is gone
	sweeping bool
	cancel   func() // the timer of the next sweep
}

func spawnWriter(p actors.Parent, s *Store) (actors.Ref[Message], error) {
	return actors.Spawn(p, "store", actors.Props[Message]{
		Kind: "store",
		New: func() actors.Behavior[Message] {
			return &writer{s: s, kick: make(chan struct{}, 1), exited: make(chan struct{}), cancel: func() {}}
		},
		Restart:  actors.Restart{Min: 20 * time.Millisecond, Max: time.Second, Window: fatalWindow, Limit: fatalFailures - 1},
		OnGiveUp: s.opts.OnFatal,
	})
}

// Start begins an incarnation: its goroutine first takes what is queued.
func (w *writer) Start(c *actors.Context[Message]) error {
	go func() {
		defer close(w.exited)
		w.s.engine.run(c.Ctx(), w.kick)
	}()
	w.schedule(c)
	return nil
}

var errExited = errors.New("the goroutine that runs batches is gone")

// Receive decides; the goroutines do.
func (w *writer) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case wake:
		return w.onWake()
	case sweep:
		w.onSweep(c)
	case swept:
		w.onSwept(c, m)
	}
	return nil
}

func (w *writer) onWake() error {
	select {
	case <-w.exited:
		return errExited
	case w.kick <- struct{}{}:
	default: // it has a kick that it did not get to yet
	}
	return nil
}

func (w *writer) onSweep(c *actors.Context[Message]) {
	w.schedule(c)
	if w.sweeping {
		return
	}
	w.sweeping = true
	actors.Pipe(c, func(ctx context.Context) (int, error) {
		return w.s.Sweep(ctx, w.s.opts.Now())
	}, func(rows int, err error) Message { return swept{rows, err} })
}

func (w *writer) onSwept(c *actors.Context[Message], m swept) {
	w.sweeping = false
	if m.err != nil {
		c.Log().Warn("store sweep failed", "err", m.err)
	} else if m.rows > 0 {
		c.Log().Debug("store swept", "rows", m.rows)
	}
}

func (w *writer) schedule(c *actors.Context[Message]) {
	w.cancel()
	w.cancel = c.After(sweepInterval, sweep{})
}
