package actors_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
)

// A future hangs all but one of those who wait for it.
func TestTrap07_ManyAskersAllGetAnAnswer(t *testing.T) {
	t.Parallel()
	s := newSystem(t, actors.SystemOptions{})
	r := mustSpawn(t, s, "a", props(scripted(&trace{})))
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			want := fmt.Sprint(i)
			got, err := actors.Ask(t.Context(), r, func(re actors.Reply[string]) script { return script{re, want} })
			if err != nil || got != "did "+want {
				t.Errorf("Ask = %q, %v", got, err)
			}
		})
	}
	wg.Wait()
}

// A second answer overwrites the first.
func TestTrap08_TheFirstAnswerWins(t *testing.T) {
	t.Parallel()
	for range 100 {
		tr := &trace{}
		re := actors.ReplyTo(func(v int, err error) { tr.add("%d %v", v, err) })
		var wg sync.WaitGroup
		re.Send(0)
		for i := 1; i < 4; i++ {
			wg.Go(func() { re.Send(i) })
			wg.Go(func() { re.Fail(errors.New("late")) })
		}
		wg.Wait()
		tr.want(t, "0 <nil>")
	}
	var zero actors.Reply[int]
	zero.Send(1)
	zero.Fail(errors.New("nobody"))
}

// An actor that waits in its handler is deaf, and deadlocks if it asks itself.
func TestTrap10_PipeAsksWithoutWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
		r := mustSpawn(t, s, "a", props(behavior[script]{
			receive: func(c *actors.Context[script], m script) error {
				tr.add("%s", m.do)
				m.Send("answer")
				if m.do == "ask yourself" {
					self := c.Self()
					actors.Pipe(c, func(ctx context.Context) (string, error) {
						return actors.Ask(ctx, self, func(re actors.Reply[string]) script { return script{re, "asked"} })
					}, func(v string, err error) script { return script{do: fmt.Sprint("got ", v, err)} })
				}
				return nil
			},
		}))
		mustTell(t, r, script{do: "ask yourself"}, script{do: "other"})
		synctest.Wait()
		tr.want(t, "ask yourself", "other", "asked", "got answer<nil>")
	})
}

// ReenterAfter runs the closure of a dead incarnation.
func TestTrap11_ResultsOfADeadIncarnationAreDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
		gen := 0
		p := props(behavior[string]{
			start: func(c *actors.Context[string]) error {
				gen++
				mine := gen
				actors.Pipe(c, func(ctx context.Context) (int, error) {
					time.Sleep(5 * time.Second) // deaf to ctx
					tr.add("done %d, ctx %v", mine, ctx.Err())
					return mine, nil
				}, func(n int, err error) string { return fmt.Sprintf("result of %d", n) })
				return nil
			},
			receive: func(_ *actors.Context[string], m string) error {
				tr.add("%s", m)
				if m == "fail" {
					return errors.New(m)
				}
				return nil
			},
		})
		p.Restart = actors.Restart{Min: 2 * time.Second, Limit: 5}
		mustTell(t, mustSpawn(t, s, "a", p), "fail")
		settle(time.Minute)
		tr.want(t, "fail", "done 1, ctx context canceled", "done 2, ctx <nil>", "result of 2")
		stopSystem(t, s)
	})
}

// A bounded mailbox rounds its bound up and blocks the sender in a spin loop.
func TestTrap15_AFullMailboxRefusesAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSystem(t, actors.SystemOptions{})
		told := 0
		p := props(behavior[int]{receive: func(c *actors.Context[int], m int) error {
			for m == 0 && c.Self().Tell(1) == nil { // to itself: the only one who could make room
				told++
			}
			return nil
		}})
		p.Mailbox.Count = 5
		mustTell(t, mustSpawn(t, s, "a", p), 0)
		synctest.Wait()
		if told != 5 {
			t.Errorf("%d messages in a mailbox of 5", told)
		}
		stopSystem(t, s)
	})
}

// urgent would overtake, if protoactor saw it.
type urgent int

func (urgent) GetPriority() int8 { return 7 }

func (u urgent) GetMessages() []any { return []any{urgent(100), urgent(101)} }

// Messages of some types overtake others, or are delivered twice, by how they were sent.
func TestTrap23_24_OrderDoesNotDependOnTypes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
		r := mustSpawn(t, s, "a", props(behavior[any]{receive: func(_ *actors.Context[any], m any) error {
			tr.add("%v", m)
			return nil
		}}))
		mustTell[any](t, r, 1, urgent(2), 3, urgent(4), nil)
		synctest.Wait()
		tr.want(t, "1", "2", "3", "4", "<nil>")
		stopSystem(t, s)
	})
}

// A PID must not be copied, nor used as a key by value.
func TestTrap26_RefsAreValues(t *testing.T) {
	t.Parallel()
	s := newSystem(t, actors.SystemOptions{})
	a, b := mustSpawn(t, s, "a", props(scripted(&trace{}))), mustSpawn(t, s, "b", props(scripted(&trace{})))
	cp := a
	seen := map[actors.Ref[script]]string{a: "a", b: "b"}
	if seen[cp] != "a" || a == b || a != cp {
		t.Error("refs do not compare")
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				mustTell(t, cp, script{do: "x"})
			}
		})
	}
	wg.Wait()
}

// Equal panics with a nil PID, and Children returns the live slice.
func TestTrap27_TheZeroRefAndTheInspectorAreHarmless(t *testing.T) {
	t.Parallel()
	s := newSystem(t, actors.SystemOptions{})
	var zero actors.Ref[script]
	if err := zero.Tell(script{}); !errors.Is(err, actors.ErrStopped) {
		t.Error(err)
	}
	zero.Stop()
	zero.Drain()
	<-zero.Done()
	if !zero.IsZero() || zero.Path() != "" || zero != (actors.Ref[script]{}) {
		t.Error("zero Ref")
	}
	mustSpawn(t, s, "a", props(scripted(&trace{})))
	s.Inspect()[0].Path = "changed"
	if got := s.Inspect()[0].Path; got != "a" {
		t.Error(got)
	}
}

// An answer for a dead actor leaks what is in it, and counters of generations repeat.
func TestTrap28_UnwantedResultsAreReleased(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"stop", "fail"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
				var gens []uint64
				p := props(behavior[string]{
					receive: func(c *actors.Context[string], m string) error {
						gens = append(gens, c.Generation())
						if m == "fail" {
							return errors.New(m)
						}
						actors.PipeOwned(c, func(context.Context) (string, error) {
							time.Sleep(time.Second)
							return m, nil
						}, func(v string, _ error) string { return "got " + v }, func(v string) { tr.add("released %s", v) })
						return nil
					},
				})
				p.Restart = patient
				r := mustSpawn(t, s, "a", p)
				mustTell(t, r, "socket")
				synctest.Wait()
				if how == "stop" {
					r.Stop()
				} else {
					mustTell(t, r, how)
				}
				settle(10 * time.Second)
				tr.want(t, "released socket")
				mustTell(t, mustSpawn(t, s, "b", p), "fail", "fail")
				settle(10 * time.Second)
				slices.Sort(gens)
				if n := len(slices.Compact(gens)); n != 3 {
					t.Errorf("%d generations, want 3: %v", n, gens)
				}
				stopSystem(t, s)
			})
		})
	}
}
