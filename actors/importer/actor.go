package importer

import (
	"context"
	"time"

	"github.com/clawdbot/gateway/actors"
)

// Message is everything the actor "import" accepts: only its own.
type Message interface{ importMessage() }

type (
	copied struct{ err error } // nil = all files have come over
	again  struct{}
)

func (copied) importMessage() {}
func (again) importMessage()  {}

// retryIn is the pause before what the store could not take is tried again.
const retryIn = 2 * time.Second

// Props describes the actor "import", which stops when its work is done.
func (im *Importer) Props() actors.Props[Message] {
	return actors.Props[Message]{
		Kind:    "import",
		New:     func() actors.Behavior[Message] { return behavior{im} },
		Restart: actors.Restart{Min: 10 * time.Millisecond, Max: 5 * time.Second, Window: time.Minute, Limit: 20},
	}
}

type behavior struct{ im *Importer }

func (b behavior) Start(c *actors.Context[Message]) error {
	b.copy(c)
	return nil
}

func (b behavior) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case copied:
		if m.err == nil {
			c.StopSelf()
			return nil
		}
		c.Log().Warn("the import does not get on, trying again", "err", m.err)
		c.After(retryIn, again{})
	case again:
		b.copy(c)
	}
	return nil
}

func (b behavior) copy(c *actors.Context[Message]) {
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) { return struct{}{}, b.im.run(ctx) },
		func(_ struct{}, err error) Message { return copied{err} })
}
