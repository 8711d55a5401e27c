package announce

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/clawdbot/gateway/actors"
)

// TestAnnounce_beginsAnew: what the work reports is there for all to read, a failure of it too, and then it is begun anew.
func TestAnnounce_beginsAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state, fail := &State{}, make(chan error)
		var begun atomic.Int32
		sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)})
		_, err := actors.Spawn(sys, "announce", Props(Options{State: state, Run: func(ctx context.Context, report func(Status)) error {
			begun.Add(1)
			report(Status{Announced: true, Name: "box", Interfaces: []string{"eth0"}, Zone: "/z"})
			select {
			case err := <-fail:
				return err
			case <-ctx.Done():
				report(Status{Reason: "too late to count"})
				return nil
			}
		}}))
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if s := state.Status(); !s.Announced || s.Name != "box" || s.Zone != "/z" || len(s.Interfaces) != 1 {
			t.Errorf("status %+v", s)
		}
		for n, broken := range []error{errors.New("no network"), nil} {
			fail <- broken
			synctest.Wait()
			if s := state.Status(); s.Announced || s.Reason == "" || s.Zone != "/z" {
				t.Errorf("after a failure: %+v", s)
			}
			fail <- errors.New("again") // taken by the next one, which is begun after a pause
			if got := int(begun.Load()); got < n+2 {
				t.Errorf("begun %d times", got)
			}
			synctest.Wait()
		}
		if err := sys.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if s := state.Status(); s.Reason == "too late to count" {
			t.Error("an incarnation that had ended changed the status")
		}
	})
}
