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

// done is the end of work off the actor; its answer has been given.
type done struct{}

func (List) modelsMessage() {}
func (done) modelsMessage() {}

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
	if l, ok := msg.(List); ok {
		m.list(c, l.Reply, true)
	}
	return nil
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

// Methods answers models.list (protocol 3.14).
func Methods(ref actors.Ref[Message]) wire.Table {
	return wire.Table{wire.Strict("models.list", func(c *wire.Call, _ wire.NoParams) {
		reply := actors.ReplyTo(func(r wire.ModelsListResult, err error) { c.Answer(r, err) })
		if err := ref.Tell(List{reply}); err != nil {
			c.Fail(err)
		}
	})}
}
