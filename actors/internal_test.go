package actors

import (
	"io"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

type blob struct{}

func (blob) Size() int { return 300 }

type silent struct{ gate chan struct{} }

func (s silent) Receive(*Context[blob], blob) error {
	if s.gate != nil {
		<-s.gate
	}
	return nil
}

func quietSystem() *System {
	return NewSystem(SystemOptions{Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
}

// Every props with a strategy of its own leaks a guardian.
func TestTrap18_OneGuardianForAll(t *testing.T) {
	t.Parallel()
	s := quietSystem()
	for i := range 100 {
		r, err := Spawn(s, strconv.Itoa(i), Props[blob]{New: func() Behavior[blob] { return silent{} }})
		if err != nil {
			t.Fatal(err)
		}
		r.Stop()
		<-r.Done()
	}
	var left []string
	for _, m := range s.engine.ProcessRegistry.LocalPIDs.LocalPIDs {
		left = append(left, m.Keys()...)
	}
	guardians := 0
	for _, id := range left {
		if strings.HasPrefix(id, "guardian") {
			guardians++
		}
	}
	if guardians != 1 || len(left) > 5 {
		t.Errorf("%d guardians, left in the registry: %q", guardians, left)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// The unbounded queue never gives memory back, not even after the actor has stopped.
func TestTrap25_TheQueueShrinks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, gate := quietSystem(), make(chan struct{})
		r, err := Spawn(s, "a", Props[blob]{
			New:     func() Behavior[blob] { return silent{gate} },
			Mailbox: Mailbox{Count: 1 << 16, Bytes: 1 << 30},
		})
		if err != nil {
			t.Fatal(err)
		}
		for r.Tell(blob{}) == nil {
		}
		if n := len(r.c.box.queue.buf); n != 1<<16 {
			t.Fatalf("%d slots", n)
		}
		close(gate)
		synctest.Wait()
		if n := len(r.c.box.queue.buf); n > ringKeep {
			t.Errorf("%d slots kept by an idle actor", n)
		}
		r.Stop()
		<-r.Done()
		if n := len(r.c.box.queue.buf); n != 0 {
			t.Errorf("%d slots kept by a stopped actor", n)
		}
		if err := s.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

type nest struct{ gate chan struct{} }

func (n nest) Start(c *Context[blob]) error {
	_, err := Spawn(c, "slow", Props[blob]{New: func() Behavior[blob] { return slow(n) }})
	return err
}

func (nest) Receive(*Context[blob], blob) error { return nil }

type slow struct{ gate chan struct{} }

func (slow) Receive(*Context[blob], blob) error { return nil }
func (s slow) Stop(*Context[blob])              { <-s.gate }

// A restart that comes due while the actor waits for its children to stop would revive it.
func TestALateRestartDoesNotRevive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, gate := quietSystem(), make(chan struct{})
		r, err := Spawn(s, "a", Props[blob]{New: func() Behavior[blob] { return nest{gate} }})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		r.Stop()
		synctest.Wait()
		r.c.box.PostSystemMessage(restartMessage) // as its timer does when Stop was a moment too late
		synctest.Wait()
		close(gate)
		<-r.Done()
		if err := s.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestIdleActorsOwnNoGoroutine(t *testing.T) {
	s := quietSystem()
	base := runtime.NumGoroutine()
	const n = 10_000
	for i := range n {
		r, err := Spawn(s, strconv.Itoa(i), Props[blob]{New: func() Behavior[blob] { return silent{} }})
		if err != nil || r.Tell(blob{}) != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(20 * time.Second); ; runtime.Gosched() {
		more := runtime.NumGoroutine() - base
		if more <= 5 { // other tests may run
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines for %d idle actors", more, n)
		}
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for _, tt := range []struct {
		r    Restart
		n    int
		want time.Duration
	}{
		{Restart{}, 1, 0},
		{Restart{}, 9, 0},
		{Restart{Min: s}, 5, s},
		{Restart{Min: s, Max: 5 * s}, 1, s},
		{Restart{Min: s, Max: 5 * s}, 3, 4 * s},
		{Restart{Min: s, Max: 5 * s}, 4, 5 * s},
		{Restart{Min: s, Max: 5 * s}, 1 << 40, 5 * s},
	} {
		if got := tt.r.delay(tt.n); got != tt.want {
			t.Errorf("%+v.delay(%d) = %v, want %v", tt.r, tt.n, got, tt.want)
		}
	}
	for range 1000 {
		if d := halfJitter(s); d < s/2 || d > s {
			t.Fatal(d)
		}
	}
}
