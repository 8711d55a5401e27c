package actors_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
)

// clerk passes requests on to next, or keeps them if that is refused, and fails on "fail".
func clerk(next func() actors.Ref[script], kept *[]script) behavior[script] {
	return behavior[script]{receive: func(_ *actors.Context[script], m script) error {
		switch m.do {
		case "fail":
			return errors.New("on purpose")
		case "keep":
			*kept = append(*kept, m)
		default:
			if next().Tell(m) != nil {
				*kept = append(*kept, m)
			}
		}
		return nil
	}}
}

func TestADebtGoesWithTheMessage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		do   func(tell func(*trace, string), front, back actors.Ref[script], free func())
		want []string
	}{
		{"told on, then the first one fails", func(tell func(*trace, string), front, back actors.Ref[script], free func()) {
			tell(nil, "x")
			tell(nil, "fail")
			synctest.Wait()
			free()
		}, []string{"fail: actor crashed", "x: did x <nil>"}},
		{"told on, then the second one stops", func(tell func(*trace, string), front, back actors.Ref[script], free func()) {
			tell(nil, "x")
			synctest.Wait()
			back.Stop()
		}, []string{"x: actor stopped"}},
		{"refused, then the first one fails", func(tell func(*trace, string), front, back actors.Ref[script], free func()) {
			back.Stop()
			tell(nil, "x")
			synctest.Wait()
			tell(nil, "fail")
		}, []string{"fail: actor crashed", "x: actor crashed"}},
		{"kept, then stopped", func(tell func(*trace, string), front, back actors.Ref[script], free func()) {
			tell(nil, "keep")
			synctest.Wait()
			front.Stop()
		}, []string{"keep: actor stopped"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, tr, gate := newSystem(t, actors.SystemOptions{}), &trace{}, make(chan struct{})
				free := sync.OnceFunc(func() { close(gate) })
				back := mustSpawn(t, s, "back", props(behavior[script]{receive: func(_ *actors.Context[script], m script) error {
					if m.do != "first" {
						m.Send("did " + m.do)
						return nil
					}
					<-gate
					return nil
				}}))
				mustTell(t, back, script{do: "first"})
				var kept []script
				p := props(clerk(func() actors.Ref[script] { return back }, &kept))
				p.Restart = patient
				front := mustSpawn(t, s, "front", p)
				tt.do(func(_ *trace, do string) { mustTell(t, front, script{answer(tr, do), do}) }, front, back, free)
				settle(time.Minute)
				tr.want(t, tt.want...)
				free()
				synctest.Wait()
				for _, m := range kept {
					m.Send("too late")
				}
				tr.want(t, tt.want...)
				stopSystem(t, s)
			})
		})
	}
}

func TestReplyFromAnotherGoroutine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
		r := mustSpawn(t, s, "a", props(behavior[script]{receive: func(_ *actors.Context[script], m script) error {
			time.AfterFunc(time.Second, func() { m.Send("late " + m.do) })
			return nil
		}}))
		mustTell(t, r, script{answer(tr, "1"), "x"})
		settle(time.Minute)
		mustTell(t, r, script{answer(tr, "2"), "x"})
		synctest.Wait()
		r.Stop()
		settle(time.Minute)
		tr.want(t, "1: late x <nil>", "2: actor stopped")
	})
}

// A Reply's function that panics, or ends its goroutine, harms neither the actor nor the others.
func TestABadReplyFunctionIsContained(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr, gate := newSystem(t, actors.SystemOptions{}), &trace{}, make(chan struct{})
		r := mustSpawn(t, s, "a", props(behavior[script]{receive: func(_ *actors.Context[script], m script) error {
			if m.do == "last" {
				<-gate
			}
			return nil
		}}))
		bad := actors.ReplyTo(func(string, error) { panic("in reply") })
		exit := actors.ReplyTo(func(string, error) { runtimeGoexit() })
		for _, do := range []string{"taken", "last", "queued"} {
			mustTell(t, r, script{answer(tr, do), do}, script{bad, do}, script{exit, do}, script{answer(tr, do), do})
		}
		synctest.Wait()
		close(gate)
		r.Stop()
		<-r.Done()
		synctest.Wait()
		if n := len(tr.get()); n != 6 {
			t.Errorf("%d answers: %q", n, tr.get())
		}
		stopSystem(t, s)
	})
}

// Whatever is crashed, stopped, lost, late, doubled or overtaken, a Tell that was accepted is answered
// exactly once, and a refused one never.
func TestEveryAcceptedRequestIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { answerOnce(t, seed) })
		})
	}
}

func answerOnce(t *testing.T, seed uint64) {
	f := actortest.NewFaults(seed)
	f.On(actortest.Message[script]()).Chance(0.05).Crash()
	f.On(actortest.Message[script]()).Chance(0.05).CrashAfter()
	f.On(actortest.Message[actors.Starting]()).Chance(0.2).Crash()
	f.On(actortest.Message[script]()).Chance(0.05).Drop()
	f.On(actortest.Message[script]()).Chance(0.1).Duplicate()
	f.On(actortest.Message[script]()).Chance(0.1).Delay(time.Second)
	f.On(actortest.Message[script]()).Chance(0.1).Reorder()
	s := newSystem(t, actors.SystemOptions{Intercept: f})
	rng := rand.New(rand.NewPCG(seed, 1))
	refs := make([]atomic.Pointer[actors.Ref[script]], 4)
	worker := func(i int) actors.Props[script] {
		var kept []script
		p := props(clerk(func() actors.Ref[script] { return *refs[(i+1)%len(refs)].Load() }, &kept))
		if i == len(refs)-1 {
			p = props(scripted(&trace{}))
		}
		p.Restart = actors.Restart{Min: 10 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 50}
		p.Mailbox = actors.Mailbox{Count: 16, Overflow: actors.Overflow(i % 3)}
		return p
	}
	spawn := func(i int) {
		r := mustSpawn(t, s, fmt.Sprint("w", i), worker(i))
		refs[i].Store(&r)
	}
	for i := range refs {
		spawn(i)
	}
	const n = 2000
	var answers, accepted [n]atomic.Int32
	for i := range n {
		re := actors.ReplyTo(func(string, error) { answers[i].Add(1) })
		do := []string{"x", "x", "x", "x", "x", "x", "keep", "panic"}[rng.IntN(8)]
		if refs[rng.IntN(len(refs))].Load().Tell(script{re, do}) == nil {
			accepted[i].Add(1)
		}
		if w := rng.IntN(len(refs)); rng.IntN(20) == 0 {
			r := *refs[w].Load()
			if rng.IntN(2) == 0 {
				r.Stop()
			} else {
				r.Drain()
			}
		}
		for w := range refs {
			select {
			case <-refs[w].Load().Done():
				spawn(w)
			default:
			}
		}
		if rng.IntN(4) == 0 {
			time.Sleep(time.Duration(rng.IntN(50)) * time.Millisecond)
		}
	}
	time.Sleep(time.Hour)
	stopSystem(t, s) // ends what "keep" holds
	time.Sleep(time.Hour)
	synctest.Wait()
	for i := range n {
		if a, k := answers[i].Load(), accepted[i].Load(); a != k {
			t.Errorf("seed %d, request %d: %d answers, accepted %d", seed, i, a, k)
		}
	}
}
