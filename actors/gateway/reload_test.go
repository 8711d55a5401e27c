package gateway_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/providers/telegram"
	"github.com/clawdbot/gateway/transport/wire"
)

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
