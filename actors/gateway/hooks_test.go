package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/hooks/javascript"
	"github.com/clawdbot/gateway/transport/wire"
)

const hookToken = "hook-0123456789abcdef"

// turns is a runner that does what it is told, and tells what it was given.
type turns struct {
	seen   chan agent.Turn
	answer func(ctx context.Context, t agent.Turn) (string, error)
}

func (r turns) Run(ctx context.Context, t agent.Turn, _ agent.Output) (agent.Answer, error) {
	r.seen <- t
	text, err := r.answer(ctx, t)
	return agent.Answer{Text: text}, err
}

// hooksOn is a gateway with hooks and a runner that answers "done".
func hooksOn(section string) (setup, turns) {
	r := turns{make(chan agent.Turn, 1000), func(context.Context, agent.Turn) (string, error) { return "done", nil }}
	return setup{
		config:  fmt.Sprintf("{hooks: {enabled: true, token: %q, %s}}", hookToken, section),
		options: func(o *gateway.Options) { o.Runner, o.JavaScript = r, javascript.Run },
	}, r
}

// hookCall is one HTTP request to a gateway. Its token comes as Authorization unless header says otherwise.
type hookCall struct {
	method, path, body string
	header             http.Header
}

func (q hookCall) do(t testing.TB, g *gateway.Gateway) (status int, header http.Header, body string) {
	t.Helper()
	if q.method == "" {
		q.method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(deadline(t), q.method, "http://"+g.Addr()+q.path, strings.NewReader(q.body))
	if err != nil {
		t.Fatal(err)
	}
	if r.Header = q.header; q.header == nil {
		r.Header = http.Header{"Authorization": {"Bearer " + hookToken}}
	}
	resp, text := answered(t, httpClient(), r)
	return resp.StatusCode, resp.Header, text
}

// queued waits until the main session is told a line that has text in it, and returns all of them.
func queued(t testing.TB, g *gateway.Gateway, text string) string {
	t.Helper()
	ctx := deadline(t)
	for {
		var status wire.StatusSummary
		if err := g.Call(ctx, "status", nil, &status); err != nil {
			t.Fatalf("waiting for %q: %v", text, err)
		}
		if all := strings.Join(status.QueuedSystemEvents, "\n"); strings.Contains(all, text) {
			return all
		}
	}
}

// TestHooks_answers: every row of protocol 8.3, in its order.
func TestHooks_answers(t *testing.T) {
	t.Parallel()
	s, _ := hooksOn(`path: "in/hooks/", maxBodyBytes: 2000, mappings: [
		{match: {path: "/w/", source: "x"}, action: "wake", wakeMode: "next-heartbeat", textTemplate: "T {{a}}"},
		{match: {path: "w"}, messageTemplate: "{{a}}"},
		{match: {path: "e"}, action: "wake", textTemplate: " {{a}} "}]`)
	g := s.start(t)
	none, bearer := http.Header{}, func(v string) http.Header { return http.Header{"Authorization": {v}} }
	const text, object = "text/plain; charset=utf-8", "application/json; charset=utf-8"
	tests := []struct {
		name   string
		q      hookCall
		status int
		kind   string
		body   string // what the answer must have in it; = the whole of it
	}{
		{"no token", hookCall{path: "/in/hooks/wake", header: none}, 401, text, "=Unauthorized"},
		{"wrong token", hookCall{path: "/in/hooks/wake", header: bearer("Bearer x")}, 401, text, "=Unauthorized"},
		{"the first token counts", hookCall{path: "/in/hooks/wake?token=" + hookToken, header: bearer("Bearer x")}, 401, text, "=Unauthorized"},
		{"another scheme is no token", hookCall{path: "/in/hooks/wake", header: bearer("Basic " + hookToken)}, 401, text, "=Unauthorized"},
		{"a part of the token", hookCall{path: "/in/hooks/wake", header: bearer("Bearer " + hookToken[:10])}, 401, text, "=Unauthorized"},
		{"token before method", hookCall{method: "GET", path: "/in/hooks/wake", header: none}, 401, text, "=Unauthorized"},
		{"token before path", hookCall{path: "/in/hooks", header: none}, 401, text, "=Unauthorized"},
		{"method", hookCall{method: "GET", path: "/in/hooks/wake"}, 405, text, "=Method Not Allowed"},
		{"method before path", hookCall{method: "PUT", path: "/in/hooks"}, 405, text, "=Method Not Allowed"},
		{"no sub path", hookCall{path: "/in/hooks"}, 404, text, "=Not Found"},
		{"slashes only", hookCall{path: "/in/hooks///"}, 404, text, "=Not Found"},
		{"beside it", hookCall{path: "/in/hooksx/wake"}, 405, text, "Method Not Allowed"},
		{"no mapping", hookCall{path: "/in/hooks/other", body: `{}`}, 404, text, "=Not Found"},
		{"too large", hookCall{path: "/in/hooks/wake", body: strings.Repeat("x", 2001)}, 413, object, `={"ok":false,"error":"payload too large"}`},
		{"far too large", hookCall{path: "/in/hooks/wake", body: strings.Repeat("x", 4<<20)}, 413, object, `={"ok":false,"error":"payload too large"}`},
		{"as large as may be", hookCall{path: "/in/hooks/wake", body: `{"text":"x"}` + strings.Repeat(" ", 1988)}, 200, object, `"ok":true`},
		{"no JSON", hookCall{path: "/in/hooks/wake", body: `{"text":`}, 400, object, `{"ok":false,"error":"SyntaxError: `},
		{"two values", hookCall{path: "/in/hooks/wake", body: `{} {}`}, 400, object, `SyntaxError: `},
		{"a key twice", hookCall{path: "/in/hooks/wake", body: `{"text":"a","text":"b"}`}, 400, object, `SyntaxError: `},
		{"empty", hookCall{path: "/in/hooks/wake"}, 400, object, `={"ok":false,"error":"text required"}`},
		{"a number", hookCall{path: "/in/hooks/wake", body: "5"}, 400, object, "text required"},
		{"null", hookCall{path: "/in/hooks/wake", body: "null"}, 400, object, "text required"},
		{"a list", hookCall{path: "/in/hooks/wake", body: `[{"text":"x"}]`}, 400, object, "text required"},
		{"blank text", hookCall{path: "/in/hooks/wake", body: `{"text":"  "}`}, 400, object, "text required"},
		{"wake", hookCall{path: "/in/hooks/wake", body: `{"text":"x"}`}, 200, object, `={"ok":true,"mode":"now"}`},
		{"wake later", hookCall{path: "/in/hooks/wake", body: `{"text":"x","mode":"next-heartbeat"}`}, 200, object, `={"ok":true,"mode":"next-heartbeat"}`},
		{"another mode", hookCall{path: "/in/hooks/wake", body: `{"text":"x","mode":"soon"}`}, 200, object, `"mode":"now"`},
		{"its own header", hookCall{path: "/in/hooks/wake", body: `{"text":"x"}`, header: http.Header{"X-Clawdbot-Token": {hookToken}}}, 200, object, `"ok":true`},
		{"any case", hookCall{path: "/in/hooks/wake", body: `{"text":"x"}`, header: bearer("bEaReR  " + hookToken)}, 200, object, `"ok":true`},
		{"in the query", hookCall{path: "/in/hooks/wake?token=" + hookToken, body: `{"text":"x"}`, header: none}, 200, object, `"ok":true`},
		{"no message", hookCall{path: "/in/hooks/agent", body: `{"message":" "}`}, 400, object, `={"ok":false,"error":"message required"}`},
		{"null channel", hookCall{path: "/in/hooks/agent", body: `{"message":"x","channel":null}`}, 400, object,
			`={"ok":false,"error":"channel must be last|whatsapp|telegram|discord|slack|signal|imessage"}`},
		{"unknown channel", hookCall{path: "/in/hooks/agent", body: `{"message":"x","channel":"fax"}`}, 400, object, "channel must be last|"},
		{"message before channel", hookCall{path: "/in/hooks/agent", body: `{"channel":"fax"}`}, 400, object, "message required"},
		{"agent", hookCall{path: "/in/hooks/agent", body: `{"message":"x","channel":"imsg"}`}, 202, object, `{"ok":true,"runId":"`},
		{"mapped wake", hookCall{path: "/in/hooks/w", body: `{"source":"x","a":5}`}, 200, object, `={"ok":true,"mode":"next-heartbeat"}`},
		{"mapped agent", hookCall{path: "/in/hooks/w", body: `{"source":"y","a":5}`}, 202, object, `"runId":"`},
		{"mapped without text", hookCall{path: "/in/hooks/e", body: `{}`}, 400, object, `={"ok":false,"error":"hook mapping requires text"}`},
		{"mapped without message", hookCall{path: "/in/hooks/w", body: `{}`}, 400, object, `={"ok":false,"error":"hook mapping requires message"}`},
		{"cross-site page", hookCall{path: "/in/hooks/wake", body: `{"text":"x"}`,
			header: http.Header{"Authorization": {"Bearer " + hookToken}, "Origin": {"http://evil.example"}}}, 403, text, "=Forbidden"},
	}
	for _, tt := range tests {
		status, header, body := tt.q.do(t, g)
		whole, exact := strings.CutPrefix(tt.body, "=")
		if status != tt.status || header.Get("Content-Type") != tt.kind || exact && body != whole || !exact && !strings.Contains(body, tt.body) {
			t.Errorf("%s: %d %s %q; want %d %s %q", tt.name, status, header.Get("Content-Type"), body, tt.status, tt.kind, tt.body)
		}
		if tt.status == 405 && tt.name != "beside it" && header.Get("Allow") != "POST" {
			t.Errorf("%s: Allow is %q", tt.name, header.Get("Allow"))
		}
	}
}

// TestHooks_off: what is not enabled is not there.
func TestHooks_off(t *testing.T) {
	t.Parallel()
	g := setup{config: fmt.Sprintf("{hooks: {token: %q}}", hookToken)}.start(t)
	if status, _, _ := (hookCall{path: "/hooks/wake", body: `{"text":"x"}`}).do(t, g); status != http.StatusMethodNotAllowed {
		t.Errorf("status %d; want that of the page", status)
	}
}

// TestHooks_run: a call is a run of a session of its own, and the main session is told how it ended (protocol 13).
func TestHooks_run(t *testing.T) {
	t.Parallel()
	s, r := hooksOn("")
	g := s.start(t)
	c := dial(t, g.URL())
	status, _, body := (hookCall{path: "/hooks/agent", body: `{"message":"Do it","name":"Email","thinking":"low","timeoutSeconds":30.9}`}).do(t, g)
	var accepted struct{ RunID string }
	if err := json.Unmarshal([]byte(body), &accepted); err != nil || status != http.StatusAccepted {
		t.Fatalf("%d %s", status, body)
	}
	turn := <-r.seen
	if want := "[cron:" + accepted.RunID + " Email] Do it"; turn.Message != want || turn.Thinking != "low" || turn.Operator ||
		turn.SessionKey != "hook:"+accepted.RunID || turn.RunID == accepted.RunID {
		t.Errorf("turn %+v, want message %s", turn, want)
	}
	if all := queued(t, g, "Hook Email: done"); all != "Hook Email: done" {
		t.Errorf("queued: %q", all)
	}
	if h := history(t, c, "hook:"+accepted.RunID); len(h) != 2 {
		t.Errorf("history %q", h)
	}
	for _, f := range c.all(0) {
		if f.Event == "cron" {
			t.Errorf("event %s", f.raw)
		}
	}
}

// TestHooks_failedRun: the end that is told is the end that was.
func TestHooks_failedRun(t *testing.T) {
	t.Parallel()
	s, r := hooksOn("")
	r.answer = func(context.Context, agent.Turn) (string, error) { return "", fmt.Errorf("no credit") }
	s.options = func(o *gateway.Options) { o.Runner = r }
	g := s.start(t)
	(hookCall{path: "/hooks/agent", body: `{"message":"x","name":"two\nlines","sessionKey":"mail"}`}).do(t, g)
	if turn := <-r.seen; turn.SessionKey != "mail" {
		t.Errorf("session %s", turn.SessionKey)
	}
	if all := queued(t, g, "Hook two lines"); all != "Hook two lines (error): Error: no credit" {
		t.Errorf("queued: %q", all)
	}
}

// TestHooks_deliver: where the answer goes is decided when the call is accepted.
func TestHooks_deliver(t *testing.T) {
	t.Parallel()
	phone := newSurface("telegram")
	s, r := hooksOn("")
	s.options = func(o *gateway.Options) { o.Runner, o.Providers = r, []providers.Factory{phone.factory()} }
	s.config = strings.Replace(s.config, "{", `{telegram: {botToken: "1:x"}, `, 1)
	g := s.start(t)
	for _, body := range []string{
		`{"message":"x","channel":"telegram","to":"7"}`, // deliver is not true
		`{"message":"x","deliver":"true","channel":"telegram","to":"7"}`,
		`{"message":"x","deliver":true,"channel":"telegram","to":"8"}`,
	} {
		if status, _, answer := (hookCall{path: "/hooks/agent", body: body}).do(t, g); status != http.StatusAccepted {
			t.Errorf("%s: %s", body, answer)
		}
	}
	select {
	case m := <-phone.sent:
		if m.Text != "done" || m.Route.Chat != "8" {
			t.Errorf("sent %+v", m)
		}
	case <-time.After(patience):
		t.Fatal("nothing was sent")
	}
	(hookCall{path: "/hooks/agent", body: `{"message":"x","deliver":true,"name":"Nobody"}`}).do(t, g)
	queued(t, g, "Hook Nobody (error): done")
}

// TestHooks_replay: a delivery that comes again gets the first answer, also after a restart, and nothing happens.
func TestHooks_replay(t *testing.T) {
	t.Parallel()
	s, r := hooksOn("")
	s.dir = t.TempDir()
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	named := func(header, v string) http.Header {
		return http.Header{"Authorization": {"Bearer " + hookToken}, header: {v}}
	}
	calls := []hookCall{
		{path: "/hooks/agent", body: `{"message":"x"}`, header: named("Idempotency-Key", "1")},
		{path: "/hooks/agent", body: `{"message":"x"}`, header: named("X-GitHub-Delivery", "1")},
		{path: "/hooks/agent", body: `{"message":"x","idempotencyKey":"2"}`},
		{path: "/hooks/wake", body: `{"text":"once","mode":"next-heartbeat"}`, header: named("Idempotency-Key", "1")},
	}
	first := make([]string, len(calls))
	for i, q := range calls {
		_, _, first[i] = q.do(t, g)
	}
	again := func() {
		t.Helper()
		for i, q := range calls {
			q.body = strings.Replace(q.body, `:"`, `:"not the `, 1)
			if _, _, body := q.do(t, g); body != first[i] {
				t.Errorf("call %d again: %s, was %s", i, body, first[i])
			}
		}
	}
	again()
	if first[0] == first[1] || first[0] == first[2] || strings.Contains(first[3], "runId") {
		t.Errorf("answers %q", first)
	}
	for range 3 {
		<-r.seen
	}
	stop(t, g)
	g = s.start(t)
	again()
	(hookCall{path: "/hooks/agent", body: `{"message":"last"}`}).do(t, g)
	if turn := <-r.seen; !strings.HasSuffix(turn.Message, "last") {
		t.Errorf("a repeat ran: %s", turn.Message)
	}
	if all := queued(t, g, "once"); strings.Count(all, "once") != 1 {
		t.Errorf("queued: %q", all)
	}
}

// TestHooks_restart: what was accepted is done after a restart, and what had been running is told once.
func TestHooks_restart(t *testing.T) {
	t.Parallel()
	s, r := hooksOn("")
	s.dir = t.TempDir()
	r.answer = func(ctx context.Context, _ agent.Turn) (string, error) { <-ctx.Done(); return "", context.Cause(ctx) }
	s.options = func(o *gateway.Options) { o.Runner = r }
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Running", "Waiting"} { // one after the other: it is one session
		(hookCall{path: "/hooks/agent", body: fmt.Sprintf(`{"message":"x","sessionKey":"s","name":%q}`, name)}).do(t, g)
	}
	<-r.seen
	stop(t, g)
	r.answer = func(context.Context, agent.Turn) (string, error) { return "done", nil }
	s.options = func(o *gateway.Options) { o.Runner = r }
	g = s.start(t)
	queued(t, g, "Hook Running (error): Error: ")
	if all := queued(t, g, "Hook Waiting: done"); strings.Count(all, "Hook Running") != 1 || strings.Count(all, "Hook Waiting") != 1 {
		t.Errorf("queued: %q", all)
	}
}
