package clock

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
)

// hands is a pair of clocks that a test sets.
type hands struct {
	mu    sync.Mutex // guards the following fields
	wall  time.Duration
	mono  time.Duration
	began time.Time
}

func (h *hands) read() Reading {
	h.mu.Lock()
	defer h.mu.Unlock()
	passed := time.Since(h.began)
	return Reading{Wall: h.began.Add(passed + h.wall), Mono: passed + h.mono}
}

func (h *hands) turn(wall, mono time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wall, h.mono = h.wall+wall, h.mono+mono
}

// TestJumps: sleep, a clock that is set and a process that stood still are each told once, and what is usual is not.
func TestJumps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &hands{began: time.Now()}
		var mu sync.Mutex
		var got []Jump
		sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)})
		_, err := actors.Spawn(sys, "clock", Props(Options{Read: h.read, Jumped: func(j Jump) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, j)
		}}))
		if err != nil {
			t.Fatal(err)
		}
		pass := func() { // a little more than two ticks
			time.Sleep(2*tickEvery + time.Second)
			synctest.Wait()
		}
		told := func(name string, want ...Jump) {
			t.Helper()
			pass()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(got, want) {
				t.Errorf("%s: told %v, want %v", name, got, want)
			}
			got = nil
		}
		told("nothing")
		h.turn(2*time.Second, 0)
		told("a clock that is corrected a little")
		h.turn(time.Hour, 0)
		told("sleep", Jump{By: time.Hour})
		h.turn(-time.Hour, 0)
		told("set back", Jump{By: -time.Hour})
		h.turn(0, 20*time.Second)
		h.turn(20*time.Second, 0)
		told("a busy machine")
		h.turn(time.Minute, time.Minute)
		told("stood still", Jump{Paused: time.Minute + tickEvery})
		if err := sys.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestAlive: it is told again and again.
func TestAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		told := 0
		sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)})
		_, err := actors.Spawn(sys, "clock", Props(Options{Jumped: func(Jump) {}, Alive: func() { told++ }, AliveEvery: time.Minute}))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10*time.Minute + time.Second)
		if err := sys.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if told != 11 {
			t.Errorf("told %d times in ten minutes", told)
		}
	})
}

// TestJump_words: a person learns what happened.
func TestJump_words(t *testing.T) {
	t.Parallel()
	for want, j := range map[string]Jump{
		"set back by 1h0m0s": {By: -time.Hour}, "slept": {By: time.Hour, Paused: time.Minute}, "stood still for 1m0s": {Paused: time.Minute},
	} {
		if got := j.String(); !strings.Contains(got, want) {
			t.Errorf("%+v: %s", j, got)
		}
	}
}
