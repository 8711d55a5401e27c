package actors

import "github.com/asynkron/protoactor-go/actor"

// stopping shows the inspector that an actor is in its Stop.
type stopping struct{}

// runner is protoactor's view of one incarnation of an actor.
type runner[M any] struct {
	create   func() Behavior[M]
	behavior Behavior[M]
	ctx      Context[M]
}

// Receive is called by protoactor on the goroutine that runs the box.
func (r *runner[M]) Receive(ac actor.Context) {
	switch ac.Message().(type) {
	case *userMessage:
		r.handle()
	case *actor.Started:
		r.start(ac)
	case *actor.Restarting, *actor.Stopping:
		r.end(ErrStopped)
	case *actor.Stopped:
		r.ctx.cell.finish()
	}
}

func (r *runner[M]) start(ac actor.Context) {
	c := r.ctx.cell
	r.ctx.in, r.ctx.spawner = newIncarnation(c), ac
	c.host = r
	c.box.begin(r.ctx.in)
	r.behavior = r.create()
	s, ok := r.behavior.(Starter[M])
	if !ok {
		return
	}
	c.box.setCurrent(Starting{})
	if ic := c.sys.intercept; ic != nil {
		ic.Receive(Delivery{c.path, c.kind, Starting{}}, func() { c.box.failure = s.Start(&r.ctx) })
		return
	}
	c.box.failure = s.Start(&r.ctx)
}

func (r *runner[M]) handle() {
	c := r.ctx.cell
	m, _ := c.box.item.msg.(M) // not ok only for a nil message of an interface type
	if p := replyOf(c.box.item.msg); p != nil {
		p.link().moveTo(r.ctx.in)
	}
	if ic := c.sys.intercept; ic != nil && !c.box.item.exempt() {
		handled := false
		ic.Receive(Delivery{c.path, c.kind, m}, func() {
			handled = true
			c.box.failure = r.behavior.Receive(&r.ctx, m)
		})
		if !handled {
			discard(m, c.path, ErrFull)
		}
		return
	}
	c.box.failure = r.behavior.Receive(&r.ctx, m)
}

// end ends the incarnation; open replies fail with err. Only the first call counts.
func (r *runner[M]) end(err error) {
	c := r.ctx.cell
	if r.ctx.in == nil || !r.ctx.in.end(err) { // nil: stopped before it started
		return
	}
	c.box.begin(nil)
	if s, ok := r.behavior.(Stopper[M]); ok {
		c.box.setCurrent(stopping{})
		c.shield("Stop", func() { s.Stop(&r.ctx) })
		c.box.setCurrent(nil)
	}
}
