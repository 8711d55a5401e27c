package conn

import (
	"context"
	"fmt"
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
	"github.com/clawdbot/gateway/actors/health"
	"github.com/clawdbot/gateway/actors/presence"
	"github.com/clawdbot/gateway/transport/wire"
)

// socket records what a connection's actor does with its edge.
type socket struct {
	mu     sync.Mutex
	hello  []byte
	frames []string
	done   int
	closed string
}

func (s *socket) Hello(f []byte)         { s.mu.Lock(); s.hello = f; s.mu.Unlock() }
func (s *socket) Send(f []byte)          { s.mu.Lock(); s.frames = append(s.frames, string(f)); s.mu.Unlock() }
func (s *socket) Offer(_ []byte, _ bool) {}
func (s *socket) Done()                  { s.mu.Lock(); s.done++; s.mu.Unlock() }
func (s *socket) Close(code wire.CloseCode, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed == "" {
		s.closed = fmt.Sprint(code, " ", reason)
	}
}

func (s *socket) state() (frames []string, done int, closed string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.frames), s.done, s.closed
}

type house struct {
	conns actors.Ref[ConnsMessage]
	held  []*wire.Call // calls of the method "wait", which nobody answers
	mu    sync.Mutex
}

// open builds conns with what it needs beside it, and a table of small methods.
func open(t *testing.T, faults actors.Interceptor) *house {
	t.Helper()
	h := &house{}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	sys := actors.NewSystem(actors.SystemOptions{Log: log, Intercept: faults})
	t.Cleanup(func() {
		if err := sys.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	state := eventstream.NewState()
	stream := eventstream.NewStream(spawn(t, sys, "eventstream", eventstream.Props(eventstream.Options{State: state, Log: log})), state)
	h.conns = spawn(t, sys, "conns", Props(Options{
		Stream: stream,
		Presence: spawn(t, sys, "presence", presence.Props(presence.Options{
			Stream: stream, Self: wire.PresenceEntry{Host: "box"}, System: func(_ func(string) (string, string), done func(error)) { done(nil) },
		})),
		Health: spawn(t, sys, "health", health.Props(health.Options{
			Stream: stream, Probe: func(context.Context) (wire.HealthSummary, error) { return wire.HealthSummary{OK: true}, nil },
		})),
		Methods: wire.Table{
			wire.Loose("echo", func(c *wire.Call) { c.OK(wire.Raw(c.Params)) }),
			wire.Loose("wait", func(c *wire.Call) { h.mu.Lock(); h.held = append(h.held, c); h.mu.Unlock() }),
			wire.Loose("twice", func(c *wire.Call) { c.OK(1); c.OK(2); c.Fail(io.EOF) }),
			wire.Loose("accept", func(c *wire.Call) {
				c.Hold()
				c.Respond(wire.Result{Payload: 1, More: true})
				h.mu.Lock()
				h.held = append(h.held, c)
				h.mu.Unlock()
			}),
			wire.Loose("panic", func(*wire.Call) { panic("bug") }),
		},
		Hello: func(p wire.Peer) wire.HelloOK {
			return wire.HelloOK{Type: "hello-ok", Protocol: 2, Policy: wire.NewHelloPolicy()}
		},
		AnswerLimit: time.Minute,
	}))
	return h
}

func spawn[M any](t *testing.T, sys *actors.System, name string, p actors.Props[M]) actors.Ref[M] {
	t.Helper()
	ref, err := actors.Spawn(sys, name, p)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func (h *house) connect(t *testing.T, id string) (actors.Ref[Message], *socket) {
	t.Helper()
	s := &socket{}
	ref, err := actors.Ask(t.Context(), h.conns, func(r actors.Reply[actors.Ref[Message]]) ConnsMessage {
		return Open{Reply: r, Socket: s, Peer: wire.Peer{ConnID: id, Name: "app", Mode: "ui"}, ConnectID: "c1"}
	})
	if err != nil {
		t.Fatal(err)
	}
	return ref, s
}

func call(ref actors.Ref[Message], s *socket, id, method string) {
	_ = ref.Tell(NewRequest(s, &wire.Request{ID: id, Method: method, Params: []byte(`{"x":1}`)}))
}

func TestHello_thenWhatCameTooEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, nil)
		ref, s := h.connect(t, "a")
		call(ref, s, "1", "echo")
		synctest.Wait()
		frames, done, _ := s.state()
		for _, part := range []string{`"id":"c1"`, `"type":"hello-ok"`, `"host":"app"`, `"presence":2`} {
			if !strings.Contains(string(s.hello), part) {
				t.Errorf("hello %s lacks %s", s.hello, part)
			}
		}
		if len(frames) != 1 || frames[0] != `{"type":"res","id":"1","ok":true,"payload":{"x":1}}` || done != 1 {
			t.Errorf("frames %q, done %d", frames, done)
		}
	})
}

func TestCalls_oneAnswerEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, nil)
		ref, s := h.connect(t, "a")
		call(ref, s, "1", "twice")
		call(ref, s, "2", "no.such")
		call(ref, s, "3", "wait")
		synctest.Wait()
		if frames, done, _ := s.state(); len(frames) != 2 || done != 2 || !strings.Contains(frames[1], "unknown method: no.such") {
			t.Errorf("frames %q, done %d", frames, done)
		}
		time.Sleep(3 * time.Minute) // nobody answers the third
		frames, done, _ := s.state()
		if len(frames) != 3 || done != 3 || !strings.Contains(frames[2], `"code":"UNAVAILABLE"`) || !strings.Contains(frames[2], `"retryable":true`) {
			t.Errorf("frames %q, done %d", frames, done)
		}
		h.held[0].OK("late")
		if again, _, _ := s.state(); len(again) != 3 {
			t.Errorf("a late answer went out: %q", again)
		}
	})
}

func TestCalls_acceptedOnesMayTakeLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, nil)
		ref, s := h.connect(t, "a")
		call(ref, s, "1", "accept")
		synctest.Wait()
		if frames, done, _ := s.state(); len(frames) != 1 || done != 1 {
			t.Errorf("after the acknowledgement: frames %q, done %d; an accepted call is not in flight", frames, done)
		}
		time.Sleep(time.Hour)
		h.held[0].OK("end")
		if frames, done, _ := s.state(); len(frames) != 2 || done != 1 {
			t.Errorf("at the end: frames %q, done %d", frames, done)
		}
	})
}

func TestConn_crashClosesOnlyItsSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, nil)
		a, sa := h.connect(t, "a")
		b, sb := h.connect(t, "b")
		call(a, sa, "1", "panic")
		call(b, sb, "1", "echo")
		synctest.Wait()
		if _, _, closed := sa.state(); closed != "1011 internal error" {
			t.Errorf("closed %q", closed)
		}
		if frames, _, closed := sb.state(); closed != "" || len(frames) != 1 {
			t.Errorf("the other one: closed %q, frames %q", closed, frames)
		}
		n, err := actors.Ask(t.Context(), h.conns, func(r actors.Reply[int]) ConnsMessage { return Count{r} })
		if err != nil || n != 1 {
			t.Errorf("%d connections, %v", n, err)
		}
	})
}

func TestRequest_lostOrDoubledIsAnsweredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := actortest.NewFaults(1)
		f.On(actortest.Kind("conn"), actortest.Message[Request]()).Nth(1).Drop()
		f.On(actortest.Kind("conn"), actortest.Message[Request]()).Nth(2).Duplicate()
		h := open(t, f)
		ref, s := h.connect(t, "a")
		call(ref, s, "1", "echo")
		call(ref, s, "2", "echo")
		synctest.Wait()
		frames, done, _ := s.state()
		if len(frames) != 2 || done != 2 || !strings.Contains(frames[0], `"retryable":true`) || !strings.Contains(frames[1], `"ok":true`) {
			t.Errorf("frames %q, done %d", frames, done)
		}
	})
}

func TestConn_helloThatCannotBePutTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := actortest.NewFaults(1)
		f.On(actortest.Kind("presence"), actortest.Message[presence.Connected]()).Every(1).Drop()
		h := open(t, f)
		_, s := h.connect(t, "a")
		time.Sleep(2 * helloLimit)
		if _, _, closed := s.state(); !strings.HasPrefix(closed, "1011") || s.hello != nil {
			t.Errorf("closed %q, hello %q", closed, s.hello)
		}
	})
}

func TestCalls_heldAreBounded(t *testing.T) {
	t.Parallel()
	var c calls
	s := &socket{}
	for i := range maxHeld + 10 {
		p := NewRequest(s, &wire.Request{ID: fmt.Sprint(i)}).call
		c.add(p)
		p.hold()
	}
	if _, done, _ := s.state(); done != maxHeld {
		t.Errorf("%d calls no longer count, want %d", done, maxHeld)
	}
}
