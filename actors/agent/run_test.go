package agent

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// runnerFunc is a Runner made of a function.
type runnerFunc func(ctx context.Context, t Turn, out Output) (Answer, error)

func (f runnerFunc) Run(ctx context.Context, t Turn, out Output) (Answer, error) {
	return f(ctx, t, out)
}

// stage runs one run's actor in a bubble, with an event stream and a store that only says yes or no.
type stage struct {
	t       *testing.T
	sys     *actors.System
	stream  eventstream.Stream
	ref     actors.Ref[Message]
	ended   chan Ended
	commits int
	refuse  int // how many commits fail first

	mu     sync.Mutex
	events []string
}

func (s *stage) Offer(frame []byte, _ bool) {
	f, err := wire.ParseServerFrame(frame)
	if err != nil {
		s.t.Error(err)
		return
	}
	var p struct {
		Stream string `json:"stream"`
		State  string `json:"state"`
		RunID  string `json:"runId"`
		Data   struct {
			State string `json:"state"`
			Text  string `json:"text"`
		} `json:"data"`
	}
	_ = wire.Unmarshal(f.Event.Payload, &p)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, strings.TrimSpace(f.Event.Event+" "+p.RunID+" "+p.Stream+p.State+" "+p.Data.State+p.Data.Text))
}

func (s *stage) list() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

func newStage(t *testing.T, faults actors.Interceptor, r Runner, change func(*Options)) *stage {
	return newStageThat(t, 0, faults, r, change)
}

// newStageThat refuses the first commits.
func newStageThat(t *testing.T, refuse int, faults actors.Interceptor, r Runner, change func(*Options)) *stage {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	s := &stage{t: t, refuse: refuse, ended: make(chan Ended, 4), sys: actors.NewSystem(actors.SystemOptions{Log: log, Intercept: faults})}
	state := eventstream.NewState()
	events, err := actors.Spawn(s.sys, "eventstream", eventstream.Props(eventstream.Options{State: state, Log: log}))
	if err != nil {
		t.Fatal(err)
	}
	s.stream = eventstream.NewStream(events, state)
	s.stream.Join("me", s)
	o := Options{
		Runner: r, Timeout: time.Minute, Stream: s.stream, Log: log,
		Job:    Job{ID: "chat:k", EventRunID: "session-id", ChatRunID: "k", Kind: KindChat, SessionKey: "main", SessionID: "session-id", IdemKey: "k"},
		Commit: s.commit,
		Ended:  func(e Ended) { s.ended <- e },
	}
	if change != nil {
		change(&o)
	}
	if s.ref, err = actors.Spawn(s.sys, "run", Props(o)); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stage) commit(_ store.Op, done func(error)) {
	s.mu.Lock()
	s.commits++
	refuse := s.commits <= s.refuse
	s.mu.Unlock()
	if refuse {
		done(errors.New("disk full"))
		return
	}
	done(nil)
}

func (s *stage) close() {
	if err := s.sys.Stop(context.Background()); err != nil {
		s.t.Error(err)
	}
}

var words = runnerFunc(func(ctx context.Context, _ Turn, out Output) (Answer, error) {
	for _, w := range []string{"a", "b", "c", "d"} {
		out.Delta(w)
		if !providers.Sleep(ctx, 110*time.Millisecond) {
			return Answer{}, context.Cause(ctx)
		}
	}
	return Answer{}, nil
})

func TestRun_streamsAtMostEvery150ms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, nil, words, nil)
		defer s.close()
		e := <-s.ended
		want := []string{
			"agent session-id job started",
			"agent session-id assistant a", "chat k delta",
			"agent session-id assistant ab", "chat k delta",
			"agent session-id assistant abc", "chat k delta",
			"agent session-id assistant abcd", "chat k delta",
			"agent session-id job done", "chat k final",
		}
		if got := s.list(); !slices.Equal(got, want) || e.State != Done {
			t.Errorf("state %s, events:\n%s", e.State, strings.Join(got, "\n"))
		}
	})
}

func TestRun_abortAndTimeout(t *testing.T) {
	for _, c := range []struct {
		name   string
		reason error
		state  State
	}{{"abort", ErrAborted, Aborted}, {"timeout", nil, Aborted}, {"shutdown", ErrInterrupted, Failed}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, nil, words, func(o *Options) { o.Timeout = 250 * time.Millisecond })
				defer s.close()
				if c.reason != nil {
					time.Sleep(50 * time.Millisecond)
					_ = s.ref.Tell(Abort{c.reason})
				}
				if e := <-s.ended; e.State != c.state || (c.state == Failed) != strings.HasPrefix(e.Err, "Error: ") {
					t.Errorf("ended %s %q", e.State, e.Err)
				}
			})
		})
	}
}

func TestRun_runnerThatDoesNotReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := newStage(t, nil, runnerFunc(func(context.Context, Turn, Output) (Answer, error) { <-release; return Answer{}, nil }), nil)
		_ = s.ref.Tell(Abort{ErrAborted})
		start := time.Now()
		if e := <-s.ended; e.State != Aborted || time.Since(start) > 2*grace {
			t.Errorf("ended %s after %s", e.State, time.Since(start))
		}
		close(release)
		s.close()
	})
}

func TestRun_problemsAndPanics(t *testing.T) {
	zero := int64(0)
	for _, c := range []struct {
		name   string
		runner Runner
		change func(*Options)
		want   string
	}{
		{"error", runnerFunc(func(context.Context, Turn, Output) (Answer, error) { return Answer{}, errors.New("no tea") }), nil, "Error: no tea"},
		{"panic", runnerFunc(func(context.Context, Turn, Output) (Answer, error) { panic("bug") }), nil, "bug"},
		{"problem", words, func(o *Options) { o.Job.Request.Problem = "message is empty" }, "Error: message is empty"},
		{"timeout 0", words, func(o *Options) { o.Job.Request.Timeout = &zero }, "Error: --timeout must be a positive integer (seconds)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, nil, c.runner, c.change)
				defer s.close()
				if e := <-s.ended; e.State != Failed || !strings.Contains(e.Err, c.want) {
					t.Errorf("ended %s %q, want %q", e.State, e.Err, c.want)
				}
				got := s.list()
				if len(got) < 3 || got[len(got)-1] != "chat k error" {
					t.Errorf("events %q", got)
				}
			})
		})
	}
}

// TestRun_endIsStoredFirst: a commit that fails is tried again, and nothing of the end is said before it is stored.
func TestRun_endIsStoredFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStageThat(t, 2, nil, words, nil)
		defer s.close()
		time.Sleep(time.Second)
		for _, e := range s.list() {
			if strings.HasSuffix(e, "done") || strings.HasSuffix(e, "final") {
				t.Errorf("%q before the commit", e)
			}
		}
		if e := <-s.ended; e.State != Done || s.commits != 3 {
			t.Errorf("ended %s after %d commits", e.State, s.commits)
		}
	})
}

// TestRun_lostMessages: what a fault drops or doubles does not change the outcome.
func TestRun_lostMessages(t *testing.T) {
	for _, name := range []string{"agent.committed", "agent.progress", "agent.finished"} {
		for _, dup := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				f := actortest.NewFaults(1)
				rule := f.On(actortest.Kind("run"), actortest.Named(name)).Nth(1)
				if dup {
					rule.Duplicate()
				} else {
					rule.Drop()
				}
				s := newStage(t, f, words, nil)
				defer s.close()
				if e := <-s.ended; e.State != Done {
					t.Errorf("%s dup=%v: ended %s %s", name, dup, e.State, e.Err)
				}
				got := s.list()
				if n := strings.Count(strings.Join(got, "\n"), "job done"); n != 1 {
					t.Errorf("%s dup=%v: %d ends", name, dup, n)
				}
			})
		}
	}
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	j := Job{Kind: KindAgent, IdemKey: "k"}
	if o := Outcome(j, Done, "", nil); !o.OK || string(o.Payload) != `{"runId":"k","status":"ok","summary":"completed"}` {
		t.Errorf("agent done: %s", o.Payload)
	}
	o := Outcome(j, Failed, "Error: x", nil)
	if o.OK || string(o.Payload) != `{"runId":"k","status":"error","summary":"Error: x"}` || string(o.Error) != `{"code":"UNAVAILABLE","message":"Error: x"}` {
		t.Errorf("agent failed: %s %s", o.Payload, o.Error)
	}
	j.Kind = KindChat
	if o := Outcome(j, Aborted, "", nil); !o.OK || string(o.Payload) != `{"runId":"k","status":"ok"}` {
		t.Errorf("chat aborted: %s", o.Payload)
	}
}

// TestRun_spent: what a turn took, and of whom, is told with its end; a runner knows whose run it works for.
func TestRun_spent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		spent := Spent{Usage: Usage{Input: 3, Output: 4}, Cost: 0.5, Unpriced: true}
		s := newStage(t, nil, runnerFunc(func(ctx context.Context, _ Turn, _ Output) (Answer, error) {
			return Answer{Text: RunOf(ctx), Provider: "p", Model: "m", Stop: "length", Spent: spent}, nil
		}), nil)
		defer s.close()
		if e := <-s.ended; e.Model != "p/m" || e.Stop != "length" || e.Spent != spent {
			t.Errorf("%+v", e)
		}
		if got := strings.Join(s.list(), "\n"); !strings.Contains(got, "chat:k") {
			t.Errorf("the runner was not told whose run it is: %q", got)
		}
	})
	if RunOf(context.Background()) != "" {
		t.Error("a run of nobody")
	}
}
