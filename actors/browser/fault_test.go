package browser

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
)

// slow is a browser that takes a second to end. It counts how many of its profile there are.
type slow struct {
	r    *ring
	name string
}

func (s *slow) Gone() bool { return false }

func (s *slow) Close() {
	time.Sleep(time.Second)
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.r.live[s.name]--
}

// ring is where browsers under faults are counted.
type ring struct {
	ref actors.Ref[Message]

	mu   sync.Mutex // guards the following fields
	live map[string]int
	most int
}

func (r *ring) start(_ context.Context, profile string) (Browser, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.live[profile]++
	r.most = max(r.most, r.live[profile])
	return &slow{r, profile}, nil
}

// press has something done, and tells how often it was, and whether whoever asked was answered once.
func (r *ring) press(profile string) (times, answers *atomic.Int64) {
	times, answers = new(atomic.Int64), new(atomic.Int64)
	_ = r.ref.Tell(Do{
		Reply: actors.ReplyTo(func(any, error) { answers.Add(1) }), Profile: profile, Until: context.Background(), Once: new(atomic.Bool),
		Run: func(ctx context.Context, _ Browser) (any, error) {
			times.Add(1)
			select {
			case <-time.After(300 * time.Millisecond):
			case <-ctx.Done():
			}
			return nil, nil
		},
	})
	return times, answers
}

// TestFaults: whatever happens to the messages, what is asked for is done once at most, whoever asks gets one answer, a profile has
// one browser at a time, and none is left. The rows are in docs/faults.md.
func TestFaults(t *testing.T) {
	t.Parallel()
	on := map[string][]actortest.Match{
		"do":    {actortest.Kind("browser"), actortest.Message[Do]()},
		"stop":  {actortest.Kind("browser"), actortest.Message[Stop]()},
		"ended": {actortest.Kind("browser"), actortest.Message[ended]()},
	}
	for message, match := range on {
		for name, inject := range map[string]func(*actortest.Rule){
			"crash":       func(r *actortest.Rule) { r.Crash() },
			"crash after": func(r *actortest.Rule) { r.CrashAfter() },
			"delay":       func(r *actortest.Rule) { r.Delay(700 * time.Millisecond) },
			"drop":        func(r *actortest.Rule) { r.Drop() },
			"duplicate":   func(r *actortest.Rule) { r.Duplicate() },
			"reorder":     func(r *actortest.Rule) { r.Reorder() },
		} {
			crashes := name == "crash" || name == "crash after"
			if message == "ended" && !crashes { // the result of the actor's own work is never late, lost or doubled
				continue
			}
			t.Run(message+"/"+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { faulty(t, match, inject, crashes || name == "drop") })
			})
		}
	}
}

// faulty hits every other one of the messages. refused: whoever asks may be refused.
func faulty(t *testing.T, match []actortest.Match, inject func(*actortest.Rule), refused bool) {
	faults := actortest.NewFaults(1)
	inject(faults.On(match...).Every(2).Times(3))
	r := &ring{live: map[string]int{}}
	sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler), Intercept: faults})
	var err error
	if r.ref, err = actors.Spawn(sys, "browser", Props(Options{Start: r.start})); err != nil {
		t.Fatal(err)
	}
	type pressed struct{ times, answers *atomic.Int64 }
	var all []pressed
	var stops atomic.Int64
	const rounds = 6
	for i := range rounds {
		for _, profile := range []string{"a", "b"} {
			times, answers := r.press(profile)
			all = append(all, pressed{times, answers})
		}
		time.Sleep(500 * time.Millisecond)
		_ = r.ref.Tell(Stop{Reply: actors.ReplyTo(func(bool, error) { stops.Add(1) }), Profile: fmt.Sprintf("%c", 'a'+i%2)})
		time.Sleep(time.Duration(i%3) * 400 * time.Millisecond)
	}
	time.Sleep(time.Minute)
	if len(faults.Fired()) == 0 {
		t.Error("the fault never happened")
	}
	faults.Enable(false)
	for i, p := range all {
		if n := p.times.Load(); n > 1 || n == 0 && !refused || p.answers.Load() != 1 {
			t.Errorf("what was asked %dth was done %d times and answered %d times", i, n, p.answers.Load())
		}
	}
	if stops.Load() != rounds {
		t.Errorf("%d of %d stops were answered", stops.Load(), rounds)
	}
	times, answers := r.press("a")
	time.Sleep(time.Minute)
	if times.Load() != 1 || answers.Load() != 1 {
		t.Errorf("afterwards: done %d times, answered %d times", times.Load(), answers.Load())
	}
	if err := sys.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	synctest.Wait()
	if r.most != 1 || r.live["a"]+r.live["b"] != 0 {
		t.Errorf("%d browsers of one profile at a time, %v are left", r.most, r.live)
	}
}
