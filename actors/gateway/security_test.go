package gateway_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestSecrets_stayOut plants a secret wherever one can be, makes everything go wrong that could print it, and looks for
// it in all that the gateway says: frames, pages, logs, and the files of the state directory, except for the config file
// and the copies of it that a rollback needs.
func TestSecrets_stayOut(t *testing.T) {
	t.Parallel()
	canaries := map[string]string{
		"gateway token":   "CANARY-gateway-0123456789abcdef",
		"wrong token":     "CANARY-guess-0123456789abcdef",
		"bot token":       "424242:CANARY-telegram-0123456789abcdefghi",
		"model key":       "CANARY-model-0123456789abcdef",
		"hook token":      "CANARY-hook-0123456789abcdef",
		"key in a query":  "CANARY-query-0123456789abcdef",
		"cookie":          "CANARY-cookie-0123456789abcdef",
		"key in a header": "CANARY-header-0123456789abcdef",
	}
	fake := telegramfake.Start(t, telegramfake.Options{Token: canaries["bot token"]})
	var log records
	s := telegramOn(fake, "")
	s.dir, s.log = t.TempDir(), log.handler()
	s.env = map[string]string{"CLAWDBOT_GATEWAY_TOKEN": canaries["gateway token"]}
	s.config = strings.Replace(s.config, "{", fmt.Sprintf(`{models: {providers: {acme: {baseUrl: "http://127.0.0.1:1/v1", apiKey: %q, models: []}}}, hooks: {token: %q}, `,
		canaries["model key"], canaries["hook token"]), 1)
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, g.URL(), token(canaries["gateway token"]))
	wrong := open(t, g.URL()+"/?token="+canaries["key in a query"], http.Header{"Authorization": {"Bearer " + canaries["key in a header"]}, "Cookie": {"t=" + canaries["cookie"]}})
	if f := wrong.connect(token(canaries["wrong token"])); f.OK {
		t.Error("a wrong token was accepted")
	}
	page := get(t, "http://"+g.Addr()+"/?token="+canaries["key in a query"])

	if err := fake.WaitPolling(deadline(t)); err != nil {
		t.Fatal(err)
	}
	for _, m := range []string{"getMe", "sendMessage", "sendChatAction"} { // the platform's address has the token in it
		fake.Always(m, telegramfake.DropBefore())
	}
	f := c.ok("config.get", nil, nil)
	if n := strings.Count(f.raw, "__REDACTED__"); n < 9 { // three secrets, each in raw, parsed and config
		t.Errorf("config.get shows %d placeholders: %s", n, f.raw)
	}
	c.call("send", sendParams("4711", "words", "k"))
	c.call("providers.status", map[string]any{"probe": true})
	c.call("agent", map[string]any{"message": "m", "token": canaries["wrong token"]}) // an unknown key, by value
	for i, message := range []string{"!tool config.get {}", "!tool providers.status {\"probe\":true}", "!tool send {}", "!tool actors.list {}"} {
		c.call("chat.send", chatSend("main", message, fmt.Sprint("tool-", i)))
	}
	fake.DropConnections()
	for _, method := range []string{"health", "status", "outbox.list", "pairing.list", "actors.list", "sessions.list", "system-presence", "config.get"} {
		c.ok(method, nil, nil)
	}
	c.ok("chat.history", map[string]any{"sessionKey": "main"}, nil)
	stop(t, g)

	said := map[string]string{"the log": log.String(), "a page": page}
	for i, socket := range []*socket{c, wrong} {
		var b strings.Builder
		for _, f := range socket.all(0) {
			b.WriteString(f.raw)
		}
		said[fmt.Sprint("the frames of client ", i)] = b.String()
	}
	err = filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.Name() == "config-history":
			return filepath.SkipDir
		case d.IsDir() || d.Name() == "clawdbot.json":
			return nil
		}
		b, err := os.ReadFile(path)
		said[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said["the log"], "unauthorized") || !strings.Contains(said[filepath.Join(s.dir, "gateway.db")]+said[filepath.Join(s.dir, "gateway.db-wal")], "__REDACTED__") {
		t.Error("what should have been searched is not there")
	}
	for where, text := range said {
		for name, secret := range canaries {
			if i := strings.Index(text, secret); i >= 0 {
				t.Errorf("the %s is in %s: %q", name, where, text[max(0, i-100):i+len(secret)])
			}
		}
	}
}

// TestStateDir_private: whatever is made in the state directory is for its owner alone.
func TestStateDir_private(t *testing.T) {
	t.Parallel()
	s := setup{dir: filepath.Join(t.TempDir(), "state"), env: map[string]string{"HOME": t.TempDir()}}
	g := s.start(t)
	c := dial(t, g.URL())
	c.ok("chat.send", chatSend("main", "!big 200KiB", "k"), nil) // large enough to be a file of its own
	seen := 0
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // a temporary file
			return nil
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		seen++
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
		return nil
	})
	if err != nil || seen < 5 {
		t.Errorf("%d files and directories seen, %v", seen, err)
	}
}

// request sends one HTTP request as it is written and gives the status and all of the answer's head.
func request(t testing.TB, addr, method, target string, header ...string) (status int, head string) {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	text := strings.Join(append([]string{method + " " + target + " HTTP/1.1"}, header...), "\r\n") + "\r\n"
	if !strings.Contains(text, "\r\nHost:") {
		text += "Host: " + addr + "\r\n"
	}
	_, _ = c.Write([]byte(text + "\r\n")) // a refusal may come before all is written
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%s %s %v: %v", method, target, header, err)
	}
	defer resp.Body.Close()
	var b strings.Builder
	_ = resp.Header.Write(&b) // into memory
	return resp.StatusCode, b.String()
}

var upgrade = []string{"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="}

// TestGuard: who may talk to the port at all is decided before anything is done: no strange proxies, hosts or origins.
func TestGuard(t *testing.T) {
	t.Parallel()
	g := setup{config: `{gateway: {allowedHosts: ["gateway.example"], controlUi: {allowedOrigins: ["https://ui.example"]}}}`}.start(t)
	_, port, _ := net.SplitHostPort(g.Addr())
	for _, tc := range []struct {
		header  []string
		upgrade int
		page    int
	}{
		{nil, 101, 200},
		{[]string{"Host: localhost:" + port}, 101, 200},
		{[]string{"Host: gateway.example"}, 101, 200},
		{[]string{"Host: evil.example"}, 403, 403},
		{[]string{"Host: 127.0.0.1.evil.example"}, 403, 403},
		{[]string{"Forwarded: for=1.2.3.4"}, 403, 403},
		{[]string{"X-Forwarded-For: 127.0.0.1"}, 403, 403},
		{[]string{"X-Forwarded-Host: localhost"}, 403, 403},
		{[]string{"X-Real-IP: 127.0.0.1"}, 403, 403},
		{[]string{"Tailscale-User-Login: me@example", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https", "X-Forwarded-Host: h"}, 403, 403},
		{[]string{"Origin: http://" + g.Addr()}, 101, 200},
		{[]string{"Origin: https://ui.example"}, 101, 200},
		{[]string{"Origin: http://localhost:" + port}, 403, 200}, // not the host it asked
		{[]string{"Origin: http://127.0.0.1:1"}, 403, 200},
		{[]string{"Origin: https://" + g.Addr()}, 403, 200},
		{[]string{"Origin: null"}, 403, 200},
		{[]string{"Origin: https://evilui.example"}, 403, 200},
		{[]string{"Origin: https://ui.example.evil"}, 403, 200},
		{[]string{"Sec-Fetch-Site: cross-site"}, 403, 200},
	} {
		if status, head := request(t, g.Addr(), "GET", "/", append(upgrade[:len(upgrade):len(upgrade)], tc.header...)...); status != tc.upgrade || strings.Contains(head, "Extensions") {
			t.Errorf("upgrade with %q: %d, want %d", tc.header, status, tc.upgrade)
		}
		status, head := request(t, g.Addr(), "GET", "/", tc.header...)
		if status != tc.page || strings.Contains(head, "Access-Control-") || strings.Contains(head, "Set-Cookie") {
			t.Errorf("page with %q: %d, want %d\n%s", tc.header, status, tc.page, head)
		}
	}
	for _, target := range []string{"/%252e%252e/etc/passwd", "/..%2f..%2fetc/passwd", "/assets/../../go.mod", "/%2e%2e/go.mod"} {
		if status, _ := request(t, g.Addr(), "GET", target); status != 404 {
			t.Errorf("GET %s: %d", target, status)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "PATCH"} {
		if status, _ := request(t, g.Addr(), method, "/"); status != 405 {
			t.Errorf("%s: %d", method, status)
		}
	}
	if status, _ := request(t, g.Addr(), "GET", "/", "X-Long: "+strings.Repeat("x", 64<<10)); status != 431 {
		t.Errorf("64 KiB of headers: %d", status)
	}
}

// TestGuard_compression: deflate is not negotiated, so nothing can be sent that grows when it is unpacked.
func TestGuard_compression(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	status, head := request(t, g.Addr(), "GET", "/", append(upgrade[:len(upgrade):len(upgrade)], "Sec-WebSocket-Extensions: permessage-deflate")...)
	if status != 101 || strings.Contains(head, "Extensions") {
		t.Errorf("%d\n%s", status, head)
	}
}

// TestAuth_loopbackIsNoIdentity: with a token set, a client on this host needs it like any other, wherever it says it.
func TestAuth_loopbackIsNoIdentity(t *testing.T) {
	t.Parallel()
	g := setup{env: map[string]string{"CLAWDBOT_GATEWAY_TOKEN": "the-real-token"}}.start(t)
	for name, c := range map[string]*socket{
		"nothing":     open(t, g.URL(), nil),
		"in a query":  open(t, g.URL()+"/?token=the-real-token", nil),
		"in a header": open(t, g.URL(), http.Header{"Authorization": {"Bearer the-real-token"}}),
		"in a cookie": open(t, g.URL(), http.Header{"Cookie": {"token=the-real-token"}}),
		"tailscale":   open(t, g.URL(), http.Header{"Tailscale-User-Login": {"me@example"}}),
	} {
		if f := c.connect(); f.OK || f.Error.Message != "unauthorized" {
			t.Errorf("%s: %s", name, f.raw)
		}
		if code, _ := c.ended(); code != 1008 {
			t.Errorf("%s: closed %d", name, code)
		}
	}
}

// TestAuth_guessing: a web page on this host that guesses at the token is stopped, and then gets no further with the
// right one; programs on this host are not locked out with it.
func TestAuth_guessing(t *testing.T) {
	t.Parallel()
	g := setup{env: map[string]string{"CLAWDBOT_GATEWAY_TOKEN": "the-real-token"}}.start(t)
	browser := http.Header{"Origin": {"http://" + g.Addr()}}
	for {
		until := guessed(t, g, browser)
		if !open(t, g.URL(), browser).connect(token("the-real-token")).OK {
			break
		}
		if time.Now().Before(until) { // else the machine was so slow that one more attempt was due
			t.Fatal("guessing goes on at full speed")
		}
	}
	dial(t, g.URL(), token("the-real-token"))
}

// guessed guesses until it is stopped, and returns when it may be heard again.
func guessed(t *testing.T, g *gateway.Gateway, browser http.Header) time.Time {
	t.Helper()
	for i := range 30 {
		asked := time.Now()
		f := open(t, g.URL(), browser).connect(token(fmt.Sprint("guess-", i)))
		if strings.Contains(f.Error.Message, "too many failed attempts") && f.Error.Retryable && f.Error.RetryAfterMs > 0 {
			return asked.Add(time.Duration(f.Error.RetryAfterMs) * time.Millisecond)
		}
	}
	t.Fatal("30 guesses from a page")
	return time.Time{}
}

// TestErrors_toStrangers: what went wrong is for the operator; a person on a platform gets a fixed short text.
func TestErrors_toStrangers(t *testing.T) {
	t.Parallel()
	fake := telegramfake.Start(t, telegramfake.Options{})
	s := telegramOn(fake, `allowFrom: [77]`)
	providersOnly := s.options
	s.options = func(o *gateway.Options) {
		providersOnly(o)
		o.Runner = broken{}
	}
	c := dial(t, s.start(t).URL())
	for i, text := range []string{"fail", "panic"} {
		fake.Push(telegramfake.Direct(77, text))
		sent, err := fake.WaitSent(deadline(t), i+1)
		if err != nil {
			t.Fatal(err)
		}
		if got := sent[i].Text; got != "Something went wrong while I was working on that. Please try again." {
			t.Errorf("%s: the person was told %q", text, got)
		}
	}
	if _, f := c.wait("the operator's event", 0, containing("chat", `"state":"error"`)); !strings.Contains(f.raw, "internal detail 0xdead") {
		t.Errorf("the operator was told %s", f.raw)
	}
}

// broken is a runner that fails with more than a stranger should see.
type broken struct{}

func (broken) Run(_ context.Context, turn agent.Turn, _ agent.Output) (agent.Answer, error) {
	if strings.Contains(turn.Plain, "panic") {
		panic("internal detail 0xbeef")
	}
	return agent.Answer{}, errors.New("internal detail 0xdead")
}

// TestUnknown_failsClosed: what nobody knows is refused, whether it is a method, a key or an event.
func TestUnknown_failsClosed(t *testing.T) {
	t.Parallel()
	c := dial(t, setup{}.start(t).URL())
	for _, method := range []string{"shell.exec", "config.apply", "device.token.rotate", "constructor", "__proto__", "health "} {
		if err := c.refused(method, map[string]any{}); err.Code != wire.CodeInvalidRequest || err.Message != "unknown method: "+method {
			t.Errorf("%s: %v", method, err)
		}
	}
	for _, method := range []string{"chat.send", "agent", "send", "sessions.list", "chat.history", "providers.status", "config.get", "actors.list"} {
		if err := c.refused(method, map[string]any{"surprise": true}); !strings.Contains(err.Message, "data must NOT have additional properties") {
			t.Errorf("%s: %v", method, err)
		}
	}
}
