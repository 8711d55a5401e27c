package session

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// line makes a queue of "<mode><chat>" at 100 ms from one another, each with a pause of a second; "-" has no mode,
// "/" comes after a reset of the session, "!" is to stop.
func line(start time.Time, names ...string) (queue []store.Run) {
	modes := map[byte]string{'c': Collect, 'f': Followup, 's': Steer, 'i': Interrupt, '-': ""}
	for i, name := range names {
		r := store.Run{
			Seq: int64(i + 1), ID: fmt.Sprint(i), Mode: modes[name[0]], Quiet: 1000, AcceptedAt: start.Add(time.Duration(i) * 100 * time.Millisecond).UnixMilli(),
			Stop: strings.HasSuffix(name, "!"), SessionID: strings.Repeat("r", strings.Count(strings.Join(names[:i+1], ""), "/")),
		}
		r.Route, _ = wire.Marshal(providers.Route{Account: "a", Surface: "a", Chat: strings.Trim(name[1:], "!/"), ReplyTo: r.ID})
		queue = append(queue, r)
	}
	return queue
}

func TestCarrier(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		queue   string
		carrier int
		with    string // ids
	}{
		{"c1", 0, ""},
		{"c1 c1 c1", 2, "0 1"},
		{"c1 c2 c1", 2, "0"},
		{"c2 c1 c1", 0, ""},
		{"c1 f1 c1", 0, ""},
		{"c1 f2 c1", 2, "0"},
		{"f1 c1 c1", 0, ""},
		{"f1 f1", 0, ""},
		{"s1 c1", 0, ""},
		{"i1 c1", 0, ""},
		{"c1 - c1", 0, ""},
		{"- c1 c1", 0, ""},
		{"c1! c1 c1", 0, ""},
		{"c1 c1! c1", 2, "0"},
		{"c1 c1 c1/ c1", 1, "0"},
	} {
		queue := line(time.UnixMilli(0), strings.Fields(c.queue)...)
		i := carrier(queue)
		var with []string
		for _, r := range collected(queue, queue[i]) {
			with = append(with, r.ID)
		}
		if got := strings.Join(with, " "); i != c.carrier || got != c.with {
			t.Errorf("%s: %d with %q, want %d with %q", c.queue, i, got, c.carrier, c.with)
		}
	}
}

func TestQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		time.Sleep(200 * time.Millisecond)
		for _, c := range []struct {
			queue string
			want  time.Duration
		}{
			{"f1", 800 * time.Millisecond},
			{"c1 c2 f1", time.Second},
			{"c1 - c1", 800 * time.Millisecond}, // what stands in line is not kept waiting by what comes behind it
			{"- c1", 0},
			{"c1! c1", 0},
		} {
			if got := quiet(line(start, strings.Fields(c.queue)...), time.Now()); got != c.want {
				t.Errorf("%s: %v, want %v", c.queue, got, c.want)
			}
		}
		queue := line(start, "c1", "c1")
		time.Sleep(400 * time.Millisecond)
		if got := quiet(queue, time.Now()); got != 500*time.Millisecond {
			t.Errorf("after 600 ms: %v", got)
		}
		time.Sleep(500 * time.Millisecond)
		if got := quiet(queue, time.Now()); got > 0 {
			t.Errorf("after 1100 ms: %v", got)
		}
		queue[0].AcceptedAt += 3600_000 // the clock was set back
		if got := quiet(queue, time.Now()); got != time.Second {
			t.Errorf("with the clock set back: %v", got)
		}
	})
}

func TestPrompts(t *testing.T) {
	t.Parallel()
	a, b := agent.Request{Message: "[A] a", Plain: "a"}, agent.Request{Message: "b"}
	lost := overflow{Dropped: 3, Lines: []string{"x", "y"}}
	const summary = "[Queue overflow] Dropped 3 message(s) due to cap.\nSummary:\n- x\n- y"
	for _, c := range []struct {
		said          []agent.Request
		lost          overflow
		collect       bool
		message, bare string
	}{
		{[]agent.Request{a}, overflow{}, true, "[A] a", "a"},
		{[]agent.Request{a}, overflow{}, false, "[A] a", "a"},
		{[]agent.Request{a}, lost, false, summary + "\n\n[A] a", summary + "\n\na"},
		{[]agent.Request{a, b}, lost, true,
			"[Queued messages while agent was busy]\n\n" + summary + "\n\n---\nQueued #1\n[A] a\n\n---\nQueued #2\nb",
			"[Queued messages while agent was busy]\n\n" + summary + "\n\n---\nQueued #1\na\n\n---\nQueued #2\nb"},
	} {
		if message, bare := prompts(c.said, c.lost, c.collect); message != c.message || bare != c.bare {
			t.Errorf("%q\n%q, want\n%q\n%q", message, bare, c.message, c.bare)
		}
	}
}

func TestOneLine(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		" a\n\tb  c ":                          "a b c",
		strings.Repeat("é", 160):               strings.Repeat("é", 160),
		strings.Repeat("é", 161):               strings.Repeat("é", 159) + "…",
		strings.Repeat("a", 158) + " and more": strings.Repeat("a", 158) + "…",
	} {
		if got := oneLine(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}
