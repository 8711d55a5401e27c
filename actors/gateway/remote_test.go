package gateway_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/transport/certificate"
	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

func summary(t *testing.T, g *gateway.Gateway) (s wire.StatusSummary) {
	t.Helper()
	if err := g.Call(t.Context(), "status", nil, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// pinned is an HTTP client that accepts one certificate.
func pinned(t *testing.T, fingerprint string) *http.Client {
	t.Helper()
	trust, err := client.TLSConfig("https:", fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true}}
}

func fetchAs(t *testing.T, c *http.Client, method, url string, header http.Header, body string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	resp, text := answered(t, c, r)
	return resp.StatusCode, text
}

// TestTLS_serves: the WebSocket, the page, hooks and the canvas are there over TLS, with a certificate that stays the same, and
// whoever speaks plain text is told so.
func TestTLS_serves(t *testing.T) {
	t.Parallel()
	var told string
	s := setup{dir: t.TempDir(), config: `{gateway: {tls: {enabled: true}, auth: {token: "right"}, allowedHosts: ["gw.example.org"]},
		hooks: {enabled: true, token: "hook token of the test"}}`,
		options: func(o *gateway.Options) { o.OnCertificate = func(f string) { told = f } }}
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	info := summary(t, g).TLS
	if info == nil || info.Fingerprint != told || !info.Own || info.Problem != "" || !strings.Contains(strings.Join(info.Names, " "), "gw.example.org") {
		t.Fatalf("%+v, told %s", info, told)
	}
	if f, err := os.Stat(info.Path); err != nil || f.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", f, err)
	}
	c, err := client.Dial(t.Context(), client.Options{URL: g.URL(), Token: "right", TLSFingerprint: info.Fingerprint})
	if err != nil {
		t.Fatal(err)
	}
	if at := c.Hello().CanvasHostURL; at != strings.Replace(g.URL(), "wss", "https", 1) {
		t.Errorf("the canvas is at %s", at)
	}
	if err := errors.Join(c.Call(t.Context(), "health", nil, nil), c.Close()); err != nil {
		t.Error(err)
	}
	web, page := pinned(t, info.Fingerprint), strings.Replace(g.URL(), "wss", "https", 1)
	for _, tc := range []struct {
		method, path, body string
		header             http.Header
		want               int
	}{
		{"GET", "/", "", nil, 200},
		{"GET", "/healthz", "", nil, 200},
		{"GET", "/__clawdbot__/canvas/", "", nil, 200},
		{"POST", "/hooks/wake", `{"text":"x"}`, http.Header{"Authorization": {"Bearer hook token of the test"}, "Content-Type": {"application/json"}}, 200},
		{"POST", "/hooks/wake", `{"text":"x"}`, http.Header{"Content-Type": {"application/json"}}, 401},
	} {
		if got, text := fetchAs(t, web, tc.method, page+tc.path, tc.header, tc.body); got != tc.want {
			t.Errorf("%s: %d %s", tc.path, got, text)
		}
	}
	if got, text := fetchAs(t, http.DefaultClient, "GET", "http://"+g.Addr()+"/", nil, ""); got != 400 || !strings.Contains(text, "HTTPS") {
		t.Errorf("plain text: %d %q", got, text)
	}
	stop(t, g)
	if again := s.start(t); summary(t, again).TLS.Fingerprint != info.Fingerprint {
		t.Error("another start, another certificate")
	}
}

// TestTLS_origin: the page that comes over TLS may connect, one that claims to come over plain text may not.
func TestTLS_origin(t *testing.T) {
	t.Parallel()
	g := setup{config: `{gateway: {tls: {enabled: true}}}`}.start(t)
	web := pinned(t, summary(t, g).TLS.Fingerprint)
	for origin, want := range map[string]int{"https://" + g.Addr(): 101, "http://" + g.Addr(): 403, "https://example.org": 403} {
		h := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="}, "Origin": {origin}}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+g.Addr()+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = h
		resp, err := web.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", origin, resp.StatusCode, want)
		}
	}
}

// TestTLS_ownFiles: files of the user's are shown, taken up when they change, and refused with their path when they cannot be
// used, at a start and while it runs.
func TestTLS_ownFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(name string) {
		content, err := certificate.Make([]string{name}, time.Now())
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "pair.pem"), content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	put("one.example")
	s := setup{dir: dir, config: `{gateway: {tls: {enabled: true, certPath: "pair.pem", keyPath: "pair.pem"}}}`}
	g := s.start(t)
	if i := summary(t, g).TLS; i.Own || i.Path != filepath.Join(dir, "pair.pem") || i.Names[0] != "one.example" {
		t.Fatalf("%+v", i)
	}
	put("two.example")
	seen := ""
	for end := time.Now().Add(patience); seen != "two.example" && time.Now().Before(end); pause(t) {
		err := tlsDial(t.Context(), g.Addr(), func(c tls.ConnectionState) { seen = c.PeerCertificates[0].DNSNames[0] })
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen != "two.example" {
		t.Errorf("shown: %s", seen)
	}

	for _, tc := range []struct{ config, path, want string }{
		{`{gateway: {tls: {enabled: true, certPath: "none.pem", keyPath: "pair.pem"}}}`, "gateway.tls.certPath", filepath.Join(dir, "none.pem") + ": no such file"},
		{`{gateway: {tls: {enabled: true, certPath: "pair.pem", keyPath: "clawdbot.json"}}}`, "gateway.tls.keyPath", filepath.Join(dir, "clawdbot.json") + ": "},
		{`{gateway: {tls: {enabled: true, certPath: "pair.pem"}}}`, "gateway.tls.keyPath", "is required"},
		{`{gateway: {tls: {enabled: true, autoGenerate: false}}}`, "gateway.tls", "needs certPath and keyPath"},
	} {
		_, err := setup{dir: dir, config: tc.config}.new(t)
		e, ok := errors.AsType[*gateway.InvalidConfig](err)
		if !ok || len(e.Issues) != 1 || e.Issues[0].Path != tc.path || !strings.Contains(e.Issues[0].Message, tc.want) {
			t.Errorf("%s: %v", tc.config, err)
		}
	}
}

func tlsDial(ctx context.Context, addr string, see func(tls.ConnectionState)) error {
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	see(c.(*tls.Conn).ConnectionState())
	return c.Close()
}

// TestProxy_trusted: what comes through a listed proxy is let in with a credential, never as this host, and shows whom it is for.
func TestProxy_trusted(t *testing.T) {
	t.Parallel()
	g := setup{config: `{gateway: {trustedProxies: ["127.0.0.1"], allowedHosts: ["gw.example.org"], auth: {token: "right"}}}`}.start(t)
	for _, tc := range []struct {
		header http.Header
		want   int
	}{
		{http.Header{"X-Forwarded-For": {"198.51.100.9"}, "X-Forwarded-Proto": {"https"}}, 200},
		{http.Header{"X-Real-Ip": {"198.51.100.9"}}, 403},
		{nil, 200},
	} {
		if got, text := fetchAs(t, http.DefaultClient, "GET", "http://"+g.Addr()+"/healthz", tc.header, ""); got != tc.want {
			t.Errorf("%v: %d %s", tc.header, got, text)
		}
	}
	// A canvas page is for this host; who is behind the proxy needs a link.
	through := http.Header{"X-Forwarded-For": {"127.0.0.1"}}
	if got, _ := fetchAs(t, http.DefaultClient, "GET", "http://"+g.Addr()+"/__clawdbot__/canvas/", through, ""); got == 200 {
		t.Error("the canvas is open to whoever is behind the proxy")
	}
	_, err := setup{config: `{gateway: {trustedProxies: ["127.0.0.1"]}}`}.new(t)
	if e, ok := errors.AsType[*gateway.InvalidConfig](err); !ok || e.Issues[0].Path != "gateway.trustedProxies" {
		t.Errorf("without a credential: %v", err)
	}
}
