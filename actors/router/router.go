package router

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
)

// Props describes the actor. Its name is "router".
func Props(o Options) actors.Props[Message] {
	if o.Zone == nil {
		o.Zone = time.Local
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sweep <= 0 {
		o.Sweep = 30 * time.Second
	}
	return actors.Props[Message]{
		Kind:    "router",
		New:     func() actors.Behavior[Message] { return &router{o: &o} },
		Restart: actors.Restart{Min: 10 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

const pause = time.Second // before the inbox is tried again after a failure of the store

type router struct {
	o       *Options
	pulling bool
	dirty   bool // a Wake came during the pass
}

// Start wakes every session with work: a predecessor may have died between the commit and the word of it.
func (r *router) Start(c *actors.Context[Message]) error {
	r.pull(c, true)
	c.After(r.o.Sweep, sweep{})
	return nil
}

func (r *router) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case Wake:
		r.wake(c)
	case pulled:
		r.onPulled(c, m)
	case again:
		r.wake(c)
	case sweep:
		c.After(r.o.Sweep, sweep{})
		r.wake(c)
	}
	return nil
}

func (r *router) wake(c *actors.Context[Message]) {
	if r.pulling {
		r.dirty = true
		return
	}
	r.pull(c, false)
}

func (r *router) pull(c *actors.Context[Message], first bool) {
	r.pulling, r.dirty = true, false
	o, log := r.o, c.Log()
	actors.Pipe(c, func(ctx context.Context) (int, error) {
		if first {
			if err := resume(ctx, o); err != nil {
				return 0, err
			}
		}
		return pass(ctx, o, log)
	}, func(n int, err error) Message { return pulled{n, err} })
}

func (r *router) onPulled(c *actors.Context[Message], m pulled) {
	r.pulling = false
	switch {
	case m.err != nil && errors.Is(m.err, context.Canceled):
	case m.err != nil:
		c.Log().Warn("inbox pass failed", slog.Any("err", m.err))
		c.After(pause, again{})
	case r.dirty || m.passed > 0:
		r.pull(c, false)
	}
}

// resume wakes every session that has runs waiting.
func resume(ctx context.Context, o *Options) error {
	var keys []string
	err := o.Store.View(ctx, func(v *store.View) (err error) {
		keys, err = v.SessionKeysWithPending()
		return err
	})
	for _, key := range keys {
		o.Work(key)
	}
	return err
}
