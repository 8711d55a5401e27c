package actors

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// Context is an actor's own view of one of its incarnations. After, Spawn, Pipe and Watch are for
// its handlers; the other methods may be called from any goroutine.
type Context[M any] struct{ life }

// life is a Context without its type, so that what it does is in the program once.
type life struct {
	cell    *cell
	in      *incarnation
	spawner spawner
	log     atomic.Pointer[slog.Logger]
}

func (l *life) parent() (*System, *cell, spawner) {
	if l.in.isEnded() {
		return l.cell.sys, l.cell, nil
	}
	return l.cell.sys, l.cell, l.spawner
}

// Self is the actor's address.
func (c *Context[M]) Self() Ref[M] { return Ref[M]{address: address{c.cell}} }

// Path is the actor's path.
func (l *life) Path() string { return l.cell.path }

// Log is the system's logger with the attribute "actor".
func (l *life) Log() *slog.Logger {
	log := l.log.Load()
	if log == nil {
		log = l.cell.sys.log.With("actor", l.cell.path)
		l.log.Store(log)
	}
	return log
}

// Generation is a number that no other incarnation of any actor of this process has.
func (l *life) Generation() uint64 { return l.in.gen }

// Ctx is cancelled when this incarnation ends, before Stop runs.
func (l *life) Ctx() context.Context { return l.in.context() }

// StopSelf is Self().Stop().
func (l *life) StopSelf() { l.cell.stop(nil) }

// After tells the actor m after d, unless this incarnation is over by then. After cancel, called
// by one of its handlers, m does not come any more.
func (c *Context[M]) After(d time.Duration, m M) (cancel func()) { return c.in.after(d, m) }

func (in *incarnation) after(d time.Duration, m any) (cancel func()) {
	t := &timer{}
	if !in.own(t) {
		return func() {}
	}
	t.timer = time.AfterFunc(d, func() {
		if in.disown(t) {
			in.post(&lazy{make: func() (any, bool) { return m, !t.cancelled.Load() }})
		}
	})
	return func() {
		t.cancelled.Store(true)
		if in.disown(t) {
			t.release()
		}
	}
}

type timer struct {
	timer     *time.Timer
	cancelled atomic.Bool
}

func (t *timer) release() { t.timer.Stop() }

// post queues a message for in alone.
func (in *incarnation) post(l *lazy) {
	it := item{lazy: l, in: in, size: defaultMsgSize}
	if err := in.cell.box.push(it, true); err != nil {
		it.discard(in.cell.path)
	}
}

// Pipe runs f on its own goroutine and tells the actor wrap(result). The message comes only to this
// incarnation; it is dropped if that has ended, and then f's ctx is cancelled. A panic in f arrives as a
// *PanicError. wrap runs on the actor's goroutine. If the result holds something that must be
// released, use PipeOwned.
func Pipe[M, T any](c *Context[M], f func(ctx context.Context) (T, error), wrap func(T, error) M) {
	PipeOwned(c, f, wrap, nil)
}

// Answer does work on its own goroutine and answers r with its result. Then the actor is told done, which says no more
// than that.
func Answer[M, T any](c *Context[M], r Reply[T], work func(ctx context.Context) (T, error), done M) {
	Pipe(c, func(ctx context.Context) (struct{}, error) {
		if v, err := work(ctx); err != nil {
			r.Fail(err)
		} else {
			r.Send(v)
		}
		return struct{}{}, nil
	}, func(struct{}, error) M { return done })
}

// PipeOwned is Pipe for a result that someone must own: release gets it, off the actor, if f
// returned no error and this incarnation ended before it could take it.
func PipeOwned[M, T any](c *Context[M], f func(ctx context.Context) (T, error), wrap func(T, error) M, release func(T)) {
	var v T
	var drop func()
	if release != nil {
		drop = func() { release(v) }
	}
	c.in.pipe(
		func(ctx context.Context) (err error) {
			v, err = f(ctx)
			return err
		},
		func(err error) any { return wrap(v, err) },
		drop)
}

// pipe is PipeOwned without its types, so that it is in the program once and not for each pair of them. work keeps its result to itself;
// wrap and drop know where.
func (in *incarnation) pipe(work func(ctx context.Context) error, wrap func(error) any, drop func()) {
	ctx, sys, path := in.context(), in.cell.sys, in.cell.path
	sys.spawnGoroutine(path, func() {
		err := error(errGoexit)
		defer func() {
			if r := recover(); r != nil {
				p := &PanicError{r, string(debug.Stack())}
				sys.log.Error("actor goroutine panicked", failureAttrs(in.cell, p)...)
				err = p
			}
			l := &lazy{make: func() (any, bool) { return wrap(err), true }}
			if drop != nil && err == nil {
				l.drop = func() {
					sys.spawnGoroutine(path, func() { in.cell.shield("release", drop) })
				}
			}
			in.post(l)
		}()
		err = work(ctx)
	})
}
