package actors_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
)

// family spawns "kid" in its Start.
func family(t *testing.T, tr *trace, restart actors.Restart) actors.Props[string] {
	p := props(behavior[string]{
		start: func(c *actors.Context[string]) error {
			tr.add("start %s", c.Path())
			mustSpawn(t, c, "kid", props(behavior[string]{
				start: func(c *actors.Context[string]) error { tr.add("start %s", c.Path()); return nil },
				stop:  func(c *actors.Context[string]) { tr.add("stop %s", c.Path()) },
			}))
			return nil
		},
		receive: func(_ *actors.Context[string], m string) error { return errors.New(m) },
		stop:    func(c *actors.Context[string]) { tr.add("stop %s", c.Path()) },
	})
	p.Restart = restart
	return p
}

// What an actor holds, its children too, does not outlive its failure by a backoff.
func TestRestartStopsChildrenAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
		r := mustSpawn(t, s, "p", family(t, tr, actors.Restart{Min: time.Minute, Limit: 1}))
		synctest.Wait()
		mustTell(t, r, "fail")
		synctest.Wait()
		down := []string{"start p", "start p/kid", "stop p", "stop p/kid"}
		tr.want(t, down...)
		settle(time.Hour)
		tr.want(t, append(down, "start p", "start p/kid")...)
		r.Stop()
		<-r.Done()
		tr.want(t, slices.Concat(down, down)...)
		stopSystem(t, s)
	})
}

// A child that replaces one of the same name, which its parent has not yet seen go, belongs to the
// parent all the same.
func TestANamesakeStopsWithItsParent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
		kid := props(behavior[string]{stop: func(*actors.Context[string]) { tr.add("stop") }})
		p := mustSpawn(t, s, "p", props(behavior[string]{receive: func(c *actors.Context[string], _ string) error {
			for range 10 {
				r := mustSpawn(t, c, "kid", kid)
				r.Stop()
				<-r.Done() // holds the parent, so that it sees none of them go
			}
			mustSpawn(t, c, "kid", kid)
			return nil
		}}))
		mustTell(t, p, "go")
		synctest.Wait()
		p.Stop()
		<-p.Done()
		if n := len(tr.get()); n != 11 {
			t.Errorf("%d children stopped, want 11", n)
		}
		stopSystem(t, s)
	})
}

// A parent stuck in its handler holds up neither its children's restart nor the inspector.
func TestAStuckParentHarmsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr, gate := newSystem(t, actors.SystemOptions{}), &trace{}, make(chan struct{})
		var kid actors.Ref[script]
		p := mustSpawn(t, s, "p", props(behavior[string]{
			start: func(c *actors.Context[string]) error {
				pr := props(scripted(tr))
				pr.Restart = patient
				kid = mustSpawn(t, c, "kid", pr)
				return nil
			},
			receive: func(*actors.Context[string], string) error { <-gate; return nil },
		}))
		mustTell(t, p, "hang")
		synctest.Wait()
		mustTell(t, kid, script{do: "panic"}, script{do: "on"})
		settle(time.Minute)
		tr.want(t, "start", "panic", "stop", "start", "on")
		infos := s.Inspect()
		if len(infos) != 2 {
			t.Fatalf("%+v", infos)
		}
		if i := infos[0]; i.State != "busy" || i.Current != "string" || i.CurrentFor != time.Minute || i.Kind != "test" || i.Generation == 0 || i.Started.IsZero() {
			t.Errorf("%+v", i)
		}
		if i := infos[1]; i.Parent != "p" || i.Path != "p/kid" || i.State != "idle" || i.Handled != 2 || i.Restarts != 1 {
			t.Errorf("%+v", i)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Stop with a stuck actor: %v", err)
		}
		close(gate)
		stopSystem(t, s)
	})
}

// Messages are not handled any more once Stop has run, even while children are awaited.
func TestNothingIsHandledAfterStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr, gate := newSystem(t, actors.SystemOptions{}), &trace{}, make(chan struct{})
		r := mustSpawn(t, s, "p", props(behavior[string]{
			start: func(c *actors.Context[string]) error {
				mustSpawn(t, c, "kid", props(behavior[string]{stop: func(*actors.Context[string]) { <-gate }}))
				c.After(2*time.Second, "timer")
				return nil
			},
			receive: func(_ *actors.Context[string], m string) error { tr.add("%s", m); return nil },
			stop: func(c *actors.Context[string]) {
				tr.add("stop")
				c.After(time.Second, "late timer")
				actors.Pipe(c, func(ctx context.Context) (int, error) { return 0, ctx.Err() }, func(int, error) string { return "late result" })
				if _, err := actors.Spawn(c, "late", props(behavior[string]{})); !errors.Is(err, actors.ErrStopped) {
					tr.add("spawn: %v", err)
				}
				if err := c.Self().Tell("late"); !errors.Is(err, actors.ErrStopped) {
					tr.add("tell: %v", err)
				}
			},
		}))
		synctest.Wait()
		r.Stop()
		settle(time.Hour)
		close(gate)
		<-r.Done()
		tr.want(t, "stop")
		stopSystem(t, s)
	})
}

func TestSystemStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
		for i := range 3 {
			mustSpawn(t, s, fmt.Sprint("p", i), family(t, tr, actors.Restart{}))
			synctest.Wait()
		}
		mustSpawn(t, s, "piping", props(behavior[string]{start: func(c *actors.Context[string]) error {
			actors.Pipe(c, func(ctx context.Context) (int, error) {
				<-ctx.Done()
				time.Sleep(time.Minute) // takes its time to clean up
				tr.add("pipe over")
				return 0, nil
			}, func(int, error) string { return "" })
			return nil
		}}))
		synctest.Wait()
		stopSystemIn(t, s, time.Hour)
		tr.want(t, "start p0", "start p0/kid", "start p1", "start p1/kid", "start p2", "start p2/kid",
			"stop p2", "stop p2/kid", "stop p1", "stop p1/kid", "stop p0", "stop p0/kid", "pipe over")
		if _, err := actors.Spawn(s, "late", props(behavior[string]{})); !errors.Is(err, actors.ErrStopped) {
			t.Errorf("spawn after Stop: %v", err)
		}
		stopSystem(t, s) // again: does nothing
	})
}

// TestSystemStop_says: a stop that waits in vain says for whose goroutine.
func TestSystemStop_says(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, end := newSystem(t, actors.SystemOptions{}), make(chan struct{})
		mustSpawn(t, s, "deaf", props(behavior[string]{start: func(c *actors.Context[string]) error {
			actors.Pipe(c, func(context.Context) (int, error) { <-end; return 0, nil }, func(int, error) string { return "" })
			return nil
		}}))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Stop(ctx); err == nil || !strings.Contains(err.Error(), "of deaf: ") {
			t.Errorf("stop: %v", err)
		}
		close(end)
		stopSystem(t, s)
	})
}

func TestSpawnErrors(t *testing.T) {
	t.Parallel()
	s := newSystem(t, actors.SystemOptions{})
	mustSpawn(t, s, "a", props(behavior[string]{}))
	if _, err := actors.Spawn(s, "a", props(behavior[int]{})); !errors.Is(err, actors.ErrNameTaken) {
		t.Error(err)
	}
	if _, err := actors.Spawn(s, "", props(behavior[int]{})); err == nil {
		t.Error("no error for an empty name")
	}
	if _, err := actors.Spawn(s, "b", actors.Props[int]{}); err == nil {
		t.Error("no error for Props without New")
	}
}
