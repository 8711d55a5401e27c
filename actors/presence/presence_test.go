package presence

import (
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/transport/wire"
)

// listener is a client that keeps the reasons of one node's entry.
type listener struct {
	mu      sync.Mutex
	reasons []string // guarded by mu
}

func (l *listener) Offer(line []byte, _ bool) {
	f, err := wire.ParseServerFrame(line)
	var p wire.PresenceEvent
	if err != nil || f.Event == nil || wire.Unmarshal(f.Event.Payload, &p) != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range p.Presence {
		if e.InstanceID == "n1" {
			l.reasons = append(l.reasons, strings.TrimPrefix(e.Reason, "node-"))
		}
	}
}

func (l *listener) heard() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := strings.Join(l.reasons, " ")
	l.reasons = nil
	return all
}

// TestBeacon_endIsTold: that a node has gone is told also when it is back before the window's end; what flaps without end
// costs a bounded number of events.
func TestBeacon_endIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)})
		state, ears := eventstream.NewState(), &listener{}
		events, err := actors.Spawn(sys, "eventstream", eventstream.Props(eventstream.Options{State: state, Log: sys.Log()}))
		if err != nil {
			t.Fatal(err)
		}
		stream := eventstream.NewStream(events, state)
		stream.Join("ears", ears)
		ref, err := actors.Spawn(sys, "presence", Props(Options{Stream: stream, Self: wire.PresenceEntry{Host: "box"}}))
		if err != nil {
			t.Fatal(err)
		}
		is := func(reasons ...string) {
			t.Helper()
			for _, r := range reasons {
				if err := ref.Tell(Beacon{wire.PresenceEntry{InstanceID: "n1", Reason: "node-" + r}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, tc := range []struct {
			said []string
			want string
		}{
			{[]string{"connected"}, "connected"},
			{[]string{"disconnected"}, "disconnected"},
			{[]string{"connected", "disconnected"}, "disconnected"},
			{[]string{"connected", "disconnected", "connected"}, "disconnected connected"},
			{[]string{"disconnected", "disconnected", "connected"}, "disconnected connected"},
		} {
			is(tc.said...)
			time.Sleep(2 * window)
			synctest.Wait()
			if got := ears.heard(); got != tc.want {
				t.Errorf("%q: heard %q, want %q", tc.said, got, tc.want)
			}
		}
		for range 100 {
			is("disconnected", "connected")
		}
		time.Sleep(2 * window)
		synctest.Wait()
		if got, want := ears.heard(), strings.Repeat("disconnected ", maxEarly)+"connected"; got != want {
			t.Errorf("flapping: heard %q, want %q", got, want)
		}
		is("disconnected", "connected") // and another window begins
		time.Sleep(2 * window)
		synctest.Wait()
		if got := ears.heard(); got != "disconnected connected" {
			t.Errorf("afterwards: heard %q", got)
		}
		if err := sys.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
