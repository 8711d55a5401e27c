package telegram

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
)

// front as webhookUrl stands for the address of a server in front of what the provider mounts.
const front = "front"

func (b *bench) front(t *testing.T) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := b.mounted.Load(); h != nil && r.URL.Path == "/hook" {
			h.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/hook"
}

func (b *bench) mount(path string, h http.Handler) (func(), error) {
	if path != "/hook" {
		return nil, errors.New("taken")
	}
	b.mounted.Store(h.(*hook))
	return func() { b.mounted.Store(nil) }, nil
}

func newHookBench(t *testing.T) *bench {
	opt := quick()
	opt.watch = 20 * time.Millisecond
	return newBench(t, map[string]any{"webhookUrl": front, "webhookPath": "/hook", "webhookSecret": "planted-secret_1"}, opt)
}

func TestWebhook_takesInOrderAndOnlyWhatIsStored(t *testing.T) {
	t.Parallel()
	b := newHookBench(t)
	two := "two"
	b.fail.Store(&two)
	ids := b.Push(telegramfake.Direct(7, "one"), telegramfake.Direct(7, "two"), telegramfake.Update{}, telegramfake.Direct(7, "three"))
	stop := b.run(t)
	if diff := cmp.Diff([]string{"one", "two", "three"}, b.texts(t, 3)); diff != "" {
		t.Error(diff)
	}
	if err := b.WaitAcked(b.ctx, ids[3]); err != nil {
		t.Fatal(err)
	}
	if b.Posts() < 5 { // three, one that is nothing to us, and the second one once more
		t.Errorf("%d posts", b.Posts())
	}
	if n := b.Calls()["getUpdates"] + b.Calls()["deleteWebhook"]; n != 0 {
		t.Errorf("%d calls of polling", n)
	}
	if p := b.LastCall("setWebhook"); p["secret_token"] != "planted-secret_1" || p["allowed_updates"] != `["message","edited_message","message_reaction"]` {
		t.Errorf("setWebhook %v", p)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if b.mounted.Load() != nil {
		t.Error("the path is still mounted after Run")
	}
}

func TestWebhook_secret(t *testing.T) {
	t.Parallel()
	b := newHookBench(t)
	b.run(t)
	b.awaitLink(t, providers.LinkUp)
	body := `{"update_id":1,"message":{"message_id":1,"date":1,"text":"forged","from":{"id":7},"chat":{"id":7,"type":"private"}}}`
	for secret, want := range map[string]int{"": 401, "planted-secret_": 401, "planted-secret_2": 401, "planted-secret_1": 200} {
		r := httptest.NewRequest(http.MethodPost, "/hook", strings.NewReader(body))
		r.Header.Set(secretHeader, secret)
		w := httptest.NewRecorder()
		b.mounted.Load().ServeHTTP(w, r.WithContext(b.ctx))
		if w.Code != want {
			t.Errorf("secret %q: %d", secret, w.Code)
		}
	}
	if got := b.texts(t, 1); len(b.received) != 0 {
		t.Errorf("forged posts were taken: %v", got)
	}
	other, err := newProvider(providers.Env{
		Config: json.RawMessage(`{"botToken":"1:x","webhookUrl":"https://h/x"}`), Mount: b.mount,
	}, quick())
	if err != nil || len(other.secret) < 20 {
		t.Errorf("without a secret: %v", err)
	}
}

// TestWebhook_noticesThatNobodyCanPost: the tunnel is dead, Telegram has an error on record; then it is back.
func TestWebhook_noticesThatNobodyCanPost(t *testing.T) {
	t.Parallel()
	b := newHookBench(t)
	b.run(t)
	b.awaitLink(t, providers.LinkUp)
	h := b.mounted.Swap(nil)
	b.Push(telegramfake.Direct(7, "late"))
	s := b.awaitLink(t, providers.LinkDegraded)
	if !strings.Contains(s.Reason, "Wrong response from the webhook: 404") || !strings.Contains(s.Reason, "1 messages wait") {
		t.Errorf("reason %q", s.Reason)
	}
	b.mounted.Store(h)
	b.awaitLink(t, providers.LinkUp)
	b.texts(t, 1)
}

func TestWebhook_isPutBackWhenItIsGone(t *testing.T) {
	t.Parallel()
	b := newHookBench(t)
	b.run(t)
	b.awaitLink(t, providers.LinkUp)
	b.SetWebhook("")
	if s := b.awaitLink(t, providers.LinkDegraded); !strings.Contains(s.Reason, "no longer on record") {
		t.Errorf("reason %q", s.Reason)
	}
	b.awaitLink(t, providers.LinkUp)
	b.Push(telegramfake.Direct(7, "again"))
	b.texts(t, 1)
}

func TestWebhook_watchIsQuickEnough(t *testing.T) {
	t.Parallel()
	if o := defaultOptions(); o.watch+o.call > 90*time.Second {
		t.Errorf("a dead webhook may go unnoticed for %v", o.watch+o.call)
	}
}

func TestWebhook_config(t *testing.T) {
	t.Parallel()
	mount := func(string, http.Handler) (func(), error) { return func() {}, nil }
	for _, test := range []struct {
		config, field string
		env           providers.Env
	}{
		{`{"webhookUrl":"bot.example.org"}`, "webhookUrl: must be a URL", providers.Env{Mount: mount}},
		{`{"webhookUrl":"http://bot.example.org/"}`, "webhookUrl: Telegram posts to https", providers.Env{Mount: mount}},
		{`{"webhookUrl":"https://bot.example.org/"}`, "webhookUrl: this program has no HTTP port", providers.Env{}},
		{`{"webhookPath":"x"}`, "webhookPath", providers.Env{Mount: mount}},
		{`{"webhookPath":"/a/../b"}`, "webhookPath", providers.Env{Mount: mount}},
		{`{"webhookSecret":"planted secret"}`, "webhookSecret", providers.Env{Mount: mount}},
		{`{"webhookSecret":"` + strings.Repeat("p", 257) + `"}`, "webhookSecret", providers.Env{Mount: mount}},
	} {
		test.env.Config = json.RawMessage(strings.Replace(test.config, "{", `{"botToken":"1:x",`, 1))
		_, err := newProvider(test.env, quick())
		if err == nil || !strings.Contains(err.Error(), "telegram."+test.field) || strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: %v", test.config, err)
		}
	}
}
