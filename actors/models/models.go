package models

import (
	"context"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Message is everything the actor accepts.
type Message interface{ modelsMessage() }

// List asks for the models as they are now.
type List struct {
	actors.Reply[wire.ModelsListResult]
}

// Ask asks for something that takes the network or the disk. Its answer is V.
type Ask[V any] struct {
	actors.Reply[V]
	do func(ctx context.Context, r *Registry) (V, error)
}

// done is the end of work off the actor; its answer has been given.
type done struct{}

func (List) modelsMessage()   {}
func (Ask[V]) modelsMessage() {}
func (done) modelsMessage()   {}

// Props describes the actor. Its name is "models". reg may be nil: then no provider is asked what it has.
func Props(cat *Catalog, reg *Registry) actors.Props[Message] {
	return actors.Props[Message]{
		Kind:    "models",
		New:     func() actors.Behavior[Message] { return &models{cat: cat, reg: reg} },
		Restart: actors.Restart{Min: 10 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

type models struct {
	cat *Catalog
	reg *Registry
}

// Start looks at the file before anybody asks: who reads the catalog does not wait for it.
func (m *models) Start(c *actors.Context[Message]) error {
	m.list(c, actors.Reply[wire.ModelsListResult]{}, false)
	return nil
}

func (m *models) Receive(c *actors.Context[Message], msg Message) error {
	switch msg := msg.(type) {
	case List:
		m.list(c, msg.Reply, true)
	case Ask[wire.ModelsStatusResult]:
		answer(c, m, msg)
	case Ask[wire.ModelsScanResult]:
		answer(c, m, msg)
	case Ask[wire.ModelsProbeResult]:
		answer(c, m, msg)
	}
	return nil
}

// answer has what was asked for done off the actor.
func answer[V any](c *actors.Context[Message], m *models, a Ask[V]) {
	if m.reg == nil {
		a.Fail(wire.Unavailable("this gateway has no models"))
		return
	}
	cat, reg, log := m.cat, m.reg, c.Log()
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		if err := cat.refresh(); err != nil {
			log.Warn("models.json was not read", "err", err)
		}
		v, err := a.do(ctx, reg)
		if err != nil {
			a.Fail(err)
		} else {
			a.Send(v)
		}
		return struct{}{}, nil
	}, func(struct{}, error) Message { return done{} })
}

// list answers with the models; ask: providers are asked what they have, unless they have been lately.
func (m *models) list(c *actors.Context[Message], r actors.Reply[wire.ModelsListResult], ask bool) {
	cat, reg, log := m.cat, m.reg, c.Log()
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		if err := cat.refresh(); err != nil {
			log.Warn("models.json was not read", "err", err)
		}
		if ask && reg != nil {
			reg.discover(ctx)
		}
		r.Send(wire.ModelsListResult{Models: cat.Models()})
		return struct{}{}, nil
	}, func(struct{}, error) Message { return done{} })
}

// Methods answers models.list (protocol 3.14), models.status, models.scan and models.probe.
func Methods(ref actors.Ref[Message]) wire.Table {
	return wire.Table{
		wire.Strict("models.list", func(c *wire.Call, _ wire.NoParams) {
			reply := actors.ReplyTo(func(r wire.ModelsListResult, err error) { c.Answer(r, err) })
			if err := ref.Tell(List{reply}); err != nil {
				c.Fail(err)
			}
		}),
		wire.Strict("models.status", func(c *wire.Call, _ wire.NoParams) {
			ask(c, ref, func(_ context.Context, r *Registry) (wire.ModelsStatusResult, error) { return r.status(), nil })
		}),
		wire.Strict("models.scan", func(c *wire.Call, p wire.ModelsScanParams) {
			ask(c, ref, func(ctx context.Context, r *Registry) (wire.ModelsScanResult, error) { return r.scan(ctx, p.Provider) })
		}),
		wire.Strict("models.probe", func(c *wire.Call, p wire.ModelsProbeParams) {
			ask(c, ref, func(ctx context.Context, r *Registry) (wire.ModelsProbeResult, error) { return r.probe(ctx, p), nil })
		}),
	}
}

func ask[V any](c *wire.Call, ref actors.Ref[Message], do func(ctx context.Context, r *Registry) (V, error)) {
	reply := actors.ReplyTo(func(v V, err error) { c.Answer(v, err) })
	if err := ref.Tell(Ask[V]{reply, do}); err != nil {
		c.Fail(err)
	}
}
