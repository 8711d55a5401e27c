package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/transport/wire"
)

// process is a gateway under Run, which restarts within it.
type process struct {
	setup
	t       testing.TB
	addrs   chan string // one per start
	restart chan string
	log     *records
	stop    context.CancelFunc
	ended   chan error
}

// run starts it and waits for the address.
func (s setup) run(t testing.TB) (p *process, url string) {
	t.Helper()
	p = &process{setup: s, t: t, addrs: make(chan string, 10), restart: make(chan string), log: &records{}, ended: make(chan error, 1)}
	if p.dir == "" {
		p.dir = t.TempDir()
	}
	if s.config != "" {
		p.write(s.config)
	}
	o := gateway.Options{
		AnyPort: true, Getenv: p.getenv, Restart: p.restart, OnListening: func(addr string) { p.addrs <- addr },
	}
	o.Log = slog.New(p.log.handler())
	if s.options != nil {
		s.options(&o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.stop = cancel
	go func() { p.ended <- gateway.Run(ctx, o) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-p.ended:
			if err != nil {
				t.Errorf("run: %v", err)
			}
		case <-time.After(patience):
			t.Error("run did not end")
		}
	})
	return p, p.started()
}

// started waits for the next start.
func (p *process) started() string {
	p.t.Helper()
	select {
	case addr := <-p.addrs:
		return "ws://" + addr
	case err := <-p.ended:
		p.ended <- err
		p.t.Fatalf("run ended: %v\n%s", err, p.log)
	case <-time.After(patience):
		p.t.Fatalf("no start\n%s", p.log)
	}
	return ""
}

func (p *process) file() string { return filepath.Join(p.dir, "clawdbot.json") }

// write gives the config file a new text at once.
func (p *process) write(text string) {
	p.t.Helper()
	next := p.file() + ".next"
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Rename(next, p.file()); err != nil {
		p.t.Fatal(err)
	}
}

// configStatus waits until the status says of the config file what ok wants.
func configStatus(t testing.TB, s *socket, what string, ok func(wire.StatusConfig) bool) wire.StatusConfig {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		var st wire.StatusSummary
		s.ok("status", nil, &st)
		if ok(*st.Config) {
			return *st.Config
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: never; the last is %+v", what, *st.Config)
		}
	}
}

// checkGoodbye: the last that a client of a gateway that restarts hears.
func checkGoodbye(t *testing.T, s *socket) {
	t.Helper()
	if code, reason := s.ended(); code != 1012 || reason != "service restart" {
		t.Errorf("closed %d %q", code, reason)
	}
	frames := s.all(0)
	if last := frames[len(frames)-1]; last.Event != "shutdown" || string(last.Payload) != `{"reason":"gateway restarting","restartExpectedMs":1500}` {
		t.Errorf("the last frame is %s", last.raw)
	}
	checkStream(t, s)
}

// TestRestart: the same process, the same address, new event numbers, versions that go on; a run in progress ends as
// at a stop, and what waited goes on.
func TestRestart(t *testing.T) {
	t.Parallel()
	p, url := setup{}.run(t)
	c := dial(t, url)
	for range 5 {
		c.ok("system-event", map[string]any{"text": "something"}, nil)
	}
	c.send("long", "agent", runAgent("main", "!sleep 60s", "long"))
	c.send("queued", "agent", runAgent("main", "I can wait", "queued"))
	c.wait("the run", 0, containing("agent", `"runId":"long"`, `"stream":"assistant"`))
	c.wait("the second ack", 0, response("queued"))
	var before wire.StateVersion
	for _, f := range c.all(0) {
		if f.StateVersion != nil {
			before = *f.StateVersion
		}
	}
	p.restart <- "because"
	checkGoodbye(t, c)
	const interrupted = "Error: the gateway stopped while the run was in progress"
	if _, f := c.wait("the end of the run", 0, final("long")); f.OK || f.Error.Message != interrupted {
		t.Errorf("the run ended %s", f.raw)
	}
	if again := p.started(); again != url {
		t.Errorf("listens at %s, before at %s", again, url)
	}
	c = dial(t, url)
	if now := c.hello.Snapshot.StateVersion; now.Presence <= before.Presence || now.Health < before.Health {
		t.Errorf("versions %+v, before %+v", now, before)
	}
	c.ok("system-event", map[string]any{"text": "again"}, nil)
	if _, f := c.wait("an event", 0, event("presence")); *f.Seq > 20 {
		t.Errorf("the numbers of events went on: %s", f.raw)
	}
	if f := c.call("agent", runAgent("main", "!sleep 60s", "long")); f.OK || f.Error.Message != interrupted {
		t.Errorf("after the restart: %s", f.raw)
	}
	c.send("queued", "agent", runAgent("main", "I can wait", "queued"))
	if _, f := c.wait("what waited", 0, final("queued")); !f.OK {
		t.Errorf("what waited: %s", f.raw)
	}
}

// TestRenew: a program that uses New restarts its gateway by itself, when it has heard of the wish. What set-heartbeats
// said holds as long as the process.
func TestRenew(t *testing.T) {
	t.Parallel()
	s := setup{config: "{gateway: {reload: {debounceMs: 1}}}", dir: t.TempDir()}
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { stop(t, g) }()
	c := dial(t, g.URL())
	c.ok("set-heartbeats", map[string]any{"enabled": false}, nil)
	if err := os.WriteFile(filepath.Join(s.dir, "clawdbot.json"), []byte("{gateway: {controlUi: {basePath: '/x'}, reload: {debounceMs: 1}}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := configStatus(t, c, "the restart is wanted", func(s wire.StatusConfig) bool { return s.RestartNeeded != "" })
	if got != (wire.StatusConfig{Valid: true, RestartNeeded: "config: gateway.controlUi.basePath"}) {
		t.Errorf("%+v", got)
	}
	const other = "somebody asks, too"
	g.Restart(other)
	if reason := <-g.Restarts(); reason != got.RestartNeeded && reason != other {
		t.Errorf("the reason is %q", reason)
	}
	old := g
	if g, err = g.Renew(deadline(t)); err != nil {
		t.Fatal(err)
	}
	checkGoodbye(t, c)
	stop(t, old) // it is over: nothing happens
	if on, err := gateway.Heartbeats(t.Context(), g); err != nil || on {
		t.Errorf("heartbeats are on: %v, %v", on, err)
	}
	c = dial(t, g.URL())
	if got := configStatus(t, c, "after it", func(wire.StatusConfig) bool { return true }); got != (wire.StatusConfig{Valid: true}) {
		t.Errorf("%+v", got)
	}
	select {
	case reason := <-g.Restarts():
		t.Errorf("once more, for %q", reason)
	default:
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if next, err := g.Renew(ended); next != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("a restart when all is to end: %v", err)
	}
}

// TestRestart_byTheFile: a change of the port moves the gateway; one that cannot be started leaves it where it is,
// and the status says why, without a secret.
func TestRestart_byTheFile(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	first, second := freeTestPort(t), freeTestPort(t)
	text := func(port int, more string) string {
		return fmt.Sprintf("{\n  gateway: {port: %d, reload: {debounceMs: 1}, auth: {token: 'CANARY-token'}%s}, // here\n}\n", port, more)
	}
	s := setup{config: text(first, ""), options: func(o *gateway.Options) { o.AnyPort = false }}
	p, url := s.run(t)
	c := dial(t, url, token("CANARY-token"))

	p.write(text(second, ""))
	checkGoodbye(t, c)
	if url = p.started(); url != "ws://127.0.0.1:"+strconv.Itoa(second) {
		t.Errorf("listens at %s, not on port %d", url, second)
	}
	c = dial(t, url, token("CANARY-token"))
	if got := configStatus(t, c, "after the restart", func(s wire.StatusConfig) bool { return true }); got != (wire.StatusConfig{Valid: true}) {
		t.Errorf("%+v", got)
	}

	p.write(text(taken.Addr().(*net.TCPAddr).Port, ""))
	checkGoodbye(t, c)
	if url = p.started(); url != "ws://127.0.0.1:"+strconv.Itoa(second) {
		t.Errorf("listens at %s, not on port %d again", url, second)
	}
	c = dial(t, url, token("CANARY-token"))
	got := configStatus(t, c, "the problem", func(s wire.StatusConfig) bool { return s.Problem != "" })
	if !got.Valid || !strings.Contains(got.Problem, "could not be started: another gateway instance is already listening on") {
		t.Errorf("%+v", got)
	}
	from := c.mark()
	p.write(text(second, ""))
	configStatus(t, c, "all is well", func(s wire.StatusConfig) bool { return s == (wire.StatusConfig{Valid: true}) })
	for _, f := range c.all(from) {
		if f.Event == "shutdown" {
			t.Error("it restarted without a reason")
		}
	}
	if text := p.log.String(); strings.Contains(text, "CANARY") || strings.Count(text, "gateway restarts") != 2 {
		t.Errorf("log:\n%s", text)
	}
}

func freeTestPort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// TestRestart_modes: what gateway.reload.mode makes of a change, and a restart that somebody asks for brings into
// force what was held back.
func TestRestart_modes(t *testing.T) {
	t.Parallel()
	text := func(mode, ui, name string) string {
		return fmt.Sprintf("{gateway: {controlUi: {basePath: '%s'}, reload: {mode: '%s', debounceMs: 1}}, agent: {contextTokens: %s}}", ui, mode, name)
	}
	p, url := setup{config: text("hybrid", "/a", "1")}.run(t)
	c := dial(t, url)
	for _, step := range []struct {
		mode, ui, tokens string
		problem          string // "" = it is taken over
		restart          bool
		inForce          int64
	}{
		{"hybrid", "/a", "2", "", false, 2},
		{"hot", "/b", "3", "gateway.reload.mode is hot, and the change of gateway.controlUi.basePath needs a restart", false, 2},
		{"hot", "/a", "4", "", false, 4},
		{"off", "/a", "5", "gateway.reload.mode is off: the change of agent.contextTokens", false, 4},
		{"restart", "/a", "6", "", true, 6},
		{"hybrid", "/a", "7", "", false, 7}, // the mode of the new text counts
		{"off", "/b", "8", "gateway.reload.mode is off", false, 7},
	} {
		p.write(text(step.mode, step.ui, step.tokens))
		if step.restart {
			checkGoodbye(t, c)
			c = dial(t, p.started())
		}
		var st wire.StatusSummary
		configStatus(t, c, step.mode+" "+step.tokens, func(s wire.StatusConfig) bool {
			c.ok("status", nil, &st)
			return strings.HasPrefix(s.Problem, step.problem) && (s.Problem == "") == (step.problem == "") && *st.Sessions.Defaults.ContextTokens == step.inForce
		})
	}
	p.restart <- "somebody asks"
	checkGoodbye(t, c)
	c = dial(t, p.started())
	var st wire.StatusSummary
	c.ok("status", nil, &st)
	if *st.Sessions.Defaults.ContextTokens != 8 || *st.Config != (wire.StatusConfig{Valid: true}) {
		t.Errorf("after the restart: %+v, %+v", st.Sessions.Defaults, st.Config)
	}
	if page := get(t, "http://"+strings.TrimPrefix(url, "ws://")+"/b/"); !strings.Contains(page, "<html") {
		t.Errorf("the page is not at its new place: %s", cut(page))
	}
}
