package announce

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"

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

// errEnded: Run has returned though nobody wanted it to.
var errEnded = errors.New("the announcement ended by itself")

// Props describes the actor. Its name is "announce". What ended the work is in the status, and it is begun anew after a pause.
func Props(o Options) actors.Props[actors.WorkEnded] {
	return actors.Work("announce", func(ctx context.Context, log *slog.Logger) error {
		return cmp.Or(o.Run(ctx, func(s Status) {
			if ctx.Err() != nil {
				return // of an incarnation that has ended
			}
			o.State.Set(s)
			if s.Announced {
				log.Info("discovery: the bridge is announced", "name", s.Name, "interfaces", s.Interfaces)
			} else if s.Reason != "" {
				log.Info("discovery: the bridge is not announced", "reason", s.Reason)
			}
			if s.ZoneReason != "" {
				log.Warn("discovery: no zone file for the tailnet", "reason", s.ZoneReason)
			}
		}), errEnded)
	}, func(err error) {
		s := o.State.Status()
		s.Announced, s.Interfaces, s.Reason = false, nil, err.Error()
		o.State.Set(s)
	})
}
