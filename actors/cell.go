package actors

import (
	"runtime/debug"
	"sync"
	"time"
)

// cell is what the runtime knows of one actor through all its incarnations.
type cell struct {
	sys      *System
	up       *cell // nil: top-level
	path     string
	kind     string
	seq      uint64 // order of spawning
	restart  Restart
	onGiveUp func(error)
	children map[*cell]struct{} // guarded by sys.mu
	host     *runner            // the current incarnation's; the actor's goroutine only
	box      box

	mu       sync.Mutex // guards the following
	done     chan struct{}
	gone     bool
	reason   error // why it stopped, nil if it was asked to
	watchers map[*watch]struct{}

	failures  []time.Time // inside the window
	backoff   *time.Timer
	restarts  int
	lastPanic string
}

func newCell(sys *System, up *cell, name, kind string, m Mailbox, r Restart, onGiveUp func(error)) *cell {
	c := &cell{sys: sys, up: up, path: name, kind: kind, restart: r, onGiveUp: onGiveUp}
	if up != nil {
		c.path = up.path + "/" + name
	}
	if m.Count <= 0 {
		m.Count = defaultCount
	}
	if m.Bytes <= 0 {
		m.Bytes = defaultBytes
	}
	c.box.cell, c.box.limit = c, m
	return c
}

func (c *cell) tell(m any) error {
	if c.sys.intercept == nil {
		return c.enqueue(m)
	}
	return c.tellIntercepted(m)
}

func (c *cell) enqueue(m any) error {
	err := c.box.push(newItem(m), false)
	if err == nil {
		return nil
	}
	if err == errDropped {
		discard(m, c.path, ErrFull)
		return nil
	}
	if err == ErrFull && c.box.limit.Overflow == StopActor {
		c.overflow()
	}
	return &Error{c.path, err}
}

// overflow stops the actor because its mailbox is full. The caller is a sender, so OnGiveUp gets a
// goroutine of its own.
func (c *cell) overflow() {
	if !c.stop(ErrFull) {
		return
	}
	c.sys.log.Error("actor stopped, mailbox full", "actor", c.path)
	if c.onGiveUp != nil {
		c.sys.spawnGoroutine(c.path, func() { c.shield("OnGiveUp", func() { c.onGiveUp(ErrFull) }) })
	}
}

// stop closes the mailbox and asks protoactor to end the actor. It reports false if that was done
// before.
func (c *cell) stop(reason error) bool {
	c.mu.Lock()
	if c.gone || !c.box.close() {
		c.mu.Unlock()
		return false
	}
	c.reason = reason
	if c.backoff != nil {
		c.backoff.Stop()
	}
	c.mu.Unlock()
	c.box.discardAll()
	c.box.PostSystemMessage(stopMessage)
	return true
}

// finish is the end of the actor: its children are gone and Stop has run. A Ref may live on, so
// what it still leads to must be little.
func (c *cell) finish() {
	c.host, c.box.invoker = nil, nil
	c.box.kill()
	c.box.discardAll()
	c.sys.unregister(c)
	c.mu.Lock()
	c.gone = true
	watchers, reason := c.watchers, c.reason
	c.watchers = nil
	if c.done != nil {
		close(c.done)
	}
	c.mu.Unlock()
	for w := range watchers {
		w.fire(reason)
	}
}

func (c *cell) doneChan() chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.gone {
			close(c.done)
		}
	}
	return c.done
}

// shield runs code that must not harm the runtime, whatever it does: a panic is logged, and
// ending the goroutine ends only one made for it.
func (c *cell) shield(what string, f func()) {
	c.shieldEach(what, 1, func(int) { f() })
}

// shieldEach is shield for f(0) to f(n-1), each on its own.
func (c *cell) shieldEach(what string, n int, f func(int)) {
	next := 0
	for next < n {
		done := make(chan struct{})
		go func() {
			ok := false
			defer close(done)
			defer func() {
				if r := recover(); r != nil {
					c.sys.log.Error("actor panic in cleanup", "actor", c.path, "in", what, "err", r, "stack", string(debug.Stack()))
				} else if !ok {
					c.sys.log.Error("actor panic in cleanup", "actor", c.path, "in", what, "err", errGoexit)
				}
			}()
			for next < n {
				next++
				f(next - 1)
			}
			ok = true
		}()
		<-done
	}
}
