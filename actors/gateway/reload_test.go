package gateway_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/providers/telegram"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestReload_credential: a changed credential closes what came in with the old one within a second, and nothing else
// happens to the gateway.
func TestReload_credential(t *testing.T) {
	t.Parallel()
	text := func(auth string) string {
		return fmt.Sprintf("{gateway: {auth: {%s}, reload: {debounceMs: 1}}}", auth)
	}
	p, url := setup{config: text("token: 'CANARY-one'")}.run(t)
	clients := []*socket{dial(t, url, token("CANARY-one")), dial(t, url, token("CANARY-one"), as("cli", ""))}
	begin := time.Now()
	p.write(text("token: 'CANARY-two'"))
	for _, c := range clients {
		if code, reason := c.ended(); code != 1008 || reason != wire.ReasonAuth {
			t.Errorf("closed %d %q", code, reason)
		}
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("it took %s", took)
	}
	if f := open(t, url, nil).connect(token("CANARY-one")); f.OK {
		t.Error("the old token is good")
	}
	c := dial(t, url, token("CANARY-two"))
	p.write(text("token: 'undefined'")) // invalid: nothing happens
	got := configStatus(t, c, "the problem", func(s wire.StatusConfig) bool { return s.Problem != "" })
	if got.Valid || !strings.Contains(got.Problem, "gateway.auth.token") {
		t.Errorf("%+v", got)
	}
	p.write(text("token: 'CANARY-two', password: 'CANARY-three', mode: 'token'")) // the same credential
	configStatus(t, c, "taken over", func(s wire.StatusConfig) bool { return s == wire.StatusConfig{Valid: true} })
	p.write(text("password: 'CANARY-three'"))
	if code, _ := c.ended(); code != 1008 {
		t.Errorf("closed %d", code)
	}
	dial(t, url, func(p *wire.ConnectParams) { p.Auth = &wire.ConnectAuth{Password: "CANARY-three"} })
	if log := p.log.String(); strings.Contains(log, "CANARY") || strings.Contains(log, "restarts") {
		t.Errorf("log:\n%s", log)
	}
}

// TestReload_badFile: whatever happens to the file, what runs stays, the status says why, and one line is logged.
func TestReload_badFile(t *testing.T) {
	t.Parallel()
	const good = "{gateway: {reload: {debounceMs: 100}}, talk: {apiKey: 'CANARY-key'}, agent: {contextTokens: 77}}"
	p, url := setup{config: good}.run(t)
	c := dial(t, url)
	write := func(text string) func() {
		return func() { p.write(text) }
	}
	for _, bad := range []struct {
		name    string
		change  func()
		problem string
	}{
		{"half-written", write(good[:70]), "is not valid: JSON5 parse failed: line 1, column 71"},
		{"a wrong type beside a secret", write("{talk: {apiKey: 'CANARY-key', voiceId: {CANARY: 1}}}"), "is not valid: talk.voiceId"},
		{"deleted", func() { _ = os.Remove(p.file()) }, "is gone"},
		{"a directory", func() { _ = os.Mkdir(p.file(), 0o700) }, "is not a regular file"},
		{"10 MB", func() { _ = os.Remove(p.file()); p.write(strings.Repeat(" ", 10<<20) + good) }, "the file is larger than 4 MiB"},
		{"deep nesting", write(strings.Repeat("[", 100_000)), "deeper"},
		{"unreadable", func() {
			_ = os.Remove(p.file())
			if err := os.Symlink(p.file(), p.file()); err != nil { // root can read everything but this
				t.Fatal(err)
			}
		}, "symbolic links"},
	} {
		bad.change()
		got := configStatus(t, c, bad.name, func(s wire.StatusConfig) bool { return strings.Contains(s.Problem, bad.problem) })
		if got.Valid || strings.Contains(got.Problem, "CANARY") {
			t.Errorf("%s: %+v", bad.name, got)
		}
		if _, err := os.Lstat(p.file()); err == nil && bad.name != "unreadable" { // it is looked at once more
			_ = os.Chtimes(p.file(), time.Now(), time.Now())
		}
		var st wire.StatusSummary
		if c.ok("status", nil, &st); *st.Sessions.Defaults.ContextTokens != 77 {
			t.Errorf("%s: the running configuration changed", bad.name)
		}
		lines := 0
		for line := range strings.Lines(p.log.String()) {
			if strings.Contains(line, "config file not in effect") && strings.Contains(line, bad.problem) {
				lines++
			}
		}
		if lines != 1 && bad.name != "deleted" { // which it is for a moment before the next change, too
			t.Errorf("%s: not one line\n%s", bad.name, p.log)
		}
	}
	_ = os.Remove(p.file())
	p.write(good)
	configStatus(t, c, "good again", func(s wire.StatusConfig) bool { return s == wire.StatusConfig{Valid: true} })
	if strings.Contains(p.log.String(), "CANARY") {
		t.Error("a secret is in the log")
	}
}

// TestReload_surface: a surface that config.set sets up starts at once, and a broken file changes nothing.
func TestReload_surface(t *testing.T) {
	t.Parallel()
	fake := telegramfake.Start(t, telegramfake.Options{})
	s := setup{
		dir:     t.TempDir(),
		config:  fmt.Sprintf("{\n  // where Telegram is\n  dev: {endpoints: {telegram: %q}},\n}\n", fake.URL()),
		options: func(o *gateway.Options) { o.Providers = []providers.Factory{telegram.Factory()} },
	}
	g := s.start(t)
	ctx := deadline(t)
	raw := fmt.Sprintf(`{"dev":{"endpoints":{"telegram":%q}},"telegram":{"botToken":%q,"allowFrom":["*"]}}`, fake.URL(), fake.Token())
	var set map[string]any
	if err := g.Call(ctx, "config.set", wire.ConfigSetParams{Raw: raw}, &set); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(fmt.Sprint(set), fake.Token()) {
		t.Error("the result of config.set shows the token")
	}
	path := filepath.Join(s.dir, "clawdbot.json")
	if file, err := os.ReadFile(path); err != nil || !strings.Contains(string(file), "// where Telegram is") {
		t.Errorf("the comment is gone: %s (%v)", file, err)
	}
	if err := fake.WaitPolling(ctx); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("{telegram: {botToken: 5"), 0o600); err != nil {
		t.Fatal(err)
	}
	fake.Push(telegramfake.Direct(77, "still there?"))
	sent, err := fake.WaitSent(ctx, 1)
	if err != nil || sent[0].Text != "You said: still there?" {
		t.Errorf("answer %+v, %v", sent, err)
	}
}
