package outbox

import (
	"fmt"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
)

// notes lists what waits for the owner.
func (r *rig) notes() (texts []string) {
	r.t.Helper()
	r.check(r.store.View(r.t.Context(), func(v *store.View) error {
		notes, err := v.Notes("main")
		for _, n := range notes {
			texts = append(texts, n.Text)
		}
		return err
	}))
	return texts
}

func (r *rig) wantNotes(when string, want ...string) {
	r.t.Helper()
	got := r.notes()
	ok := len(got) == len(want)
	for i := range got {
		ok = ok && strings.Contains(got[i], want[i])
	}
	if !ok {
		r.t.Errorf("%s the owner is told %q, want %q", when, got, want)
	}
}

// The owner is told of a message that did not arrive, once, whatever becomes of it later.
func TestNotice_oncePerMessage(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{})
	r.say("1", "a")
	r.wantCall("a#0").answer <- sendError(providers.Permanent, "chat\nnot found "+strings.Repeat("x", 1000))
	r.wantDelivered("a#0", "failed")
	r.say("2", "b")
	r.wantCall("b#0").answer <- sendError(providers.Ambiguous, "no answer")
	r.wantDelivered("b#0", "ambiguous")
	told := []string{
		"to telegram chat 1 was not delivered (permanent: chat not found xxx", "to telegram chat 2 may or may not have arrived and is not sent again (ambiguous",
	}
	r.wantNotes("first", told...)
	if n := len(r.notes()[0]); n > 400 {
		t.Errorf("a line of %d bytes", n)
	}
	for _, id := range []int{1, 2} {
		if got := r.rpc("outbox.retry", fmt.Sprintf(`{"id":%d}`, id)); !strings.Contains(got, "queued") {
			t.Fatal(got)
		}
		c := r.call()
		c.answer <- sendError(providers.Permanent, "still not found")
		r.wantDelivered(c.Key, "failed")
	}
	r.wantNotes("after a retry", told...)
	r.say("3", "c")
	r.wantCall("c#0").answer <- nil
	r.wantDelivered("c#0", "sent")
	r.wantNotes("after a good one", told...)
}

// When a platform refuses everything, the owner's other news are not drowned.
func TestNotice_ofMany(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{})
	r.do(func(tx *store.Tx) error { return tx.AddNote("main", "the washing machine is done", "") })
	for i := range 8 {
		key := fmt.Sprint("k", i)
		r.say("1", key)
		r.wantCall(key + "#0").answer <- sendError(providers.Permanent, "blocked")
		r.wantDelivered(key+"#0", "failed")
	}
	want := []string{"washing machine"}
	for i := range maxNotices {
		want = append(want, fmt.Sprintf("outbox show %d has it", i+1))
	}
	r.wantNotes("of eight", append(want, "outbox list --state failed")...)
	r.do(func(tx *store.Tx) error { _, err := tx.TakeNotes("main"); return err })
	r.say("1", "next")
	r.wantCall("next#0").answer <- sendError(providers.Permanent, "blocked")
	r.wantDelivered("next#0", "failed")
	r.wantNotes("once these are read", "outbox show 9 has it")
}

// A heartbeat that is told of what did not arrive, says so, and does not arrive either, would go on for ever.
func TestNotice_neverOfAHeartbeat(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{before: func(tx *store.Tx) error {
		_, err := tx.AcceptRun(store.Run{ID: "beat", Kind: "heartbeat", SessionKey: "main"})
		return err
	}})
	r.say("1", "beat")
	r.wantCall("beat#0").answer <- sendError(providers.Permanent, "blocked")
	r.wantDelivered("beat#0", "failed")
	r.wantNotes("of a heartbeat")
}

// What a person gave up is no news.
func TestNotice_notOfWhatWasGivenUp(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{noAccount: true})
	r.say("1", "a")
	if got := r.rpc("outbox.drop", `{"id":1}`); !strings.Contains(got, droppedReason) {
		t.Fatal(got)
	}
	r.wantNotes("of what was given up")
}
