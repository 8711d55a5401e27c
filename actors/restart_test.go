package actors_test

import (
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
)

func TestGiveUpCountsOnlyTheWindow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		every time.Duration
		fails int // handled before it gives up, of 10
	}{
		{"slow enough", 40 * time.Second, 10},
		{"too fast", 10 * time.Second, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
				p := props(behavior[string]{receive: func(_ *actors.Context[string], m string) error {
					tr.add("%s", m)
					return errors.New(m)
				}})
				p.Restart = actors.Restart{Min: time.Second, Max: 5 * time.Second, Window: time.Minute, Limit: 2}
				r := mustSpawn(t, s, "a", p)
				for range 10 {
					_ = r.Tell("fail")
					settle(tt.every)
				}
				if n := len(tr.get()); n != tt.fails {
					t.Errorf("%d failures handled, want %d", n, tt.fails)
				}
				stopSystem(t, s)
			})
		})
	}
}

// A failure is one line in the log, a panic with its stack, and protoactor adds nothing.
func TestFailuresAreLoggedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		s := newSystem(t, actors.SystemOptions{Log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		p := props(scripted(&trace{}))
		p.Restart = actors.Restart{Limit: 1}
		r := mustSpawn(t, s, "a", p)
		mustTell(t, r, script{do: "error"}, script{do: "panic"})
		<-r.Done()
		stopSystem(t, s)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 2 ||
			!strings.Contains(lines[0], `level=WARN msg="actor restarts" actor=a kind=test err="on purpose"`) ||
			!strings.Contains(lines[1], `level=ERROR msg="actor gave up" actor=a kind=test err="panic: on purpose" stack=`) ||
			!strings.Contains(lines[1], "life_test.go") {
			t.Errorf("log:\n%s", out.String())
		}
	})
}

type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// After cancel a timer's message does not come, not even if it is already in the queue.
func TestCancelledTimerInTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
		var cancel func()
		r := mustSpawn(t, s, "a", props(behavior[string]{
			start: func(c *actors.Context[string]) error { cancel = c.After(time.Second, "timer"); return nil },
			receive: func(_ *actors.Context[string], m string) error {
				time.Sleep(time.Minute) // the timer fires meanwhile
				tr.add("%s", m)
				cancel()
				return nil
			},
		}))
		mustTell(t, r, "hold")
		settle(time.Hour)
		tr.want(t, "hold")
		stopSystem(t, s)
	})
}

// crashing panics after each handler.
type crashing struct{}

func (crashing) Send(_ actors.Delivery, deliver func()) { deliver() }

func (crashing) Receive(d actors.Delivery, handle func()) {
	handle()
	if d.Message != (actors.Starting{}) {
		panic("injected")
	}
}

type grumpy struct{}

func (grumpy) Receive(_ *actors.Context[string], m string) error { return errors.New(m) }

// A handler that returns an error and is then crashed has failed once.
func TestOneMessageFailsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSystem(t, actors.SystemOptions{Intercept: crashing{}})
		r := mustSpawn(t, s, "a", actors.Props[string]{New: func() actors.Behavior[string] { return grumpy{} }, Restart: patient})
		mustTell(t, r, "1", "2")
		settle(time.Hour)
		if i := s.Inspect()[0]; i.Restarts != 2 || i.Handled != 2 || i.State != "idle" {
			t.Errorf("%+v", i)
		}
		stopSystem(t, s)
	})
}
