package slack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/slackfake"
)

// down is a provider that has read something and was stopped, at a platform that loses what happens meanwhile.
func down(t *testing.T) *bench {
	b := newBench(t, slackfake.Options{LoseOffline: true}, nil, nil)
	b.s.AddUser(slackfake.User{ID: bob, Name: "bob"})
	b.start()
	b.say(slackfake.AnnDM, "read")
	b.say(slackfake.General, "read too")
	b.written("read too")
	b.stop()
	if err := b.s.WaitSockets(b.ctx, 0); err != nil {
		t.Fatal(err)
	}
	return b
}

// written waits until the cursor has the place of a message.
func (b *bench) written(text string) {
	b.t.Helper()
	m := b.awaitText(text)
	for {
		b.p.reads.mu.Lock()
		dirty, place := b.p.reads.dirty, b.p.reads.state.Places[placeKey(m.Chat, m.Thread)]
		b.p.reads.mu.Unlock()
		if place == m.ID && !dirty {
			return
		}
		b.p.reads.flush(b.ctx, b.p)
		if b.ctx.Err() != nil {
			b.t.Fatalf("%q is not in the cursor", text)
		}
	}
}

func (b *bench) post(channel, user, thread, text string) string {
	return b.s.Post(slackfake.Message{Channel: channel, User: user, Text: text, Thread: thread})
}

func TestCatchUp(t *testing.T) {
	t.Parallel()
	b := down(t)
	root := b.post(slackfake.General, slackfake.Ann, "", "missed 1")
	b.post(slackfake.General, bob, root, "missed 2, in its thread")
	b.post(slackfake.General, bob, "", "missed 3")
	b.s.Post(slackfake.Message{Channel: slackfake.General, BotID: "B1", Text: "another bot"})
	b.post(slackfake.AnnDM, slackfake.Ann, "", "missed 4")
	b.s.AddConversation(slackfake.Conversation{ID: "D0BOB00001", Kind: slackfake.IM, User: bob})
	b.post("D0BOB00001", bob, "", "missed 5, of somebody new")
	b.restart()
	b.awaitText("missed 5, of somebody new")
	b.awaitText("missed 4")
	if m := b.awaitText("missed 2, in its thread"); m.Thread != root || m.Late {
		t.Errorf("%+v: late is what is older than a minute", m)
	}
	got := b.texts()
	slices.Sort(got)
	want := []string{"missed 1", "missed 2, in its thread", "missed 3", "missed 4", "missed 5, of somebody new"}
	if !slices.Equal(got, want) {
		t.Errorf("received %q", got)
	}
	// Nothing is fetched again by the next process.
	b.written("missed 5, of somebody new")
	b.written("missed 4")
	b.stop()
	b.restart()
	b.say(slackfake.AnnDM, "live")
	b.say(slackfake.General, "live too")
	b.awaitText("live too")
	if got := b.texts(); !slices.Equal(got, []string{"live", "live too"}) {
		t.Errorf("received %q", got)
	}
}

func TestCatchUp_late(t *testing.T) {
	t.Parallel()
	b := down(t)
	b.post(slackfake.AnnDM, slackfake.Ann, "", "an hour ago")
	b.mu.Lock()
	b.received, b.states = nil, nil
	b.mu.Unlock()
	b.make(nil)
	b.p.env.Now = func() time.Time { return time.Now().Add(time.Hour) }
	b.start()
	if m := b.awaitText("an hour ago"); !m.Late {
		t.Errorf("%+v", m)
	}
	b.say(slackfake.AnnDM, "now")
	if m := b.awaitText("now"); m.Late {
		t.Errorf("%+v", m)
	}
}

func TestCatchUp_tooOld(t *testing.T) {
	t.Parallel()
	b := down(t)
	b.post(slackfake.AnnDM, slackfake.Ann, "", "stale")
	b.mu.Lock()
	b.received, b.states = nil, nil
	b.mu.Unlock()
	b.make(nil)
	b.p.env.Now = func() time.Time { return time.Now().Add(lateAge + time.Hour) }
	b.start()
	b.say(slackfake.AnnDM, "now")
	b.awaitText("now")
	if got := b.texts(); len(got) != 1 {
		t.Errorf("received %q", got)
	}
}

// The newest are fetched when there are too many, in order; a first start fetches nothing.
func TestCatchUp_bounds(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{LoseOffline: true}, nil, nil)
	b.post(slackfake.AnnDM, slackfake.Ann, "", "before there was a gateway")
	b.start()
	b.say(slackfake.AnnDM, "read")
	b.written("read")
	b.stop()
	if err := b.s.WaitSockets(b.ctx, 0); err != nil {
		t.Fatal(err)
	}
	for i := range lateMessages + 20 {
		b.post(slackfake.AnnDM, slackfake.Ann, "", fmt.Sprint("missed ", i))
	}
	b.restart()
	b.awaitText(fmt.Sprint("missed ", lateMessages+19))
	got := b.texts()
	if len(got) != lateMessages || got[0] != "missed 20" || !slices.IsSortedFunc(got, func(x, y string) int { return len(x) - len(y) }) {
		t.Errorf("%d received, from %q", len(got), got[0])
	}
}

// An event of a conversation waits until what was missed there is fetched: the order stays.
func TestCatchUp_order(t *testing.T) {
	t.Parallel()
	b := down(t)
	b.post(slackfake.General, slackfake.Ann, "", "missed elsewhere") // fetched first: it was written to last
	b.post(slackfake.AnnDM, slackfake.Ann, "", "missed")
	b.store = func(ctx context.Context, m providers.Incoming) error {
		if m.Text == "missed elsewhere" { // the event of this one is there before the conversation's turn
			ts := b.post(slackfake.AnnDM, slackfake.Ann, "", "live")
			return b.s.WaitAttempts(ctx, ts, 0)
		}
		return nil
	}
	b.restart()
	b.awaitText("live")
	if got := b.texts(); !slices.Equal(got, []string{"missed elsewhere", "missed", "live"}) {
		t.Errorf("received %q", got)
	}
}

// What cannot be fetched at once is fetched a little later.
func TestCatchUp_limited(t *testing.T) {
	t.Parallel()
	b := down(t)
	b.post(slackfake.AnnDM, slackfake.Ann, "", "missed")
	b.s.Script("conversations.history", slackfake.TooMany(1), slackfake.Status(500))
	b.restart()
	b.awaitText("missed")
}

func TestCatchUp_withoutTheScope(t *testing.T) {
	t.Parallel()
	b := down(t)
	for _, method := range []string{"conversations.history", "users.conversations"} {
		b.s.Always(method, slackfake.Fault{Error: "missing_scope", Needed: "channels:history"})
	}
	b.restart()
	b.say(slackfake.AnnDM, "live")
	b.awaitText("live")
	b.written("live")         // and the place moves on
	for held := true; held; { // nothing is held for good
		b.say(slackfake.AnnDM, "more")
		b.p.reads.mu.Lock()
		held = b.p.reads.paused || len(b.p.reads.held) > 0
		b.p.reads.mu.Unlock()
	}
}

// A store that fails in the middle: what is missing is fetched by the next connection.
func TestCatchUp_storeFails(t *testing.T) {
	t.Parallel()
	b := down(t)
	for _, text := range []string{"one", "two", "three"} {
		b.post(slackfake.AnnDM, slackfake.Ann, "", text)
	}
	failures := 0
	b.store = func(_ context.Context, m providers.Incoming) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if m.Text == "two" && failures < 2 {
			failures++
			return errors.New("disk full")
		}
		return nil
	}
	b.restart()
	b.awaitText("three")
	if got := b.texts(); !slices.Equal(got, []string{"one", "two", "three"}) {
		t.Errorf("received %q", got)
	}
}

func TestReads_areBounded(t *testing.T) {
	t.Parallel()
	r := reads{known: true, held: map[string]bool{"C0HELD0001": true}, state: readState{Places: map[string]string{}}}
	for i := range 3 * maxReads {
		r.advance(fmt.Sprintf("C%09d", i), "", fmt.Sprintf("17000%05d.000100", i))
	}
	r.advance("C0HELD0001", "", "1800000000.000100")
	r.advance(fmt.Sprintf("C%09d", 3*maxReads-1), "", "1600000000.000100") // back
	if n := len(r.state.Places); n != maxReads {
		t.Errorf("%d places", n)
	}
	if _, held := r.state.Places["C0HELD0001"]; held {
		t.Error("the place of a conversation with a gap has moved")
	}
	if ts := r.state.Places[fmt.Sprintf("C%09d", 3*maxReads-1)]; ts != fmt.Sprintf("17000%05d.000100", 3*maxReads-1) {
		t.Errorf("the newest place is %s", ts)
	}
}

func TestStamps(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 5, 12, 0, 0, 7000, time.UTC)
	if ts := stampOf(at); ts != "1767614400.000007" || !timeOf(ts).Equal(at) {
		t.Errorf("%s, %v", ts, timeOf(ts))
	}
	if !timeOf("soon").IsZero() || !newer("1767614400.000008", "1767614400.000007") || newer("999999999.0", "1767614400.000007") {
		t.Error("timestamps are compared wrong")
	}
}
