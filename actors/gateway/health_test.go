package gateway_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/health"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestHealth_event: every finished refresh is an event with a version of its own; a cached snapshot is answered at once,
// and its refresh follows.
func TestHealth_event(t *testing.T) {
	t.Parallel()
	g := setup{seed: func(tx *store.Tx) error { return session(tx, "main", wire.SessionEntry{SessionID: "s1"}) }}.start(t)
	c := dial(t, g.URL())
	_, first := c.wait("the health event of the connect", 0, event("health"))
	var h wire.HealthSummary
	from := c.mark()
	answer := c.ok("health", map[string]any{"probe": true, "anything": 1}, &h)
	if !h.OK || h.TS == 0 || h.HeartbeatSeconds != 60 || h.Sessions.Count != 1 || len(h.Sessions.Recent) != 1 || h.Sessions.Recent[0].Key != "main" {
		t.Errorf("health %s", answer.raw)
	}
	for _, key := range []string{`"web":{"linked":false,"authAgeMs":null}`, `"telegram":{"configured":false}`, `"discord":{"configured":false}`, `"durationMs":`} {
		if !strings.Contains(answer.raw, key) {
			t.Errorf("no %s in %s", key, answer.raw)
		}
	}
	at, _ := c.wait("the answer", from, func(f frame) bool { return f.Type == "res" })
	_, next := c.wait("the refresh that the call caused", at, event("health"))
	if next.StateVersion.Health <= first.StateVersion.Health {
		t.Errorf("versions %+v, then %+v", first.StateVersion, next.StateVersion)
	}
	checkStream(t, c)
}

// TestHealth_notCached: callers who come before there is a snapshot share the first one, after the event that tells it.
func TestHealth_notCached(t *testing.T) {
	t.Parallel()
	ids := []string{"h1", "h2", "h3"}
	c := dial(t, setup{options: func(o *gateway.Options) { o.Intercept = &lateSnapshot{calls: len(ids)} }}.start(t).URL())
	if string(c.hello.Snapshot.Health) != "{}" {
		t.Errorf("there is a snapshot already: %s", c.hello.Snapshot.Health)
	}
	for _, id := range ids {
		c.send(id, "health", nil)
	}
	at, ev := c.wait("the event", 0, event("health"))
	for _, id := range ids {
		if answered, f := c.wait("the answer", 0, response(id)); at > answered || string(ev.Payload) != string(f.Payload) {
			t.Errorf("event at %d, answer at %d:\n%s\n%s", at, answered, ev.Payload, f.Payload)
		}
	}
	if v := ev.StateVersion; v.Health != 2 {
		t.Errorf("health version %d after the first snapshot", v.Health)
	}
}

// lateSnapshot keeps the health actor's first snapshot from it until so many calls have asked for one.
type lateSnapshot struct {
	calls int    // health's goroutine only, as held
	held  func() // handles the snapshot
}

func (l *lateSnapshot) Send(_ actors.Delivery, deliver func()) { deliver() }

func (l *lateSnapshot) Receive(d actors.Delivery, handle func()) {
	if d.Kind != "health" || l.calls == 0 {
		handle()
		return
	}
	if fmt.Sprintf("%T", d.Message) == "health.refreshed" {
		l.held = handle
		return
	}
	handle()
	if _, asks := d.Message.(health.Get); !asks {
		return
	}
	if l.calls--; l.calls == 0 && l.held != nil {
		l.held()
	}
}

// TestHealth_coalesced: many calls cost few refreshes.
func TestHealth_coalesced(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	c := dial(t, g.URL())
	c.wait("the first health event", 0, event("health"))
	begin := time.Now()
	for range 200 {
		c.ok("health", nil, nil)
	}
	n := 0
	for _, f := range c.all(0) {
		if f.Event == "health" {
			n++
		}
	}
	if most := 3 + int(time.Since(begin)/time.Second); n > most {
		t.Errorf("%d health events for 200 calls in %s", n, time.Since(begin))
	}
}

func TestHeartbeat(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	c := dial(t, g.URL())
	if f := c.ok("last-heartbeat", nil, nil); !strings.Contains(f.raw, `"payload":null`) {
		t.Errorf("before the first: %s", f.raw)
	}
	beat := wire.HeartbeatEvent{TS: 1234567890123, Status: "sent", To: "+49123", Preview: "all well", DurationMs: ptr(int64(12))}
	if err := g.Beat(beat); err != nil {
		t.Fatal(err)
	}
	_, ev := c.wait("the event", 0, event("heartbeat"))
	f := c.ok("last-heartbeat", nil, nil)
	if string(f.Payload) != string(ev.Payload) || !strings.Contains(f.raw, `"ts":1234567890123`) || !strings.Contains(f.raw, `"status":"sent"`) {
		t.Errorf("event %s, last-heartbeat %s", ev.raw, f.raw)
	}
	for _, on := range []bool{false, true} {
		var r wire.SetHeartbeatsResult
		c.ok("set-heartbeats", map[string]any{"enabled": on, "other": 1}, &r)
		if !r.OK || r.Enabled != on {
			t.Errorf("set-heartbeats %v: %+v", on, r)
		}
	}
	for _, p := range []any{nil, map[string]any{"enabled": "yes"}, map[string]any{"enabled": nil}} {
		if err := c.refused("set-heartbeats", p); err.Message != "invalid set-heartbeats params: enabled (boolean) required" {
			t.Errorf("set-heartbeats %v: %v", p, err)
		}
	}
}

// TestStatus: the summary of protocol 6.2, with the additions about the outbox.
func TestStatus(t *testing.T) {
	t.Parallel()
	seed := func(tx *store.Tx) error {
		return session(tx, "main", wire.SessionEntry{SessionID: "s1", UpdatedAt: 1000, ThinkingLevel: "high", SystemSent: ptr(true),
			AbortedLastRun: ptr(true), InputTokens: ptr(int64(600)), OutputTokens: ptr(int64(400)), ContextTokens: ptr(int64(4000)), Model: "m"})
	}
	g := setup{seed: seed}.start(t)
	var s struct {
		Sessions struct {
			Count  int
			Recent []map[string]any
		}
	}
	f := dial(t, g.URL()).ok("status", map[string]any{"anything": true}, nil)
	if err := json.Unmarshal(f.Payload, &s); err != nil {
		t.Fatal(err)
	}
	if s.Sessions.Count != 1 || len(s.Sessions.Recent) != 1 {
		t.Fatalf("status %s", f.raw)
	}
	row := s.Sessions.Recent[0]
	delete(row, "age")
	want := map[string]any{"key": "main", "kind": "direct", "sessionId": "s1", "updatedAt": 1000.0, "thinkingLevel": "high", "systemSent": true,
		"abortedLastRun": true, "inputTokens": 600.0, "outputTokens": 400.0, "totalTokens": 1000.0, "remainingTokens": 3000.0, "percentUsed": 25.0,
		"model": "m", "contextTokens": 4000.0, "flags": []any{"think:high", "system", "aborted", "id:s1"}}
	if !reflect.DeepEqual(row, want) {
		t.Errorf("row  %v\nwant %v", row, want)
	}
	if !strings.Contains(f.raw, `"outbox":{"queued":0,"sending":0,"ambiguous":0,"failed":0}`) || !strings.Contains(f.raw, `"queuedSystemEvents":[]`) {
		t.Errorf("status %s", f.raw)
	}
}
