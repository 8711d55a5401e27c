package gateway_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

// presenceOf decodes a presence event.
func presenceOf(t testing.TB, f frame) []wire.PresenceEntry {
	t.Helper()
	var p wire.PresenceEvent
	f.decode(t, &p)
	return p.Presence
}

func find(list []wire.PresenceEntry, instance string) *wire.PresenceEntry {
	i := slices.IndexFunc(list, func(e wire.PresenceEntry) bool { return e.InstanceID == instance })
	if i < 0 {
		return nil
	}
	return &list[i]
}

// TestPresence_systemEvent: the event reaches every client as the same bytes, and its own client before the answer.
func TestPresence_systemEvent(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	clients := []*socket{dial(t, g.URL()), dial(t, g.URL()), dial(t, g.URL(), as("cli", ""))}
	caller := clients[0]
	from := caller.mark()
	caller.send("se", "system-event", map[string]any{"text": "hello there", "tags": []int{1}, "lastInputSeconds": 1.5})
	at, answer := caller.wait("the answer", from, response("se"))
	if !answer.OK || string(answer.Payload) != `{"ok":true}` {
		t.Errorf("answer %s", answer.raw)
	}
	mine := containing("presence", "hello there")
	seen, ev := caller.wait("the event", from, mine)
	if seen > at {
		t.Error("the answer came before the event")
	}
	if ev.Seq == nil || *ev.Seq < 1 || ev.StateVersion == nil || ev.StateVersion.Presence < 2 || ev.StateVersion.Health < 1 {
		t.Errorf("event %s", cut(ev.raw))
	}
	if !slices.ContainsFunc(presenceOf(t, ev), func(e wire.PresenceEntry) bool {
		return e.Text == "hello there" && e.LastInputSeconds != nil && *e.LastInputSeconds == 1
	}) {
		t.Errorf("not in the list: %s", ev.raw)
	}
	for _, c := range clients[1:] {
		if _, f := c.wait("the event", 0, mine); f.raw != ev.raw {
			t.Errorf("other bytes:\n%s\n%s", f.raw, ev.raw)
		}
	}
	var list []wire.PresenceEntry
	caller.ok("system-presence", nil, &list)
	if !slices.ContainsFunc(list, func(e wire.PresenceEntry) bool { return e.Text == "hello there" }) {
		t.Errorf("list %+v", list)
	}
	for i, text := range []any{"", "  ", nil, 7} {
		if err := caller.refused("system-event", map[string]any{"text": text}); err.Message != "text required" {
			t.Errorf("text %d: %v", i, err)
		}
	}
}

// TestPresence_entry: an entry says what its client said of itself; a client of mode cli has none.
func TestPresence_entry(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	watcher := dial(t, g.URL(), as("cli", "cli-instance"))
	guest := dial(t, g.URL(), func(p *wire.ConnectParams) {
		p.Client = wire.ConnectClient{Name: "fingers", Version: "7.0", Platform: "ios", DeviceFamily: "iPhone",
			ModelIdentifier: "iPhone16,2", Mode: "ui", InstanceID: "Guest-1"}
	})
	want := wire.PresenceEntry{Host: "fingers", Version: "7.0", Platform: "ios", DeviceFamily: "iPhone", ModelIdentifier: "iPhone16,2",
		Mode: "ui", Reason: "connect", InstanceID: "Guest-1", Text: "Node: fingers · mode ui"}
	check := func(where string, list []wire.PresenceEntry, reason string) {
		t.Helper()
		e := find(list, "Guest-1")
		if e == nil {
			t.Fatalf("%s: no entry in %+v", where, list)
		}
		w := want
		w.Reason, w.TS = reason, e.TS
		if !reflect.DeepEqual(*e, w) || e.TS == 0 {
			t.Errorf("%s: %+v, want %+v", where, *e, w)
		}
		if find(list, "cli-instance") != nil {
			t.Errorf("%s: a cli client is listed", where)
		}
	}
	check("hello", guest.hello.Snapshot.Presence, "connect")
	var list []wire.PresenceEntry
	watcher.ok("system-presence", nil, &list)
	check("list", list, "connect")
	_, f := watcher.wait("the event of the connect", 0, containing("presence", "Guest-1", `"reason":"connect"`))
	check("event", presenceOf(t, f), "connect")

	from := watcher.mark()
	guest.close()
	_, f = watcher.wait("the event of the disconnect", from, containing("presence", "Guest-1", `"reason":"disconnect"`))
	check("event", presenceOf(t, f), "disconnect")

	again := dial(t, g.URL(), as("ui", "guest-1 ")) // the same one: keys are trimmed and lower-cased
	n := 0
	for _, e := range again.hello.Snapshot.Presence {
		if strings.EqualFold(strings.TrimSpace(e.InstanceID), "guest-1") {
			n++
			if e.Reason != "connect" || e.Platform != "test" || e.DeviceFamily != "" {
				t.Errorf("after coming back: %+v", e)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d entries: %+v", n, again.hello.Snapshot.Presence)
	}
}

// TestPresence_versions: each connect and disconnect of a client that is tracked, and each system-event, counts.
func TestPresence_versions(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	version := func(c *socket) int64 { return c.hello.Snapshot.StateVersion.Presence }
	watcher := dial(t, g.URL(), as("cli", ""))
	if v := version(watcher); v != 1 {
		t.Fatalf("version %d at the start", v)
	}
	a := dial(t, g.URL())
	if v := version(a); v != 2 {
		t.Errorf("version %d after one connect", v)
	}
	for i := range 3 {
		a.ok("system-event", map[string]any{"text": fmt.Sprint("event ", i)}, nil)
		_, f := a.wait("event", 0, containing("presence", fmt.Sprint("event ", i)))
		if v := f.StateVersion.Presence; v != int64(3+i) {
			t.Errorf("version %d after %d reports", v, i+1)
		}
	}
	dial(t, g.URL(), as("cli", "")).close()
	a.close()
	_, f := watcher.wait("the event of the disconnect", 0, containing("presence", `"reason":"disconnect"`))
	if v := f.StateVersion.Presence; v != 6 {
		t.Errorf("version %d after the disconnect", v)
	}
}

// TestPresence_line: a presence line is taken apart, and what is new in it is told to the agent.
func TestPresence_line(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	c := dial(t, g.URL())
	line := "Node: den (10.0.0.7) · app 2.1 · last input 9s ago · mode local · reason connect"
	c.ok("system-event", map[string]any{"text": line}, nil)
	c.ok("system-event", map[string]any{"text": strings.ReplaceAll(line, "9s ago", "30s ago")}, nil) // nothing new
	c.ok("system-event", map[string]any{"text": "the kettle boils"}, nil)
	c.ok("system-event", map[string]any{"text": "the kettle boils"}, nil)
	var list []wire.PresenceEntry
	c.ok("system-presence", nil, &list)
	i := slices.IndexFunc(list, func(e wire.PresenceEntry) bool { return e.Host == "den" })
	if i < 0 || list[i].IP != "10.0.0.7" || list[i].Version != "2.1" || list[i].Mode != "local" || *list[i].LastInputSeconds != 30 {
		t.Errorf("list %+v", list)
	}
	var s wire.StatusSummary
	c.ok("status", nil, &s)
	if want := []string{"Node: den (10.0.0.7) · app 2.1 · mode local · reason connect", "the kettle boils"}; !slices.Equal(s.QueuedSystemEvents, want) {
		t.Errorf("queued %q, want %q", s.QueuedSystemEvents, want)
	}
}
