package actors

import (
	"context"
	"log/slog"
	"time"
)

// WorkEnded is the one message of an actor that Work describes.
type WorkEnded struct{ err error }

// Work describes an actor that does one thing for as long as it lives: do, on a goroutine of its own, which returns nil when its
// context ends, or when there is nothing more to do. An error or a panic of it is told to failed, and fails the actor: the thing
// is begun anew after a second, and later each time, a minute at most.
func Work(kind string, do func(ctx context.Context, log *slog.Logger) error, failed func(err error)) Props[WorkEnded] {
	return Props[WorkEnded]{
		Kind:    kind,
		New:     func() Behavior[WorkEnded] { return &worker{do, failed} },
		Restart: Restart{Min: time.Second, Max: time.Minute, Window: time.Hour, Limit: 1000},
	}
}

type worker struct {
	do     func(context.Context, *slog.Logger) error
	failed func(error)
}

func (w *worker) Start(c *Context[WorkEnded]) error {
	log := c.Log()
	Pipe(c, func(ctx context.Context) (struct{}, error) { return struct{}{}, w.do(ctx, log) },
		func(_ struct{}, err error) WorkEnded { return WorkEnded{err} })
	return nil
}

func (w *worker) Receive(_ *Context[WorkEnded], m WorkEnded) error {
	if m.err != nil {
		w.failed(m.err)
	}
	return m.err
}
