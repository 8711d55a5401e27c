package gateway_test

import (
	"context"
	"errors"
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

// TestTelegramLogout: the token goes from the file, the rest of it stays, and the bot is off (protocol 13, providers).
func TestTelegramLogout(t *testing.T) {
	t.Parallel()
	fake := telegramfake.Start(t, telegramfake.Options{})
	s := telegramOn(fake, "\n  // my friends\n  allowFrom: [7],\n")
	s.dir = t.TempDir()
	g := s.start(t)
	c := dial(t, g.URL())
	if err := fake.WaitPolling(deadline(t)); err != nil {
		t.Fatal(err)
	}
	var st wire.ProvidersStatusResult
	if c.ok("providers.status", nil, &st); !st.Telegram.Configured || !st.Telegram.Running {
		t.Fatalf("before: %+v", st.Telegram)
	}
	var out wire.TelegramLogoutResult
	c.ok("telegram.logout", map[string]any{"ignored": 1}, &out)
	b, err := os.ReadFile(filepath.Join(s.dir, "clawdbot.json"))
	if err != nil {
		t.Fatal(err)
	}
	if out != (wire.TelegramLogoutResult{Cleared: true}) || strings.Contains(string(b), "botToken") || !strings.Contains(string(b), "// my friends") || !strings.Contains(string(b), "allowFrom: [7]") {
		t.Errorf("logout %+v, file:\n%s", out, b)
	}
	c.ok("providers.status", nil, &st)
	if st.Telegram.Running || st.Telegram.Configured || st.Telegram.TokenSource != "none" || st.Telegram.LastError == nil || *st.Telegram.LastError != "not configured" {
		t.Errorf("after: %+v", st.Telegram)
	}
	if c.ok("telegram.logout", nil, &out); out != (wire.TelegramLogoutResult{}) {
		t.Errorf("again: %+v", out)
	}

	if err := os.WriteFile(filepath.Join(s.dir, "clawdbot.json"), []byte(`{telegram: {botToken: "x"`), 0o600); err != nil {
		t.Fatal(err)
	}
	if e := c.refused("telegram.logout", nil); e.Code != wire.CodeInvalidRequest || e.Message != "config invalid; fix it before logging out" {
		t.Errorf("with a broken file: %+v", e)
	}
}

// TestTelegramLogout_tokenOfTheEnvironment: it cannot be removed, and the bot is off all the same.
func TestTelegramLogout_tokenOfTheEnvironment(t *testing.T) {
	t.Parallel()
	fake := telegramfake.Start(t, telegramfake.Options{})
	s := telegramOn(fake, "")
	s.dir, s.env = t.TempDir(), map[string]string{"TELEGRAM_BOT_TOKEN": fake.Token()}
	s.config = strings.Replace(s.config, "botToken", "tokenFile", 1)
	c := dial(t, s.start(t).URL())
	if err := fake.WaitPolling(deadline(t)); err != nil {
		t.Fatal(err)
	}
	var out wire.TelegramLogoutResult
	var st wire.ProvidersStatusResult
	c.ok("telegram.logout", nil, &out)
	c.ok("providers.status", nil, &st)
	if out != (wire.TelegramLogoutResult{EnvToken: true}) || st.Telegram.Running || st.Telegram.LastError == nil || *st.Telegram.LastError != "logged out" {
		t.Errorf("logout %+v, then %+v", out, st.Telegram)
	}
}

// TestProviders_fresh: what a gateway without any surface says (protocol 13, providers).
func TestProviders_fresh(t *testing.T) {
	t.Parallel()
	g := setup{options: func(o *gateway.Options) { o.Providers = []providers.Factory{telegram.Factory()} }}.start(t)
	c := dial(t, g.URL())
	raw := string(c.ok("providers.status", nil, nil).Payload)
	for _, want := range []string{
		`"whatsapp":{"configured":false,"linked":false,"authAgeMs":null,"self":{"e164":null,"jid":null},"running":false,"connected":false,"lastConnectedAt":null,` +
			`"lastDisconnect":null,"reconnectAttempts":0,"lastMessageAt":null,"lastEventAt":null,"lastError":"not linked"}`,
		`"telegram":{"configured":false,"tokenSource":"none","mode":null,"running":false,"lastStartAt":null,"lastStopAt":null,"lastError":"not configured","lastProbeAt":null}`,
	} {
		if !strings.Contains(raw, want) {
			t.Errorf("status %s\nlacks  %s", raw, want)
		}
	}
	if got := string(c.ok("telegram.logout", nil, nil).Payload); got != `{"cleared":false,"envToken":false}` {
		t.Errorf("telegram.logout %s", got)
	}
	if got := string(c.ok("web.logout", nil, nil).Payload); got != `{"cleared":false}` {
		t.Errorf("web.logout %s", got)
	}
	f := c.ok("web.login.start", wire.WebLoginStartParams{Force: true}, nil)
	if strings.Contains(f.raw, "qrDataUrl") || !strings.Contains(f.raw, "no whatsapp") {
		t.Errorf("web.login.start %s", f.raw)
	}
	if f := c.ok("web.login.wait", nil, nil); !strings.Contains(f.raw, `"connected":false,"message":"This`) {
		t.Errorf("web.login.wait %s", f.raw)
	}
	if e := c.refused("web.login.wait", map[string]any{"timeoutMs": -1}); e.Message != "invalid web.login.wait params: data/timeoutMs must be >= 0" {
		t.Errorf("web.login.wait: %+v", e)
	}
}

// linked is a surface that is linked by scanning a code.
type linked struct {
	*account
	scanned chan struct{}
}

func (l *linked) StartLink(_ context.Context, r providers.LinkRequest) (providers.LinkCode, error) {
	if r.Force {
		return providers.LinkCode{Message: "scan the code", QRDataURL: "data:image/png;base64,iVBORw0KGgo="}, nil
	}
	return providers.LinkCode{}, errors.New("no network")
}

func (l *linked) WaitLink(ctx context.Context) (bool, string, error) {
	select {
	case <-l.scanned:
		return true, "linked", nil
	case <-ctx.Done():
		return false, "still waiting", nil
	}
}

func (l *linked) Unlink(context.Context) (bool, error) { return true, nil }

// TestWebLogin: what a provider that can be linked answers is what the client gets; once it is linked it starts over.
func TestWebLogin(t *testing.T) {
	t.Parallel()
	w, scanned := newSurface("whatsapp"), make(chan struct{})
	started := make(chan struct{}, 10)
	g := setup{options: func(o *gateway.Options) {
		o.Providers = []providers.Factory{{Surface: "whatsapp", New: func(env providers.Env) (providers.Provider, error) {
			started <- struct{}{}
			return &linked{&account{w, env}, scanned}, nil
		}}}
	}}.start(t)
	c := dial(t, g.URL())
	<-started
	var st wire.ProvidersStatusResult
	for !st.WhatsApp.Connected {
		c.ok("providers.status", nil, &st)
	}
	if got := string(c.ok("web.login.start", wire.WebLoginStartParams{Force: true}, nil).Payload); got != `{"message":"scan the code","qrDataUrl":"data:image/png;base64,iVBORw0KGgo="}` {
		t.Errorf("web.login.start %s", got)
	}
	if e := c.refused("web.login.start", nil); e.Code != wire.CodeUnavailable || e.Message != "Error: no network" {
		t.Errorf("web.login.start: %+v", e)
	}
	if got := string(c.ok("web.login.wait", wire.WebLoginWaitParams{TimeoutMs: ptr(int64(1))}, nil).Payload); got != `{"connected":false,"message":"still waiting"}` {
		t.Errorf("web.login.wait %s", got)
	}
	close(scanned)
	if got := string(c.ok("web.login.wait", nil, nil).Payload); got != `{"connected":true,"message":"linked"}` {
		t.Errorf("web.login.wait %s", got)
	}
	<-started
	for st.WhatsApp.Connected = false; !st.WhatsApp.Connected; {
		c.ok("providers.status", nil, &st)
	}
	if got := string(c.ok("web.logout", nil, nil).Payload); got != `{"cleared":true}` {
		t.Errorf("web.logout %s", got)
	}
}
