package actors_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
)

// watching spawns an actor that watches r from each Start and traces what it hears.
func watching(t *testing.T, s *actors.System, tr *trace, r actors.Ref[script], m actors.Mailbox) actors.Ref[string] {
	p := props(behavior[string]{
		start: func(c *actors.Context[string]) error {
			actors.Watch(c, r, func(reason error) string { return fmt.Sprint("gone: ", reason) })
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
	p.Restart, p.Mailbox = patient, m
	return mustSpawn(t, s, "watcher", p)
}

func TestWatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		do   func(r actors.Ref[script], w actors.Ref[string])
		want []string
	}{
		{"stop", func(r actors.Ref[script], _ actors.Ref[string]) { r.Stop() }, []string{"gone: <nil>"}},
		{"drain", func(r actors.Ref[script], _ actors.Ref[string]) { r.Drain() }, []string{"gone: <nil>"}},
		{"failure", func(r actors.Ref[script], _ actors.Ref[string]) { _ = r.Tell(script{do: "error"}) }, []string{"gone: on purpose"}},
		{"watcher restarted", func(r actors.Ref[script], w actors.Ref[string]) {
			_ = w.Tell("fail")
			settle(time.Hour)
			r.Stop()
		}, []string{"fail", "gone: <nil>"}}, // once: the first watch ended with its incarnation
		{"gone while the watcher was down", func(r actors.Ref[script], w actors.Ref[string]) {
			_ = w.Tell("fail")
			synctest.Wait()
			r.Stop()
		}, []string{"fail", "gone: <nil>"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
				r := mustSpawn(t, s, "a", props(scripted(&trace{})))
				w := watching(t, s, tr, r, actors.Mailbox{})
				synctest.Wait()
				tt.do(r, w)
				settle(time.Hour)
				tr.want(t, tt.want...)
				stopSystem(t, s)
			})
		})
	}
}

func TestWatchOfNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
		r := mustSpawn(t, s, "a", props(scripted(&trace{})))
		mustTell(t, r, script{do: "error"})
		<-r.Done()
		w := watching(t, s, tr, r, actors.Mailbox{})
		synctest.Wait()
		w.Stop()
		<-w.Done()
		watching(t, s, tr, actors.Ref[script]{}, actors.Mailbox{})
		synctest.Wait()
		tr.want(t, "gone: on purpose", "gone: actor stopped")
		stopSystem(t, s)
	})
}

// Tests may lose any message but this one: nothing could make up for it.
func TestFaultsSpareWatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := actortest.NewFaults(1)
		f.On(actortest.Path("watcher"), actortest.Message[string]()).Crash()
		f.On(actortest.Path("watcher"), actortest.Message[string]()).Drop()
		s, tr := newSystem(t, actors.SystemOptions{Intercept: f}), &trace{}
		r := mustSpawn(t, s, "a", props(scripted(&trace{})))
		w := watching(t, s, tr, r, actors.Mailbox{})
		mustTell(t, w, "lost")
		synctest.Wait()
		r.Stop()
		synctest.Wait()
		tr.want(t, "gone: <nil>")
		stopSystem(t, s)
	})
}

// A full mailbox does not lose a watch, a timer or a result.
func TestOwnMessagesAreNeverRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr, gate := newSystem(t, actors.SystemOptions{}), &trace{}, make(chan struct{})
		r := mustSpawn(t, s, "a", props(scripted(&trace{})))
		p := props(behavior[string]{
			start: func(c *actors.Context[string]) error {
				actors.Watch(c, r, func(error) string { return "watch" })
				c.After(time.Second, "timer")
				actors.Pipe(c, func(context.Context) (int, error) { panic("in f") }, func(_ int, err error) string { return err.Error() })
				return nil
			},
			receive: func(_ *actors.Context[string], m string) error { <-gate; tr.add("%s", m); return nil },
		})
		p.Mailbox.Count = 1
		w := mustSpawn(t, s, "w", p)
		for w.Tell("x") == nil {
		}
		r.Stop()
		settle(time.Minute)
		close(gate)
		synctest.Wait()
		got := map[string]bool{}
		for _, m := range tr.get() {
			got[m] = true
		}
		if !got["watch"] || !got["timer"] || !got["panic: in f"] {
			t.Errorf("%q", tr.get())
		}
		stopSystem(t, s)
	})
}
