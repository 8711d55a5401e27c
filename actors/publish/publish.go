package publish

import (
	"context"
	"log/slog"
	"sync"

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

// Props describes the actor. Its name is "publish". A fault of Run is begun anew after a pause; a Run that has ended by itself was
// asked to.
func Props(o Options) actors.Props[actors.WorkEnded] {
	return actors.Work("publish", func(ctx context.Context, log *slog.Logger) error {
		o.Run(ctx, func(s Status) {
			switch changed := o.State.set(s); {
			case !changed:
			case s.URL != "":
				log.Info("tailscale publishes the gateway", "url", s.URL)
			case ctx.Err() == nil:
				log.Warn("tailscale does not publish the gateway", "problem", s.Problem)
			}
		})
		return nil
	}, func(err error) {
		s := o.State.Status()
		s.URL, s.Problem = "", err.Error()
		o.State.set(s)
	})
}
