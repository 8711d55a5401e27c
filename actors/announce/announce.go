package announce

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors"
)

// Status is how the announcement stands.
type Status struct {
	Announced  bool     // on the local network
	Name       string   // as people see it in their apps; "" = not announced at all
	Interfaces []string // on which
	Reason     string   // why not
	Zone       string   // path of the zone file for the tailnet; "" = there is none
	ZoneReason string   // why not, though it was asked for
}

// State holds the status over restarts of the actor. Its zero value says nothing.
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

// Set replaces it.
func (s *State) Set(now Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// Options say what the actor does.
type Options struct {
	State *State
	// Run announces until ctx ends, and calls report with each new status. It returns earlier only with an error.
	Run func(ctx context.Context, report func(Status)) error
}

// Message is everything the actor accepts.
type Message interface{ announceMessage() }

// ended is the end of Run.
type ended struct{ err error }

func (ended) announceMessage() {}

// Props describes the actor. Its name is "announce".
func Props(o Options) actors.Props[Message] {
	return actors.Props[Message]{
		Kind:    "announce",
		New:     func() actors.Behavior[Message] { return &announce{o} },
		Restart: actors.Restart{Min: time.Second, Max: time.Minute, Window: time.Hour, Limit: 1000},
	}
}

type announce struct{ o Options }

func (a *announce) Start(c *actors.Context[Message]) error {
	log := c.Log()
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, a.o.Run(ctx, func(s Status) {
			if ctx.Err() != nil {
				return // of an incarnation that has ended
			}
			a.o.State.Set(s)
			if s.Announced {
				log.Info("discovery: the bridge is announced", "name", s.Name, "interfaces", s.Interfaces)
			} else if s.Reason != "" {
				log.Info("discovery: the bridge is not announced", "reason", s.Reason)
			}
			if s.ZoneReason != "" {
				log.Warn("discovery: no zone file for the tailnet", "reason", s.ZoneReason)
			}
		})
	}, func(_ struct{}, err error) Message { return ended{err} })
	return nil
}

// Receive fails with what ended the work: it is begun anew after a pause.
func (a *announce) Receive(_ *actors.Context[Message], m Message) error {
	e, ok := m.(ended)
	if !ok {
		return nil
	}
	if e.err == nil {
		e.err = errors.New("the announcement ended by itself")
	}
	s := a.o.State.Status()
	s.Announced, s.Interfaces, s.Reason = false, nil, e.err.Error()
	a.o.State.Set(s)
	return e.err
}
