package outbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/account"
	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
)

// TestOutbox_crashWithASendInProgress: the receipt finds its way, and nothing is sent twice.
func TestOutbox_crashWithASendInProgress(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]func(*actortest.Faults){
		"lane, when woken":    func(f *actortest.Faults) { f.On(actortest.Kind("lane"), actortest.Message[wake]()).Nth(1).Crash() },
		"lane, at the answer": func(f *actortest.Faults) { f.On(actortest.Kind("lane"), actortest.Message[landed]()).Nth(1).Crash() },
		"lane, after the answer": func(f *actortest.Faults) {
			f.On(actortest.Kind("lane"), actortest.Message[landed]()).Nth(1).CrashAfter()
		},
		"lane, when it is on disk": func(f *actortest.Faults) { f.On(actortest.Kind("lane"), actortest.Message[recorded]()).Nth(1).Crash() },
		"outbox, when woken":       func(f *actortest.Faults) { f.On(actortest.Kind("outbox"), actortest.Message[Wake]()).Nth(2).Crash() },
		"the delivery comes twice": func(f *actortest.Faults) { f.On(actortest.Message[account.Deliver]()).Nth(1).Duplicate() },
		"the answer comes twice":   func(f *actortest.Faults) { f.On(actortest.Kind("lane"), actortest.Message[landed]()).Duplicate() },
		"the record comes twice":   func(f *actortest.Faults) { f.On(actortest.Kind("lane"), actortest.Message[recorded]()).Duplicate() },
		"wake-ups come late": func(f *actortest.Faults) {
			f.On(actortest.Kind("lane"), actortest.Message[wake]()).Delay(50 * time.Millisecond)
		},
		"the supervisor of accounts": func(f *actortest.Faults) {
			f.On(actortest.Kind("accounts"), actortest.Message[account.Typing]()).Nth(1).CrashAfter()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			faults := actortest.NewFaults(1)
			rule(faults)
			r := newRig(t, config{intercept: faults})
			r.say("1", "a")
			c := r.wantCall("a#0")
			r.say("1", "b") // wakes the lane
			if name == "the supervisor of accounts" {
				r.check(r.accounts.Tell(account.Typing{Account: "telegram", Chat: "1"}))
				<-r.up                 // its accounts went with it and are back
				b := r.wantCall("b#0") // what happened to the first is unknown
				if it := r.item("a#0"); it.State != store.OutAmbiguous {
					t.Errorf("item = %+v", it)
				}
				b.answer <- nil
				return
			}
			c.answer <- nil
			r.wantCall("b#0").answer <- nil
			for began := time.Now(); r.item("b#0").State != store.OutSent; {
				if time.Since(began) > patience {
					t.Fatalf("b is not sent: %s", r.dump())
				}
			}
			if it := r.item("a#0"); it.State != store.OutSent || it.Attempts != 1 {
				t.Errorf("item = %+v", it)
			}
			r.silent("again")
			for began := time.Now(); len(faults.Fired()) == 0; r.item("b#0") { // the lane may have been quicker than its wake-up
				if time.Since(began) > patience {
					t.Fatal("nothing was injected")
				}
			}
		})
	}
}

func TestOutbox_outcomeIsWrittenAgainWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"op", "commit", "committed"} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, config{})
			r.say("1", "a")
			c := r.wantCall("a#0")
			r.failNth(stage, 1)
			c.answer <- nil
			r.wantDelivered("a#0", store.OutSent)
			r.silent("again because the outcome was not written")
		})
	}
}

// TestOutbox_attemptThatCannotBeMarkedIsNotMade: the provider is asked only once the table says so.
func TestOutbox_attemptThatCannotBeMarkedIsNotMade(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"op", "commit"} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			lanes := newSpy()
			r := newRig(t, config{intercept: lanes})
			r.failNth(stage, 2) // the first is this
			r.do(queue("1", "a"))
			r.check(r.ref.Tell(Wake{}))
			lanes.want(t, landed{})
			r.silent("without a mark")
			r.check(r.ref.Tell(AccountUp{"telegram"})) // do not wait for the pause
			r.wantCall("a#0").answer <- nil
			r.wantDelivered("a#0", store.OutSent)
		})
	}
}

func TestFlight_abandonedBeforeItBegan(t *testing.T) {
	t.Parallel()
	f := &flight{berth: &berth{}}
	f.landed(providers.Receipt{}, context.DeadlineExceeded)
	if r, over := f.ended(); !over || !errors.Is(r.err, account.ErrNotBegun) {
		t.Errorf("result = %+v, %v", r, over)
	}
	if err := f.begin(t.Context()); !errors.Is(err, account.ErrRepeat) {
		t.Errorf("an attempt that was given up begins after all: %v", err)
	}
	f = &flight{berth: &berth{}, begun: true}
	f.landed(providers.Receipt{}, context.DeadlineExceeded)
	if r, _ := f.ended(); r.err.Class != providers.Ambiguous {
		t.Errorf("a lost answer = %v", r.err)
	}
	f.landed(providers.Receipt{MessageID: "late"}, nil)
	if r, _ := f.ended(); r.err == nil {
		t.Error("the second answer counted")
	}
}

// TestOutbox_storm: whatever crashes, comes twice or fails, no message is sent twice, each one reaches an end, and those
// of one chat keep their order.
func TestOutbox_storm(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			faults := actortest.NewFaults(seed)
			faults.On(actortest.Kind("lane")).Chance(0.03).Crash()
			faults.On(actortest.Kind("lane")).Chance(0.02).CrashAfter()
			faults.On(actortest.Kind("outbox")).Chance(0.01).Crash()
			faults.On(actortest.Kind("lane")).Chance(0.1).Duplicate()
			faults.On(actortest.Kind("accounts"), actortest.Message[account.Deliver]()).Chance(0.1).Duplicate()
			r := newRig(t, config{intercept: faults})
			var mu sync.Mutex
			arrived := map[string][]string{}
			done := make(chan struct{})
			defer close(done)
			go func() {
				dice := rand.New(rand.NewPCG(seed, 1))
				for {
					select {
					case c := <-r.platform.calls:
						var answer error
						switch n := dice.IntN(10); {
						case n == 0:
							answer = &providers.SendError{Class: providers.Transient, RetryAfter: time.Millisecond, Err: errors.New("429")}
						case n == 1:
							answer = sendError(providers.Permanent, "400")
						default:
							mu.Lock()
							arrived[c.Route.Chat] = append(arrived[c.Route.Chat], c.Key)
							mu.Unlock()
						}
						c.answer <- answer
					case <-done:
						return
					}
				}
			}()
			const chats, each = 4, 15
			for i := range each {
				for chat := range chats {
					r.say(fmt.Sprint(chat), fmt.Sprintf("%d-%02d", chat, i))
				}
			}
			r.untilDone()
			mu.Lock()
			defer mu.Unlock()
			sent := 0
			for chat, keys := range arrived {
				for i, key := range keys {
					if i > 0 && keys[i-1] >= key {
						t.Errorf("chat %s: %s after %s", chat, key, keys[i-1])
					}
					if it := r.item(key); it.State != store.OutSent {
						t.Errorf("%s arrived and is %s in the table", key, it.State)
					}
					sent++
				}
			}
			for _, it := range r.items() {
				if it.State == store.OutSent {
					sent--
				}
			}
			if sent != 0 || len(faults.Fired()) == 0 {
				t.Errorf("sent in the table and arrived differ by %d; injected: %v", sent, faults.Fired())
			}
		})
	}
}

// untilDone waits until every item has reached its end, and wakes the outbox in the place of its own slow sweep.
func (r *rig) untilDone() {
	r.t.Helper()
	for began := time.Now(); ; {
		open := false
		for _, it := range r.items() {
			open = open || it.State == store.OutQueued || it.State == store.OutSending
		}
		if !open {
			return
		}
		if time.Since(began) > patience {
			r.t.Fatalf("not done: %s\n%s", r.dump(), strings.Join(lanesOf(r), "\n"))
		}
		_ = r.ref.Tell(Wake{})
	}
}

func lanesOf(r *rig) (out []string) {
	for _, info := range r.sys.Inspect() {
		out = append(out, fmt.Sprintf("%+v", info))
	}
	return out
}
