package actors_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
)

// script is a message of the scripted actor below.
type script struct {
	actors.Reply[string]
	do string
}

// scripted records its life in tr and does what the message says.
func scripted(tr *trace) behavior[script] {
	return behavior[script]{
		start: func(c *actors.Context[script]) error { tr.add("start"); return nil },
		stop:  func(c *actors.Context[script]) { tr.add("stop") },
		receive: func(c *actors.Context[script], m script) error {
			tr.add("%s", m.do)
			switch m.do {
			case "panic":
				panic("on purpose")
			case "error":
				return errors.New("on purpose")
			case "keep":
			default:
				m.Send("did " + m.do)
			}
			return nil
		},
	}
}

func TestAsk(t *testing.T) {
	t.Parallel()
	s := newSystem(t, actors.SystemOptions{})
	r := mustSpawn(t, s, "a", props(scripted(&trace{})))
	got, err := actors.Ask(t.Context(), r, func(re actors.Reply[string]) script { return script{re, "x"} })
	if got != "did x" || err != nil {
		t.Errorf("Ask = %q, %v", got, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = actors.Ask(ctx, r, func(re actors.Reply[string]) script { return script{re, "keep"} })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Ask of a silent actor: %v", err)
	}
}

func TestRestartKeepsTheQueueInOrder(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"panic", "error"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
				p := props(scripted(tr))
				p.Restart = actors.Restart{Min: time.Second, Max: time.Minute, Window: time.Hour, Limit: 3}
				r := mustSpawn(t, s, "a", p)
				answers := &trace{}
				for _, do := range []string{"keep", how, "2", "3"} {
					mustTell(t, r, script{actors.ReplyTo(func(v string, err error) {
						answers.add("%s %v", v, err)
						if err != nil && !errors.Is(err, actors.ErrCrashed) {
							t.Error(err)
						}
					}), do})
				}
				synctest.Wait()
				tr.want(t, "start", "keep", how, "stop")
				if i := s.Inspect()[0]; i.State != "backoff" || i.Depth != 2 || i.Restarts != 1 || i.LastPanic == "" {
					t.Errorf("%+v", i)
				}
				settle(time.Minute)
				tr.want(t, "start", "keep", how, "stop", "start", "2", "3")
				answers.want(t, " a: actor crashed", " a: actor crashed", "did 2 <nil>", "did 3 <nil>")
				stopSystem(t, s)
			})
		})
	}
}

func TestStopAnswersTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
		gate := make(chan struct{})
		r := mustSpawn(t, s, "a", props(behavior[script]{
			receive: func(c *actors.Context[script], m script) error { <-gate; return nil },
			stop:    func(c *actors.Context[script]) { tr.add("stop ctx=%v", c.Ctx().Err()) },
		}))
		for i := range 3 {
			mustTell(t, r, script{actors.ReplyTo(func(_ string, err error) { tr.add("%d %v", i, errors.Is(err, actors.ErrStopped)) }), "x"})
		}
		synctest.Wait()
		r.Stop()
		if err := r.Tell(script{}); !errors.Is(err, actors.ErrStopped) {
			t.Error(err)
		}
		tr.want(t, "1 true", "2 true") // at once, though the actor is stuck
		close(gate)
		<-r.Done()
		tr.want(t, "1 true", "2 true", "0 true", "stop ctx=context canceled")
	})
}

func TestDrain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
		r := mustSpawn(t, s, "a", props(scripted(tr)))
		mustTell(t, r, script{do: "1"}, script{do: "2"})
		r.Drain()
		if err := r.Tell(script{}); !errors.Is(err, actors.ErrStopped) {
			t.Error(err)
		}
		<-r.Done()
		tr.want(t, "start", "1", "2", "stop")
		mustSpawn(t, s, "a", props(scripted(tr))).Drain() // an idle one
	})
}
