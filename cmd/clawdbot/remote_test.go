package main

import (
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/certificate"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestTarget_refused: an address with a credential in it, and a fingerprint that is none, are refused before anybody is called,
// and not repeated.
func TestTarget_refused(t *testing.T) {
	t.Parallel()
	print := certificate.Fingerprint(nil)
	for _, tc := range []struct{ config, args, want string }{
		{"", "--url ws://127.0.0.1:1/?token=CANARY", "carries no credential"},
		{"", "--url wss://gw.example/?x=1&Password=CANARY", "carries no credential"},
		{"", "--url wss://gw.example/#token=CANARY", "carries no credential"},
		{"", "--url wss://CANARY@gw.example", "carries no credential"},
		{"{gateway:{mode:'remote',remote:{url:'wss://gw.example?token=CANARY'}}}", "", "carries no credential"},
		{"", "--url http://gw.example", "looks like ws://"},
		{"", "--url wss:gw.example", "looks like ws://"},
		{"", "--url wss://gw.example --tls-fingerprint AB:CD", "64 hexadecimal digits"},
		{"", "--url ws://gw.example --tls-fingerprint " + print, "begins with wss://"},
		{"{gateway:{mode:'remote',remote:{url:'wss://gw.example',tlsFingerprint:'CANARY'}}}", "", "64 hexadecimal digits"},
	} {
		r := invoke(home(t, tc.config), append([]string{"health"}, strings.Fields(tc.args)...)...)
		if r.code != exitUsage || !strings.Contains(r.err, tc.want) || strings.Contains(r.err, "CANARY") {
			t.Errorf("%s %s: %+v", tc.config, tc.args, r)
		}
	}
}

// TestRemote_fingerprint: a gateway with a certificate of its own making is reached from its own machine at once, and from
// elsewhere with the fingerprint that its status shows.
func TestRemote_fingerprint(t *testing.T) {
	t.Parallel()
	l := startLive(t, "{gateway:{tls:{enabled:true},auth:{token:'right'}}}")
	at, err := url.Parse(l.URL())
	if err != nil || at.Scheme != "wss" {
		t.Fatal(l.URL(), err)
	}
	vars := maps.Clone(l.vars) // the gateway reads its own
	vars["CLAWDBOT_GATEWAY_PORT"] = at.Port()
	r := invoke(vars, "status", "--json")
	var s wire.StatusSummary
	if err := wire.Unmarshal([]byte(r.out), &s); err != nil || s.TLS == nil {
		t.Fatalf("%+v: %v", r, err)
	}
	if r := invoke(vars, "status"); !strings.Contains(r.out, s.TLS.Fingerprint) || !strings.Contains(r.out, "made by the gateway") {
		t.Errorf("%+v", r)
	}
	other := certificate.Fingerprint([]byte("another"))
	plain := strings.Replace(l.URL(), "wss", "ws", 1)
	for _, tc := range []struct {
		config, args string
		code         int
		want         string
	}{
		{"", "--token right --tls-fingerprint " + s.TLS.Fingerprint, 0, ""},
		{"{gateway:{mode:'remote',remote:{url:'" + l.URL() + "',token:'right',tlsFingerprint:'" + strings.ToLower(s.TLS.Fingerprint) + "'}}}", "", 0, ""},
		{"", "--token CANARY", exitFailed, "cannot be trusted"},
		{"", "--token CANARY", exitFailed, "Compare it with what clawdbot status shows"},
		{"", "--token CANARY --tls-fingerprint " + other, exitFailed, "is not the gateway that is expected"},
		{"", "--token CANARY --tls-fingerprint " + s.TLS.Fingerprint, exitFailed, "the token is not the gateway's"},
		{"", "--password CANARY --tls-fingerprint " + s.TLS.Fingerprint, exitFailed, "or it wants a token"},
		{"", "--token CANARY --url " + plain, exitFailed, "speaks TLS: the address begins with wss://"},
	} {
		args := append([]string{"health"}, strings.Fields(tc.args)...)
		if tc.config == "" && !strings.Contains(tc.args, "--url") {
			args = append(args, "--url", l.URL())
		}
		r := invoke(home(t, tc.config), args...)
		if r.code != tc.code || !strings.Contains(r.err, tc.want) || strings.Contains(r.err, "CANARY") {
			t.Errorf("%s: %+v", tc.args, r)
		}
	}
	if r := invoke(home(t, ""), "hooks", "test", "wake", "--url", l.URL()); r.code != exitFailed || !strings.Contains(r.err, "cannot be trusted") {
		t.Errorf("a hook: %+v", r)
	}
}

// TestRemote_wrongScheme: TLS to a port that speaks plain text says so; so does a password where a token would do.
func TestRemote_wrongScheme(t *testing.T) {
	t.Parallel()
	l := startLive(t, "{gateway:{auth:{password:'right'}}}")
	r := invoke(home(t, ""), "health", "--url", strings.Replace(l.URL(), "ws", "wss", 1))
	if r.code != exitFailed || !strings.Contains(r.err, "speaks no TLS: the address begins with ws://") {
		t.Errorf("%+v", r)
	}
	if r := invoke(home(t, ""), "health", "--url", l.URL(), "--token", "CANARY"); !strings.Contains(r.err, "or it wants a password") {
		t.Errorf("%+v", r)
	}
}

// TestRemote_unreachable: what is not there is told from what does not answer.
func TestRemote_unreachable(t *testing.T) {
	t.Parallel()
	deaf, err := net.Listen("tcp", "127.0.0.1:0") // the system takes the connection, and nobody says anything
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	for _, scheme := range []string{"ws://", "wss://"} {
		r := invoke(home(t, ""), "health", "--url", scheme+deaf.Addr().String(), "--timeout", "300")
		if r.code != exitFailed || !strings.Contains(r.err, "did not answer within 300ms") {
			t.Errorf("%+v", r)
		}
	}
}

// TestGateway_badCertificate: the start is refused with the path and the reason, and a supervisor does not try again.
func TestGateway_badCertificate(t *testing.T) {
	t.Parallel()
	vars := home(t, "{gateway:{tls:{enabled:true,certPath:'pair.pem',keyPath:'pair.pem'}}}")
	path := filepath.Join(vars["HOME"], ".clawdbot", "pair.pem")
	for _, content := range []string{"", "junk"} {
		if content != "" {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r := invoke(vars, "gateway", "--port", "1")
		if r.code != exitInvalid || !strings.Contains(r.err, "gateway.tls.certPath: "+path+": ") || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%q: %+v", content, r)
		}
	}
	for config, want := range map[string]string{
		"{gateway:{bind:'lan',auth:{token:'t'},tailscale:{mode:'serve'}}}":  "gateway.tailscale.mode: serve needs gateway.bind loopback",
		"{gateway:{auth:{token:'t'},tailscale:{mode:'funnel'}}}":            "needs gateway.auth.mode password",
		"{gateway:{trustedProxies:['127.0.0.1']}}":                          "gateway.trustedProxies: lets others in",
		"{gateway:{auth:{token:'t'},trustedProxies:['0.0.0.0/0']}}":         "gateway.trustedProxies.0: must be an address",
		"{gateway:{auth:{token:'t'},trustedProxies:['proxy.example.org']}}": "gateway.trustedProxies.0: must be an address",
	} {
		if r := invoke(home(t, config), "gateway", "--port", "1"); r.code != exitInvalid || !strings.Contains(r.err, want) {
			t.Errorf("%s: %+v", config, r)
		}
	}
}
