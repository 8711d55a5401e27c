package crashtest

import (
	"strings"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// tally is the row of one surface in what the test prints.
type tally struct{ in, out, answered, apologies, ambiguous, arrived int }

// check compares what people said, what the books say and what the platforms have.
func (x *sweep) check(v *store.View) error {
	runs := x.runsByMark(v)
	items, err := v.OutList("", everything)
	if err != nil {
		return err
	}
	byRun := map[string][]store.OutItem{}
	for _, it := range items {
		byRun[it.RunID] = append(byRun[it.RunID], it)
	}
	for _, s := range x.surfaces {
		n := tally{in: len(s.said), out: len(s.sent)}
		for _, m := range s.said {
			x.checkIn(v, s, m, runs[m.mark], byRun, &n)
		}
		for _, m := range s.sent {
			x.checkOut(s, m, byRun[m.mark], &n)
		}
		x.checkArrivals(s, &n)
		if s.SenderIDs && n.ambiguous > 0 {
			x.t.Errorf("%s recognises a repeat, and has %d ambiguous messages", s.Surface, n.ambiguous)
		}
		x.t.Logf("%-9s %4d in, %4d answered, %3d with an apology; %4d sent; %3d ambiguous, of these %d arrived",
			s.Surface, n.in, n.answered, n.apologies, n.out, n.ambiguous, n.arrived)
	}
	if pending, err := v.PendingInbound(1); err != nil || len(pending) > 0 {
		x.t.Errorf("messages wait for the router: %v, %v", pending, err)
	}
	return nil
}

// runsByMark finds the runs whose question has a mark in it.
func (x *sweep) runsByMark(v *store.View) map[string][]string {
	x.t.Helper()
	found := map[string][]string{}
	sessions, err := v.Sessions()
	if err != nil {
		x.t.Fatal(err)
	}
	for _, s := range sessions {
		lines, err := v.History(s.SessionID, everything)
		if err != nil {
			x.t.Fatal(err)
		}
		for _, l := range lines {
			if l.Role == "user" {
				for _, mark := range marks.FindAllString(string(l.Message), -1) {
					found[mark] = append(found[mark], l.RunID)
				}
			}
		}
	}
	return found
}

// checkIn: a message has one run in one final state, and one reply in its own chat.
func (x *sweep) checkIn(v *store.View, s *surface, m said, runs []string, byRun map[string][]store.OutItem, n *tally) {
	x.t.Helper()
	if len(runs) != 1 {
		x.t.Errorf("%s has %d runs: %v", m.mark, len(runs), runs)
		return
	}
	r, err := v.Run(runs[0])
	if err != nil || r == nil || r.State != store.RunDone && r.State != store.RunError {
		x.t.Errorf("%s: run %+v, %v", m.mark, r, err)
		return
	}
	if r.State == store.RunError {
		n.apologies++
		if !x.running[r.ID] {
			x.t.Errorf("%s: run %s failed without having run at a kill: %s", m.mark, r.ID, r.Error)
		}
	} else {
		n.answered++
	}
	x.checkItem(s, m, byRun[r.ID], n)
}

func (x *sweep) checkOut(s *surface, m said, items []store.OutItem, n *tally) {
	x.t.Helper()
	x.checkItem(s, m, items, n)
}

// checkItem: there is one, it goes to the chat, and is sent or ambiguous because of a kill.
func (x *sweep) checkItem(s *surface, m said, items []store.OutItem, n *tally) {
	x.t.Helper()
	if len(items) != 1 || items[0].Surface != s.Surface || items[0].Chat != m.chat {
		x.t.Errorf("%s of %s: items %+v", m.mark, m.chat, items)
		return
	}
	it := items[0]
	switch it.State {
	case store.OutSent:
		var r providers.Receipt
		if err := wire.Unmarshal(it.Receipt, &r); err != nil || r.MessageID == "" {
			x.t.Errorf("%s: receipt %s, %v", m.mark, it.Receipt, err)
		}
	case store.OutAmbiguous:
		n.ambiguous++
		if !x.sending[it.ID] {
			x.t.Errorf("%s is ambiguous without having been in flight at a kill: %s", m.mark, it.Reason)
		}
	default:
		x.t.Errorf("%s is %s: %s", m.mark, it.State, it.Reason)
	}
}

// checkArrivals: at the platform nothing is there twice, and nothing is in another chat.
func (x *sweep) checkArrivals(s *surface, n *tally) {
	x.t.Helper()
	home := map[string]string{}
	for _, m := range append(s.said, s.sent...) {
		home[m.mark] = m.chat
	}
	seen, sorry := map[string]int{}, 0
	for _, chat := range []string{s.Direct, s.Group} {
		for _, r := range s.Replies(chat) {
			if strings.Contains(r.Text, apology) {
				sorry++
				continue
			}
			found := marks.FindAllString(r.Text, -1)
			if len(found) != 1 || home[found[0]] != chat {
				x.t.Errorf("%s: %q in %s", s.Surface, r.Text, chat)
				continue
			}
			if seen[found[0]]++; seen[found[0]] > 1 {
				x.t.Errorf("%s: %s arrived %d times", s.Surface, found[0], seen[found[0]])
			}
		}
	}
	n.arrived = len(seen) + sorry - (n.in + n.out - n.ambiguous)
	if n.arrived < 0 || n.arrived > n.ambiguous || sorry > n.apologies {
		x.t.Errorf("%s: %d answers and %d apologies arrived; %+v", s.Surface, len(seen), sorry, *n)
	}
}
