package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// runAgent makes the params of agent.
func runAgent(session, message, key string) map[string]any {
	p := map[string]any{"message": message, "idempotencyKey": key}
	if session != "" {
		p["sessionKey"] = session
	}
	return p
}

// TestAgent: the acknowledgement first, then the events of the run, then the final answer; a repeat gets that again.
func TestAgent(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	c := dial(t, g.URL())
	before := time.Now().UnixMilli()
	c.send("a", "agent", runAgent("main", "hello there", "run-1"))
	acked, ack := c.wait("the ack", 0, response("a"))
	var r wire.RunResult
	ack.decode(t, &r)
	if !ack.OK || r.RunID != "run-1" || r.Status != "accepted" || r.AcceptedAt == nil || *r.AcceptedAt < before {
		t.Errorf("ack %s", ack.raw)
	}
	ended, fin := c.wait("the final", 0, final("a"))
	if !fin.OK || string(fin.Payload) != `{"runId":"run-1","status":"ok","summary":"completed"}` {
		t.Errorf("final %s", fin.raw)
	}
	started, start := c.wait("the start", 0, containing("agent", `"state":"started"`))
	job, _ := c.wait("the end", 0, containing("agent", `"state":"done"`))
	chatted, _ := c.wait("the chat final", 0, chat("run-1", "final"))
	if !(acked < started && started < job && job < chatted && chatted < ended) {
		t.Errorf("ack %d, start %d, end %d, chat final %d, final %d", acked, started, job, chatted, ended)
	}
	if !strings.Contains(start.raw, `"isNewSession":true`) || !strings.Contains(start.raw, `"to":null`) {
		t.Errorf("start %s", start.raw)
	}
	for _, c := range []*socket{c, dial(t, g.URL())} { // params other than the key are not compared
		if f := c.call("agent", runAgent("other", "other", "run-1")); string(f.Payload) != string(fin.Payload) {
			t.Errorf("repeat %s", f.raw)
		}
	}
	if h := history(t, c, "main"); len(h) != 2 {
		t.Errorf("history %q", h)
	}
}

// TestAgent_concurrentRepeat: a repeat while the run goes on gets the acknowledgement, and later the final answer.
func TestAgent_concurrentRepeat(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	var clients []*socket
	for range 3 { // all are there before the run begins
		clients = append(clients, dial(t, g.URL()))
	}
	for _, c := range clients {
		for i := range 4 {
			c.send(fmt.Sprint("a", i), "agent", runAgent("main", "!sleep 2s", "same"))
		}
	}
	acks := map[string]bool{}
	for _, c := range clients {
		for i := range 4 {
			id := fmt.Sprint("a", i)
			acked, ack := c.wait("an ack", 0, response(id))
			at, fin := c.wait("a final", 0, final(id))
			acks[string(ack.Payload)] = true
			if acked >= at || string(fin.Payload) != `{"runId":"same","status":"ok","summary":"completed"}` {
				t.Errorf("ack %s, final %s", ack.raw, fin.raw)
			}
		}
	}
	if len(acks) != 1 {
		t.Errorf("acks differ: %v", acks)
	}
	if h := history(t, clients[0], "main"); len(h) != 2 {
		t.Errorf("it ran more than once: %q", h)
	}
}

func TestAgent_failures(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	c := dial(t, g.URL())
	for _, tc := range []struct {
		name string
		p    map[string]any
		text string
	}{
		{"the runner fails", runAgent("main", "!fail out of luck", ""), "Error: out of luck"},
		{"blank", runAgent("main", "  ", ""), "Error: message is empty"},
		{"no time", map[string]any{"message": "m", "sessionKey": "main", "timeout": 0}, "Error: --timeout must be a positive integer (seconds)"},
		{"thinking", map[string]any{"message": "m", "sessionKey": "main", "thinking": "hard"}, "Error: Invalid thinking level. Use one of: off, minimal, low, medium, high."},
		{"nowhere", runAgent("", "m", ""), "Error: no session: pass sessionKey, sessionId or to"},
	} {
		tc.p["idempotencyKey"] = tc.name
		c.send(tc.name, "agent", tc.p)
		if _, ack := c.wait("the ack", 0, response(tc.name)); !strings.Contains(ack.raw, `"status":"accepted"`) {
			t.Errorf("%s: ack %s", tc.name, ack.raw)
		}
		_, f := c.wait("the final", 0, final(tc.name))
		want := fmt.Sprintf(`"ok":false,"payload":{"runId":%q,"status":"error","summary":%q},"error":{"code":"UNAVAILABLE","message":%q}}`, tc.name, tc.text, tc.text)
		if !strings.HasSuffix(f.raw, want) {
			t.Errorf("%s: final %s", tc.name, f.raw)
		}
		c.wait("the job error", 0, containing("agent", `"runId":`+fmt.Sprintf("%q", tc.name), `"state":"error"`, fmt.Sprintf(`"error":%q`, tc.text)))
		if again := c.call("agent", tc.p); string(again.Payload) != string(f.Payload) || again.OK {
			t.Errorf("%s: repeat %s", tc.name, again.raw)
		}
	}
	if err := c.refused("agent", map[string]any{"message": "m"}); err.Message != "invalid agent params: data must have required property 'idempotencyKey'" {
		t.Errorf("no key: %v", err)
	}
}

func TestAgentWait(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir()}
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, g.URL())
	wait := func(run string, more map[string]any) wire.RunResult {
		t.Helper()
		p := map[string]any{"runId": run}
		for k, v := range more {
			p[k] = v
		}
		var r wire.RunResult
		c.ok("agent.wait", p, &r)
		return r
	}
	if r := wait("w", map[string]any{"timeoutMs": 0}); r.Status != "timeout" || r.RunID != "w" {
		t.Errorf("unknown run: %+v", r)
	}
	if r := wait("w", map[string]any{"timeoutMs": 50}); r.Status != "timeout" || r.StartedAt != nil {
		t.Errorf("unknown run: %+v", r)
	}
	begin := time.Now().UnixMilli()
	c.send("before", "agent.wait", map[string]any{"runId": " w "})
	c.send("a", "agent", runAgent("main", "!sleep 300ms", "w"))
	c.wait("the ack", 0, response("a"))
	c.send("l", "agent", runAgent("elsewhere", "!sleep 1h", "long"))
	c.wait("its ack", 0, response("l"))
	if r := wait("long", map[string]any{"timeoutMs": 10}); r.Status != "timeout" {
		t.Errorf("running: %+v", r)
	}
	c.ok("chat.abort", map[string]any{"sessionKey": "elsewhere", "runId": "long"}, nil)
	_, f := c.wait("the answer to who waited before", 0, response("before"))
	var r wire.RunResult
	f.decode(t, &r)
	if r.Status != "ok" || r.RunID != "w" || r.StartedAt == nil || *r.StartedAt < begin || r.EndedAt == nil || *r.EndedAt < *r.StartedAt+300 {
		t.Errorf("waited before: %s", f.raw)
	}
	for _, p := range []map[string]any{{"timeoutMs": 0}, {}, {"timeoutMs": 0, "afterMs": *r.StartedAt}} {
		if got := wait("w", p); got.Status != "ok" || *got.StartedAt != *r.StartedAt || *got.EndedAt != *r.EndedAt {
			t.Errorf("after the end, %v: %+v", p, got)
		}
	}
	if got := wait("w", map[string]any{"timeoutMs": 20, "afterMs": *r.StartedAt + 1}); got.Status != "timeout" {
		t.Errorf("started before afterMs: %+v", got)
	}
	c.call("agent", runAgent("main", "!fail no way", "bad"))
	if got := wait("bad", nil); got.Status != "error" || got.Error != "Error: no way" {
		t.Errorf("failed run: %+v", got)
	}
	c.ok("chat.send", chatSend("talk", "hello", "k"), nil)
	var h wire.ChatHistoryResult
	c.ok("chat.history", map[string]any{"sessionKey": "talk"}, &h)
	if got := wait(h.SessionID, map[string]any{"timeoutMs": 0}); got.Status != "ok" { // its events carry the session's id
		t.Errorf("chat.send: %+v", got)
	}
	if err := c.refused("agent.wait", map[string]any{"runId": ""}); !strings.HasPrefix(err.Message, "invalid agent.wait params: data/runId") {
		t.Errorf("no run: %v", err)
	}
	stop(t, g)
	c = dial(t, s.start(t).URL())
	if got := wait("w", map[string]any{"timeoutMs": 5000}); got.Status != "ok" || *got.EndedAt != *r.EndedAt {
		t.Errorf("after a restart: %+v", got)
	}
}

// TestAgent_routing are the rules of protocol 3.6 for where an answer goes, seen at the platform.
func TestAgent_routing(t *testing.T) {
	t.Parallel()
	whatsapp, telegram := newSurface("whatsapp"), newSurface("telegram")
	s := setup{
		config: `{whatsapp: {allowFrom: ["+1555", "+1666"]}, telegram: {botToken: "1:x"}}`,
		options: func(o *gateway.Options) {
			o.Providers = []providers.Factory{whatsapp.factory(), telegram.factory()}
		},
		seed: func(tx *store.Tx) error {
			for key, e := range map[string]wire.SessionEntry{
				"main":    {LastChannel: "telegram", LastTo: "4711"},
				"stale":   {LastChannel: "whatsapp", LastTo: "+1999"},
				"listed":  {LastChannel: "whatsapp", LastTo: "+1666"},
				"webchat": {LastChannel: "webchat", LastTo: "someone"},
				"fresh":   {},
			} {
				e.SessionID = "id-" + key
				if err := session(tx, key, e); err != nil {
					return err
				}
			}
			return nil
		},
	}
	g := s.start(t)
	c := dial(t, g.URL())
	for i, tc := range []struct {
		session, channel, to string
		on                   *surface // nil = nothing is sent
		chat                 string
	}{
		{"main", "last", "", telegram, "4711"},
		{"main", "", "", telegram, "4711"},
		{"main", "no such channel", "", telegram, "4711"},
		{"main", "telegram", "99", telegram, "99"},
		{"main", "webchat", "", nil, ""},
		{"stale", "last", "", whatsapp, "+1555"}, // not in the list: its first entry
		{"stale", "last", "+1999", whatsapp, "+1999"},
		{"listed", "whatsapp", "", whatsapp, "+1666"},
		{"webchat", "last", "", whatsapp, "+1555"},
		{"fresh", "", "", whatsapp, "+1555"},
		{"fresh", "WhatsApp", "+1777", whatsapp, "+1777"},
	} {
		key := fmt.Sprint("route-", i)
		p := map[string]any{"message": "words", "sessionKey": tc.session, "deliver": true, "idempotencyKey": key}
		if tc.channel != "" {
			p["channel"] = tc.channel
		}
		if tc.to != "" {
			p["to"] = tc.to
		}
		c.send(key, "agent", p)
		if _, f := c.wait("the final of "+key, 0, final(key)); !f.OK {
			t.Errorf("%+v: %s", tc, f.raw)
			continue
		}
		if tc.on != nil {
			select {
			case m := <-tc.on.sent:
				if m.Route.Chat != tc.chat || m.Text != "You said: words" {
					t.Errorf("%+v: sent %+v", tc, m)
				}
			case <-time.After(patience):
				t.Fatalf("%+v: nothing was sent", tc)
			}
		}
	}
	c.send("quiet", "agent", runAgent("main", "not delivered", "quiet"))
	c.wait("the final", 0, final("quiet"))
	for _, s := range []*surface{whatsapp, telegram} {
		select {
		case m := <-s.sent:
			t.Errorf("sent without being asked: %+v", m)
		default:
		}
	}
}

// TestAgent_undeliverable: an answer that no account can carry, or that has no recipient, fails the run, except in the
// main session.
func TestAgent_undeliverable(t *testing.T) {
	t.Parallel()
	telegram := newSurface("telegram")
	g := setup{config: `{telegram: {botToken: "1:x"}}`, options: func(o *gateway.Options) {
		o.Providers = []providers.Factory{telegram.factory()}
	}}.start(t)
	c := dial(t, g.URL())
	for i, tc := range []struct{ session, channel, to, problem string }{
		{"main", "whatsapp", "+1555", ""},
		{"elsewhere", "whatsapp", "+1555", "Error: cannot deliver to whatsapp: no account of it is set up"},
		{"main", "telegram", "", ""},
		{"elsewhere", "telegram", "", "Error: cannot deliver to telegram: pass to, for there is no last recipient"},
	} {
		id := fmt.Sprint("u", i)
		p := runAgent(tc.session, "words", id)
		p["deliver"], p["channel"], p["to"] = true, tc.channel, tc.to
		c.send(id, "agent", p)
		_, f := c.wait("the final", 0, final(id))
		if f.OK != (tc.problem == "") || !f.OK && f.Error.Message != tc.problem {
			t.Errorf("%+v: %s", tc, f.raw)
		}
	}
	if n := len(telegram.sent); n != 0 {
		t.Errorf("%d messages sent", n)
	}
}
