package wizard

import (
	"context"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// leftAfter is how long a dialogue waits for its person. Another one can begin then.
const leftAfter = 30 * time.Minute

var (
	errRunning  = wire.Unavailable("wizard already running")
	errNotFound = wire.InvalidRequest("wizard not found")
)

// Props describes the actor. Its name is "wizard".
func Props(o Options) actors.Props[Message] {
	return actors.Props[Message]{
		Kind:    "wizard",
		New:     func() actors.Behavior[Message] { return &wizard{o: o} },
		Mailbox: actors.Mailbox{Count: 64, Bytes: 1 << 20},
		Restart: actors.Restart{Min: 10 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

// wizard holds the dialogue that is under way.
type wizard struct {
	o       Options
	current *Dialogue
	used    time.Time
	busy    bool      // the dialogue takes a step, off the actor
	held    []Message // for after that
}

func (w *wizard) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case moved:
		w.onMoved(c, m)
	case look:
		w.onLook(c)
	default:
		if w.busy {
			w.held = append(w.held, m) // few: a client waits for its answer
			return nil
		}
		w.handle(c, m)
	}
	return nil
}

// handle is what needs the dialogue at rest.
func (w *wizard) handle(c *actors.Context[Message], m Message) {
	switch m := m.(type) {
	case Begin:
		w.onBegin(c, m)
	case Answer:
		w.onAnswer(c, m)
	case Cancel:
		d := w.find(m.ID)
		if d == nil {
			m.Fail(errNotFound)
			return
		}
		d.Cancel()
		w.current = nil
		m.Send(wire.WizardStatusResult{Status: Cancelled, Error: Cancelled})
	case Status:
		d := w.find(m.ID)
		if d == nil {
			m.Fail(errNotFound)
			return
		}
		m.Send(wire.WizardStatusResult{Status: d.status, Error: d.problem})
	}
}

func (w *wizard) find(id string) *Dialogue {
	if w.current == nil || w.current.ID != id {
		return nil
	}
	return w.current
}

func (w *wizard) onBegin(c *actors.Context[Message], m Begin) {
	if w.current != nil {
		m.Fail(errRunning)
		return
	}
	o := w.o
	w.move(c, m.Reply, func(ctx context.Context) (*Dialogue, wire.WizardResult, error) {
		d := Start(ctx, o, m.Params)
		r := d.Result()
		r.SessionID = d.ID
		return d, r, nil
	})
}

func (w *wizard) onAnswer(c *actors.Context[Message], m Answer) {
	d := w.find(m.Params.SessionID)
	if d == nil {
		m.Fail(errNotFound)
		return
	}
	w.move(c, m.Reply, func(ctx context.Context) (*Dialogue, wire.WizardResult, error) {
		r, err := d.Next(ctx, m.Params.Answer)
		return d, r, err
	})
}

// move takes a step off the actor: the first and the last one touch the config file.
func (w *wizard) move(c *actors.Context[Message], reply actors.Reply[wire.WizardResult],
	step func(context.Context) (*Dialogue, wire.WizardResult, error)) {
	w.busy = true
	actors.Pipe(c, func(ctx context.Context) (moved, error) {
		d, r, err := step(ctx)
		if err == nil && r.Done {
			d = nil // whoever asked hears the end: it is forgotten
		}
		return moved{d, func() {
			if err != nil {
				reply.Fail(err)
			} else {
				reply.Send(r)
			}
		}}, nil
	}, func(m moved, err error) Message {
		if err != nil { // it panicked: the dialogue is not to be trusted
			return moved{nil, func() { reply.Fail(wire.Unavailable("Error: wizard: %s", err)) }}
		}
		return m
	})
}

func (w *wizard) onMoved(c *actors.Context[Message], m moved) {
	w.busy, w.current, w.used = false, m.dialogue, time.Now()
	m.answer()
	c.After(leftAfter, look{})
	held := w.held
	w.held = nil
	for i, next := range held {
		w.handle(c, next)
		if w.busy {
			w.held = append(w.held, held[i+1:]...)
			return
		}
	}
}

// onLook forgets a dialogue that nobody goes on with.
func (w *wizard) onLook(*actors.Context[Message]) {
	if w.current != nil && !w.busy && time.Since(w.used) >= leftAfter {
		w.current = nil
	}
}
