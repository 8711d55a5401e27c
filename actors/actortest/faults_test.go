package actortest_test

import (
	"errors"
	"io"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
)

type message interface{ isMessage() }

type ping struct{ N int }

type ask struct{ actors.Reply[int] }

func (ping) isMessage() {}
func (ask) isMessage()  {}

// doubler passes pings on to its out and answers asks.
type doubler struct{ out actors.Ref[ping] }

func (d *doubler) Start(c *actors.Context[message]) error { return nil }

func (d *doubler) Receive(c *actors.Context[message], m message) error {
	switch m := m.(type) {
	case ping:
		return d.out.Tell(m)
	case ask:
		m.Send(2)
	}
	return nil
}

// run tells pings 1 to 4 to a doubler with the faults and returns what came out at the end.
func run(t *testing.T, setup func(f *actortest.Faults)) (out []int, fired []string) {
	synctest.Test(t, func(t *testing.T) {
		f := actortest.NewFaults(1)
		setup(f)
		sys := actors.NewSystem(actors.SystemOptions{Intercept: f, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
		sink := actortest.NewProbe[ping](sys, "sink")
		r, err := actors.Spawn(sys, "doubler", actors.Props[message]{
			Kind:    "doubler",
			New:     func() actors.Behavior[message] { return &doubler{sink.Ref()} },
			Restart: actors.Restart{Min: time.Second, Max: time.Minute, Window: time.Hour, Limit: 5},
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i <= 4; i++ {
			if err := r.Tell(ping{i}); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		for len(sink.C()) > 0 {
			out = append(out, sink.Next(t).N)
		}
		sink.None(t)
		fired = f.Fired()
		if err := sys.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return out, fired
}

func TestFaults(t *testing.T) {
	t.Parallel()
	to := actortest.Kind("doubler")
	for _, tt := range []struct {
		name  string
		setup func(f *actortest.Faults)
		out   []int
		fired []string
	}{
		{"none", func(f *actortest.Faults) {}, []int{1, 2, 3, 4}, nil},
		{"no action", func(f *actortest.Faults) { f.On(to) }, []int{1, 2, 3, 4}, nil},
		{"crash", func(f *actortest.Faults) { f.On(to).Nth(2).Crash() }, []int{1, 3, 4}, []string{"crash doubler actortest_test.ping #2"}},
		{"crash after", func(f *actortest.Faults) { f.On(to, actortest.Message[ping]()).Nth(2).CrashAfter() }, []int{1, 2, 3, 4}, []string{"crash after doubler actortest_test.ping #2"}},
		{"crash at start", func(f *actortest.Faults) { f.On(actortest.Message[actors.Starting]()).Nth(1).Crash() }, []int{1, 2, 3, 4}, []string{"crash doubler actors.Starting #1"}},
		{"drop", func(f *actortest.Faults) { f.On(to, actortest.Named("actortest_test.ping")).Nth(1).Drop() }, []int{2, 3, 4}, []string{"drop doubler actortest_test.ping #1"}},
		{"duplicate", func(f *actortest.Faults) { f.On(actortest.Path("doub*")).Every(2).Duplicate() }, []int{1, 2, 2, 3, 4, 4}, []string{"duplicate doubler actortest_test.ping #2", "duplicate doubler actortest_test.ping #4"}},
		{"times", func(f *actortest.Faults) { f.On(to).Times(1).Duplicate() }, []int{1, 1, 2, 3, 4}, []string{"duplicate doubler actortest_test.ping #1"}},
		{"delay", func(f *actortest.Faults) { f.On(to).Nth(1).Delay(time.Minute) }, []int{2, 3, 4, 1}, []string{"delay doubler actortest_test.ping #1"}},
		{"reorder", func(f *actortest.Faults) { f.On(to).Nth(2).Reorder() }, []int{1, 3, 2, 4}, []string{"reorder doubler actortest_test.ping #2"}},
		{"reorder all", func(f *actortest.Faults) { f.On(to).Reorder() }, []int{2, 1, 4, 3}, []string{"reorder doubler actortest_test.ping #1", "reorder doubler actortest_test.ping #3"}},
		{"reorder the last", func(f *actortest.Faults) { f.On(to).Nth(4).Reorder() }, []int{1, 2, 3, 4}, []string{"reorder doubler actortest_test.ping #4"}},
		{"that", func(f *actortest.Faults) { f.On(actortest.That(func(p ping) bool { return p.N == 3 }), to).Drop() }, []int{1, 2, 4}, []string{"drop doubler actortest_test.ping #1"}},
		{"other path", func(f *actortest.Faults) { f.On(actortest.Path("*/doubler")).Crash() }, []int{1, 2, 3, 4}, nil},
		{"off", func(f *actortest.Faults) { f.On(to).Drop(); f.Enable(false) }, []int{1, 2, 3, 4}, nil},
		{"no chance", func(f *actortest.Faults) { f.On(to).Chance(1e-18).Drop() }, []int{1, 2, 3, 4}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, fired := run(t, tt.setup)
			if !slices.Equal(out, tt.out) {
				t.Errorf("out = %v, want %v", out, tt.out)
			}
			if !slices.Equal(fired, tt.fired) {
				t.Errorf("fired = %q, want %q", fired, tt.fired)
			}
		})
	}
}

func TestSeedDecides(t *testing.T) {
	t.Parallel()
	hits := func(seed uint64) []string {
		f := actortest.NewFaults(seed)
		f.On(actortest.Kind("k")).Chance(0.5).Drop()
		for range 64 {
			f.Send(actors.Delivery{Path: "a", Kind: "k", Message: ping{}}, func() {})
		}
		return f.Fired()
	}
	if !slices.Equal(hits(7), hits(7)) {
		t.Error("the same seed hit other messages")
	}
	if slices.Equal(hits(7), hits(8)) {
		t.Error("another seed hit the same messages")
	}
}

// A late or lost message is answered all the same.
func TestEveryRequestIsAnswered(t *testing.T) {
	t.Parallel()
	for name, setup := range map[string]func(f *actortest.Faults, sys func() actors.Ref[message]){
		"drop": func(f *actortest.Faults, _ func() actors.Ref[message]) { f.On(actortest.Message[ask]()).Drop() },
		"late to a dead actor": func(f *actortest.Faults, r func() actors.Ref[message]) {
			f.On(actortest.Message[ask]()).Delay(time.Minute)
			time.AfterFunc(time.Second, func() { r().Stop() })
		},
		"crash": func(f *actortest.Faults, _ func() actors.Ref[message]) { f.On(actortest.Message[ask]()).Crash() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := actortest.NewFaults(1)
				sys := actors.NewSystem(actors.SystemOptions{Intercept: f, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
				r, err := actors.Spawn(sys, "a", actors.Props[message]{New: func() actors.Behavior[message] { return &doubler{} }})
				if err != nil {
					t.Fatal(err)
				}
				setup(f, func() actors.Ref[message] { return r })
				_, err = actors.Ask(t.Context(), r, func(re actors.Reply[int]) message { return ask{re} })
				if !errors.Is(err, actors.ErrFull) && !errors.Is(err, actors.ErrStopped) && !errors.Is(err, actors.ErrCrashed) {
					t.Errorf("answer: %v", err)
				}
				if err := sys.Stop(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestPath(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		glob, path string
		want       bool
	}{
		{"gateway/sessions/*", "gateway/sessions/agent:main:x", true},
		{"gateway/sessions/*", "gateway/sessions/a/run/1", false},
		{"gateway/sessions/**", "gateway/sessions/a/run/1", true},
		{"gateway/*/a.b", "gateway/x/a.b", true},
		{"gateway/*/a.b", "gateway/x/aXb", false},
		{"**", "anything/at all", true},
		{"a", "a/b", false},
	} {
		hit := false
		f := actortest.NewFaults(1)
		f.On(actortest.Path(tt.glob)).Drop()
		f.Send(actors.Delivery{Path: tt.path, Message: ping{}}, func() {})
		hit = len(f.Fired()) == 1
		if hit != tt.want {
			t.Errorf("Path(%q) on %q: %v", tt.glob, tt.path, hit)
		}
	}
}
