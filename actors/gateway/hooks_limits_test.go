package gateway_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/transport/hooks"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestHooks_transform: mappings call their modules, and what a module does wrong is the operator's to know.
func TestHooks_transform(t *testing.T) {
	t.Parallel()
	s, r := hooksOn(`presets: ["gmail"], gmail: {account: "me@example.com"}, transformsDir: "js", mappings: [
		{match: {path: "over"}, name: "N {{headers.x-from}}", messageTemplate: "{{x}}", transform: {module: "over.mjs", export: "go"}},
		{match: {path: "kind"}, textTemplate: "t", transform: {module: "kind.js"}},
		{match: {path: "null"}, messageTemplate: "m", transform: {module: "null.mjs"}},
		{match: {path: "same"}, messageTemplate: "{{path}} {{query.q}} {{payload.a.b[1]}} {{a}} {{none}}", transform: {module: "same.mjs"}},
		{match: {path: "loop"}, messageTemplate: "m", transform: {module: "loop.mjs"}},
		{match: {path: "throw"}, messageTemplate: "m", transform: {module: "throw.mjs"}}]`)
	var log records
	s.dir, s.log = t.TempDir(), log.handler()
	dir := filepath.Join(s.dir, "js")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string]string{
		"over.mjs":  `export const go = ({payload}) => ({message: "over " + payload.x, sessionKey: "k"})`,
		"kind.js":   `module.exports = () => ({kind: "wake", text: "woken", mode: "next-heartbeat"})`,
		"null.mjs":  `export default () => null`,
		"same.mjs":  `export default async () => {}`,
		"loop.mjs":  `export default () => { for (;;); }`,
		"throw.mjs": `export default () => { throw new Error("because") }`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	g := s.start(t)
	tests := []struct {
		path, body string
		status     int
		want       string // message of the run, or the body
	}{
		{"over", `{"x":1}`, 202, "over 1"},
		{"kind", `{}`, 200, `{"ok":true,"mode":"next-heartbeat"}`},
		{"null", `{}`, 204, ""},
		{"same?q=v", `{"a":{"b":[1,{"c":"d"}]}}`, 202, `same v {"c":"d"} {"b":[1,{"c":"d"}]}`},
		{"gmail", `{"messages":[{"id":"m1","from":"Ada","subject":"S","snippet":"Sn","body":"B"}]}`, 202, "New mail from Ada\nSubject: S\nSn\nB"},
		{"loop", `{}`, 500, `{"ok":false,"error":"hook mapping failed"}`},
		{"throw", `{}`, 500, `{"ok":false,"error":"hook mapping failed"}`},
	}
	for _, tt := range tests {
		status, _, body := (hookCall{path: "/hooks/" + tt.path, body: tt.body}).do(t, g)
		if status != tt.status {
			t.Errorf("%s: %d %s", tt.path, status, body)
			continue
		}
		if status == http.StatusAccepted {
			turn := <-r.seen
			if !strings.HasSuffix(turn.Message, "] "+tt.want) {
				t.Errorf("%s: message %q, want %q", tt.path, turn.Message, tt.want)
			}
			if key := map[string]string{"over": "k", "gmail": "hook:gmail:m1"}[tt.path]; key != "" && turn.SessionKey != key {
				t.Errorf("%s: session %s", tt.path, turn.SessionKey)
			}
		} else if body != tt.want {
			t.Errorf("%s: %q, want %q", tt.path, body, tt.want)
		}
	}
	for _, want := range []string{`module=throw.mjs err="Error: because"`, "hook=loop module=loop.mjs", "hooks.gmail.account is set"} {
		if n := strings.Count(log.String(), want); n != 1 {
			t.Errorf("%d log lines with %s", n, want)
		}
	}
}

// TestHooks_noEngine: a program without JavaScript says which transforms it does not run, and does nothing half.
func TestHooks_noEngine(t *testing.T) {
	t.Parallel()
	s, r := hooksOn(`mappings: [
		{match: {path: "with"}, messageTemplate: "m", transform: {module: "a.mjs"}}, {match: {path: "without"}, messageTemplate: "plain"}]`)
	var log records
	s.log, s.options = log.handler(), func(o *gateway.Options) { o.Runner = r }
	g := s.start(t)
	if status, _, body := (hookCall{path: "/hooks/with", body: "{}"}).do(t, g); status != 500 || body != `{"ok":false,"error":"hook mapping failed"}` {
		t.Errorf("with a transform: %d %s", status, body)
	}
	if status, _, body := (hookCall{path: "/hooks/without", body: "{}"}).do(t, g); status != 202 {
		t.Errorf("without one: %d %s", status, body)
	}
	if turn := <-r.seen; !strings.HasSuffix(turn.Message, "] plain") {
		t.Errorf("ran: %q", turn.Message)
	}
	if n := strings.Count(log.String(), hooks.ErrNoEngine.Error()); n != 2 { // at the start, and for the call
		t.Errorf("%d log lines say why:\n%s", n, log.String())
	}
}

// TestHooks_reload: a change of the section counts from the next call on.
func TestHooks_reload(t *testing.T) {
	t.Parallel()
	s, _ := hooksOn("")
	s.dir = t.TempDir()
	g := s.start(t)
	wake := func(path, token string) int {
		status, _, _ := (hookCall{path: path, body: `{"text":"x"}`, header: http.Header{"Authorization": {"Bearer " + token}}}).do(t, g)
		return status
	}
	set := func(hooks, path, token string, want int) { // it takes a moment until the file is read
		t.Helper()
		if err := g.Call(deadline(t), "config.set", wire.ConfigSetParams{Raw: "{hooks: " + hooks + "}"}, nil); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(patience); wake(path, token) != want; {
			if time.Now().After(end) {
				t.Fatalf("%s with %s is not answered %d", path, token, want)
			}
		}
	}
	const another = "another-0123456789"
	if got := wake("/hooks/wake", hookToken); got != 200 {
		t.Errorf("at the start: %d", got)
	}
	set(`{enabled: true, token: "another-0123456789", path: "/elsewhere"}`, "/elsewhere/wake", another, 200)
	if old, gone := wake("/elsewhere/wake", hookToken), wake("/hooks/wake", another); old != 401 || gone != 405 {
		t.Errorf("after the change: the old token gets %d, the old path %d", old, gone)
	}
	set(`{enabled: false}`, "/elsewhere/wake", another, 405)
}

// TestHooks_guessing: wrong tokens are counted for their address, apart from those of clients, and no log has any.
func TestHooks_guessing(t *testing.T) {
	t.Parallel()
	var log records
	s, _ := hooksOn("")
	s.log = log.handler()
	g := s.start(t)
	guess := func(header http.Header) int {
		status, _, _ := (hookCall{path: "/hooks/wake?token=CANARY-query", body: `{"text":"x"}`, header: header}).do(t, g)
		return status
	}
	page := http.Header{"Origin": {"http://" + g.Addr()}, "X-Clawdbot-Token": {"CANARY-header"}}
	for range 10 { // a page has the budget of a stranger
		if got := guess(page); got != http.StatusUnauthorized {
			t.Fatalf("a guess: %d", got)
		}
	}
	if got := guess(page); got != http.StatusTooManyRequests {
		t.Errorf("guess 11: %d", got)
	}
	page.Set("X-Clawdbot-Token", hookToken)
	if got := guess(page); got != http.StatusTooManyRequests {
		t.Errorf("the right token behind them: %d", got)
	}
	if got := guess(http.Header{"Authorization": {"Bearer " + hookToken}}); got != http.StatusOK {
		t.Errorf("a program meanwhile: %d", got)
	}
	dial(t, g.URL())
	for _, secret := range []string{"CANARY", hookToken} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log has %s", secret)
		}
	}
}

// TestHooks_places: runs of hooks leave places to people, and none of them is forgotten.
func TestHooks_places(t *testing.T) {
	t.Parallel()
	s, r := hooksOn("")
	s.config = strings.Replace(s.config, "{", "{cron: {maxConcurrentRuns: 1}, ", 1)
	release := make(chan struct{})
	r.answer = func(ctx context.Context, turn agent.Turn) (string, error) {
		if !strings.HasPrefix(turn.SessionKey, "hook:") {
			return "hello", nil
		}
		select {
		case <-release:
			return "done", nil
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
	s.options = func(o *gateway.Options) { o.Runner = r }
	g := s.start(t)
	for i := range 20 {
		(hookCall{path: "/hooks/agent", body: fmt.Sprintf(`{"message":"x","name":"N%d","wakeMode":"next-heartbeat"}`, i)}).do(t, g)
	}
	<-r.seen
	c := dial(t, g.URL())
	if f := c.call("chat.send", wire.ChatSendParams{SessionKey: "main", Message: "hi", IdempotencyKey: "k"}); !f.OK {
		t.Errorf("chat.send: %s", f.raw)
	}
	if turn := <-r.seen; turn.SessionKey != "main" {
		t.Errorf("a second hook runs beside the first: %+v", turn)
	}
	close(release)
	for range 19 {
		<-r.seen
	}
	queued(t, g, "Hook N19: done")
}

// TestHooks_stop: a caller that is still sending does not hold up the end.
func TestHooks_stop(t *testing.T) {
	t.Parallel()
	s, _ := hooksOn("")
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", g.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(c, "POST /hooks/wake HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n", g.Addr(), hookToken)
	line := make([]byte, len("HTTP/1.1 100 Continue"))
	if _, err := io.ReadFull(c, line); err != nil || !strings.HasSuffix(string(line), "100 Continue") { // the body is wanted
		t.Fatalf("%s %v", line, err)
	}
	begin := time.Now()
	stop(t, g)
	if d := time.Since(begin); d > 8*time.Second {
		t.Errorf("the stop took %s", d)
	}
}
