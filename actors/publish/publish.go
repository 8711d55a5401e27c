package publish

import (
	"context"
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors"
)

// Status is how the publishing stands.
type Status struct {
	Name    string // under which Tailscale passes requests on; it is kept while there is a problem
	URL     string // where the gateway is reached; "" = it is not published
	Problem string // why it is not, and what to do
}

// State holds the status over restarts of the actor. Its zero value says that nothing was tried yet.
type State struct {
	mu  sync.Mutex // guards now
	now Status
}

// Status is the last one.
func (s *State) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// set replaces it, and tells whether it is another one.
func (s *State) set(now Status) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Name == "" {
		now.Name = s.now.Name
	}
	changed := now != s.now
	s.now = now
	return changed
}

// Options say what the actor does.
type Options struct {
	State *State
	// Run publishes until ctx ends, and calls report with each status.
	Run func(ctx context.Context, report func(Status))
}

// Message is everything the actor accepts.
type Message interface{ publishMessage() }

// ended is the end of Run.
type ended struct{ err error }

func (ended) publishMessage() {}

// Props describes the actor. Its name is "publish".
func Props(o Options) actors.Props[Message] {
	return actors.Props[Message]{
		Kind:    "publish",
		New:     func() actors.Behavior[Message] { return &publish{o} },
		Restart: actors.Restart{Min: time.Second, Max: time.Minute, Window: time.Hour, Limit: 1000},
	}
}

type publish struct{ o Options }

func (p *publish) Start(c *actors.Context[Message]) error {
	log := c.Log()
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		p.o.Run(ctx, func(s Status) {
			switch changed := p.o.State.set(s); {
			case !changed:
			case s.URL != "":
				log.Info("tailscale publishes the gateway", "url", s.URL)
			case ctx.Err() == nil:
				log.Warn("tailscale does not publish the gateway", "problem", s.Problem)
			}
		})
		return struct{}{}, nil
	}, func(_ struct{}, err error) Message { return ended{err} })
	return nil
}

// Receive fails with what ended the work, if that was a fault: it is begun anew after a pause. A Run that has ended by itself was
// asked to.
func (p *publish) Receive(_ *actors.Context[Message], m Message) error {
	e, ok := m.(ended)
	if !ok || e.err == nil {
		return nil
	}
	s := p.o.State.Status()
	s.URL, s.Problem = "", e.err.Error()
	p.o.State.set(s)
	return e.err
}
