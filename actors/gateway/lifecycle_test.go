package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestStart_port: a port belongs to one gateway, and is free when that has stopped.
func TestStart_port(t *testing.T) {
	t.Parallel()
	first, err := setup{}.new(t)
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := net.SplitHostPort(first.Addr())
	port, err := net.LookupPort("tcp", text)
	if err != nil {
		t.Fatal(err)
	}
	same := setup{options: func(o *gateway.Options) { o.AnyPort, o.Start.Port = false, port }}
	second, err := same.new(t)
	var taken *gateway.AlreadyListening
	if !errors.As(err, &taken) || taken.Addr != first.Addr() || !strings.Contains(err.Error(), "already listening on ws://"+first.Addr()) {
		t.Fatalf("second start: %v %v", second, err)
	}
	dial(t, first.URL()) // it is still there
	stop(t, first)
	if g := same.start(t); g.Addr() != first.Addr() {
		t.Errorf("the port after a stop: %s", g.Addr())
	}
}

// TestStart_stateDir: a state directory belongs to one gateway; the error says which.
func TestStart_stateDir(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir()}
	first, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.new(t)
	var locked *store.LockedError
	if !errors.As(err, &locked) {
		t.Fatalf("second start: %v", err)
	}
	for _, want := range []string{fmt.Sprintf("pid=%d", os.Getpid()), "addr=" + first.Addr(), "since="} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %s in %q", want, err)
		}
	}
	dial(t, first.URL())
	stop(t, first)
	s.start(t)
}

// TestStart_twoInOneProcess: gateways share nothing.
func TestStart_twoInOneProcess(t *testing.T) {
	t.Parallel()
	a, b := dial(t, setup{}.start(t).URL()), dial(t, setup{}.start(t).URL())
	a.ok("chat.send", chatSend("main", "only for a", "k"), nil)
	b.ok("chat.send", chatSend("main", "only for b", "k"), nil)
	if h := history(t, b, "main"); len(h) != 2 || h[0] != "user: only for b" {
		t.Errorf("history %q", h)
	}
	for _, f := range b.all(0) {
		if strings.Contains(f.raw, "only for a") {
			t.Errorf("an event of the other one: %s", f.raw)
		}
	}
}

// TestStart_damagedDatabase: it is refused with its path, and left as it is.
func TestStart_damagedDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "gateway.db")
	garbage := bytes.Repeat([]byte("this is no database "), 500)
	if err := os.WriteFile(path, garbage, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := setup{dir: dir}.new(t)
	var corrupt *store.CorruptError
	if !errors.As(err, &corrupt) || corrupt.Path != path || !strings.Contains(err.Error(), path) {
		t.Fatalf("start: %v", err)
	}
	if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, garbage) {
		t.Errorf("the file was changed (%v)", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	dial(t, setup{dir: dir}.start(t).URL()) // nothing else was left behind
}

// TestStart_refused: what must not start leaves the port and the state directory alone.
func TestStart_refused(t *testing.T) {
	t.Parallel()
	secret := func(s string) *config.Secret { return (*config.Secret)(&s) }
	for _, tc := range []struct {
		name   string
		config string
		env    map[string]string
		start  config.StartOptions
		path   string // of the one issue
	}{
		{"not JSON5", `{gateway: `, nil, config.StartOptions{}, ""},
		{"unknown key", `{gateway: {prot: 1}}`, nil, config.StartOptions{}, "gateway.prot"},
		{"wrong type", `{gateway: {port: "many"}}`, nil, config.StartOptions{}, "gateway.port"},
		{"a platform far away", `{dev: {endpoints: {telegram: "http://198.51.100.7"}}}`, nil, config.StartOptions{}, "dev.endpoints.telegram"},
		{"blank token in the file", `{gateway: {auth: {token: "  "}}}`, nil, config.StartOptions{}, "gateway.auth.token"},
		{"undefined token in the file", `{gateway: {auth: {token: "undefined"}}}`, nil, config.StartOptions{}, "gateway.auth.token"},
		{"null password in the file", `{gateway: {auth: {password: "null"}}}`, nil, config.StartOptions{}, "gateway.auth.password"},
		{"blank token in the environment", "", map[string]string{"CLAWDBOT_GATEWAY_TOKEN": " "}, config.StartOptions{}, "CLAWDBOT_GATEWAY_TOKEN"},
		{"null token in the environment", "", map[string]string{"CLAWDBOT_GATEWAY_TOKEN": "NULL"}, config.StartOptions{}, "CLAWDBOT_GATEWAY_TOKEN"},
		{"undefined password in the environment", "", map[string]string{"CLAWDBOT_GATEWAY_PASSWORD": "undefined"}, config.StartOptions{}, "CLAWDBOT_GATEWAY_PASSWORD"},
		{"empty token on the command line", "", nil, config.StartOptions{Token: secret("")}, "--token"},
		{"blank password on the command line", "", nil, config.StartOptions{Password: secret("\t")}, "--password"},
		{"mode token without one", `{gateway: {auth: {mode: "token"}}}`, nil, config.StartOptions{}, "gateway.auth.mode"},
		{"open to the network", "", nil, config.StartOptions{Bind: "lan"}, "gateway.bind"},
		{"open to the network by the file", `{gateway: {bind: "auto"}}`, nil, config.StartOptions{}, "gateway.bind"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			_, err := setup{dir: dir, config: tc.config, env: tc.env, options: func(o *gateway.Options) { o.Start = tc.start }}.new(t)
			var invalid *config.InvalidError
			if !errors.As(err, &invalid) || len(invalid.Issues) != 1 || invalid.Issues[0].Path != tc.path || invalid.Issues[0].Message == "" || strings.Contains(err.Error(), "\n") {
				t.Fatalf("start: %v", err)
			}
			files, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				if f.Name() != "clawdbot.json" {
					t.Errorf("left behind: %s", f.Name())
				}
			}
		})
	}
}

// TestStart_bind: without another word it listens on loopback only; with a credential it may on all addresses.
func TestStart_bind(t *testing.T) {
	t.Parallel()
	if host, _, _ := net.SplitHostPort(setup{}.start(t).Addr()); host != "127.0.0.1" {
		t.Errorf("listens on %s", host)
	}
	g := setup{env: map[string]string{"CLAWDBOT_GATEWAY_TOKEN": "a-good-token"}, options: func(o *gateway.Options) { o.Start.Bind = "lan" }}.start(t)
	host, port, _ := net.SplitHostPort(g.Addr())
	if ip := net.ParseIP(host); !ip.IsUnspecified() {
		t.Errorf("listens on %s", host)
	}
	dial(t, "ws://127.0.0.1:"+port, token("a-good-token"))
	if f := open(t, "ws://127.0.0.1:"+port, nil).connect(); f.OK {
		t.Error("somebody without the token was let in")
	}
}

// TestStop: the shutdown event comes before the close frame on every socket, and a run that does not end in time is
// stored as interrupted: the next process tells so.
func TestStop(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir()}
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	clients := []*socket{dial(t, g.URL()), dial(t, g.URL(), as("cli", ""))}
	c := clients[0]
	c.send("long", "agent", runAgent("main", "!sleep 60s", "long"))
	c.send("queued", "agent", runAgent("main", "I can wait", "queued"))
	c.wait("the run", 0, containing("agent", `"runId":"long"`, `"stream":"assistant"`))
	c.wait("the second ack", 0, response("queued"))
	begin := time.Now()
	stop(t, g)
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("stopping took %s", took)
	}
	for _, c := range clients {
		if code, reason := c.ended(); code != 1012 || reason != "service restart" {
			t.Errorf("closed %d %q", code, reason)
		}
		frames := c.all(0)
		if last := frames[len(frames)-1]; last.Event != "shutdown" || string(last.Payload) != `{"reason":"gateway stopping","restartExpectedMs":null}` || last.Seq == nil {
			t.Errorf("the last frame is %s", last.raw)
		}
		checkStream(t, c)
	}
	_, f := c.wait("the end of the run", 0, final("long"))
	const interrupted = "Error: the gateway stopped while the run was in progress"
	if f.OK || f.Error.Message != interrupted {
		t.Errorf("the run ended %s", f.raw)
	}
	for _, f := range c.all(0) {
		if final("queued")(f) {
			t.Errorf("what waited was answered: %s", f.raw)
		}
	}

	c = dial(t, s.start(t).URL())
	if f := c.call("agent", runAgent("main", "!sleep 60s", "long")); f.OK || f.Error.Message != interrupted {
		t.Errorf("after the restart: %s", f.raw)
	}
	c.send("queued", "agent", runAgent("main", "I can wait", "queued"))
	if _, f := c.wait("what waited", 0, final("queued")); !f.OK {
		t.Errorf("what waited: %s", f.raw)
	}
	if h := history(t, c, "main"); len(h) != 4 || h[2] != "user: I can wait" || h[3] != "assistant: You said: I can wait" {
		t.Errorf("history %q", h)
	}
}

// TestReady: the probes, before and while it stops.
func TestReady(t *testing.T) {
	t.Parallel()
	g, err := setup{}.new(t)
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, g)
	get := func(path string) int {
		resp, err := httpClient().Get("http://" + g.Addr() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	if live, ready := get("/healthz"), get("/readyz"); live != 200 || ready != 200 {
		t.Errorf("healthz %d, readyz %d", live, ready)
	}
	c := dial(t, g.URL())
	c.send("long", "agent", runAgent("main", "!sleep 60s", "long"))
	c.wait("the run", 0, containing("agent", `"stream":"assistant"`))
	stopped := make(chan error, 1)
	go func() { stopped <- g.Stop(context.Background()) }()
	for deadline := time.Now().Add(patience); get("/readyz") != 503; {
		if time.Now().After(deadline) {
			t.Fatal("ready while it stops")
		}
	}
	if live := get("/healthz"); live != 200 {
		t.Errorf("healthz %d while it stops", live)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// TestCall: the process itself is a client too.
func TestCall(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	var r wire.RunResult
	if err := g.Call(t.Context(), "chat.send", chatSend("main", "hello", "k"), &r); err != nil || r.Status != "ok" {
		t.Errorf("%+v %v", r, err)
	}
	if err := g.Call(t.Context(), "agent", runAgent("main", "again", "k"), &r); err != nil || r.Summary != "completed" {
		t.Errorf("%+v %v", r, err)
	}
	for method, want := range map[string]string{
		"chat.send": "invalid chat.send params: data must have required property 'sessionKey'; data must have required property 'message'; data must have required property 'idempotencyKey'",
		"connect":   "unknown method: connect",
		"no.such":   "unknown method: no.such",
	} {
		err := g.Call(t.Context(), method, nil, nil)
		var we *wire.Error
		if !errors.As(err, &we) || we.Code != wire.CodeInvalidRequest || we.Message != want {
			t.Errorf("%s: %v", method, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := g.Call(ctx, "chat.send", chatSend("main", "!sleep 500ms", "slow"), nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call that takes too long: %v", err)
	}
}
