package actors

import "github.com/asynkron/protoactor-go/actor"

// stopping shows the inspector that an actor is in its Stop.
type stopping struct{}

// runner is protoactor's view of one incarnation of an actor, whatever its messages are.
type runner struct {
	life   *life
	create func() handlers
	handlers
}

// handlers are a Behavior and its Context, without the type of their messages.
type handlers struct {
	receive func(m any) error
	start   func() error // nil: it is no Starter
	stop    func()       // nil: it is no Stopper
}

func handlersOf[M any](b Behavior[M], c *Context[M]) handlers {
	h := handlers{receive: func(m any) error {
		typed, _ := m.(M) // not ok only for a nil message of an interface type
		return b.Receive(c, typed)
	}}
	if s, ok := b.(Starter[M]); ok {
		h.start = func() error { return s.Start(c) }
	}
	if s, ok := b.(Stopper[M]); ok {
		h.stop = func() { s.Stop(c) }
	}
	return h
}

// Receive is called by protoactor on the goroutine that runs the box.
func (r *runner) Receive(ac actor.Context) {
	switch ac.Message().(type) {
	case *userMessage:
		r.handle()
	case *actor.Started:
		r.begin(ac)
	case *actor.Restarting, *actor.Stopping:
		r.end(ErrStopped)
	case *actor.Stopped:
		r.life.cell.finish()
	}
}

func (r *runner) begin(ac actor.Context) {
	c := r.life.cell
	r.life.in, r.life.spawner = newIncarnation(c), ac
	c.host = r
	c.box.begin(r.life.in)
	r.handlers = r.create()
	if r.start == nil {
		return
	}
	c.box.setCurrent(Starting{})
	if ic := c.sys.intercept; ic != nil {
		ic.Receive(Delivery{c.path, c.kind, Starting{}}, func() { c.box.failure = r.start() })
		return
	}
	c.box.failure = r.start()
}

func (r *runner) handle() {
	c := r.life.cell
	m := c.box.item.msg
	if p := replyOf(m); p != nil {
		p.link().moveTo(r.life.in)
	}
	if ic := c.sys.intercept; ic != nil && !c.box.item.exempt() {
		handled := false
		ic.Receive(Delivery{c.path, c.kind, m}, func() {
			handled = true
			c.box.failure = r.receive(m)
		})
		if !handled {
			discard(m, c.path, ErrFull)
		}
		return
	}
	c.box.failure = r.receive(m)
}

// end ends the incarnation; open replies fail with err. Only the first call counts.
func (r *runner) end(err error) {
	c, in := r.life.cell, r.life.in
	if in == nil || !in.end(err) { // nil: stopped before it started
		return
	}
	c.box.begin(nil)
	if r.stop != nil {
		c.box.setCurrent(stopping{})
		c.shield("Stop", r.stop)
		c.box.setCurrent(nil)
	}
}
