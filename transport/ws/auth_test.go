package ws

import (
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The table of protocol 1.10.
func TestAuth_check(t *testing.T) {
	t.Parallel()
	here := origin{local: true, direct: true}
	proxied := origin{local: true, tailscale: true}
	away := origin{}
	for _, tc := range []struct {
		name     string
		settings Settings
		shown    shown
		want     verdict
	}{
		{"none, this host", Settings{}, shown{from: here}, accepted},
		{"none, credentials ignored", Settings{}, shown{token: "x", from: here}, accepted},
		{"none, another host", Settings{}, shown{from: away}, missing},
		{"none, proxied", Settings{AllowTailscale: true}, shown{from: proxied}, accepted},
		{"none, tailscale allowed, this host", Settings{AllowTailscale: true}, shown{from: here}, accepted},
		{"none, tailscale allowed, another host", Settings{AllowTailscale: true}, shown{from: away}, missing},
		{"none, tailscale allowed, through another proxy", Settings{AllowTailscale: true}, shown{from: origin{local: true}}, missing},
		{"none, proxied but not allowed", Settings{}, shown{from: proxied}, missing},
		{"token", Settings{Token: "t"}, shown{token: "t", from: away}, accepted},
		{"token, loopback is no identity", Settings{Token: "t"}, shown{from: here}, missing},
		{"token, wrong", Settings{Token: "t"}, shown{token: "u", from: here}, wrong},
		{"token, prefix", Settings{Token: "token"}, shown{token: "toke", from: here}, wrong},
		{"token, as password", Settings{Token: "t"}, shown{password: "t", from: here}, missing},
		{"token, proxied", Settings{Token: "t", AllowTailscale: true}, shown{token: "u", from: proxied}, accepted},
		{"token, proxied, and the token", Settings{Token: "t", AllowTailscale: true}, shown{token: "t", from: proxied}, accepted},
		{"token, tailscale allowed, another host", Settings{Token: "t", AllowTailscale: true}, shown{from: away}, missing},
		{"token, tailscale allowed, this host", Settings{Token: "t", AllowTailscale: true}, shown{from: here}, missing},
		{"token, proxied but not allowed", Settings{Token: "t"}, shown{from: proxied}, missing},
		{"password wins over token", Settings{Token: "t", Password: "p"}, shown{password: "p", from: away}, accepted},
		{"password, token does not do", Settings{Token: "t", Password: "p"}, shown{token: "t", from: away}, missing},
		{"password, wrong", Settings{Password: "p"}, shown{password: "q", from: away}, wrong},
		{"password, proxied, and the password", Settings{Password: "p", AllowTailscale: true}, shown{password: "p", from: proxied}, accepted},
		{"password, proxied", Settings{Password: "p", AllowTailscale: true}, shown{from: proxied}, missing},
		{"explicit mode", Settings{Mode: ModeToken, Token: "t", Password: "p"}, shown{token: "t", from: away}, accepted},
	} {
		c, err := tc.settings.digest()
		if err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		if got := c.check(tc.shown); got != tc.want {
			t.Errorf("%s: verdict %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestAuth_settings(t *testing.T) {
	t.Parallel()
	for _, s := range []Settings{
		{Token: " "}, {Token: "undefined"}, {Token: "NULL"}, {Password: "\t"}, {Password: "null"},
		{Mode: ModeToken}, {Mode: ModePassword, Token: "t"}, {Mode: "open"}, {Mode: ModeToken, Token: "t", Password: " "},
	} {
		if s.Validate() == nil {
			t.Errorf("%+v accepted", struct{ m, t, p string }{string(s.Mode), s.Token, s.Password})
		}
	}
	for _, s := range []Settings{{}, {Token: "t"}, {Mode: ModeNone, Token: "t"}} {
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
	}
}

func TestAuth_secretsStayOut(t *testing.T) {
	t.Parallel()
	s := Settings{Token: "canary", Password: "canary"}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "auth", s)
	if text := fmt.Sprintf("%v %+v %#v %s %v", s, s, s, s, s.LogValue()) + log.String(); strings.Contains(text, "canary") {
		t.Error(text)
	}
}

// Failed attempts are counted by address and credential; success does not refill, time does.
func TestFailures_limit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFailures(time.Now)
		v4 := origin{addr: netip.MustParseAddr("192.0.2.1")}
		spend := func(o origin, mode Mode, n int) {
			for range n {
				if f.wait(o, mode) > 0 {
					t.Fatalf("%v %s refused too early", o.addr, mode)
				}
				f.count(o, mode)
			}
			if f.wait(o, mode) == 0 {
				t.Fatalf("%v %s not refused after %d", o.addr, mode, n)
			}
		}
		spend(v4, ModeToken, 10)
		if f.wait(v4, ModePassword) > 0 {
			t.Error("another credential is refused too")
		}
		if f.wait(origin{addr: netip.MustParseAddr("192.0.2.2")}, ModeToken) > 0 {
			t.Error("another address is refused too")
		}
		time.Sleep(f.wait(v4, ModeToken) - time.Millisecond)
		if f.wait(v4, ModeToken) == 0 {
			t.Error("accepted before the time it named")
		}
		time.Sleep(time.Millisecond)
		spend(v4, ModeToken, 1)

		// All of a /64 is one guesser.
		spend(origin{addr: netip.MustParseAddr("2001:db8::1")}, ModeToken, 10)
		if f.wait(origin{addr: netip.MustParseAddr("2001:db8::ffff:2")}, ModeToken) == 0 {
			t.Error("the same /64 has a budget of its own")
		}
		if f.wait(origin{addr: netip.MustParseAddr("2001:db8:0:1::1")}, ModeToken) > 0 {
			t.Error("another /64 is refused too")
		}

		// A page in a browser on this host does not have the budget of the host's own programs.
		lo := netip.MustParseAddr("127.0.0.1")
		spend(origin{addr: lo, local: true, direct: true, browser: true}, ModeToken, 10)
		spend(origin{addr: lo, local: true, direct: true}, ModeToken, 100)
	})
}

func TestFailures_bounded(t *testing.T) {
	t.Parallel()
	f := newFailures(time.Now)
	addr := netip.MustParseAddr("10.0.0.0")
	for range 3 * maxGuessers {
		addr = addr.Next()
		f.count(origin{addr: addr}, ModeToken)
	}
	if n := len(f.young) + len(f.old); n > 2*maxGuessers {
		t.Errorf("%d guessers kept", n)
	}
	if f.find(guesserOf(origin{addr: addr}, ModeToken)) == nil {
		t.Error("the last one is forgotten")
	}
}

func TestAuth_rateLimitOnTheWire(t *testing.T) {
	t.Parallel()
	now := time.Now()
	h := startHost(t, func(o *Options) {
		o.Auth.Token = "secret"
		o.Now = func() time.Time { return now }
	})
	connect := func(header, token string) (*raw, string) {
		c := h.upgrade(t, header)
		c.text(t, connectFrame(`{"token":"`+token+`"}`))
		return c, c.next(t)
	}
	page := "Origin: http://" + h.addr + "\r\n"
	for range 10 {
		if _, got := connect(page, "guess"); got != unauthorizedWant[0] {
			t.Fatalf("got %s", got)
		}
	}
	c, got := connect(page, "secret")
	if want := `{"type":"res","id":"c1","ok":false,"error":{"code":"INVALID_REQUEST","message":"unauthorized: too many failed attempts","retryable":true,"retryAfterMs":6001}}`; got != want {
		t.Fatalf("got %s", got)
	}
	c.expect(t, "close 1008 unauthorized")
	if _, got := connect("", "secret"); got != string(helloFrame("c1")) {
		t.Fatalf("a program of this host is refused: %s", got)
	}
}

// A changed credential closes what the old one opened, and only that.
func TestAuth_change(t *testing.T) {
	t.Parallel()
	h := startHost(t, func(o *Options) { o.Auth.Token = "old" })
	c := h.upgrade(t, "")
	c.text(t, connectFrame(`{"token":"old"}`))
	c.expect(t, string(helloFrame("c1")))
	stranger := h.upgrade(t, "")
	eventually(t, "both are there", func() bool { return h.Count() == 2 })

	if err := h.SetAuth(Settings{Token: " "}); err == nil {
		t.Error("blank token accepted")
	}
	if err := h.SetAuth(Settings{Mode: ModeToken, Token: "old"}); err != nil {
		t.Fatal(err)
	}
	c.silent(t) // nothing has changed

	if err := h.SetAuth(Settings{Token: "new"}); err != nil {
		t.Fatal(err)
	}
	c.expect(t, "close 1008 unauthorized")
	stranger.text(t, connectFrame(`{"token":"new"}`))
	stranger.expect(t, string(helloFrame("c1")))
	late := h.upgrade(t, "")
	late.text(t, connectFrame(`{"token":"old"}`))
	late.expect(t, unauthorizedWant...)
}
