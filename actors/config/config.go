package config

import (
	"context"
	"time"

	"github.com/clawdbot/gateway/actors"
)

// Options for the actor.
type Options struct {
	Document *Document // valid; what the gateway was started with
	Getenv   func(string) string
}

// Props describes the actor.
func Props(o Options) actors.Props[Message] {
	return actors.Props[Message]{
		Kind:    "config",
		New:     func() actors.Behavior[Message] { return &holder{o: o} },
		Restart: actors.Restart{Min: 5 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

// holder is the config actor.
type holder struct {
	o       Options
	reading bool     // a read of the file is on its way
	waiting []OnDisk // asked during that read: they get the next one, which is newer than their question
	asked   []OnDisk // answered by the read on its way
}

func (h *holder) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case Running:
		m.Send(h.o.Document)
	case OnDisk:
		h.waiting = append(h.waiting, m)
		h.read(c)
	case fileRead:
		h.onFileRead(c, m)
	}
	return nil
}

// read starts a read unless one is on its way: at most one at a time, however many ask.
func (h *holder) read(c *actors.Context[Message]) {
	if h.reading || len(h.waiting) == 0 {
		return
	}
	h.reading = true
	h.asked, h.waiting = h.waiting, nil
	o := h.o
	actors.Pipe(c, func(context.Context) (View, error) {
		return Read(o.Document.Path, o.Getenv).Redacted(), nil
	}, func(v View, err error) Message { return fileRead{v, err} })
}

func (h *holder) onFileRead(c *actors.Context[Message], m fileRead) {
	for _, q := range h.asked {
		if m.err != nil {
			q.Fail(m.err)
		} else {
			q.Send(m.view)
		}
	}
	h.asked, h.reading = nil, false
	h.read(c)
}
