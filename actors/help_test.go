package actors_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
)

// quiet is a logger that says nothing.
func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// newSystem returns a system that is stopped when the test ends.
func newSystem(t testing.TB, o actors.SystemOptions) *actors.System {
	t.Helper()
	if o.Log == nil {
		o.Log = quiet()
	}
	s := actors.NewSystem(o)
	t.Cleanup(func() { stopSystem(t, s) })
	return s
}

func stopSystem(t testing.TB, s *actors.System) {
	t.Helper()
	stopSystemIn(t, s, 20*time.Second)
}

func stopSystemIn(t testing.TB, s *actors.System, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// behavior is an actor made of functions.
type behavior[M any] struct {
	start   func(c *actors.Context[M]) error
	receive func(c *actors.Context[M], m M) error
	stop    func(c *actors.Context[M])
}

func (b *behavior[M]) Start(c *actors.Context[M]) error {
	if b.start == nil {
		return nil
	}
	return b.start(c)
}

func (b *behavior[M]) Receive(c *actors.Context[M], m M) error {
	if b.receive == nil {
		return nil
	}
	return b.receive(c, m)
}

func (b *behavior[M]) Stop(c *actors.Context[M]) {
	if b.stop != nil {
		b.stop(c)
	}
}

// props makes Props of functions.
func props[M any](b behavior[M]) actors.Props[M] {
	return actors.Props[M]{Kind: "test", New: func() actors.Behavior[M] { cp := b; return &cp }}
}

func mustSpawn[M any](t testing.TB, p actors.Parent, name string, pr actors.Props[M]) actors.Ref[M] {
	t.Helper()
	r, err := actors.Spawn(p, name, pr)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mustTell[M any](t testing.TB, r actors.Ref[M], ms ...M) {
	t.Helper()
	for _, m := range ms {
		if err := r.Tell(m); err != nil {
			t.Fatal(err)
		}
	}
}

// within fails the test if ch is not closed or sent to in time.
func within[T any](t testing.TB, what string, ch <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(time.Minute):
		t.Fatalf("timeout: %s", what)
	}
	return v
}

// trace records what happened, from any goroutine.
type trace struct {
	mu sync.Mutex
	l  []string
}

func (t *trace) add(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.l = append(t.l, fmt.Sprintf(format, args...))
}

func (t *trace) get() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.l)
}

func (t *trace) want(tb testing.TB, want ...string) {
	tb.Helper()
	if got := t.get(); !slices.Equal(got, want) {
		tb.Errorf("trace\n got %q\nwant %q", got, want)
	}
}

// settle lets d pass in a synctest bubble, and all that is due then happen.
func settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func runtimeGoexit() { runtime.Goexit() }
