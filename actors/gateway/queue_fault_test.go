package gateway_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestQueue_faults: whatever of what the parts tell each other about waiting messages is lost, doubled or kills its
// reader, each message is said once, has one end, and each turn has one answer.
func TestQueue_faults(t *testing.T) {
	t.Parallel()
	all := map[string]func(*actortest.Rule){
		"drop": (*actortest.Rule).Drop, "duplicate": (*actortest.Rule).Duplicate, "crash": (*actortest.Rule).Crash,
	}
	crash := map[string]func(*actortest.Rule){"crash": all["crash"]}
	for name, faults := range map[string]map[string]func(*actortest.Rule){
		"session.wake": all, "session.begin": all, "session.runDone": all, "session.steer": all, "session.AbortRuns": all,
		"agent.Steer": all, "agent.took": all, "agent.committed": all,
		"session.pulled": crash, "session.calm": crash, "session.started": crash, "session.swept": crash, // of timers and goroutines
	} {
		for fault, apply := range faults {
			t.Run(name+"/"+fault, func(t *testing.T) {
				t.Parallel()
				f := actortest.NewFaults(1)
				apply(f.On(actortest.Named(name)).Times(3))
				queueUnder(t, f, fault == "crash", name == "session.calm") // on a slow machine there may be no pause
			})
		}
	}
}

// crowds are groups, by the queue mode of each.
var crowds = map[string]string{"-2": "collect", "-3": "steer", "-4": "steer-backlog", "-5": "followup", "-6": "interrupt"}

func queueUnder(t *testing.T, f *actortest.Faults, crash, timers bool) {
	o := newOffice(t, `debounceMs: 1000`, false, func(g *gateway.Options) {
		g.Runner, g.Intercept, g.Log = agent.Builtin{}, f, slog.New(slog.DiscardHandler)
	}, func(tx *store.Tx) (err error) {
		for chat, mode := range crowds {
			err = errors.Join(err, tx.PutEntry("telegram:group:"+chat, wire.SessionEntry{UpdatedAt: time.Now().UnixMilli(), QueueMode: mode}))
		}
		return err
	})
	var cancel context.CancelFunc
	o.ctx, cancel = context.WithTimeout(t.Context(), 4*patience) // there are many of these, and they are busy
	defer cancel()
	o.slow = time.Now().Add(3 * patience)
	n := 0
	for range 2 {
		var messages []string
		for chat := range crowds {
			for range 2 {
				n++
				messages = append(messages, fmt.Sprintf("%s: this is message-%d.", chat, n))
			}
		}
		o.say(messages...)
	}
	o.rest()
	stop(t, o.g)
	o.checkCrowds(n, crash)
	if fired := f.Fired(); t.Failed() || len(fired) == 0 && !timers {
		t.Errorf("injected: %q", fired)
	}
}

// rest waits until all runs have ended.
func (o *office) rest() {
	o.t.Helper()
	for {
		open := o.query("SELECT session_key, state || ' ' || mode || ' ' || stop FROM runs WHERE state IN ('accepted', 'running')")
		if len(open) == 0 {
			return
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-time.After(time.Until(o.slow)):
			o.t.Fatalf("open: %q", open)
		}
	}
}

var message = regexp.MustCompile(`message-\d+\.`)

func (o *office) checkCrowds(n int, crash bool) {
	o.t.Helper()
	said := map[string]int{}
	for _, line := range o.query("SELECT message, session_id FROM transcript WHERE role = 'user'") {
		for _, m := range message.FindAllString(line[0], -1) {
			said[m]++
		}
	}
	runs := o.query("SELECT state || ' ' || error, session_key FROM runs")
	for i := range n {
		if m := fmt.Sprintf("message-%d.", i+1); said[m] != 1 {
			o.t.Errorf("%s is in the transcript %d times", m, said[m])
		}
	}
	turns := 0
	for _, r := range runs {
		end, _, _ := strings.Cut(r[0], " into ")
		switch {
		case end == "done ":
			turns++
		case end == "done merged" && r[1] == "telegram:group:-2", end == "done steered" && r[1] == "telegram:group:-3":
		case end == "aborted "+displaced && r[1] == "telegram:group:-6":
		case crash && strings.HasPrefix(end, "error Error: the run crashed"), crash && strings.HasPrefix(end, "error Error: the gateway stopped"):
			turns++ // with an apology
		default:
			o.t.Errorf("a run of %s ended %q", r[1], r[0])
		}
	}
	replies := o.query("SELECT count(*), count(DISTINCT run_id) FROM outbox WHERE run_id <> ''")[0]
	if len(runs) != n || replies[0] != fmt.Sprint(turns) || replies[1] != fmt.Sprint(turns) {
		o.t.Errorf("%d runs of %d messages, %d turns, replies %v", len(runs), n, turns, replies)
	}
}

// TestSweep_runThatNobodyDoes: a run that a late commit has started after its supervisor had crashed ends, and its session
// goes on.
func TestSweep_runThatNobodyDoes(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "", false, nil)
	o.say("7: one")
	o.answer(o.next("one"), "7", "first")
	db, err := sql.Open("sqlite", filepath.Join(o.dir, "gateway.db")+"?_pragma=busy_timeout(5000)") // the gateway may be writing
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.Exec(`INSERT INTO runs (id, kind, session_key, session_id, state, request, accepted_at, started_at)
		VALUES ('agent:late', 'agent', 'main', 's', 'running', x'7b7d', 1, 1)`)
	if err != nil {
		t.Fatal(err)
	}
	o.slow = time.Now().Add(patience)
	o.rest()
	o.say("7: two")
	o.answer(o.next("two"), "7", "second")
	o.equal("ends", o.closed(), []string{"done", "error Error: the run crashed", "done"})
}

// TestChatAbort_crash: an abort that is in the store is told, once, also when who was to tell it dies in between.
func TestChatAbort_crash(t *testing.T) {
	t.Parallel()
	f := actortest.NewFaults(1)
	f.On(actortest.Named("session.abortFound")).Times(1).Crash()
	g := setup{log: slog.DiscardHandler, options: func(o *gateway.Options) { o.Intercept = f }}.start(t)
	c := dial(t, g.URL())
	c.send("s", "chat.send", chatSend("main", "!sleep 60s", "victim"))
	c.wait("the first words", 0, chat("victim", "delta"))
	c.send("ab", "chat.abort", map[string]any{"sessionKey": "main", "runId": "victim"})
	c.wait("the answer of chat.send", 0, response("s"))
	c.wait("the event", 0, chat("victim", "aborted"))
	c.wait("the answer of chat.abort", 0, response("ab"))
	c.ok("chat.send", chatSend("main", "still there?", "next"), nil)
	told := 0
	for _, f := range c.all(0) {
		if chat("victim", "aborted")(f) {
			told++
		}
	}
	if told != 1 || len(f.Fired()) != 1 {
		t.Errorf("told %d times; injected %q", told, f.Fired())
	}
	c.endedBy("victim", "a client stopped it (chat.abort)")
}

// TestChatAbort_order: the event of an abort comes before those of the run's end (protocol 4.2), also when the run is faster than
// who stops it.
func TestChatAbort_order(t *testing.T) {
	t.Parallel()
	slow := slowStop{over: make(chan struct{})}
	g := setup{options: func(o *gateway.Options) { o.Intercept = slow }}.start(t)
	c := dial(t, g.URL())
	c.send("s", "chat.send", chatSend("main", "!sleep 60s", "victim"))
	c.wait("the first words", 0, chat("victim", "delta"))
	c.send("ab", "chat.abort", map[string]any{"sessionKey": "main", "runId": "victim"})
	end := containing("agent", `"stream":"job"`, `"state":"done"`, `"aborted":true`)
	c.wait("the end of the run", 0, end)
	close(slow.over)
	c.wait("the answer", 0, response("ab"))
	c.wait("the event", 0, chat("victim", "aborted"))
	for _, f := range c.all(0) {
		if end(f) {
			t.Fatal("the run ends before its abort is told")
		} else if chat("victim", "aborted")(f) {
			return
		}
	}
}

// slowStop has whoever stops a run stand still until that is over.
type slowStop struct{ over chan struct{} }

func (s slowStop) Send(d actors.Delivery, deliver func()) {
	deliver()
	if _, stops := d.Message.(agent.Abort); stops {
		select {
		case <-s.over:
		case <-time.After(patience):
		}
	}
}

func (slowStop) Receive(_ actors.Delivery, handle func()) { handle() }

// TestRunEnd_asked: a run that a session asks for again when it is over, because the word of that was lost, is counted once.
func TestRunEnd_asked(t *testing.T) {
	t.Parallel()
	f := actortest.NewFaults(1)
	f.On(actortest.Named("session.runDone")).Times(1).Drop()
	g := setup{log: slog.DiscardHandler, options: func(o *gateway.Options) { o.Intercept, o.Sweep = f, 100*time.Millisecond }}.start(t)
	c := dial(t, g.URL())
	c.ok("chat.send", chatSend("main", "hello", "one"), nil)
	c.ok("chat.send", chatSend("main", "still there?", "next"), nil)
	done := func() float64 { return scrape(t, g).value("clawdbot_runs_total", "kind", "chat", "state", "done") }
	soon(t, "the second run is counted", func() bool { return done() >= 2 }) // its end is told a moment before
	if n := done(); n != 2 || len(f.Fired()) != 1 {
		t.Errorf("injected %q; %v runs are counted", f.Fired(), n)
	}
}

// TestRunEnd_swept: a run that was running when the sweep read it, and is over when the sweep gets to it, is counted once.
func TestRunEnd_swept(t *testing.T) {
	t.Parallel()
	late := &lateSweep{read: make(chan struct{}), settled: make(chan struct{})}
	g := setup{log: slog.DiscardHandler, options: func(o *gateway.Options) { o.Intercept, o.Sweep = late, 50*time.Millisecond }}.start(t)
	c := dial(t, g.URL())
	c.send("s", "chat.send", chatSend("main", "!sleep 60s", "victim"))
	happens(t, late.read, "the sweep reads of no run")
	c.ok("chat.abort", map[string]any{"sessionKey": "main", "runId": "victim"}, nil)
	happens(t, late.settled, "the sweep makes nothing of it")
	if n := scrape(t, g).value("clawdbot_runs_total", "kind", "chat", "state", "aborted"); n != 1 {
		t.Errorf("%v runs are counted", n)
	}
}

// lateSweep keeps from the sessions actor what a sweep has read while a run was going on, until that is over for it.
type lateSweep struct {
	read, settled chan struct{} // a reading is held; what followed from it is done

	held           func() // handles it; like the next, for the sessions actor's goroutine only
	released, done bool
}

func (l *lateSweep) Send(_ actors.Delivery, deliver func()) { deliver() }

func (l *lateSweep) Receive(d actors.Delivery, handle func()) {
	switch kind := fmt.Sprintf("%T", d.Message); {
	case kind == "session.swept" && l.held == nil && reflect.ValueOf(d.Message).FieldByName("running").Len() > 0:
		l.held = handle
		close(l.read)
	case kind == "session.ended" && l.held != nil && !l.released:
		handle()
		l.released = true
		l.held()
	case kind == "session.settled" && l.released && !l.done:
		handle()
		l.done = true
		close(l.settled)
	default:
		handle()
	}
}

// TestRunEnd_crashes: the end of a run that is out already is not told again, however often those die who ask how it ended.
func TestRunEnd_crashes(t *testing.T) {
	t.Parallel()
	f := actortest.NewFaults(1)
	f.On(actortest.Named("session.ended")).Times(1).Crash()
	f.On(actortest.Named("session.settled")).Times(2).Crash()
	g := setup{log: slog.DiscardHandler, options: func(o *gateway.Options) { o.Intercept = f }}.start(t)
	c := dial(t, g.URL())
	c.ok("chat.send", chatSend("main", "hello", "one"), nil)
	c.ok("chat.send", chatSend("main", "still there?", "next"), nil)
	told := 0
	for _, f := range c.all(0) {
		if chat("one", "final")(f) {
			told++
		}
	}
	if told != 1 || len(f.Fired()) != 3 {
		t.Errorf("told %d times; injected %q", told, f.Fired())
	}
}
