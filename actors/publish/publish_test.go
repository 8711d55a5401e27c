package publish

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/clawdbot/gateway/actors"
)

// TestPublish: what the work reports is there for all to read; a fault of it is, too, and then it is begun anew, while an end that
// was asked for is the end.
func TestPublish(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state, fail, end := &State{}, make(chan string), make(chan struct{})
		var begun atomic.Int32
		sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)})
		_, err := actors.Spawn(sys, "publish", Props(Options{State: state, Run: func(ctx context.Context, report func(Status)) {
			begun.Add(1)
			report(Status{Name: "box.tail", URL: "https://box.tail/"})
			select {
			case why := <-fail:
				panic(why)
			case <-end:
			case <-ctx.Done():
			}
		}}))
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if s := state.Status(); s != (Status{Name: "box.tail", URL: "https://box.tail/"}) {
			t.Errorf("status %+v", s)
		}
		fail <- "broken"
		synctest.Wait()
		if s := state.Status(); s.Name != "box.tail" || s.URL != "" || s.Problem == "" {
			t.Errorf("after a fault: %+v", s)
		}
		fail <- "again" // taken by the next one, which is begun after a pause
		end <- struct{}{}
		synctest.Wait()
		if s := state.Status(); s.URL == "" || begun.Load() != 3 {
			t.Errorf("begun %d times, %+v", begun.Load(), s)
		}
		if err := sys.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if begun.Load() != 3 {
			t.Error("begun anew after its end")
		}
	})
}

// TestState_keepsName: the name under which Tailscale passes requests on holds while it cannot be asked.
func TestState_keepsName(t *testing.T) {
	t.Parallel()
	s := &State{}
	if !s.set(Status{Name: "a"}) || s.set(Status{Problem: ""}) || !s.set(Status{Problem: "x"}) || s.set(Status{Name: "a", Problem: "x"}) {
		t.Error("a change is not told from none")
	}
	if got := s.Status(); got != (Status{Name: "a", Problem: "x"}) {
		t.Errorf("%+v", got)
	}
}
