package actors

// watch tells one incarnation that an actor has stopped for good.
type watch struct {
	in     *incarnation
	target *cell
	gone   func(reason error) any
}

// Watch tells the actor gone(reason) exactly once when r has stopped for good and its name is
// free; at once if that is so already. reason is nil if r was asked to stop, the failure if it was given
// up, ErrFull if it was stopped for a full mailbox, and ErrStopped for the zero Ref. The watch ends with
// this incarnation. gone runs on this actor's goroutine.
func Watch[M, N any](c *Context[M], r Ref[N], gone func(reason error) M) {
	c.in.watch(r.c, func(reason error) any { return gone(reason) })
}

func (in *incarnation) watch(target *cell, gone func(reason error) any) {
	w := &watch{in, target, gone}
	if !in.own(w) {
		return
	}
	if target == nil {
		w.fire(ErrStopped)
		return
	}
	if reason, over := target.addWatcher(w); over {
		w.fire(reason)
	}
}

func (w *watch) fire(reason error) {
	if w.in.disown(w) {
		w.in.post(&lazy{make: func() (any, bool) { return w.gone(reason), true }, exempt: true})
	}
}

func (w *watch) release() {
	if w.target == nil {
		return
	}
	w.target.mu.Lock()
	defer w.target.mu.Unlock()
	delete(w.target.watchers, w)
}

// addWatcher reports with the reason if c has stopped already.
func (c *cell) addWatcher(w *watch) (reason error, over bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return c.reason, true
	}
	if c.watchers == nil {
		c.watchers = map[*watch]struct{}{}
	}
	c.watchers[w] = struct{}{}
	return nil, false
}
