package outbox

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/account"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
)

func TestOutbox_orderPerChatAndIsolation(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{})
	for i := range 10 {
		r.say("slow", fmt.Sprintf("s%d", i))
		r.say("fast", fmt.Sprintf("f%d", i))
	}
	var slow *call
	var fast []string
	for len(fast) < 10 {
		c := r.call()
		if c.Route.Chat == "slow" {
			if slow != nil {
				t.Fatalf("%s is sent while %s is", c.Key, slow.Key)
			}
			slow = c // no answer: this chat stands still
			continue
		}
		fast = append(fast, c.Key)
		c.answer <- nil
	}
	want := []string{"f0#0", "f1#0", "f2#0", "f3#0", "f4#0", "f5#0", "f6#0", "f7#0", "f8#0", "f9#0"}
	if !slices.Equal(fast, want) {
		t.Errorf("order = %v", fast)
	}
	if slow == nil {
		slow = r.call()
	}
	if it := r.item("s0#0"); it.State != store.OutSending || it.Attempts != 1 {
		t.Errorf("an attempt in progress is %+v in the table", it)
	}
	slow.answer <- nil
	for i := 1; i < 10; i++ {
		r.wantCall(fmt.Sprintf("s%d#0", i)).answer <- nil
	}
}

func TestOutbox_transientIsTriedAgainInItsPlace(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{})
	r.say("1", "a")
	c := r.wantCall("a#0")
	r.say("1", "b")
	later := sendError(providers.Transient, "429")
	later.RetryAfter = 30 * time.Millisecond
	c.answer <- later
	again := r.wantCall("a#0")
	if again.Attempt != 2 {
		t.Errorf("attempt = %d, want 2", again.Attempt)
	}
	again.answer <- nil
	r.wantDelivered("a#0", store.OutSent)
	r.wantCall("b#0").answer <- nil
	r.wantDelivered("b#0", store.OutSent)
	r.wantAttempts("a#0 1 retry transient of a", "a#0 2 sent  of a", "b#0 1 sent  of b")
	if it := r.item("a#0"); it.State != store.OutSent || it.Attempts != 2 || !strings.Contains(string(it.Receipt), `"r-a#0"`) {
		t.Errorf("item = %+v", it)
	}
}

// TestOutbox_clockSetBack: what waits for its next attempt waits as long as it was to, whatever the clock says by then.
func TestOutbox_clockSetBack(t *testing.T) {
	t.Parallel()
	var back, asked atomic.Int64
	r := newRig(t, config{now: func() time.Time {
		defer asked.Add(1)
		return time.Now().Add(-time.Duration(back.Load()))
	}})
	r.say("1", "a")
	later := sendError(providers.Transient, "503")
	later.RetryAfter = 500 * time.Millisecond
	r.wantCall("a#0").answer <- later
	for asked.Load() < 3 { // for the first attempt, for the time of the next, and for how long that is from now: it waits
		runtime.Gosched()
	}
	back.Store(int64(time.Hour))
	r.wantCall("a#0").answer <- nil
	r.wantDelivered("a#0", store.OutSent)
}

// TestOutbox_clockSetBackMeanwhile: nor does the next process wait for the time that the clock had shown.
func TestOutbox_clockSetBackMeanwhile(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{now: func() time.Time { return time.Now().Add(-time.Hour) }, before: func(tx *store.Tx) error {
		if err := queue("1", "a")(tx); err != nil {
			return err
		}
		items, err := tx.OutNext("telegram", "1", 1)
		if err != nil || len(items) != 1 {
			return fmt.Errorf("%d items: %w", len(items), err)
		}
		if err := tx.OutSending(items[0].ID); err != nil {
			return err
		}
		return tx.OutRetry(items[0].ID, time.Now().Add(500*time.Millisecond).UnixMilli(), "transient: 503")
	}})
	r.check(r.ref.Tell(Wake{}))
	r.wantCall("a#0").answer <- nil
	r.wantDelivered("a#0", store.OutSent)
}

func TestOutbox_permanentFailsAndTheLaneGoesOn(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{})
	r.say("1", "a")
	r.say("1", "b")
	r.wantCall("a#0").answer <- sendError(providers.Permanent, "chat not found")
	r.wantDelivered("a#0", store.OutFailed)
	r.wantCall("b#0").answer <- nil
	r.wantDelivered("b#0", store.OutSent)
	if it := r.item("a#0"); it.Reason != "permanent: chat not found" {
		t.Errorf("reason = %q", it.Reason)
	}
}

func TestOutbox_ambiguous(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		found  func(providers.Outgoing) (providers.Receipt, bool, error)
		ids    bool
		state  string
		resent bool
	}{
		"nobody can tell": {nil, false, store.OutAmbiguous, false},
		"the platform has it": {func(providers.Outgoing) (providers.Receipt, bool, error) {
			return providers.Receipt{MessageID: "9"}, true, nil
		}, false, store.OutSent, false},
		"the platform has it not": {func(providers.Outgoing) (providers.Receipt, bool, error) { return providers.Receipt{}, false, nil }, false, store.OutSent, true},
		"the platform cannot tell": {func(providers.Outgoing) (providers.Receipt, bool, error) {
			return providers.Receipt{}, false, sendError(providers.Transient, "timeout")
		}, false, store.OutAmbiguous, false},
		"the platform knows repeats": {nil, true, store.OutSent, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform()
			p.found, p.caps.SenderIDs = tt.found, tt.ids
			r := newRig(t, config{platform: p})
			r.say("1", "a")
			r.say("1", "b")
			r.wantCall("a#0").answer <- sendError(providers.Ambiguous, "no answer")
			if tt.resent {
				r.wantCall("a#0").answer <- nil
			}
			r.wantDelivered("a#0", tt.state)
			r.wantCall("b#0").answer <- nil
			r.wantDelivered("b#0", store.OutSent)
			if it := r.item("a#0"); it.State != tt.state {
				t.Errorf("item = %+v", it)
			}
		})
	}
}

// TestOutbox_killedWhileSending: what a kill leaves in state sending is not sent again behind anybody's back.
func TestOutbox_killedWhileSending(t *testing.T) {
	t.Parallel()
	for name, ids := range map[string]bool{"ambiguous": false, "sent again where a repeat is recognised": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform()
			p.caps.SenderIDs = ids
			r := newRig(t, config{platform: p, before: func(tx *store.Tx) error {
				for _, key := range []string{"a", "b"} {
					if err := queue("1", key)(tx); err != nil {
						return err
					}
				}
				it, err := tx.OutByKey("a#0")
				if err != nil {
					return err
				}
				return tx.OutSending(it.ID)
			}})
			if ids {
				c := r.wantCall("a#0")
				if c.Attempt != 2 {
					t.Errorf("attempt = %d, want 2", c.Attempt)
				}
				c.answer <- nil
				r.wantDelivered("a#0", store.OutSent)
			} else {
				r.wantDelivered("a#0", store.OutAmbiguous)
			}
			r.wantCall("b#0").answer <- nil
			r.wantDelivered("b#0", store.OutSent)
			if ids {
				r.wantAttempts("a#0 1 retry  of a", "a#0 2 sent  of a", "b#0 1 sent  of b")
			} else {
				r.wantAttempts("a#0 1 ambiguous ambiguous of a", "b#0 1 sent  of b")
			}
		})
	}
}

// TestOutbox_stoppedWhileSending goes through a real stop with an attempt in progress, and a start on the same directory.
func TestOutbox_stoppedWhileSending(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	t.Run("first life", func(t *testing.T) {
		r := newRig(t, config{dir: dir})
		r.say("1", "a")
		r.call() // never answered
		r.say("1", "b")
	})
	r := newRig(t, config{dir: dir})
	r.wantCall("b#0").answer <- nil
	if it := r.item("a#0"); it.State != store.OutAmbiguous || it.Attempts != 1 {
		t.Errorf("item = %+v", it)
	}
}

func TestOutbox_waitsForTheAccountWithoutAttempts(t *testing.T) {
	t.Parallel()
	lanes := newSpy()
	r := newRig(t, config{intercept: lanes})
	r.platform.links <- providers.LinkDegraded
	r.down(account.Degraded)
	r.say("1", "a")
	lanes.want(t, landed{}) // the first attempt was refused: the lane waits. The account coming up ends that at once.
	if it := r.item("a#0"); it.State != store.OutQueued || it.Attempts != 0 {
		t.Errorf("item while the account is down = %+v", it)
	}
	r.silent("while the account is down")
	began := time.Now()
	r.platform.links <- providers.LinkUp
	r.wantCall("a#0").answer <- nil
	r.wantDelivered("a#0", store.OutSent)
	if it := r.item("a#0"); it.Attempts != 1 || time.Since(began) > askPause {
		t.Errorf("%d attempts, after %v", it.Attempts, time.Since(began))
	}
}

func TestOutbox_unauthorizedWaitsForTheAccount(t *testing.T) {
	t.Parallel()
	lanes := newSpy()
	r := newRig(t, config{intercept: lanes})
	r.say("1", "a")
	r.wantCall("a#0").answer <- sendError(providers.Unauthorized, "401")
	lanes.want(t, recorded{})
	lanes.want(t, pulled{}) // now it waits
	if it := r.item("a#0"); it.State != store.OutQueued || time.Until(time.UnixMilli(it.NextAt)) < 4*time.Minute || it.Reason != "unauthorized: 401" {
		t.Errorf("item = %+v", it)
	}
	r.check(r.accounts.Tell(account.Restart{Account: "telegram"}))
	r.wantCall("a#0").answer <- nil
	r.wantDelivered("a#0", store.OutSent)
}

func TestOutbox_unreadableItemFails(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{before: func(tx *store.Tx) error {
		_, _, err := tx.Enqueue(store.OutItem{Key: "a#0", Account: "telegram", Surface: "telegram", Chat: "1", Payload: []byte("{")})
		return err
	}})
	r.wantDelivered("a#0", store.OutFailed)
	r.say("1", "b")
	r.wantCall("b#0").answer <- nil
}

func TestOutbox_quiesce(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{})
	r.say("1", "a")
	c := r.wantCall("a#0")
	r.say("1", "b")
	r.say("2", "c")
	r.wantCall("c#0").answer <- nil
	r.wantDelivered("c#0", store.OutSent)
	quiet := make(chan error, 1)
	r.check(r.ref.Tell(Quiesce{actors.ReplyTo(func(_ struct{}, err error) { quiet <- err })}))
	r.say("3", "d")
	r.ask() // behind all that
	select {
	case err := <-quiet:
		t.Fatalf("quiet with a send in progress: %v", err)
	default:
	}
	c.answer <- nil
	if err := <-quiet; err != nil {
		t.Fatal(err)
	}
	if it := r.item("a#0"); it.State != store.OutSent {
		t.Errorf("the send in progress ended as %+v", it)
	}
	for _, key := range []string{"b#0", "d#0"} {
		if it := r.item(key); it.State != store.OutQueued || it.Attempts != 0 {
			t.Errorf("behind it: %+v", it)
		}
	}
	r.silent("after it was quiet")
}

func TestOutbox_countsAndList(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{})
	r.say("1", "a")
	r.wantCall("a#0").answer <- sendError(providers.Permanent, "no")
	r.wantDelivered("a#0", store.OutFailed)
	r.say("1", "b")
	c := r.wantCall("b#0")
	r.say("1", "c")
	if n := r.ask(); n != (Counts{Queued: 1, Sending: 1, Failed: 1}) {
		t.Errorf("counts = %+v", n)
	}
	got := r.rpc("outbox.list", `{"state":"failed"}`)
	if !strings.Contains(got, `"reason":"permanent: no"`) || strings.Count(got, `"id"`) != 1 {
		t.Errorf("outbox.list = %s", got)
	}
	if got := r.rpc("outbox.list", `{}`); strings.Count(got, `"id"`) != 3 {
		t.Errorf("outbox.list = %s", got)
	}
	c.answer <- nil
}

// down waits until the account is in a phase in which nothing goes out.
func (r *rig) down(p account.Phase) {
	r.t.Helper()
	for began := time.Now(); ; {
		s, _ := r.dir.Surface("telegram")
		if s.Phase == p {
			return
		}
		if time.Since(began) > patience {
			r.t.Fatalf("account = %+v", s)
		}
		runtime.Gosched()
	}
}

// ask goes through the actor's mailbox.
func (r *rig) ask() Counts {
	r.t.Helper()
	n, err := actors.Ask(context.Background(), r.ref, func(p actors.Reply[Counts]) Message { return Count{p} })
	r.check(err)
	return n
}
