package gateway_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers/child/childtest"
	"github.com/clawdbot/gateway/transport/wire"
)

// fakeTailscale is a directory with a program that says that all is well, and writes down how it is called. special comes first.
func fakeTailscale(t *testing.T, special string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	script := `#!/bin/sh
cd "$(dirname "$0")" || exit 9
echo "$*" >> calls
` + special + `
case "$*" in
"status --json") echo '{"BackendState":"Running","Self":{"DNSName":"box.tail1.ts.net."}}' ;;
"serve status --json")
	[ -f served ] || { echo '{}'; exit 0; }
	echo '{"TCP":{"443":{"HTTPS":true}},"Web":{"box.tail1.ts.net:443":{"Handlers":{"/":{"Proxy":"'"$(cat served)"'"}}}},"AllowFunnel":{"box.tail1.ts.net:443":'"$(cat funnel)"'}}' ;;
"serve --bg --yes --https=443 "*) echo "$5" > served; echo false > funnel ;;
"funnel --bg --yes --https=443 "*) echo "$5" > served; echo true > funnel ;;
*" off") rm -f served ;;
esac
`
	childtest.Write(t, filepath.Join(dir, "tailscale"), script)
	return dir
}

func tailscaleOf(t *testing.T, g *gateway.Gateway, want func(wire.TailscaleInfo) bool) {
	t.Helper()
	var got *wire.TailscaleInfo
	for end := time.Now().Add(patience); time.Now().Before(end); pause(t) {
		if got = summary(t, g).Tailscale; got != nil && want(*got) {
			return
		}
	}
	t.Fatalf("tailscale is %+v", got)
}

// TestTailscale_publishes: the port is published, who comes through it is let in as the rules say, and a stop takes it back.
func TestTailscale_publishes(t *testing.T) {
	t.Parallel()
	forwarded := http.Header{"X-Forwarded-For": {"198.51.100.9"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"box.tail1.ts.net"}}
	known := forwarded.Clone()
	known.Set("Tailscale-User-Login", "me@example.org")
	for _, tc := range []struct {
		name, config, call string
		anonymous, login   bool // whether the connect succeeds without a credential
	}{
		{"serve", `{gateway: {auth: {token: "right"}, tailscale: {mode: "serve", resetOnExit: true}}}`, "serve", false, true},
		{"serve without a token", `{gateway: {tailscale: {mode: "serve", resetOnExit: true}}}`, "serve", false, true},
		{"serve, users need the token", `{gateway: {auth: {token: "right", allowTailscale: false}, tailscale: {mode: "serve", resetOnExit: true}}}`, "serve", false, false},
		{"serve with a password", `{gateway: {auth: {password: "right"}, tailscale: {mode: "serve", resetOnExit: true}}}`, "serve", false, false},
		{"funnel", `{gateway: {auth: {password: "right"}, tailscale: {mode: "funnel", resetOnExit: true}}}`, "funnel", false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := fakeTailscale(t, "")
			g, err := setup{config: tc.config, env: map[string]string{"PATH": dir + ":" + os.Getenv("PATH")}}.new(t)
			if err != nil {
				t.Fatal(err)
			}
			tailscaleOf(t, g, func(i wire.TailscaleInfo) bool { return i.URL == "https://box.tail1.ts.net/" && i.Problem == "" })
			for _, who := range []struct {
				header http.Header
				let    bool
			}{{forwarded, tc.anonymous}, {known, tc.login}} {
				h := who.header.Clone()
				h.Set("Host", "box.tail1.ts.net")
				if f := open(t, g.URL(), h).connect(); f.OK != who.let {
					t.Errorf("%v: %+v", h, f)
				}
			}
			stop(t, g)
			calls, _ := os.ReadFile(filepath.Join(dir, "calls"))
			all := strings.Split(strings.TrimSpace(string(calls)), "\n")
			target := "http://" + g.Addr()
			want := []string{"status --json", "serve status --json", tc.call + " --bg --yes --https=443 " + target, "serve status --json", tc.call + " --https=443 off"}
			if strings.Join(all, "\n") != strings.Join(want, "\n") {
				t.Errorf("calls %q", all)
			}
		})
	}
}

// TestTailscale_byTheCommandLine: what a start says goes before the file, also for who is let in.
func TestTailscale_byTheCommandLine(t *testing.T) {
	t.Parallel()
	for start, published := range map[gateway.Start]bool{{Tailscale: "serve", TailscaleReset: true}: true, {Tailscale: "off"}: false} {
		dir, mode := fakeTailscale(t, ""), "off"
		if !published {
			mode = "serve"
		}
		g, err := setup{
			config: `{gateway: {auth: {token: "right"}, tailscale: {mode: "` + mode + `"}}}`, env: map[string]string{"PATH": dir + ":" + os.Getenv("PATH")},
			options: func(o *gateway.Options) { o.Start = start },
		}.new(t)
		if err != nil {
			t.Fatal(err)
		}
		if published {
			tailscaleOf(t, g, func(i wire.TailscaleInfo) bool { return i.Mode == "serve" && i.URL == "https://box.tail1.ts.net/" })
		} else if info := summary(t, g).Tailscale; info != nil {
			t.Errorf("off: %+v", info)
		}
		header := http.Header{"X-Forwarded-For": {"198.51.100.9"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"box.tail1.ts.net"}, "Tailscale-User-Login": {"me@example.org"}, "Host": {"box.tail1.ts.net"}}
		if published {
			if f := open(t, g.URL(), header).connect(); !f.OK {
				t.Errorf("who comes through Tailscale: %+v", f)
			}
		}
		stop(t, g)
		calls, err := os.ReadFile(filepath.Join(dir, "calls"))
		if published != strings.HasSuffix(strings.TrimSpace(string(calls)), "serve --https=443 off") {
			t.Errorf("%+v: calls %q (%v)", start, calls, err)
		}
	}
}

// TestTailscale_neverInTheWay: a tailscale that is not there, fails or hangs keeps nobody from starting and stopping, and the
// status says what is wrong.
func TestTailscale_neverInTheWay(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, special, want string }{
		{"missing", "", "was not found"},
		{"logged out", `[ "$1" = status ] && { echo '{"BackendState":"NeedsLogin"}'; exit 0; }`, "not logged in"},
		{"rubbish", `echo '<html>'; exit 0`, "nothing that can be understood"},
		{"hangs", `sleep 1000`, "was not heard yet"},
		{"hangs while it publishes", `[ "$2" = --bg ] && sleep 1000`, "was not heard yet"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			path := t.TempDir()
			if tc.special != "" {
				path = fakeTailscale(t, tc.special) + ":" + os.Getenv("PATH")
			}
			g, err := setup{config: `{gateway: {auth: {token: "right"}, tailscale: {mode: "serve", resetOnExit: true}}}`, env: map[string]string{"PATH": path}}.new(t)
			if err != nil {
				t.Fatal(err)
			}
			tailscaleOf(t, g, func(i wire.TailscaleInfo) bool { return i.URL == "" && strings.Contains(i.Problem, tc.want) })
			began := time.Now()
			stop(t, g)
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("the stop took %v", took)
			}
		})
	}
}
