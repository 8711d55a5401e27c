package ws

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// Each request is an upgrade to 127.0.0.1 unless host says otherwise; "%h" is the server's address.
func TestGuard_upgrade(t *testing.T) {
	t.Parallel()
	plain := startHost(t, nil)
	listed := startHost(t, func(o *Options) {
		o.AllowedHosts = []string{"Gateway.Example.org"}
		o.AllowedOrigins = []string{"https://ui.example.org", "http://localhost:5173"}
	})
	tailscale := startHost(t, func(o *Options) {
		o.Auth.AllowTailscale = true
	})
	published := startHost(t, func(o *Options) {
		o.Auth.Password = "p"
		o.Published = func() string { return "Box.tail1.ts.net" }
	})
	listing := startHost(t, func(o *Options) {
		o.Auth.Token, o.AllowedHosts = "t", []string{"gw.example.org"}
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	})
	elsewhere := startHost(t, func(o *Options) {
		o.Auth.Token, o.TrustedProxies = "t", []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	})
	const funnelled = "X-Forwarded-For: 198.51.100.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: box.tail1.ts.net\r\n"
	const nginx = "X-Forwarded-For: 198.51.100.9\r\nX-Forwarded-Proto: https\r\nX-Real-IP: 198.51.100.9\r\n"
	const proxied = "Tailscale-User-Login: a@example.org\r\nX-Forwarded-For: 100.64.0.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: box.tail1.ts.net\r\n"
	for _, tc := range []struct {
		name   string
		h      *host
		host   string
		header string
		want   int
	}{
		{"plain", plain, "%h", "", 101},
		{"localhost", plain, "localhost:1", "", 101},
		{"LOCALHOST without a port", plain, "LOCALHOST", "", 101},
		{"IPv6 loopback", plain, "[::1]:18789", "", 101},
		{"foreign host", plain, "example.org", "", 403},
		{"rebound host with our port", plain, "evil.example.org:18789", "", 403},
		{"localhost as prefix", plain, "localhost.example.org", "", 403},
		{"other address", plain, "192.0.2.1", "", 403},
		{"listed host", listed, "gateway.example.org:18789", "", 101},
		{"below a listed host", listed, "x.gateway.example.org", "", 403},

		{"own origin", plain, "%h", "Origin: http://%h\r\n", 101},
		{"own origin with default port", plain, "localhost", "Origin: http://localhost\r\n", 101},
		{"own origin with explicit default port", plain, "localhost", "Origin: http://LOCALHOST:80\r\n", 101},
		{"other port", plain, "localhost:1", "Origin: http://localhost:2\r\n", 403},
		{"other scheme", plain, "localhost:1", "Origin: https://localhost:1\r\n", 403},
		{"other name for the same host", plain, "localhost:1", "Origin: http://127.0.0.1:1\r\n", 403},
		{"foreign origin", plain, "%h", "Origin: https://example.org\r\n", 403},
		{"null origin", plain, "%h", "Origin: null\r\n", 403},
		{"empty origin", plain, "%h", "Origin: \r\n", 403},
		{"file origin", plain, "%h", "Origin: file://\r\n", 403},
		{"two origins", plain, "%h", "Origin: http://%h\r\nOrigin: http://%h\r\n", 403},
		{"listed origin", listed, "%h", "Origin: https://ui.example.org\r\nSec-Fetch-Site: cross-site\r\n", 101},
		{"listed origin with port", listed, "%h", "Origin: http://localhost:5173\r\n", 101},
		{"listed name as suffix", listed, "%h", "Origin: https://evilui.example.org\r\n", 403},
		{"listed name, other scheme", listed, "%h", "Origin: http://ui.example.org\r\n", 403},
		{"cross-site without origin", plain, "%h", "Sec-Fetch-Site: cross-site\r\n", 403},
		{"cross-site that claims our origin", plain, "%h", "Origin: http://%h\r\nSec-Fetch-Site: cross-site\r\n", 403},

		{"Forwarded", plain, "%h", "Forwarded: for=127.0.0.1\r\n", 403},
		{"X-Forwarded-For", plain, "%h", "X-Forwarded-For: 127.0.0.1\r\n", 403},
		{"empty X-Forwarded-For", plain, "%h", "X-Forwarded-For: \r\n", 403},
		{"X-Real-IP", plain, "%h", "x-real-ip: 127.0.0.1\r\n", 403},
		{"X-Forwarded-Anything", plain, "%h", "X-Forwarded-Port: 1\r\n", 403},
		{"tailscale form, not allowed", plain, "%h", proxied, 403},
		{"tailscale form", tailscale, "%h", proxied, 101},
		{"tailscale form with its host and origin", tailscale, "box.tail1.ts.net", proxied + "Origin: https://box.tail1.ts.net\r\n", 101},
		{"tailscale form, http origin", tailscale, "box.tail1.ts.net", proxied + "Origin: http://box.tail1.ts.net\r\n", 403},
		{"tailscale form, foreign host", tailscale, "example.org", proxied, 403},
		{"tailscale form and more", tailscale, "%h", proxied + "X-Real-IP: 100.64.0.9\r\n", 403},
		{"half a tailscale form", tailscale, "%h", "Tailscale-User-Login: a@example.org\r\nX-Forwarded-For: 100.64.0.9\r\n", 403},
		{"published", published, "box.tail1.ts.net", funnelled, 101},
		{"published, with its origin", published, "box.tail1.ts.net", funnelled + "Origin: https://box.tail1.ts.net\r\n", 101},
		{"published, with a user", published, "box.tail1.ts.net", proxied, 101},
		{"published, foreign origin", published, "box.tail1.ts.net", funnelled + "Origin: https://example.org\r\n", 403},
		{"published, another host", published, "example.org", funnelled, 403},
		{"published, loopback host", published, "%h", funnelled, 403},
		{"published, without its headers", published, "box.tail1.ts.net", "", 403},
		{"published, half its headers", published, "box.tail1.ts.net", "X-Forwarded-For: 198.51.100.9\r\n", 403},
		{"published, and more", published, "box.tail1.ts.net", funnelled + "X-Real-IP: 198.51.100.9\r\n", 403},
		{"published, nobody", published, "box.tail1.ts.net", strings.Replace(funnelled, "198.51.100.9", "unknown", 1), 403},
		{"not published", plain, "box.tail1.ts.net", funnelled, 403},
		{"listed proxy", listing, "gw.example.org", nginx, 101},
		{"listed proxy, own origin", listing, "gw.example.org", nginx + "Origin: https://gw.example.org\r\n", 101},
		{"listed proxy, plain origin", listing, "gw.example.org", nginx + "Origin: http://gw.example.org\r\n", 403},
		{"listed proxy, foreign host", listing, "example.org", nginx, 403},
		{"listed proxy, for nobody", listing, "gw.example.org", "X-Real-IP: 198.51.100.9\r\n", 403},
		{"listed proxy, for junk", listing, "gw.example.org", "X-Forwarded-For: 198.51.100.9, junk\r\n", 403},
		{"a proxy that is not listed", elsewhere, "%h", nginx, 403},
		{"nobody's tailscale form", tailscale, "%h", strings.Replace(proxied, "a@example.org", " ", 1), 403},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			req := strings.Replace(tc.h.request(tc.header), tc.h.addr, tc.host, 1)
			c := tc.h.tcp(t, strings.ReplaceAll(req, "%h", tc.h.addr))
			if got := c.status(t); got != tc.want {
				t.Errorf("status %d, want %d", got, tc.want)
			}
		})
	}
}

func TestGuard_pages(t *testing.T) {
	t.Parallel()
	h := startHost(t, nil)
	for _, tc := range []struct {
		name, request string
		want          int
	}{
		{"page", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 200},
		{"foreign host", "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", 403},
		{"forwarded", "GET / HTTP/1.1\r\nHost: localhost\r\nForwarded: for=1.2.3.4\r\n\r\n", 403},
		{"no host", "GET / HTTP/1.0\r\n\r\n", 403},
		{"upgrade to something else", "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", 200},
		{"upgrade without key", "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n", 400},
		{"upgrade by POST", "POST / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n", 405},
		{"not HTTP", "hello\r\n\r\n", 400},
		{"headers too large", "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", 431},
	} {
		if got := h.tcp(t, tc.request).status(t); got != tc.want {
			t.Errorf("%s: status %d, want %d", tc.name, got, tc.want)
		}
	}
	eventually(t, "no refused request holds a slot", func() bool {
		h.slots.mu.Lock()
		defer h.slots.mu.Unlock()
		return h.slots.used == 0 && len(h.slots.byAddr) == 0
	})
}

func TestGuard_badOptions(t *testing.T) {
	t.Parallel()
	for _, o := range []string{"null", "*", "example.org", "https://example.org/path", "https://", "ftp://example.org"} {
		if _, err := newGuard(nil, []string{o}); err == nil {
			t.Errorf("origin %q accepted", o)
		}
	}
}

// A request that never ends its headers is cut off.
func TestHTTPServer_slowHeaders(t *testing.T) {
	t.Parallel()
	hs := HTTPServer(http.NotFoundHandler(), nil)
	if hs.ReadHeaderTimeout != 10*time.Second {
		t.Fatalf("ReadHeaderTimeout %v", hs.ReadHeaderTimeout)
	}
	hs.ReadHeaderTimeout = 50 * time.Millisecond
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = hs.Serve(ln)
	}()
	t.Cleanup(func() {
		_ = hs.Close()
		<-served
	})
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
	_ = c.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.ReadAll(c); err != nil {
		t.Fatalf("not cut off: %v", err)
	}
}

// Who is behind proxies is the last one that no listed proxy vouches for.
func TestGuard_client(t *testing.T) {
	t.Parallel()
	g := guard{proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/8")}}
	for in, want := range map[string]string{
		"198.51.100.9":                       "198.51.100.9",
		"1.1.1.1, 198.51.100.9":              "198.51.100.9",
		"1.1.1.1, 198.51.100.9 ,10.0.0.2":    "198.51.100.9",
		"127.0.0.1, 198.51.100.9, 127.0.0.1": "198.51.100.9",
		"10.0.0.3, 10.0.0.2":                 "10.0.0.3",
		"198.51.100.9:4711":                  "198.51.100.9",
		"[2001:db8::1]:4711":                 "2001:db8::1",
		"::ffff:198.51.100.9":                "198.51.100.9",
		"2001:db8::1, 10.0.0.2":              "2001:db8::1",
		"198.51.100.9,":                      "",
		"198.51.100.9, unknown":              "",
		"unknown, 10.0.0.2":                  "",
		"":                                   "",
	} {
		addr, ok := g.client(http.Header{"X-Forwarded-For": {in}})
		if got := addr.String(); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %s, %v", in, got, ok)
		}
	}
	two := http.Header{"X-Forwarded-For": {"127.0.0.1", "198.51.100.9"}} // a client's own, and the proxy's
	if addr, _ := g.client(two); addr.String() != "198.51.100.9" {
		t.Errorf("two headers: %s", addr)
	}
}

// A request through a proxy is never taken for one of this host, and guesses are counted by who makes them.
func TestGuard_proxiedIsNotDirect(t *testing.T) {
	t.Parallel()
	g := guard{hosts: []string{"gw.example.org"}, proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}
	r := &http.Request{RemoteAddr: "127.0.0.1:5000", Host: "gw.example.org", Header: http.Header{"X-Forwarded-For": {"198.51.100.9"}}}
	from, refused := g.request(r, false)
	if refused != "" || from.direct || from.local || from.https || from.addr.String() != "198.51.100.9" || rateOf(from) != strangerRate {
		t.Errorf("%q %+v", refused, from)
	}
	r.Header.Set("X-Forwarded-Proto", "https")
	r.Header.Set("X-Forwarded-For", "127.0.0.1") // the proxy is asked by somebody on this host
	if from, refused = g.request(r, false); refused != "" || from.direct || !from.https {
		t.Errorf("%q %+v", refused, from)
	}
	r.Header = http.Header{}
	r.Host = "localhost"
	if from, refused = g.request(r, false); refused != "" || !from.direct || from.https {
		t.Errorf("%q %+v", refused, from)
	}
}
