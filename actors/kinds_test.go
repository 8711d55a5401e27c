package actors_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
)

// A kind's counters go on when its actors come and go; what is of the moment is of those that exist.
func TestKinds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSystem(t, actors.SystemOptions{})
		r, gate := stuck(t, s, &trace{}, actors.Props[parcel]{Kind: "busy", Mailbox: actors.Mailbox{Count: 2, Overflow: actors.DropNewest}})
		for range 3 {
			mustTell(t, r, parcel{name: "next"})
		}
		for i := range 2 {
			failing := actors.Props[parcel]{
				Kind: "brief", Restart: actors.Restart{Min: time.Millisecond, Limit: 5},
				New: func() actors.Behavior[parcel] {
					return &behavior[parcel]{receive: func(c *actors.Context[parcel], m parcel) error {
						if m.name == "end" {
							c.StopSelf()
							return nil
						}
						return errors.New("no")
					}}
				},
			}
			b := mustSpawn(t, s, fmt.Sprint("b", i), failing)
			mustTell(t, b, parcel{name: "fails"})
			mustTell(t, b, parcel{name: "end"})
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		kinds := s.Kinds()
		want := []actors.KindInfo{
			{Kind: "brief", Handled: 4, Restarts: 2},
			{Kind: "busy", Count: 1, Handled: 1, Depth: 2, Oldest: 20 * time.Second, Busy: 20 * time.Second, Dropped: 1},
		}
		if fmt.Sprint(kinds) != fmt.Sprint(want) {
			t.Errorf("%+v\nwant %+v", kinds, want)
		}
		close(gate)
		synctest.Wait()
		if k := s.Kinds()[1]; k.Depth != 0 || k.Busy != 0 || k.Handled != 3 {
			t.Errorf("%+v", k)
		}
	})
}
