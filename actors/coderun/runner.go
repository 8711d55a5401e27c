package coderun

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/providers/codeagent"
)

// patience is how long a turn that is not wanted any more waits for its protocol, which has codeagent.Farewell itself. A client
// that aborts is to see the end within 200 ms.
const patience = 100 * time.Millisecond

// Agent is a coding agent, as it is for one turn.
type Agent struct {
	Kind, Name string // its model is called "kind/name"
	Run        codeagent.Run
	Program    codeagent.Program
	// Permit asks somebody whether the agent may do something. ReadFile and WriteFile are those of codeagent.Host.
	Permit    func(ctx context.Context, q codeagent.Question) (bool, error)
	ReadFile  func(ctx context.Context, path string) (string, error)
	WriteFile func(ctx context.Context, path, text string) error
}

// Runner is an agent.Runner.
type Runner struct {
	// Inner answers what no coding agent does.
	Inner agent.Runner
	// Find is the coding agent for a turn; nil = none, and the turn is Inner's. The error says why the one that is chosen
	// may not be used.
	Find func(t agent.Turn) (*Agent, error)
	// Hide takes secrets out of what a program says of itself; nil = there are none.
	Hide  func(text string) string
	State *State
	Log   *slog.Logger
}

// State is what outlives a turn: the processes that are being ended. It is made once, by the root.
type State struct {
	mu    sync.Mutex
	going map[string]<-chan struct{} // guarded by mu; by session, closed when it is gone
}

// NewState is one without processes.
func NewState() *State { return &State{going: map[string]<-chan struct{}{}} }

// wait waits until the process of the session's turn before is gone.
func (s *State) wait(ctx context.Context, session string) error {
	s.mu.Lock()
	gone := s.going[session]
	s.mu.Unlock()
	if gone == nil {
		return nil
	}
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// track notes a process. ended must be called when it is gone.
func (s *State) track(session string) (ended func()) {
	gone := make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.going[session] = gone
	return func() {
		close(gone)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.going[session] == gone {
			delete(s.going, session)
		}
	}
}

// outcome is the end of a turn.
type outcome struct {
	result codeagent.Result
	err    error
}

// Run implements agent.Runner.
func (r Runner) Run(ctx context.Context, t agent.Turn, out agent.Output) (agent.Answer, error) {
	a, err := r.Find(t)
	if err != nil {
		return agent.Answer{}, err
	}
	if a == nil {
		return r.Inner.Run(ctx, t, out)
	}
	if err := r.State.wait(ctx, t.SessionID); err != nil {
		return agent.Answer{}, err
	}
	if t.Meter != nil { // whether it tells what it costs is known afterwards
		if err := t.Meter.Allow(ctx, t.Model, false); err != nil {
			return agent.Answer{}, err
		}
	}
	answer, err := r.turn(ctx, a, t, out)
	if t.Meter != nil && answer.Spent.Usage != (agent.Usage{}) {
		t.Meter.Count(ctx, t.Model, answer.Spent)
	}
	return answer, err
}

// turn has an agent do a turn.
func (r Runner) turn(ctx context.Context, a *Agent, t agent.Turn, out agent.Output) (agent.Answer, error) {
	work, cancel := context.WithCancelCause(ctx)
	defer cancel(errLeft)
	u := &turn{a: a, t: t, out: out, at: map[string]*call{}}
	h := host{Agent: a, heard: make(chan codeagent.Event), left: work.Done()}
	done := r.start(work, a, u.question(), h, t)
	var late <-chan time.Time
	stop := ctx.Done()
	for {
		select {
		case e := <-h.heard:
			u.hear(e)
		case o := <-done:
			return u.end(o.result), r.because(ctx, a, o.err)
		case <-stop:
			stop = nil
			timer := time.NewTimer(patience)
			defer timer.Stop()
			late = timer.C
		case <-late:
			return u.end(codeagent.Result{}), context.Cause(ctx)
		}
	}
}

// errLeft: nobody hears the agent any more.
var errLeft = errors.New("the turn has ended")

// start has the protocol run the turn, on a goroutine that ends when the process is gone.
func (r Runner) start(ctx context.Context, a *Agent, q codeagent.Turn, h host, t agent.Turn) <-chan outcome {
	ended := r.State.track(t.SessionID)
	done := make(chan outcome, 1)
	go func() {
		defer ended()
		o := r.protocol(ctx, a, q, h, t)
		done <- o
		if o.result.Gone != nil {
			<-o.result.Gone
		}
	}()
	return done
}

// protocol is the protocol's part. One that panics has failed.
func (r Runner) protocol(ctx context.Context, a *Agent, q codeagent.Turn, h host, t agent.Turn) (o outcome) {
	defer func() {
		if p := recover(); p != nil {
			r.Log.Error("the protocol of a coding agent panicked", "run", t.RunID, "agent", a.Name, "panic", p, "stack", string(debug.Stack()))
			o.err = errors.New("the protocol of the agent crashed")
		}
	}()
	o.result, o.err = a.Run(ctx, a.Program, q, h)
	return o
}

// because words an error for people.
func (r Runner) because(ctx context.Context, a *Agent, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	text := err.Error()
	if r.Hide != nil {
		text = r.Hide(text)
	}
	if errors.Is(err, codeagent.ErrMissing) {
		text += fmt.Sprintf(". Is it installed? It is agent.runners.%s.command", a.Name)
	}
	return fault{a.Kind + "/" + a.Name + ": " + text, err}
}

// fault is an error in other words.
type fault struct {
	text string
	err  error
}

func (f fault) Error() string { return f.text }
func (f fault) Unwrap() error { return f.err }

// host is what an agent has of the gateway during a turn.
type host struct {
	*Agent
	heard chan codeagent.Event
	left  <-chan struct{} // closed when nobody hears any more
}

func (h host) Hear(e codeagent.Event) {
	select {
	case h.heard <- e:
	case <-h.left:
	}
}

func (h host) Permit(ctx context.Context, q codeagent.Question) (bool, error) {
	return h.Agent.Permit(ctx, q)
}

func (h host) ReadFile(ctx context.Context, path string) (string, error) {
	return h.Agent.ReadFile(ctx, path)
}

func (h host) WriteFile(ctx context.Context, path, text string) error {
	return h.Agent.WriteFile(ctx, path, text)
}
