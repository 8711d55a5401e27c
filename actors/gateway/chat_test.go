package gateway_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// chatSend makes the params of chat.send.
func chatSend(session, message, key string) map[string]any {
	return map[string]any{"sessionKey": session, "message": message, "idempotencyKey": key}
}

// history gives a session's messages as "role: text".
func history(t testing.TB, c *socket, session string) []string {
	t.Helper()
	var r struct {
		Messages []struct {
			Role    string
			Content []struct{ Text string }
		}
	}
	f := c.ok("chat.history", map[string]any{"sessionKey": session}, nil)
	if err := json.Unmarshal(f.Payload, &r); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range r.Messages {
		out = append(out, m.Role+": "+m.Content[0].Text)
	}
	return out
}

func TestChatHistory(t *testing.T) {
	t.Parallel()
	g := setup{config: `{agent: {thinkingDefault: "medium"}}`, seed: func(tx *store.Tx) error {
		for _, s := range []struct {
			key        string
			n, filling int
		}{{"m", 300, 0}, {"b", 1500, 0}, {"big", 40, 200_000}, {"huge", 1, 7 << 20}} {
			if err := session(tx, s.key, wire.SessionEntry{SessionID: "id-" + s.key}); err != nil {
				return err
			}
			if err := lines(tx, "id-"+s.key, s.key, s.n, s.filling); err != nil {
				return err
			}
		}
		return session(tx, "thinks", wire.SessionEntry{SessionID: "id-t", ThinkingLevel: "high"})
	}}.start(t)
	c := dial(t, g.URL())
	for _, tc := range []struct {
		key   string
		limit any
		count int // -1: as many as fit
		first string
	}{
		{"m", nil, 200, "m100"}, {"m", 5, 5, "m295"}, {"m", 1000, 300, "m0"},
		{"b", nil, 200, "b1300"}, {"b", 1000, 1000, "b500"},
		{"big", nil, -1, "big"}, {"huge", nil, 1, "huge0"}, {"unknown", nil, 0, ""}, {"thinks", nil, 0, ""},
	} {
		p := map[string]any{"sessionKey": tc.key}
		if tc.limit != nil {
			p["limit"] = tc.limit
		}
		var r wire.ChatHistoryResult
		f := c.ok("chat.history", p, nil)
		f.decode(t, &r)
		if r.SessionKey != tc.key || (r.SessionID == "") != (tc.key == "unknown") {
			t.Errorf("%s: session %q %q", tc.key, r.SessionKey, r.SessionID)
		}
		if want := map[bool]string{true: "high", false: "medium"}[tc.key == "thinks"]; r.ThinkingLevel != want {
			t.Errorf("%s: thinking level %q", tc.key, r.ThinkingLevel)
		}
		if !strings.Contains(f.raw, `"messages":[`) {
			t.Errorf("%s: %s", tc.key, cut(f.raw))
		}
		switch {
		case tc.count >= 0 && len(r.Messages) != tc.count:
			t.Errorf("%s limit %v: %d messages", tc.key, tc.limit, len(r.Messages))
			continue
		case tc.count < 0:
			size := 1
			for _, m := range r.Messages {
				size += len(m) + 1
			}
			if size > 6<<20 || size+200_000 < 6<<20 || !strings.Contains(string(r.Messages[len(r.Messages)-1]), "big39x") {
				t.Errorf("%s: %d bytes in %d messages", tc.key, size, len(r.Messages))
			}
		}
		if len(r.Messages) > 0 && !strings.Contains(string(r.Messages[0]), `"text":"`+tc.first) {
			t.Errorf("%s limit %v: the first is %s", tc.key, tc.limit, cut(string(r.Messages[0])))
		}
	}
	for _, limit := range []any{0, 1001, 1.5, "5"} {
		if err := c.refused("chat.history", map[string]any{"sessionKey": "m", "limit": limit}); !strings.HasPrefix(err.Message, "invalid chat.history params: data/limit ") {
			t.Errorf("limit %v: %v", limit, err)
		}
	}
}

// TestChatSend: all events of the run come before the one answer; both sides are in the history.
func TestChatSend(t *testing.T) {
	t.Parallel()
	g := setup{seed: func(tx *store.Tx) error {
		return session(tx, "main", wire.SessionEntry{SessionID: "sid", LastChannel: "telegram", LastTo: "4711", ThinkingLevel: "low"})
	}}.start(t)
	c := dial(t, g.URL(), as("webchat", ""))
	c.send("s", "chat.send", chatSend("main", "good morning to you", "idem-1"))
	at, answer := c.wait("the answer", 0, response("s"))
	if string(answer.Payload) != `{"runId":"idem-1","status":"ok"}` || !answer.OK {
		t.Errorf("answer %s", answer.raw)
	}
	ended, end := c.wait("the chat final", 0, chat("idem-1", "final"))
	job, _ := c.wait("the job end", 0, containing("agent", `"state":"done"`, `"runId":"sid"`))
	delta, _ := c.wait("a delta", 0, chat("idem-1", "delta"))
	if !(delta < job && job < ended && ended < at) {
		t.Errorf("delta %d, job end %d, final %d, answer %d", delta, job, ended, at)
	}
	var ev wire.ChatEvent
	end.decode(t, &ev)
	if m := ev.Message; m == nil || m.Role != "assistant" || m.Content[0].Type != "text" || m.Content[0].Text != "You said: good morning to you" || m.Timestamp == 0 {
		t.Errorf("final %s", end.raw)
	}
	c.ok("system-event", map[string]any{"text": "a mark"}, nil)
	for _, f := range c.all(at + 1) {
		if f.Event == "agent" || f.Event == "chat" {
			t.Errorf("after the answer came %s", f.raw)
		}
	}
	if h := history(t, c, "main"); !slices.Equal(h, []string{"user: good morning to you", "assistant: You said: good morning to you"}) {
		t.Errorf("history %q", h)
	}
	var list wire.SessionsListResult
	c.ok("sessions.list", nil, &list)
	if r := list.Sessions[0]; r.LastChannel != "telegram" || r.LastTo != "4711" || r.SessionID != "sid" || r.ThinkingLevel != "low" || r.AbortedLastRun == nil || *r.AbortedLastRun {
		t.Errorf("the session lost something: %+v", r)
	}
}

func TestChatSend_failures(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	c := dial(t, g.URL())
	for _, tc := range []struct {
		name, message string
		extra         map[string]any
		text          string
	}{
		{"the runner fails", "!fail out of luck", nil, "Error: out of luck"},
		{"no time", "hello", map[string]any{"timeoutMs": 0}, "Error: --timeout must be a positive integer (seconds)"},
		{"blank", "  ", nil, "Error: message is empty"},
		{"thinking", "hello", map[string]any{"thinking": "hard"}, "Error: Invalid thinking level. Use one of: off, minimal, low, medium, high."},
	} {
		p := chatSend("f", tc.message, tc.name)
		for k, v := range tc.extra {
			p[k] = v
		}
		f := c.call("chat.send", p)
		want := fmt.Sprintf(`"ok":false,"payload":{"runId":%q,"status":"error","summary":%q},"error":{"code":"UNAVAILABLE","message":%q}}`, tc.name, tc.text, tc.text)
		if !strings.HasSuffix(f.raw, want) {
			t.Errorf("%s: %s\nwant ...%s", tc.name, f.raw, want)
		}
		_, ev := c.wait("the error event", 0, chat(tc.name, "error"))
		if !strings.Contains(ev.raw, fmt.Sprintf(`"errorMessage":%q`, tc.text)) {
			t.Errorf("%s: %s", tc.name, ev.raw)
		}
		if again := c.call("chat.send", p); string(again.Payload) != string(f.Payload) || again.Error.Message != f.Error.Message {
			t.Errorf("%s: a repeat answers %s", tc.name, again.raw)
		}
	}
}

func TestChatSend_attachments(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	c := dial(t, g.URL())
	png := base64.StdEncoding.EncodeToString([]byte("\x89PNG not really"))
	p := chatSend("main", "look", "with-image")
	p["attachments"] = []any{map[string]any{"type": "image", "mimeType": "image/png", "fileName": "my dot.png", "content": png}}
	if f := c.ok("chat.send", p, nil); string(f.Payload) != `{"runId":"with-image","status":"ok"}` {
		t.Errorf("answer %s", f.raw)
	}
	if h := history(t, c, "main"); h[0] != "user: look\n\n![my_dot.png](data:image/png;base64,"+png+")" {
		t.Errorf("history %q", h)
	}
	for name, tc := range map[string]struct {
		a    any
		text string
	}{
		"type":    {map[string]any{"mimeType": "text/plain", "content": png, "fileName": "a.txt"}, "Error: attachment a.txt: only image/* supported"},
		"content": {map[string]any{"mimeType": "image/png", "type": "image"}, "Error: attachment image: content must be base64 string"},
		"base64":  {map[string]any{"mimeType": "image/png", "content": "abc"}, "Error: attachment attachment-1: invalid base64 content"},
		"object":  {"text", "Error: attachment attachment-1: content must be base64 string"},
	} {
		p := chatSend("main", "look", "bad-"+name)
		p["attachments"] = []any{tc.a}
		if err := c.refused("chat.send", p); err.Code != wire.CodeInvalidRequest || err.Message != tc.text {
			t.Errorf("%s: %v, want %s", name, err, tc.text)
		}
	}
}

// TestSendPolicy: a session where runs are denied starts none, and nothing of the call stays.
func TestSendPolicy(t *testing.T) {
	t.Parallel()
	g := setup{config: `{session: {sendPolicy: {default: "allow", rules: [{action: "deny", match: {keyPrefix: "cron:"}}]}}}`,
		seed: func(tx *store.Tx) error {
			return session(tx, "closed", wire.SessionEntry{SessionID: "c", SendPolicy: "deny"})
		}}.start(t)
	c := dial(t, g.URL())
	for _, key := range []string{"cron:job-1", "closed"} {
		for method, p := range map[string]map[string]any{
			"chat.send": chatSend(key, "hello", "denied"), "agent": {"message": "hello", "sessionKey": key, "idempotencyKey": "denied"},
		} {
			if err := c.refused(method, p); err.Code != wire.CodeInvalidRequest || err.Message != "send blocked by session policy" {
				t.Errorf("%s in %s: %v", method, key, err)
			}
		}
		if h := history(t, c, key); len(h) != 0 {
			t.Errorf("history of %s: %q", key, h)
		}
	}
	c.ok("chat.send", chatSend("main", "hello", "denied"), nil) // the refusal did not use the key up
}

// TestChatSend_fifo: the runs of a session go one after the other, and their finals carry the keys in the order of the
// calls.
func TestChatSend_fifo(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	c := dial(t, g.URL())
	c.send("1", "chat.send", chatSend("main", "!sleep 300ms", "idem-1"))
	c.send("2", "chat.send", chatSend("main", "the second one", "idem-2"))
	c.send("3", "chat.send", chatSend("main", "the third one", "idem-3"))
	one, _ := c.wait("final 1", 0, chat("idem-1", "final"))
	two, _ := c.wait("final 2", 0, chat("idem-2", "final"))
	three, _ := c.wait("final 3", 0, chat("idem-3", "final"))
	if !(one < two && two < three) {
		t.Errorf("finals at %d, %d, %d", one, two, three)
	}
	for _, id := range []string{"1", "2", "3"} {
		if _, f := c.wait("answer "+id, 0, response(id)); !f.OK {
			t.Errorf("answer %s", f.raw)
		}
	}
	running := 0
	for _, f := range c.all(0) {
		if f.Event == "agent" && strings.Contains(f.raw, `"state":"started"`) {
			running++
		}
		if f.Event == "agent" && strings.Contains(f.raw, `"state":"done"`) {
			running--
		}
		if running > 1 {
			t.Fatalf("two runs of one session at once: %s", f.raw)
		}
	}
}

// TestChatSend_concurrentRepeat: repeats of a key, also on other connections, wait for the one run there is.
func TestChatSend_concurrentRepeat(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	var clients []*socket
	for range 3 {
		c := dial(t, g.URL())
		clients = append(clients, c)
		for i := range 4 {
			c.send(fmt.Sprint("s", i), "chat.send", chatSend("main", "!sleep 300ms", "same"))
		}
	}
	for _, c := range clients {
		for i := range 4 {
			if _, f := c.wait("an answer", 0, response(fmt.Sprint("s", i))); string(f.Payload) != `{"runId":"same","status":"ok"}` {
				t.Errorf("answer %s", f.raw)
			}
		}
	}
	c := clients[0]
	if f := c.ok("chat.send", chatSend("other", "something else", "same"), nil); string(f.Payload) != `{"runId":"same","status":"ok"}` {
		t.Errorf("late repeat %s", f.raw)
	}
	if h := history(t, c, "main"); len(h) != 2 {
		t.Errorf("it ran more than once: %q", h)
	}
}

// TestChatSend_noCap: the limit for answers does not count for what has been accepted.
func TestChatSend_noCap(t *testing.T) {
	t.Parallel()
	g := setup{options: func(o *gateway.Options) { o.AnswerLimit = time.Second }}.start(t)
	c := dial(t, g.URL())
	p := chatSend("main", "!sleep 3s", "long")
	p["timeoutMs"] = 60_000
	c.ok("chat.send", p, nil)
	short := chatSend("main", "!sleep 20s", "short")
	short["timeoutMs"] = 300 // rounded up to a second
	begin := time.Now()
	if f := c.ok("chat.send", short, nil); time.Since(begin) < 900*time.Millisecond || time.Since(begin) > 10*time.Second {
		t.Errorf("after %s: %s", time.Since(begin), f.raw)
	}
	_, f := c.wait("the job end", 0, containing("agent", `"aborted":true`))
	if !strings.Contains(f.raw, `"state":"done"`) {
		t.Errorf("end %s", f.raw)
	}
}

// TestKeys_surviveRestart: what was answered before a restart is answered after it, and not done again.
func TestKeys_surviveRestart(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir()}
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, g.URL())
	agent := map[string]any{"message": "once", "sessionKey": "main", "idempotencyKey": "k"}
	c.send("a", "agent", agent)
	_, ranAgent := c.wait("the final", 0, final("a"))
	ranChat := c.ok("chat.send", chatSend("main", "twice", "k"), nil)
	failed := c.call("send", map[string]any{"to": "+1", "message": "m", "idempotencyKey": "k"})
	stop(t, g)

	c = dial(t, s.start(t).URL())
	if f := c.call("agent", agent); string(f.Payload) != string(ranAgent.Payload) {
		t.Errorf("agent: %s, before %s", f.raw, ranAgent.raw)
	}
	if f := c.call("chat.send", chatSend("main", "twice", "k")); string(f.Payload) != string(ranChat.Payload) {
		t.Errorf("chat.send: %s, before %s", f.raw, ranChat.raw)
	}
	if f := c.call("send", map[string]any{"to": "+1", "message": "m", "idempotencyKey": "k"}); f.OK || f.Error.Message != failed.Error.Message {
		t.Errorf("send: %s, before %s", f.raw, failed.raw)
	}
	if h := history(t, c, "main"); len(h) != 4 {
		t.Errorf("history %q", h)
	}
}

func TestChatAbort(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	c := dial(t, g.URL())
	abort := func(session, run string) frame {
		return c.call("chat.abort", map[string]any{"sessionKey": session, "runId": run})
	}
	if f := abort("main", "nobody"); string(f.Payload) != `{"ok":true,"aborted":false}` {
		t.Errorf("unknown run: %s", f.raw)
	}
	c.send("s", "chat.send", chatSend("main", "!sleep 60s", "victim"))
	c.wait("the first words", 0, chat("victim", "delta"))
	if f := abort("other", "victim"); f.OK || f.Error.Code != wire.CodeInvalidRequest || f.Error.Message != "runId does not match sessionKey" {
		t.Errorf("wrong session: %s", f.raw)
	}
	_, started := c.wait("the start", 0, containing("agent", `"state":"started"`))
	c.send("ab", "chat.abort", map[string]any{"sessionKey": "main", "runId": "victim"})
	at, f := c.wait("the answer", 0, response("ab"))
	if string(f.Payload) != `{"ok":true,"aborted":true}` {
		t.Errorf("abort: %s", f.raw)
	}
	seen, ev := c.wait("the event", 0, chat("victim", "aborted"))
	if seen > at || !strings.Contains(ev.raw, `"sessionKey":"main"`) || strings.Contains(ev.raw, `"message"`) {
		t.Errorf("event %d, answer %d: %s", seen, at, ev.raw)
	}
	if _, f := c.wait("the answer of chat.send", 0, response("s")); string(f.Payload) != `{"runId":"victim","status":"ok"}` {
		t.Errorf("chat.send: %s", f.raw)
	}
	var job struct {
		Payload struct{ RunID string }
	}
	if err := json.Unmarshal([]byte(started.raw), &job); err != nil {
		t.Fatal(err)
	}
	c.wait("the job end", 0, containing("agent", `"aborted":true`))
	c.wait("a final under the session's id", 0, chat(job.Payload.RunID, "final")) // the link to the key is gone
	for _, f := range c.all(0) {
		if chat("victim", "final")(f) {
			t.Errorf("a final of an aborted run: %s", f.raw)
		}
	}
	if f := abort("main", "victim"); string(f.Payload) != `{"ok":true,"aborted":false}` {
		t.Errorf("after the end: %s", f.raw)
	}
	c.endedBy("victim", "a client stopped it (chat.abort)")
	hasty := chatSend("main", "!sleep 60s", "hasty")
	hasty["timeoutMs"] = 20
	c.ok("chat.send", hasty, nil)
	c.endedBy("hasty", "its time limit was over")
	c.ok("chat.send", chatSend("main", "hello", "done"), nil)
	if f := abort("main", "done"); string(f.Payload) != `{"ok":true,"aborted":false}` {
		t.Errorf("after a good end: %s", f.raw)
	}
	c.send("ag", "agent", map[string]any{"message": "!sleep 1s", "sessionKey": "main", "idempotencyKey": "an-agent-run"})
	c.wait("the ack", 0, response("ag"))
	if f := abort("main", "an-agent-run"); string(f.Payload) != `{"ok":true,"aborted":false}` {
		t.Errorf("a run of agent: %s", f.raw)
	}
}

// TestChatAbort_queued: a run that waits behind another is stopped before it starts.
func TestChatAbort_queued(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	c := dial(t, g.URL())
	c.send("1", "chat.send", chatSend("main", "!sleep 60s", "first"))
	c.wait("the first words", 0, chat("first", "delta"))
	c.send("2", "chat.send", chatSend("main", "!fail never", "second"))
	for i, key := range []string{"second", "first"} {
		if f := c.call("chat.abort", map[string]any{"sessionKey": "main", "runId": key}); string(f.Payload) != `{"ok":true,"aborted":true}` {
			t.Errorf("abort of %s: %s", key, f.raw)
		}
		id := []string{"2", "1"}[i]
		if _, f := c.wait("the answer of "+key, 0, response(id)); !f.OK || !strings.Contains(f.raw, `"status":"ok"`) {
			t.Errorf("%s: %s", key, f.raw)
		}
	}
	c.endedBy("second", "a client stopped it (chat.abort)")
	c.ok("chat.send", chatSend("main", "still there?", "third"), nil)
}

// TestChatAbort_queuedAndTheStoreFails: the run is aborted all the same, not failed, and what was said is kept.
func TestChatAbort_queuedAndTheStoreFails(t *testing.T) {
	t.Parallel()
	var left atomic.Int64
	g := setup{log: slog.DiscardHandler, options: func(o *gateway.Options) {
		o.StoreFault = func(stage string) error {
			if stage == "commit" && left.Add(-1) == 0 {
				return errors.New("injected")
			}
			return nil
		}
	}}.start(t)
	c := dial(t, g.URL())
	c.send("1", "chat.send", chatSend("main", "!sleep 60s", "first"))
	c.wait("the first words", 0, chat("first", "delta"))
	c.send("2", "chat.send", chatSend("main", "!fail never", "second"))
	c.ok("chat.abort", map[string]any{"sessionKey": "main", "runId": "nobody"}, nil) // goes through the writer: second is stored
	for try := 1; ; try++ {
		left.Store(2) // the first is the search for the run, unless another commit of the gateway comes between
		f := c.call("chat.abort", map[string]any{"sessionKey": "main", "runId": "second"})
		if f.OK {
			break
		}
		if try == 5 || !strings.Contains(f.raw, "injected") {
			t.Fatalf("chat.abort refused: %s", f.raw)
		}
	}
	if _, f := c.wait("the answer of second", 0, response("2")); !f.OK || !strings.Contains(f.raw, `"status":"ok"`) {
		t.Errorf("second: %s", f.raw)
	}
	if left.Load() > 0 {
		t.Error("nothing was injected")
	}
	if h := history(t, c, "main"); !slices.Contains(h, "user: !fail never") {
		t.Errorf("history %q", h)
	}
	c.ok("chat.abort", map[string]any{"sessionKey": "main", "runId": "first"}, nil)
}

// TestChatAbort_whileSaving: an abort that comes while the chat.send is being stored still finds it.
func TestChatAbort_whileSaving(t *testing.T) {
	t.Parallel()
	held, release := make(chan struct{}), make(chan struct{})
	var armed atomic.Bool
	g := setup{options: func(o *gateway.Options) {
		o.StoreFault = func(stage string) error {
			if stage == "commit" && armed.CompareAndSwap(true, false) {
				close(held)
				<-release
			}
			return nil
		}
	}}.start(t)
	c := dial(t, g.URL())
	armed.Store(true)
	c.send("s", "chat.send", chatSend("main", "!sleep 60s", "early"))
	<-held
	c.send("ab", "chat.abort", map[string]any{"sessionKey": "main", "runId": "early"})
	c.ok("last-heartbeat", nil, nil) // the abort is with its owner
	close(release)
	if _, f := c.wait("the answer", 0, response("ab")); string(f.Payload) != `{"ok":true,"aborted":true}` {
		t.Errorf("abort: %s", f.raw)
	}
	if _, f := c.wait("the answer of chat.send", 0, response("s")); string(f.Payload) != `{"runId":"early","status":"ok"}` {
		t.Errorf("chat.send: %s", f.raw)
	}
}
