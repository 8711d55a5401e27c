package crashtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// sizes of a form of the test.
type sizes struct {
	agent, chat, telegram int
	crowd, at             int // messages to the groups that collect and steer; one-shot jobs
	kills, streaming      int // at least; as many before a run has started as during streaming
	limit                 time.Duration
}

var (
	short = sizes{agent: 60, chat: 30, telegram: 60, crowd: 72, at: 18, kills: 6, streaming: 2, limit: 2 * time.Minute}
	full  = sizes{agent: 1000, chat: 500, telegram: 1000, crowd: 600, at: 150, kills: 33, streaming: 11, limit: 20 * time.Minute}
)

// aims are when a kill is to hit.
const (
	aimStreaming = "streaming" // an answer is under way
	aimAccepted  = "accepted"  // a run is acknowledged and has not started
	aimAny       = "any"       // any time of the process's life, its start included
)

const (
	trapLimit = 10 * time.Second // by then something worth a kill has happened, or this part of the work is done
	anyLife   = 2 * time.Second  // longest life of a process that is killed at any time
	spread    = 800 * time.Millisecond
)

// TestKill: whatever is acknowledged survives kill -9 and happens once.
func TestKill(t *testing.T) {
	seed, size := seedOf(t), short
	if isFull() {
		size = full
	}
	t.Logf("CLAWDBOT_CRASH_SEED=%d", seed)
	ctx, cancel := context.WithTimeout(t.Context(), size.limit)
	defer cancel()

	x := &crash{t: t, ctx: ctx, seed: seed, size: size, hits: map[string]int{}}
	x.platform = startPlatform(t, seed)
	x.host = newHost(t, x.platform.config())
	x.driver = newDriver(t)
	x.host.seed(t)
	x.spawn()
	if err := errors.Join(x.process.waitReady(ctx), x.driver.connect(ctx, x.host.url())); err != nil {
		t.Fatal(err)
	}
	x.addRecurring()
	x.kills()
	x.rest()
	x.process.terminate(t)
	before := x.check()
	x.spawn()
	x.repeat()
	x.process.terminate(t)
	x.unchanged(before)
	x.report()
}

// seedOf is the same at every commit; the full form and CLAWDBOT_CRASH_SEED look further.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	if s := os.Getenv("CLAWDBOT_CRASH_SEED"); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("CLAWDBOT_CRASH_SEED: %v", err)
		}
		return seed
	}
	if isFull() {
		return uint64(time.Now().UnixNano())
	}
	return 1
}

func isFull() bool { return os.Getenv("CLAWDBOT_CRASH_FULL") == "1" }

// crash is one run of the test.
type crash struct {
	t    *testing.T
	ctx  context.Context
	seed uint64
	size sizes

	platform *platform
	host     *host
	driver   *driver
	process  *process
	work     sync.WaitGroup // calls under way

	moments []moment
	hits    map[string]int // kills that hit what they were aimed at
	unacked int            // updates that a kill left without acknowledgement
	result  result
}

func (x *crash) spawn() { x.process = x.host.start(x.t) }

// kills gives the gateway work and kills it, until each kind of kill has been made often enough.
func (x *crash) kills() {
	for round := 0; !x.enough(); round++ {
		if round > 3*x.size.kills {
			x.t.Fatalf("%d kills, but too few hit: %v", round, x.hits)
		}
		rng := rand.New(rand.NewPCG(x.seed, uint64(1000+round)))
		x.load(rng, x.size.kills)
		aim := []string{aimStreaming, aimAccepted, aimAny}[round%3]
		key := x.await(aim, rng)
		streams := x.driver.streams(key)
		x.process.kill()
		m := x.host.look(x.t, x.driver.acknowledged())
		x.moments = append(x.moments, m)
		x.unacked += x.platform.Pending()
		hit := aim == aimAny || aim == aimStreaming && streams && m.running["agent:"+key] || aim == aimAccepted && m.accepted["agent:"+key]
		if hit {
			x.hits[aim]++
		}
		x.spawn()
	}
}

func (x *crash) enough() bool {
	return len(x.moments) >= x.size.kills && x.hits[aimStreaming] >= x.size.streaming && x.hits[aimAccepted] >= x.size.streaming
}

// load starts one of so many parts of all the work, spread over the next moments.
func (x *crash) load(rng *rand.Rand, parts int) {
	share := func(total int) int { return (total + parts - 1) / parts }
	later := func(f func()) {
		pause := time.Duration(rng.Int64N(int64(spread)))
		x.work.Go(func() {
			select {
			case <-time.After(pause):
				f()
			case <-x.ctx.Done():
			}
		})
	}
	for range share(x.size.agent) {
		c := x.driver.add("agent", rng)
		later(func() { x.driver.run(x.ctx, c) })
	}
	for range share(x.size.chat) {
		c := x.driver.add("chat.send", rng)
		later(func() { x.driver.run(x.ctx, c) })
	}
	for range share(x.size.telegram) {
		later(x.platform.write)
	}
	for range share(x.size.crowd / burst) {
		later(x.platform.writeCrowd)
	}
	for range share(x.size.at) {
		due := time.Now().Add(time.Duration(rng.Int64N(int64(anyLife))))
		later(func() { x.driver.addJob(x.ctx, wire.CronSchedule{Kind: "at", AtMs: new(due.UnixMilli())}) })
	}
}

// await waits for the moment of a kill, and names the run that it is aimed at.
func (x *crash) await(aim string, rng *rand.Rand) (key string) {
	if aim == aimAny {
		timer := time.NewTimer(time.Duration(rng.Int64N(int64(anyLife))) - time.Since(x.process.born))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-x.process.done:
			x.t.Fatalf("the gateway ended by itself: %v\n%s", x.process.err, x.process.output())
		}
		return ""
	}
	timer := time.NewTimer(trapLimit)
	defer timer.Stop()
	select {
	case key = <-x.driver.set(aim, 1+rng.IntN(8)).sprung:
	case <-x.process.done:
		x.t.Fatalf("the gateway ended by itself: %v\n%s", x.process.err, x.process.output())
	case <-timer.C: // this part of the work has fewer of them: a kill of a gateway at rest, which counts as no hit
	}
	return key
}

// rest waits until everything that was asked for has happened.
func (x *crash) rest() {
	x.t.Helper()
	x.work.Wait()
	if x.t.Failed() {
		x.t.FailNow()
	}
	last := x.platform.writeLast() // the sessions and the lanes keep the order: what is before these is done with them
	x.driver.each(func(c *call) error {
		if c.method != "agent" {
			return nil
		}
		_, err := x.driver.ask(x.ctx, c, true)
		return err
	})
	if err := x.platform.WaitAcked(x.ctx, x.platform.lastID()); err != nil {
		x.t.Fatalf("the last update is not acknowledged: %v\n%s", err, x.process.output())
	}
	if err := x.platform.waitReplies(x.ctx, last); err != nil {
		x.t.Fatalf("%v\n%s", err, x.process.output())
	}
	x.restOfCrowd(last)
	x.restOfCron()
	err := poll(x.ctx, func() error {
		var s wire.StatusSummary
		if err := x.driver.client.Call(x.ctx, "status", nil, &s); err != nil {
			return err
		}
		if s.Outbox == nil || s.Outbox.Queued+s.Outbox.Sending > 0 {
			return fmt.Errorf("outbox %+v", s.Outbox)
		}
		return nil
	})
	if err != nil {
		x.t.Fatalf("the gateway does not come to rest: %v", err)
	}
}

// repeat makes every call once more, to another process: each has its final answer at once.
func (x *crash) repeat() {
	x.t.Helper()
	x.driver.each(func(c *call) error {
		r, err := x.driver.ask(x.ctx, c, false)
		if err != nil {
			return err
		}
		if want := x.result.answers[c.runID()]; r.Status != want {
			return fmt.Errorf("a repeat is answered %q, the run ended %q", r.Status, want)
		}
		if c.method == "chat.send" && (r.Status != c.answer.Status || r.Summary != c.answer.Summary) {
			return fmt.Errorf("a repeat is answered %+v, the first was %+v", r, c.answer)
		}
		return nil
	})
}

func (x *crash) report() {
	running := map[string]bool{}
	for _, m := range x.moments {
		maps.Copy(running, m.running)
	}
	r := x.result
	x.t.Logf("%d kills: %d while streaming, %d before the start of a run, %d at any time",
		len(x.moments), x.hits[aimStreaming], x.hits[aimAccepted], x.hits[aimAny])
	x.t.Logf("%d calls (%d attempts), %d messages; %d updates were unacknowledged at a kill", len(x.driver.all()), r.attempts, r.messages, x.unacked)
	x.t.Logf("%d runs: %d done, %d interrupted of %d that ran at a kill", r.done+r.failed, r.done, r.failed, len(running))
	x.t.Logf("%d messages were merged into other turns, %d steered them; %d jobs ran %d times", r.merged, r.steered, len(x.driver.jobs), r.ticks)
	x.t.Logf("%d replies: %d sent, %d ambiguous, of these %d had arrived", r.sent+r.ambiguous, r.sent, r.ambiguous, r.arrived)
}
