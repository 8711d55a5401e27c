package faulttest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// apology is what a person on a surface is told when a run failed.
const apology = "Something went wrong while I was working on that. Please try again."

// settle runs after the faults: what was accepted must come to its end by itself, and every part must work again.
func (s *scene) settle() {
	for _, k := range s.keys { // a repeat finds the end of the first, whatever its caller was told
		if err := s.busy.must(k.method, k.params, nil); err != nil && !s.finalRefusal(err) {
			s.t.Errorf("repeat of %s %s: %v", k.method, k.key, err)
		}
	}
	if err := s.every(50*time.Millisecond, func() bool { return s.replies() == "" }); err != nil {
		s.t.Errorf("telegram: %s", s.replies())
	}
	s.checkJobs()
	s.checkCommands()
	s.checkApprovals()
	s.checkServers()
	s.awaitHooks()
	for i, session := range []string{"alpha", "beta", "gamma", "main"} { // no session is stuck
		key := fmt.Sprint("last-", i)
		start := time.Now()
		if err := s.busy.keyed("chat.send", key, chat(session, key, "!fail on purpose"), nil); err == nil || !s.finalRefusal(err) {
			s.t.Errorf("session %s afterwards: %v", session, err)
		}
		if took := time.Since(start); took > soon/2+10*s.calm.starved() {
			s.t.Errorf("session %s took %v for a message afterwards", session, took)
		}
	}
}

// checkJobs: each job that was acknowledged has run, and once.
func (s *scene) checkJobs() {
	for _, id := range s.jobs {
		var r wire.CronRunsResult
		err := s.every(50*time.Millisecond, func() bool {
			return s.busy.must("cron.runs", wire.CronRunsParams{ID: id}, &r) == nil && len(r.Entries) > 0
		})
		if err != nil || len(r.Entries) != 1 || r.Entries[0].Status != "ok" {
			s.t.Errorf("the job %s ran %d times: %+v (%v)", id, len(r.Entries), r.Entries, err)
		}
	}
}

// finalRefusal: this is how a call may end for good.
func (s *scene) finalRefusal(err *wire.Error) bool {
	switch {
	case err.Message == "wizard not found", err.Message == "wizard already running":
		return true
	case err.Message == "Error: on purpose", strings.Contains(err.Message, "Invalid thinking level"):
		return true
	case s.cell.expect.died && strings.HasPrefix(err.Message, "Error: the "):
		return true
	}
	if s.cell.expect.unknown && isUnknown(err) {
		return true
	}
	return s.cell.expect.unsure && strings.Contains(err.Message, "may or may not have arrived")
}

// replies says what is wrong with what the bot has sent: each text once, or listed as ambiguous. "" = nothing.
func (s *scene) replies() string {
	got := map[string]int{}
	apologies, codes := 0, 0
	for _, m := range s.fake.Sent() {
		switch {
		case m.Text == apology:
			apologies++
		case code.MatchString(m.Text):
			codes++
		default:
			got[m.Text]++
		}
	}
	var want []string
	for _, text := range s.pushed {
		want = append(want, "You said: "+text)
	}
	for _, k := range s.keys {
		if p, ok := k.params.(wire.SendParams); ok {
			want = append(want, p.Message)
		}
	}
	var missing []string
	for _, text := range want {
		switch got[text] {
		case 0:
			missing = append(missing, text)
		case 1:
		default:
			return fmt.Sprintf("%q came %d times", text, got[text])
		}
	}
	unsure := s.ambiguous()
	if unsure > 0 && !s.cell.expect.unsure || apologies > 0 && !s.cell.expect.died {
		return fmt.Sprintf("%d ambiguous, %d apologies", unsure, apologies)
	}
	if codes > 1 {
		return fmt.Sprintf("%d pairing codes", codes)
	}
	if len(missing) > unsure+apologies {
		return fmt.Sprintf("missing %q, %d ambiguous, %d apologies", missing, unsure, apologies)
	}
	return ""
}

func (s *scene) ambiguous() int {
	var r wire.OutboxListResult
	if err := s.g.Call(s.ctx, "outbox.list", wire.OutboxListParams{State: "ambiguous"}, &r); err != nil {
		return 0
	}
	return len(r.Items)
}

// checkLive judges what the clients saw.
func (s *scene) checkLive() seen {
	s.calm.leave()
	sn := seen{Fired: len(s.faults.Fired())}
	if s.cell.disk != nil && s.cell.disk.left.Load() <= 0 {
		sn.Fired = 1
	}
	if sn.Fired == 0 {
		s.t.Error("the fault never happened")
	}
	if err := s.fatal(); err != nil {
		s.t.Errorf("the gateway gave up: %v", err)
	}
	for _, a := range s.g.Actors() {
		if a.Kind == s.cell.kind {
			sn.Restarts += a.Restarts
		}
	}
	sn.Ambiguous = s.ambiguous()
	s.checkCalm(&sn)
	s.checkTeller(&sn)
	s.busy.mu.Lock()
	s.checkClosed("busy", s.busy.closes, &sn)
	sn.Retries = s.busy.retries
	s.busy.mu.Unlock()
	s.checkPresence()
	s.phone.check(&sn)
	if strings.HasPrefix(s.cell.fault, "crash") {
		s.checkCrash(sn)
	}
	return sn
}

// checkCrash: what the supervision tree says of a crash is seen to happen.
func (s *scene) checkCrash(sn seen) {
	switch s.cell.kind {
	case "conn":
		if sn.Closed == 0 {
			s.t.Error("no socket was closed")
		}
	case "run", "node", bridge:
	case "conns":
		if sn.Closed < 3 || sn.Restarts == 0 {
			s.t.Errorf("%d sockets closed, %d restarts", sn.Closed, sn.Restarts)
		}
	default:
		if sn.Restarts == 0 {
			s.t.Error("the actor was not restarted")
		}
	}
}

func (s *scene) checkCalm(sn *seen) {
	x, w := s.cell.expect, s.calm
	if err := s.every(20*time.Millisecond, func() bool { return s.wrongEnds() == "" }); err != nil {
		s.t.Errorf("events: %s", s.wrongEnds())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.faults) > 0 {
		s.t.Errorf("sequence: %v", w.faults)
	}
	for _, err := range w.refused {
		we, ok := errors.AsType[*wire.Error](err)
		if !(x.calm && (ok && we.Retryable || errors.Is(err, client.ErrClosed))) {
			s.t.Errorf("health of the uninvolved client: %v", err)
		}
	}
	if len(w.slow) > 0 && !x.calm {
		s.t.Errorf("health of the uninvolved client was slow: %v", w.slow)
	}
	if len(w.closes) > 0 && x.closes != everybody {
		s.t.Errorf("the uninvolved client was cut: %v", w.closes)
	}
	sn.Notices, sn.Slowest, sn.Refused = w.notices, w.slowest, len(w.refused)
	s.checkClosed("calm", w.closes, sn)
}

// wrongEnds says which run's end the uninvolved client did not see exactly once.
func (s *scene) wrongEnds() string {
	x, w := s.cell.expect, s.calm
	w.mu.Lock()
	defer w.mu.Unlock()
	var wrong []string
	judge := func(what string, n, want int) {
		switch {
		case n == want, n > want && (x.twice || what == aborted), n < want && (x.lost && w.notices > 0 || x.closes == everybody):
		default:
			wrong = append(wrong, fmt.Sprintf("%s ended %d times, want %d", what, n, want))
		}
	}
	mains := len(s.pushed)
	for _, k := range s.keys {
		if k.method == "chat.send" || k.method == "agent" {
			judge(k.key, w.ends[k.key], 1)
		}
		if p, ok := k.params.(wire.ChatSendParams); ok && p.SessionKey == "main" {
			mains++
		}
	}
	judge("main", w.mains, mains)
	return strings.Join(wrong, ", ")
}

// checkTeller: each call has one final answer, in time, unless the socket was cut.
func (s *scene) checkTeller(sn *seen) {
	x, r := s.cell.expect, s.teller
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.strays) > 0 {
		s.t.Errorf("answers to nobody: %v", r.strays)
	}
	if r.err != nil {
		s.checkClosed("teller", []error{r.err}, sn)
	}
	starved := s.calm.machine > time.Second // then an answer may be late, whoever gives it
	for _, c := range r.calls {
		switch {
		case len(c.finals) > 1, c.accepted > 1:
			s.t.Errorf("%s %s: %d final answers, %d times accepted", c.method, c.key, len(c.finals), c.accepted)
		case len(c.finals) == 0:
			if r.err == nil {
				s.t.Errorf("%s %s was not answered", c.method, c.key)
			}
			continue
		}
		sn.Answer = max(sn.Answer, c.took)
		f := c.finals[0]
		if f.OK {
			continue
		}
		switch {
		case f.Error == nil:
			s.t.Errorf("%s %s failed without an error", c.method, c.key)
		case f.Error.Retryable && (x.refused || starved):
			sn.Refused++
		case !s.finalRefusal(f.Error):
			s.t.Errorf("%s %s: %+v", c.method, c.key, f.Error)
		}
		if held := c.key != "" || c.method == "agent.wait"; !held && c.took > 2*answerLimit+time.Second {
			s.t.Errorf("%s was answered after %v", c.method, c.took)
		}
	}
}

// checkClosed: a socket is cut with 1011, and only where that is expected.
func (s *scene) checkClosed(who string, closes []error, sn *seen) {
	for _, err := range closes {
		if s.cell.expect.closes == nobody {
			s.t.Errorf("%s was cut: %v", who, err)
		}
		if !strings.Contains(err.Error(), "1011") && !strings.Contains(err.Error(), "StatusInternalError") {
			s.t.Errorf("%s was cut otherwise than with 1011: %v", who, err)
		}
		sn.Closed++
	}
}

// checkPresence: who is connected is listed, whatever became of the actor that keeps the list.
func (s *scene) checkPresence() {
	var l []wire.PresenceEntry
	if err := s.busy.must("system-presence", nil, &l); err != nil {
		s.t.Errorf("system-presence: %v", err)
	}
	for _, name := range []string{"calm", "busy"} {
		if !slices.ContainsFunc(l, func(e wire.PresenceEntry) bool { return e.Host == name }) {
			s.t.Errorf("%s is connected and not in the presence list", name)
		}
	}
}

// checkStore judges what the stopped gateway left: each accepted message is one run in one final state, with one entry of
// what the person said.
func (s *scene) checkStore() {
	st, err := store.Open(store.Options{Dir: s.dir})
	if err != nil {
		s.t.Fatal(err)
	}
	defer st.Close()
	if err := st.View(s.ctx, s.checkRows); err != nil {
		s.t.Error(err)
	}
}

func (s *scene) checkRows(v *store.View) error {
	runs := len(s.pushed)
	for _, k := range s.keys {
		kind := map[string]string{"chat.send": "chat", "agent": "agent"}[k.method]
		if kind == "" {
			continue
		}
		runs++
		run, err := v.Run(kind + ":" + k.key)
		if err != nil {
			return err
		}
		if run == nil {
			s.t.Errorf("%s has no run", k.key)
		}
	}
	hooks, err := s.checkHooks(v)
	if err != nil {
		return err
	}
	runs += hooks
	counts, err := v.RunCounts()
	if err != nil {
		return err
	}
	if n := counts[store.RunAccepted] + counts[store.RunRunning]; n > 0 {
		s.t.Errorf("%d runs have not ended: %v", n, counts)
	}
	if n := counts[store.RunDone] + counts[store.RunError] + counts[store.RunAborted]; n != runs {
		s.t.Errorf("%d runs for %d messages: %v", n, runs, counts)
	}
	said := map[string]int{}
	sessions, err := v.Sessions()
	for _, row := range sessions {
		lines, err := v.History(row.SessionID, 1000)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if l.Role == "user" {
				said[l.RunID]++
			}
		}
	}
	if len(said) != runs {
		s.t.Errorf("%d messages in the transcripts, want %d", len(said), runs)
	}
	for id, n := range said {
		if n != 1 {
			s.t.Errorf("%s is %d times in the transcript", id, n)
		}
	}
	if pending, perr := v.PendingInbound(10); perr != nil || len(pending) > 0 {
		s.t.Errorf("inbox: %d messages left, %v", len(pending), perr)
	}
	return err
}
