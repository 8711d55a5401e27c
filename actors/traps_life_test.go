package actors_test

// Every known trap of protoactor-go that touches the runtime has a test, here, in
// traps_message_test.go or in internal_test.go, that fails if the layer's remedy is taken away.

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
)

var patient = actors.Restart{Min: time.Second, Max: 8 * time.Second, Window: time.Hour, Limit: 5}

// A guardian that escalates, or that is asked for its children, ends the process; one that
// gives up says nothing.
func TestTrap01_02_03_TopLevelFailuresAreContained(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
		p := props(scripted(tr))
		p.Restart = actors.Restart{Min: time.Second, Limit: 2}
		p.OnGiveUp = func(err error) {
			_, ok := errors.AsType[*actors.PanicError](err)
			tr.add("gave up %v", ok)
		}
		r := mustSpawn(t, s, "a", p)
		mustTell(t, r, script{do: "panic"}, script{do: "panic"}, script{do: "panic"}, script{do: "never"})
		<-r.Done()
		tr.want(t, "start", "panic", "stop", "start", "panic", "stop", "start", "panic", "stop", "gave up true")
		if n := len(s.Inspect()); n != 0 {
			t.Errorf("%d actors left", n)
		}
		stopSystem(t, s)
	})
}

// A panic in Stopping leaves a zombie, one in Stopped a parent that waits for ever.
func TestTrap04_05_PanicInStopStillStops(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]func(){"panic": func() { panic("stop") }, "goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
				child := props(behavior[string]{
					start:   func(*actors.Context[string]) error { tr.add("start"); return nil },
					receive: func(_ *actors.Context[string], m string) error { tr.add("%s", m); return errors.New(m) },
					stop:    func(*actors.Context[string]) { tr.add("stop"); bad() },
				})
				child.Restart = patient
				var kid actors.Ref[string]
				parent := mustSpawn(t, s, "p", props(behavior[string]{
					start: func(c *actors.Context[string]) error {
						kid = mustSpawn(t, c, "c", child)
						return nil
					},
				}))
				synctest.Wait()
				mustTell(t, kid, "fail")
				settle(time.Minute)
				parent.Stop()
				<-parent.Done()
				<-kid.Done()
				tr.want(t, "start", "fail", "stop", "start", "stop")
			})
		})
	}
}

// ReceiveTimeout is a data race and fires once. After is a message like any other.
func TestTrap06_TimersAreMessagesOfTheirIncarnation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr, t0 := newSystem(t, actors.SystemOptions{}), &trace{}, time.Now()
		gen := 0
		p := props(behavior[string]{
			start: func(c *actors.Context[string]) error {
				gen++
				c.After(time.Second, fmt.Sprint("tick of ", gen))
				cancel := c.After(time.Second, "cancelled")
				c.After(500*time.Millisecond, "cancel")
				time.AfterFunc(700*time.Millisecond, cancel)
				return nil
			},
			receive: func(c *actors.Context[string], m string) error {
				tr.add("%s %v", m, time.Since(t0))
				switch m {
				case "tick of 1", "tick of 2":
					c.After(time.Second, m)
				case "fail":
					return errors.New(m)
				}
				return nil
			},
		})
		p.Restart = actors.Restart{Limit: 5}
		r := mustSpawn(t, s, "a", p)
		settle(2500 * time.Millisecond)
		mustTell(t, r, "fail")
		settle(1400 * time.Millisecond)
		r.Stop()
		settle(time.Hour)
		tr.want(t, "cancel 500ms", "tick of 1 1s", "tick of 1 2s", "fail 2.5s", "cancel 3s", "tick of 2 3.5s")
	})
}

// The "exponential" backoff is linear, without cap and in effect without jitter.
func TestTrap13_BackoffIsExponentialCappedAndJittered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSystem(t, actors.SystemOptions{})
		var mu sync.Mutex
		var at []time.Time
		p := props(behavior[string]{start: func(*actors.Context[string]) error {
			mu.Lock()
			defer mu.Unlock()
			at = append(at, time.Now())
			return errors.New("no")
		}})
		p.Restart = actors.Restart{Min: time.Second, Max: 8 * time.Second, Window: time.Hour, Limit: 7}
		<-mustSpawn(t, s, "a", p).Done()
		mu.Lock()
		defer mu.Unlock()
		if len(at) != 8 {
			t.Fatalf("%d starts", len(at))
		}
		round := 0
		for i, full := range []time.Duration{1, 2, 4, 8, 8, 8, 8} {
			full *= time.Second
			got := at[i+1].Sub(at[i])
			if got < full/2 || got > full {
				t.Errorf("restart %d after %v, want %v to %v", i+1, got, full/2, full)
			}
			if got == full {
				round++
			}
		}
		if round == 7 {
			t.Error("no jitter")
		}
	})
}

// A timer of a stopped actor restarts its namesake.
func TestTrap14_ANamesakeIsNotRestarted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
		p := props(scripted(tr))
		p.Restart = actors.Restart{Min: time.Minute, Limit: 5}
		r := mustSpawn(t, s, "a", p)
		mustTell(t, r, script{do: "error"})
		settle(time.Second)
		r.Stop()
		<-r.Done()
		next := mustSpawn(t, s, "a", p)
		if next == r {
			t.Error("two actors have one Ref")
		}
		settle(time.Hour)
		tr.want(t, "start", "error", "stop", "start")
		stopSystem(t, s)
	})
}

// The name is free before the cleanup is done.
func TestTrap19_TheNameIsFreeOnlyAfterCleanup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr, gate := newSystem(t, actors.SystemOptions{}), &trace{}, make(chan struct{})
		grandchild := props(behavior[string]{stop: func(*actors.Context[string]) { <-gate; tr.add("closed") }})
		p := props(behavior[string]{start: func(c *actors.Context[string]) error {
			mustSpawn(t, c, "socket", grandchild)
			return nil
		}})
		r := mustSpawn(t, s, "a", p)
		r.Stop()
		synctest.Wait()
		if _, err := actors.Spawn(s, "a", p); !errors.Is(err, actors.ErrNameTaken) {
			t.Errorf("spawn beside the dying one: %v", err)
		}
		select {
		case <-r.Done():
			t.Error("done before its child is")
		default:
		}
		close(gate)
		<-r.Done()
		tr.want(t, "closed")
		mustSpawn(t, s, "a", p)
		stopSystem(t, s)
	})
}

// runtime.Goexit in a handler wedges the actor for ever.
func TestTrap22_GoexitIsAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
		starts := 0
		p := props(behavior[string]{
			start: func(*actors.Context[string]) error {
				if starts++; starts == 2 {
					runtime.Goexit()
				}
				return nil
			},
			receive: func(_ *actors.Context[string], m string) error {
				if tr.add("%s", m); m == "exit" {
					runtime.Goexit()
				}
				return nil
			},
		})
		p.Restart = patient
		r := mustSpawn(t, s, "a", p)
		mustTell(t, r, "exit", "after")
		settle(time.Hour)
		tr.want(t, "exit", "after")
		if i := s.Inspect()[0]; i.Restarts != 2 {
			t.Errorf("%+v", i)
		}
		stopSystem(t, s)
	})
}
