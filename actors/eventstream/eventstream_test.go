package eventstream

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/transport/wire"
)

// sink keeps what it is offered.
type sink struct {
	mu     sync.Mutex
	frames []wire.EventFrame
	boom   bool
}

func (s *sink) Offer(frame []byte, _ bool) {
	if s.boom {
		panic("sink")
	}
	f, err := wire.ParseServerFrame(frame)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && f.Event != nil {
		s.frames = append(s.frames, *f.Event)
	}
}

func (s *sink) seqs() (n []int64, names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.frames {
		n, names = append(n, *f.Seq), append(names, f.Event)
	}
	return n, names
}

// open starts the actor under the given faults.
func open(t *testing.T, faults actors.Interceptor) (Stream, *State, func()) {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	sys := actors.NewSystem(actors.SystemOptions{Log: log, Intercept: faults})
	state := NewState()
	ref, err := actors.Spawn(sys, "eventstream", Props(Options{State: state, Log: log}))
	if err != nil {
		t.Fatal(err)
	}
	return NewStream(ref, state), state, func() {
		if err := sys.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

func gapFree(t *testing.T, seqs []int64) {
	t.Helper()
	for i, n := range seqs {
		if n != seqs[0]+int64(i) {
			t.Fatalf("numbers are not gap-free: %v", seqs)
		}
	}
}

func TestNumbers_oneOrderForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, stop := open(t, nil)
		defer stop()
		a, b := &sink{}, &sink{}
		s.Join("a", a)
		s.Join("b", b)
		for range 20 {
			go s.Publish(wire.Event{Name: "presence", Payload: wire.PresenceEvent{}, StateVersion: &wire.StateVersion{}})
			go s.Run(PublishRun{RunID: "r", Stream: "assistant"}, map[string]string{"text": "x"}, nil)
		}
		synctest.Wait()
		x, names := a.seqs()
		y, _ := b.seqs()
		if len(x) != 40 || len(y) != 40 || x[0] != 1 {
			t.Fatalf("got %d and %d events, first %v", len(x), len(y), x[:1])
		}
		gapFree(t, x)
		gapFree(t, y)
		for i, f := range a.frames {
			if (f.StateVersion != nil) != (names[i] == "presence") {
				t.Errorf("%s carries stateVersion %v", names[i], f.StateVersion)
			}
		}
	})
}

func TestCrash_keepsNumbersAndTellsOfTheLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := actortest.NewFaults(1)
		f.On(actortest.Kind("eventstream"), actortest.Message[Publish]()).Nth(2).Crash()
		s, _, stop := open(t, f)
		defer stop()
		a := &sink{}
		s.Join("a", a)
		for range 4 {
			s.Publish(wire.Event{Name: "health", Payload: wire.OKResult{}})
		}
		time.Sleep(time.Second) // the backoff, in the bubble's time
		synctest.Wait()
		n, names := a.seqs()
		gapFree(t, n)
		if got := strings.Join(names, " "); got != "health agent health health" && got != "health health health agent" && got != "health health agent health" {
			t.Errorf("events: %s; want three of four and a notice", got)
		}
	})
}

func TestCrash_droppableIsLostInSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := actortest.NewFaults(1)
		f.On(actortest.Kind("eventstream"), actortest.Message[Publish]()).Nth(1).Crash()
		s, _, stop := open(t, f)
		defer stop()
		a := &sink{}
		s.Join("a", a)
		s.Publish(wire.Event{Name: "tick", Payload: wire.TickEvent{}, Droppable: true})
		s.Publish(wire.Event{Name: "tick", Payload: wire.TickEvent{}, Droppable: true})
		time.Sleep(time.Second)
		if _, names := a.seqs(); len(names) != 1 {
			t.Errorf("events: %v, want one", names)
		}
	})
}

func TestSink_panicRemovesOnlyIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, state, stop := open(t, nil)
		defer stop()
		good := &sink{}
		s.Join("bad", &sink{boom: true})
		s.Join("good", good)
		s.Publish(wire.Event{Name: "health", Payload: wire.OKResult{}})
		s.Publish(wire.Event{Name: "health", Payload: wire.OKResult{}})
		synctest.Wait()
		if n, _ := good.seqs(); len(n) != 2 {
			t.Errorf("the good sink got %v", n)
		}
		if _, still := state.sinks.byID["bad"]; still {
			t.Error("the sink that panicked is still there")
		}
	})
}

func TestRun_numbersAndChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, stop := open(t, nil)
		defer stop()
		a := &sink{}
		s.Join("a", a)
		chat := func(state string) *Chat {
			return &Chat{RunID: "client", SessionKey: "main", State: state, Message: wire.Raw(`{}`)}
		}
		s.Run(PublishRun{RunID: "run", SessionKey: "main", Stream: "assistant", Chat: chat("delta")}, wire.AssistantData{Text: "x"}, nil)
		s.Run(PublishRun{RunID: "run", SessionKey: "main", Chat: chat("aborted")}, nil, nil)
		s.Run(PublishRun{RunID: "run", SessionKey: "main", Stream: "job", Chat: chat("final")}, wire.OKResult{}, nil)
		synctest.Wait()
		want := []struct {
			event string
			seq   int64
		}{{"agent", 1}, {"chat", 1}, {"chat", 2}, {"agent", 2}, {"chat", 2}}
		for i, w := range want {
			var p struct {
				RunID string `json:"runId"`
				Seq   int64  `json:"seq"`
			}
			f := a.frames[i]
			if err := wire.Unmarshal(f.Payload, &p); err != nil || f.Event != w.event || p.Seq != w.seq {
				t.Errorf("event %d is %s %s (%v), want %s with seq %d", i, f.Event, f.Payload, err, w.event, w.seq)
			}
		}
	})
}

func TestTick_everyThirtySeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, stop := open(t, nil)
		defer stop()
		a := &sink{}
		s.Join("a", a)
		time.Sleep(5*TickInterval + time.Second)
		if n, _ := a.seqs(); len(n) != 5 {
			t.Errorf("%d ticks in five intervals", len(n))
		}
	})
}

func TestRunNumbers_boundedAndKept(t *testing.T) {
	t.Parallel()
	var r runNumbers
	r.next("session")
	for i := range 3 * maxRuns / 2 {
		r.next(string(rune('a'+i%26)) + time.Duration(i).String())
	}
	if got := r.next("session"); got != 2 {
		t.Errorf("a run id that came back got %d, want 2", got)
	}
	if n := len(r.young) + len(r.old); n > 2*maxRuns {
		t.Errorf("%d ids are kept", n)
	}
}
