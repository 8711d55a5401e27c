package actors

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// strategy is the one supervision strategy of a system. It applies the failed actor's own Restart,
// never asks the supervisor for anything and never escalates, so it serves as guardian too.
type strategy struct {
	jitter func(time.Duration) time.Duration
}

// failure is the reason that protoactor carries to the strategy.
type failure struct {
	cell *cell
	err  error
}

var _ actor.SupervisorStrategy = (*strategy)(nil)

// HandleFailure runs on the failed actor's goroutine.
func (s *strategy) HandleFailure(_ *actor.ActorSystem, _ actor.Supervisor, _ *actor.PID, _ *actor.RestartStatistics, reason, _ any) {
	f, ok := reason.(*failure)
	if !ok {
		return // nothing else calls EscalateFailure
	}
	f.cell.decide(f.err, s.jitter)
}

// fail ends the incarnation at once, not only when the restart is due: what it holds outside must
// not outlive it by a backoff.
func (c *cell) fail(err error) {
	if c.host != nil {
		c.host.end(ErrCrashed)
	}
	c.mu.Lock()
	c.lastPanic = describe(err)
	stopping := c.gone || c.box.isClosed()
	c.mu.Unlock()
	if stopping {
		c.sys.log.Warn("actor failed while stopping", failureAttrs(c, err)...)
		return
	}
	for _, k := range c.sys.childrenOf(c) {
		k.stop(nil)
	}
	c.box.invoker.EscalateFailure(&failure{c, err}, nil)
}

// decide restarts the actor after the backoff, or gives up.
func (c *cell) decide(err error, jitter func(time.Duration) time.Duration) {
	delay, n := c.noteFailure(time.Now())
	if n > c.restart.Limit {
		c.sys.log.Log(context.Background(), giveUpLevel(c, err), "actor gave up", append(failureAttrs(c, err), "failures", n)...)
		if c.stop(err) && c.onGiveUp != nil {
			c.shield("OnGiveUp", func() { c.onGiveUp(err) })
		}
		return
	}
	delay = jitter(delay)
	c.sys.log.Warn("actor restarts", append(failureAttrs(c, err), "failures", n, "in", delay)...)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.restarts++
	if c.box.isClosed() {
		return
	}
	if delay <= 0 {
		c.box.PostSystemMessage(restartMessage)
		return
	}
	// The timer holds this very actor, not its name: it can never restart a namesake.
	c.backoff = time.AfterFunc(delay, func() { c.box.PostSystemMessage(restartMessage) })
}

// noteFailure returns the number of failures inside the window, with this one, and the delay that
// goes with it.
func (c *cell) noteFailure(now time.Time) (time.Duration, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := c.failures[:0]
	for _, t := range c.failures {
		if c.restart.Window <= 0 || now.Sub(t) < c.restart.Window {
			kept = append(kept, t)
		}
	}
	c.failures = append(kept, now)
	return c.restart.delay(len(c.failures)), len(c.failures)
}

// delay is the backoff before the n-th restart in a row, without jitter.
func (r Restart) delay(n int) time.Duration {
	top := max(r.Min, r.Max)
	d := r.Min
	for i := 1; i < n && d < top; i++ {
		d *= 2
	}
	return min(d, top)
}

// giveUpLevel is Warn for an actor that ended with an error as it is meant to: a connection, a run.
func giveUpLevel(c *cell, err error) slog.Level {
	if _, panicked := errors.AsType[*PanicError](err); panicked || c.restart.Limit > 0 {
		return slog.LevelError
	}
	return slog.LevelWarn
}

func failureAttrs(c *cell, err error) []any {
	attrs := []any{"actor", c.path, "kind", c.kind, "err", err}
	if p, ok := errors.AsType[*PanicError](err); ok {
		attrs = append(attrs, "stack", p.Stack)
	}
	return attrs
}

// describe is the text for the inspector, with the stack of a panic.
func describe(err error) string {
	if p, ok := errors.AsType[*PanicError](err); ok {
		return p.Error() + "\n" + p.Stack
	}
	return err.Error()
}
