package health

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/transport/wire"
)

type events struct {
	mu    sync.Mutex
	times []time.Time
}

func (e *events) Offer(frame []byte, _ bool) {
	if f, err := wire.ParseServerFrame(frame); err == nil && f.Event.Event == "health" {
		e.mu.Lock()
		e.times = append(e.times, time.Now())
		e.mu.Unlock()
	}
}

func (e *events) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.times)
}

type bubble struct {
	ref    actors.Ref[Message]
	seen   *events
	probes atomic.Int64
	fail   atomic.Bool
	took   time.Duration
}

// open runs the actor with a probe that takes b.took.
func open(t *testing.T, took time.Duration) *bubble {
	t.Helper()
	b := &bubble{seen: &events{}, took: took}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	sys := actors.NewSystem(actors.SystemOptions{Log: log})
	t.Cleanup(func() {
		if err := sys.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	state := eventstream.NewState()
	ref, err := actors.Spawn(sys, "eventstream", eventstream.Props(eventstream.Options{State: state, Log: log}))
	if err != nil {
		t.Fatal(err)
	}
	stream := eventstream.NewStream(ref, state)
	stream.Join("me", b.seen)
	b.ref, err = actors.Spawn(sys, "health", Props(Options{Stream: stream, Probe: b.probe}))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bubble) probe(ctx context.Context) (wire.HealthSummary, error) {
	b.probes.Add(1)
	time.Sleep(b.took) // the bubble's time
	if b.fail.Load() {
		return wire.HealthSummary{}, errors.New("disk on fire")
	}
	return wire.HealthSummary{OK: true}, nil
}

func get(t *testing.T, b *bubble) (wire.Raw, error) {
	return actors.Ask(t.Context(), b.ref, func(r actors.Reply[wire.Raw]) Message { return Get{r} })
}

func TestRefresh_coalesced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, 10*time.Millisecond)
		time.Sleep(100 * time.Millisecond)
		start := b.seen.count()
		for range 500 { // connects over five seconds
			_ = b.ref.Tell(Refresh{})
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		if n := b.seen.count() - start; n < 5 || n > 7 {
			t.Errorf("%d health events for 500 refreshes in 5 s; want about one a second", n)
		}
		for i := 1; i < len(b.seen.times); i++ {
			if d := b.seen.times[i].Sub(b.seen.times[i-1]); d < interval {
				t.Errorf("two events only %s apart", d)
			}
		}
	})
}

func TestRefresh_everyMinuteByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, 0)
		time.Sleep(5*time.Minute + time.Second)
		if n := b.probes.Load(); n != 6 {
			t.Errorf("%d probes in five minutes, want 6", n)
		}
	})
}

func TestGet_cacheAndSingleFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, time.Second)
		var wg sync.WaitGroup
		for range 20 { // while the first refresh runs
			wg.Go(func() {
				if s, err := get(t, b); err != nil || len(s) < 10 {
					t.Errorf("got %s, %v", s, err)
				}
			})
		}
		wg.Wait()
		if n := b.probes.Load(); n != 1 {
			t.Errorf("%d probes for 20 callers", n)
		}
		before := time.Now()
		if _, err := get(t, b); err != nil || time.Since(before) > 0 {
			t.Errorf("a cached answer took %s (%v)", time.Since(before), err)
		}
		time.Sleep(3 * time.Second)
		if n := b.probes.Load(); n != 2 {
			t.Errorf("%d probes; a call must be followed by one refresh", n)
		}
	})
}

func TestGet_failure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, time.Second)
		b.fail.Store(true)
		if _, err := get(t, b); err == nil || err.Error() != "disk on fire" {
			t.Errorf("error %v", err)
		}
		b.fail.Store(false)
		if _, err := get(t, b); err != nil {
			t.Errorf("after the failure: %v", err)
		}
	})
}

func TestHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, 0)
		last := func() *wire.HeartbeatEvent {
			h, err := actors.Ask(t.Context(), b.ref, func(r actors.Reply[*wire.HeartbeatEvent]) Message { return LastHeartbeat{r} })
			if err != nil {
				t.Fatal(err)
			}
			return h
		}
		if h := last(); h != nil {
			t.Errorf("heartbeat %+v before the first", h)
		}
		_ = b.ref.Tell(Heartbeat{wire.HeartbeatEvent{TS: 7, Status: "sent"}})
		if h := last(); h == nil || h.TS != 7 {
			t.Errorf("last heartbeat %+v", h)
		}
		on, err := actors.Ask(t.Context(), b.ref, func(r actors.Reply[bool]) Message { return SetHeartbeats{Reply: r} })
		if err != nil || on {
			t.Errorf("switched off: %v, %v", on, err)
		}
		on, err = actors.Ask(t.Context(), b.ref, func(r actors.Reply[bool]) Message { return HeartbeatsEnabled{r} })
		if err != nil || on {
			t.Errorf("enabled = %v, %v", on, err)
		}
	})
}
