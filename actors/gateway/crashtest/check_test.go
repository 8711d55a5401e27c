package crashtest

import (
	"fmt"
	"strings"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// apology is what a person is told of a run that did not end well.
const apology = "Something went wrong while I was working on that. Please try again."

// result is what the check found.
type result struct {
	answers            map[string]string // status that a repeat of the call must have, by run id
	done, failed       int               // runs
	sent, ambiguous    int               // replies
	arrived            int               // of the ambiguous ones
	attempts, messages int
	merged, steered    int // messages that ended as part of another turn
	ticks              int // runs of jobs
}

// totals must not change when calls are repeated.
type totals struct {
	runs, userLines, lines, replies, arrived int
}

// books is the content of the database, as far as the check needs it.
type books struct {
	users, lines int
	questions    map[string][]string // texts of the user's entries, by run id
	answers      map[string]int      // number of the assistant's entries, by run id
	byMark       map[string][]string // run ids of the user's entries that a message is in, once for each time
	items        []store.OutItem
	runs         int
}

func (x *crash) read(v *store.View) *books {
	x.t.Helper()
	b := &books{questions: map[string][]string{}, answers: map[string]int{}, byMark: map[string][]string{}}
	sessions, err := v.Sessions()
	x.must(err)
	for _, s := range sessions {
		lines, err := v.History(s.SessionID, everything)
		x.must(err)
		b.lines += len(lines)
		for _, l := range lines {
			if l.Role != "user" {
				b.answers[l.RunID]++
				continue
			}
			var m struct {
				Content []struct {
					Text string `json:"text"`
				} `json:"content"`
			}
			x.must(wire.Unmarshal(l.Message, &m))
			text := m.Content[0].Text
			b.users++
			b.questions[l.RunID] = append(b.questions[l.RunID], text)
			for word := range strings.FieldsSeq(text) {
				if strings.HasPrefix(word, "telegram-") {
					b.byMark[word] = append(b.byMark[word], l.RunID)
				}
			}
		}
	}
	counts, err := v.RunCounts()
	x.must(err)
	for _, n := range counts {
		b.runs += n
	}
	b.items, err = v.OutList("", everything)
	x.must(err)
	return b
}

func (x *crash) must(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

func (x *crash) totals(b *books) totals {
	return totals{b.runs, b.users, b.lines, len(b.items), len(x.platform.Sent())}
}

// check looks for each thing that was acknowledged, once everything is at rest and the gateway is stopped.
func (x *crash) check() (t totals) {
	x.t.Helper()
	calls, updates := x.driver.all(), x.platform.written()
	x.result = result{answers: map[string]string{}, messages: len(updates)}
	view(x.t, x.host.state(), func(v *store.View) error {
		b := x.read(v)
		for _, c := range calls {
			x.checkCall(v, b, c)
		}
		replies := map[string]string{} // expected text by run id
		crowd := x.crowdRuns()
		for _, u := range updates {
			if u.crowd {
				x.checkCrowd(v, b, u, crowd, replies)
			} else {
				x.checkUpdate(v, b, u, replies)
			}
		}
		x.checkJobs(v, b)
		x.checkReplies(b, replies)
		want := len(calls) + len(updates) + x.result.ticks
		users, answers := want-x.result.merged, want-x.result.merged-x.result.steered
		if b.runs != want || b.users != users || b.lines != users+answers {
			x.t.Errorf("%d runs, %d entries of users, %d entries; want %d, %d, %d", b.runs, b.users, b.lines, want, users, users+answers)
		}
		if pending, err := v.PendingInbound(1); err != nil || len(pending) > 0 {
			x.t.Errorf("messages wait for the router: %v, %v", pending, err)
		}
		t = x.totals(b)
		return nil
	})
	if last := x.platform.lastID(); x.platform.Acked() != last || x.platform.Pending() != 0 {
		x.t.Errorf("acknowledged %d of %d, pending %d", x.platform.Acked(), last, x.platform.Pending())
	}
	return t
}

// unchanged checks that the repeats did nothing.
func (x *crash) unchanged(before totals) {
	x.t.Helper()
	view(x.t, x.host.state(), func(v *store.View) error {
		if after := x.totals(x.read(v)); after != before {
			x.t.Errorf("repeats changed something: %+v, before %+v", after, before)
		}
		return nil
	})
}

// checkCall: a run, a question, an answer, an outcome.
func (x *crash) checkCall(v *store.View, b *books, c *call) {
	x.t.Helper()
	x.result.attempts += c.attempts
	if !c.acked {
		x.t.Errorf("%s was never acknowledged", c.key)
	}
	id := c.runID()
	state := x.checkRun(v, b, id)
	if q := b.questions[id]; len(q) != 1 || q[0] != c.text {
		x.t.Errorf("run %s has the questions %q, want %q", id, q, c.text)
	}
	scope, key := c.scope()
	o, done, _, err := v.Lookup(scope, key)
	if err != nil || !done || o.OK != (state == store.RunDone) {
		x.t.Errorf("run %s is %s, its key's outcome: %+v, final %v, %v", id, state, o, done, err)
	}
	want := wire.RunOK
	if state == store.RunError {
		want = wire.RunError
	}
	x.result.answers[id] = want
	if c.method == "chat.send" && c.answer.Status != want {
		x.t.Errorf("run %s is %s, its caller was told %+v", id, state, c.answer)
	}
}

// checkUpdate: the same for what a person wrote. It notes what the run must have replied.
func (x *crash) checkUpdate(v *store.View, b *books, u update, replies map[string]string) {
	x.t.Helper()
	ids := b.byMark[u.mark]
	if len(ids) != 1 {
		x.t.Errorf("update %d (%s) has %d runs: %v", u.id, u.mark, len(ids), ids)
		return
	}
	if x.checkRun(v, b, ids[0]) == store.RunDone {
		replies[ids[0]] = u.reply()
	} else {
		replies[ids[0]] = apology
	}
	item, err := v.OutByKey(ids[0] + "#0")
	if err != nil || item == nil || item.Chat != u.chat {
		x.t.Errorf("update %d (%s) of chat %s: reply %+v, %v", u.id, u.mark, u.chat, item, err)
	}
}

// checkRun: a run is in one final state, and that is done unless it was running at a kill.
func (x *crash) checkRun(v *store.View, b *books, id string) (state string) {
	x.t.Helper()
	r, err := v.Run(id)
	if err != nil || r == nil {
		x.t.Errorf("run %s is gone: %v", id, err)
		return ""
	}
	switch r.State {
	case store.RunDone:
		x.result.done++
	case store.RunError:
		x.result.failed++
		if !x.ranAtAKill(id) {
			x.t.Errorf("run %s failed without having run at a kill: %s", id, r.Error)
		}
	default:
		x.t.Errorf("run %s is %s", id, r.State)
	}
	if n := b.answers[id]; n != 1 {
		x.t.Errorf("run %s (%s) has %d answers in its transcript", id, r.State, n)
	}
	return r.State
}

func (x *crash) ranAtAKill(id string) bool {
	for _, m := range x.moments {
		if m.running[id] {
			return true
		}
	}
	return false
}

// checkReplies compares the outbox with what has arrived.
func (x *crash) checkReplies(b *books, want map[string]string) {
	x.t.Helper()
	type message struct{ id, chat, text string }
	arrived := map[message]bool{}
	for _, s := range x.platform.Sent() {
		arrived[message{fmt.Sprint(s.MessageID), s.Chat, s.Text}] = true
	}
	unsure := map[message]int{} // without ids
	for _, it := range b.items {
		text, ok := want[it.RunID]
		if !ok {
			x.t.Errorf("item %d of run %q belongs to no message", it.ID, it.RunID)
			continue
		}
		delete(want, it.RunID)
		switch it.State {
		case store.OutSent:
			x.result.sent++
			var r providers.Receipt
			x.must(wire.Unmarshal(it.Receipt, &r))
			m := message{r.MessageID, it.Chat, text}
			if !arrived[m] {
				x.t.Errorf("item %d is sent, but %+v has not arrived or belongs to another item", it.ID, m)
			}
			delete(arrived, m)
		case store.OutAmbiguous:
			x.result.ambiguous++
			unsure[message{"", it.Chat, text}]++
			if !x.inFlightAtAKill(it.ID) {
				x.t.Errorf("item %d is ambiguous without having been in flight at a kill: %s", it.ID, it.Reason)
			}
		default:
			x.t.Errorf("item %d is %s: %s", it.ID, it.State, it.Reason)
		}
	}
	for run, text := range want {
		x.t.Errorf("run %s has not replied %q", run, text)
	}
	for m := range arrived { // without a receipt
		x.result.arrived++
		k := message{"", m.chat, m.text}
		if unsure[k]--; unsure[k] < 0 {
			x.t.Errorf("chat %s got %q (message %s) once more than the outbox knows", m.chat, m.text, m.id)
		}
	}
}

func (x *crash) inFlightAtAKill(item int64) bool {
	for _, m := range x.moments {
		if _, ok := m.sending[item]; ok {
			return true
		}
	}
	return false
}
