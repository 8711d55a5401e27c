package gateway_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestTelegram_webhook: Telegram posts through a proxy to the gateway's own port, and is answered; nobody else is.
func TestTelegram_webhook(t *testing.T) {
	t.Parallel()
	var target atomic.Pointer[url.URL]
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := target.Load()
		if to == nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		(&httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL, p.Out.Host = to, r.Host
			p.SetXForwarded()
		}}).ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	fake := telegramfake.Start(t, telegramfake.Options{})
	g := telegramOn(fake, fmt.Sprintf(`webhookUrl: "%s/bot", webhookPath: "/in/tg", allowFrom: ["77"]`, proxy.URL)).start(t)
	target.Store(&url.URL{Scheme: "http", Host: g.Addr(), Path: "/in/tg"})
	ctx := deadline(t)

	fake.Push(telegramfake.Direct(77, "hello?"))
	sent, err := fake.WaitSent(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	if sent[0].Text != "You said: hello?" {
		t.Errorf("answer %q", sent[0].Text)
	}
	for _, test := range []struct {
		method, path string
		status       int
	}{
		{"POST", "/in/tg", http.StatusUnauthorized},
		{"GET", "/in/tg", http.StatusNotFound},
		{"POST", "/in/tg/x", http.StatusForbidden},
		{"GET", "/", http.StatusForbidden},
	} {
		req, err := http.NewRequestWithContext(ctx, test.method, "http://"+g.Addr()+test.path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "bot.example.org"
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != test.status {
			t.Errorf("%s %s from outside: %s", test.method, test.path, resp.Status)
		}
	}
	if n := fake.Calls()["getUpdates"]; n != 0 {
		t.Errorf("polled %d times", n)
	}
	var st wire.ProvidersStatusResult
	if err := g.Call(ctx, "providers.status", nil, &st); err != nil || st.Telegram.Mode == nil || *st.Telegram.Mode != "webhook" || !st.Telegram.Running {
		t.Errorf("status %+v, %v", st.Telegram, err)
	}

	// Back to polling: the webhook goes off the record, and the path with it.
	raw := telegramOn(fake, `allowFrom: ["77"]`).config
	if err := g.Call(ctx, "config.set", wire.ConfigSetParams{Raw: raw}, nil); err != nil {
		t.Fatal(err)
	}
	if err := fake.WaitPolling(ctx); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(proxy.URL+"/bot", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusOK {
		t.Errorf("the path still answers: %s", resp.Status)
	}
}
