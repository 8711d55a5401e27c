package agent

import (
	"context"
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

type (
	callKey  struct{}
	showsKey struct{}
	meterKey struct{}
	runKey   struct{}
)

// RunOf is the id of the run that something is done for with ctx, by its runner or by a tool of it; "" = none.
func RunOf(ctx context.Context) string {
	id, _ := ctx.Value(runKey{}).(string)
	return id
}

// ForCall is a context for Turn.Tool that says which call of the model it is for, so that clients see what there is of its
// result while the tool works. id is that of Output.ToolStart.
func ForCall(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, callKey{}, id)
}

// Shows is where a tool that was called with ctx may show what there is of its result so far; nil = nobody looks. It never
// blocks, and the newest counts.
func Shows(ctx context.Context) func(partial wire.Raw) {
	f, _ := ctx.Value(showsKey{}).(func(wire.Raw))
	return f
}

// MeterOf counts what a tool that was called with ctx takes of models; nil = nobody does.
func MeterOf(ctx context.Context) Meter {
	m, _ := ctx.Value(meterKey{}).(Meter)
	return m
}

// metered adds MeterOf to the context of a call.
func (r *run) metered(ctx context.Context) context.Context {
	if r.meter == nil {
		return ctx
	}
	return context.WithValue(ctx, meterKey{}, r.meter)
}

// partials is where tools leave what there is of their results: the actor takes the newest when it is about to publish, so
// that a tool that prints much cannot flood it.
type partials struct {
	wake func() // tells the actor that there is something; never blocks

	mu     sync.Mutex
	latest map[string]toolEvent // guarded by mu; by call id
	ended  map[string]bool      // guarded by mu
}

func newPartials(wake func()) *partials {
	return &partials{wake: wake, latest: map[string]toolEvent{}, ended: map[string]bool{}}
}

// context adds Shows to the context of a call.
func (p *partials) context(ctx context.Context, name string) context.Context {
	id, ok := ctx.Value(callKey{}).(string)
	if !ok {
		return ctx
	}
	return context.WithValue(ctx, showsKey{}, func(raw wire.Raw) { p.show(id, name, raw) })
}

func (p *partials) show(id, name string, raw wire.Raw) {
	p.mu.Lock()
	over := p.ended[id]
	if !over {
		p.latest[id] = toolEvent{phase: "update", id: id, name: name, partial: shown(raw)}
	}
	p.mu.Unlock()
	if !over {
		p.wake()
	}
}

// end forgets a call that has its result.
func (p *partials) end(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.latest, id)
	p.ended[id] = true
}

func (p *partials) take() (all []toolEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, ev := range p.latest {
		all = append(all, ev)
		delete(p.latest, id)
	}
	return all
}

// onPartial publishes what tools have shown, at most once in gap.
func (r *run) onPartial(c *actors.Context[Message]) {
	if rest := gap - time.Since(r.partialAt); rest > 0 {
		if !r.showing {
			r.showing = true
			c.After(rest, showPartial{})
		}
		return
	}
	r.partialAt = time.Now()
	for _, ev := range r.partials.take() {
		r.onTool(c, ev)
	}
}
