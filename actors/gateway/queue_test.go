package gateway_test

import (
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/actors/gateway"
)

// merged is the text of a turn that collects these.
func merged(texts ...string) string {
	s := "[Queued messages while agent was busy]"
	for i, text := range texts {
		s += "\n\n---\nQueued #" + string(rune('1'+i)) + "\n" + text
	}
	return s
}

// TestQueue_followup: messages that wait are turns of their own, in order.
func TestQueue_followup(t *testing.T) {
	t.Parallel()
	o := newOffice(t, `mode: "followup", debounceMs: 30`, true, nil)
	o.say("7: one", "7: two", "8: three")
	o.answer(o.next("one"), "7", "first")
	o.answer(o.next("two"), "7", "second")
	o.answer(o.next("three"), "8", "third")
	o.equal("ends", o.closed(), []string{"done", "done", "done"})
}

// TestQueue_collect: what waits for one route is one turn, what waits for another is another; each answer goes where its
// message came from.
func TestQueue_collect(t *testing.T) {
	t.Parallel()
	o := newOffice(t, `debounceMs: 30`, false, nil) // the default mode
	o.say("7: one", "7: two", "8: other", "7: three", "7: four")
	o.answer(o.next("one"), "7", "first")
	o.answer(o.next(merged("two", "three", "four")), "7", "rest")
	o.answer(o.next("other"), "8", "for the other")
	o.equal("to the other", o.sentTo("8"), []string{"for the other"})
	said := strings.Join(o.said("main"), "\n")
	for _, text := range []string{"one", "two", "three", "four", "other"} {
		if n := strings.Count(said, text); n != 1 {
			t.Errorf("%q is in the transcript %d times:\n%s", text, n, said)
		}
	}
	o.equal("ends", o.closed(), []string{"done", "done merged", "done", "done merged", "done"})
}

// TestQueue_debounce: a turn of waiting messages starts when no further one has come for a while; a message that finds
// the session idle starts at once.
func TestQueue_debounce(t *testing.T) {
	t.Parallel()
	o := newOffice(t, `debounceMs: 6000`, false, nil)
	o.say("7: one", "7: two")
	began := time.Now()
	o.answer(o.next("one"), "7", "first")
	o.say("7: three") // during the pause, on a slow machine too
	tn := o.next(merged("two", "three"))
	if took := time.Since(began); took < 5900*time.Millisecond {
		t.Errorf("the turn began after %v", took)
	}
	o.answer(tn, "7", "second")
	o.say("7: four")
	o.answer(o.next("four"), "7", "third")
	if last := o.query("SELECT mode, quiet FROM runs ORDER BY seq DESC LIMIT 1")[0]; last != [2]string{"", "0"} {
		t.Errorf("a message that finds the session idle waits as %q", last)
	}
}

// TestQueue_callsStayInLine: calls of clients are not merged, dropped or overtaken.
func TestQueue_callsStayInLine(t *testing.T) {
	t.Parallel()
	o := newOffice(t, `debounceMs: 30`, true, nil)
	o.say("7: one", "7: two")
	first := o.next("one")
	c := dial(t, o.g.URL())
	c.send("a", "agent", runAgent("main", "a call", "k"))
	c.wait("the ack", 0, response("a"))
	o.say("7: three")
	o.answer(first, "7", "first")
	o.answer(o.next("two"), "7", "second")
	o.finish(o.next("a call"), "for the client")
	c.wait("the end of the call", 0, final("a"))
	o.answer(o.next("three"), "7", "third")
}

// displaced is what is noted of a run that was interrupted.
const displaced = "a newer message took its place (queue mode interrupt)"

// TestQueue_interrupt: the new message ends what runs and what waits, also when the word of that is lost.
func TestQueue_interrupt(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]bool{"": false, "word lost": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			faults := actortest.NewFaults(1)
			if lost {
				faults.On(actortest.Named("session.AbortRuns")).Drop()
			}
			o := newOffice(t, `debounceMs: 30, bySurface: {telegram: "interrupts"}`, true, func(g *gateway.Options) { g.Intercept = faults })
			o.say("7: one")
			first := o.next("one")
			o.say("8: two")
			o.aborted(first)
			second := o.next("two")
			o.say("7: three")
			o.aborted(second)
			o.answer(o.next("three"), "7", "at last")
			o.equal("sent", append(o.sentTo("7"), o.sentTo("8")...), []string{"at last"})
			o.equal("ends", o.closed(), []string{"aborted " + displaced, "aborted " + displaced, "done"})
		})
	}
}

// TestQueue_stopWords: each of them ends the run and what waits, and says so.
func TestQueue_stopWords(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"stop", "esc", "Abort", "@bot wait", " exit "} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, `debounceMs: 30`, false, nil)
			o.say("7: one", "7: two", "8: three")
			first := o.next("one")
			o.say("7: "+word, "7: after")
			o.aborted(first)
			o.answer(o.next("after"), "7", "ready")
			o.equal("sent", o.sentTo("7"), []string{"Stopped.", "ready"})
			const stopped = "aborted somebody said stop in the chat"
			o.equal("ends", o.closed(), []string{stopped, stopped, stopped, "done"})
		})
	}
}

// TestQueue_steer: a runner that takes messages is given them; they end with its turn, and are in the transcript once.
// What another chat says is none of its business.
func TestQueue_steer(t *testing.T) {
	t.Parallel()
	o := newOffice(t, `mode: "queue", debounceMs: 30`, true, nil)
	o.say("7: one")
	first := o.next("one")
	o.say("7: more", "7: and more", "8: elsewhere")
	for _, want := range []string{"more", "and more"} {
		if got := <-first.took; got != want {
			t.Errorf("steered %q, want %q", got, want)
		}
	}
	o.until("it is in the transcript", func() bool { return len(o.said("main")) == 3 })
	o.answer(first, "7", "to all")
	o.answer(o.next("elsewhere"), "8", "to him")
	o.none()
	if said := o.said("main"); len(said) != 4 {
		t.Errorf("the transcript: %q", said)
	}
	o.equal("sent", append(o.sentTo("7"), o.sentTo("8")...), []string{"to all", "to him"})
	o.equal("ends", o.closed(), []string{"done", "done steered", "done steered", "done"})
}

// TestQueue_steerWithoutEffect: what a runner does not take, or takes into a turn that fails, has a turn of its own.
func TestQueue_steerWithoutEffect(t *testing.T) {
	t.Parallel()
	t.Run("not taken", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t, `mode: "steer", debounceMs: 30`, false, nil)
		o.say("7: one", "7: two", "7: three")
		o.answer(o.next("one"), "7", "first")
		o.answer(o.next("two"), "7", "second")
		o.answer(o.next("three"), "7", "third")
		o.equal("ends", o.closed(), []string{"done", "done", "done"})
	})
	t.Run("failed", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t, `mode: "steer", debounceMs: 30`, true, nil)
		o.say("7: one")
		first := o.next("one")
		o.say("7: two")
		<-first.took
		o.finish(first, "fail")
		o.answer(o.next("two"), "7", "second")
		if said := o.said("main"); len(said) != 2 {
			t.Errorf("the transcript: %q", said)
		}
		o.equal("ends", o.closed(), []string{"error Error: no answer to \"one\"", "done"})
	})
}

// TestQueue_steerBacklog: into the run, and a turn of its own.
func TestQueue_steerBacklog(t *testing.T) {
	t.Parallel()
	o := newOffice(t, `mode: "steer+backlog", debounceMs: 30`, true, nil)
	o.say("7: one")
	first := o.next("one")
	o.say("7: two")
	if got := <-first.took; got != "two" {
		t.Errorf("steered %q", got)
	}
	o.answer(first, "7", "first")
	o.answer(o.next("two"), "7", "second")
	if said := o.said("main"); len(said) != 2 {
		t.Errorf("the transcript: %q", said)
	}
	o.equal("ends", o.closed(), []string{"done", "done"})
}

// TestQueue_cap: when too many wait, the new one is refused, or the oldest go, with or without a word of them.
func TestQueue_cap(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long ", 50)
	for _, c := range []struct {
		drop string
		turn string
		ends []string
	}{
		{"new", merged("two", long+"x"), []string{"done", "done merged", "done"}},
		{"old", merged("four", "five"), []string{"done", "aborted dropped: queue cap", "aborted dropped: queue cap", "done merged", "done"}},
		{"summarize", strings.Replace(merged("four", "five"), "busy]", "busy]\n\n[Queue overflow] Dropped 2 message(s) due to cap.\nSummary:\n- two\n- "+
			strings.TrimSpace(long[:159])+"…", 1), []string{"done", "aborted dropped: queue cap", "aborted dropped: queue cap", "done merged", "done"}},
	} {
		t.Run(c.drop, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, `debounceMs: 30, cap: 2, drop: "`+c.drop+`"`, false, nil)
			o.say("7: one", "7: two", "7: "+long+"x", "7: four", "7: five")
			o.answer(o.next("one"), "7", "first")
			o.answer(o.next(c.turn), "7", "rest")
			o.say("7: six")
			o.answer(o.next("six"), "7", "last") // nothing is told twice
			o.equal("ends", o.closed(), append(c.ends, "done"))
		})
	}
}

// TestQueue_survivesARestart: what waits is there afterwards, and is merged as it would have been.
func TestQueue_survivesARestart(t *testing.T) {
	t.Parallel()
	o := newOffice(t, `debounceMs: 30`, false, nil)
	o.say("7: one", "7: two", "7: three")
	o.next("one")
	stop(t, o.g)
	o.g = o.setup.start(t)
	o.answer(o.next(merged("two", "three")), "7", "rest")
	if texts := o.sentTo("7"); len(texts) != 2 || !strings.HasPrefix(texts[0], "Something went wrong") {
		t.Errorf("sent %q", texts)
	}
	o.equal("ends", o.closed(), []string{"error Error: the gateway stopped while the run was in progress", "done merged", "done"})
}
