package canvas

import (
	"strings"
	"testing"
	"time"
)

// TestAccess: this machine reads; others only from a connected node's address or with a capability, and nothing but reading.
func TestAccess(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	h := host(t, Options{LiveReload: true, Now: func() time.Time { return now }, AllowedHosts: []string{"Canvas.example.org:8443"}}, map[string]string{"a.txt": "text"})
	capability, end := h.Mint(time.Hour)
	if end != now.Add(time.Hour) {
		t.Errorf("good until %s", end)
	}
	gone, _ := h.Mint(0)
	other := host(t, Options{Now: func() time.Time { return now }}, nil)
	foreign, _ := other.Mint(time.Hour)
	const stranger, file = "198.51.100.9", CanvasPath + "/a.txt"
	with := func(c string) string { return "/__clawdbot__/cap/" + c + file }
	proxied := map[string]string{"X-Forwarded-For": "198.51.100.9"}
	lan := "192.0.2.1:18793"
	for _, c := range []struct {
		name   string
		ask    ask
		status int
	}{
		{"this machine", ask{path: file}, 200},
		{"this machine by IPv6", ask{path: file, from: "::1", host: "[::1]:18793"}, 200},
		{"v4-mapped", ask{path: file, from: "::ffff:127.0.0.1"}, 200},
		{"a node", ask{path: file, from: node.String(), host: lan}, 200},
		{"a node, v4-mapped", ask{path: file, from: "::ffff:" + node.String(), host: lan}, 200},
		{"a node posts", ask{method: "POST", path: file, from: node.String(), host: lan}, 405},
		{"a node asks elsewhere", ask{path: "/", from: node.String(), host: lan}, 404},
		{"a stranger", ask{path: file, from: stranger, host: lan}, 403},
		{"a stranger's head", ask{method: "HEAD", path: file, from: stranger, host: lan}, 403},
		{"a stranger at the socket", ask{path: ReloadPath, from: stranger, host: lan}, 403},
		{"a stranger with a capability", ask{path: with(capability), from: stranger, host: lan}, 200},
		{"and at the socket", ask{path: "/__clawdbot__/cap/" + capability + ReloadPath, from: stranger, host: lan}, 426},
		{"and posts", ask{method: "POST", path: with(capability), from: stranger, host: lan}, 405},
		{"and wants out", ask{path: "/__clawdbot__/cap/" + capability + CanvasPath + "/..%2f..%2fetc%2fpasswd", from: stranger, host: lan}, 404},
		{"an old capability", ask{path: with(gone), from: stranger, host: lan}, 403},
		{"an old capability, from here", ask{path: with(gone)}, 403},
		{"another host's", ask{path: with(foreign), from: stranger, host: lan}, 403},
		{"a changed one", ask{path: with("z" + capability), from: stranger, host: lan}, 403},
		{"a cut one", ask{path: with(capability[:len(capability)-1]), from: stranger, host: lan}, 403},
		{"none at all", ask{path: with(""), from: stranger, host: lan}, 403},
		{"behind a proxy", ask{path: file, header: proxied}, 403},
		{"behind a proxy of a node", ask{path: file, from: node.String(), host: lan, header: proxied}, 403},
		{"behind a proxy with a capability", ask{path: with(capability), header: proxied}, 200},
		{"another name for this machine", ask{path: file, host: "rebind.example.com"}, 403},
		{"another name, capability", ask{path: with(capability), host: "rebind.example.com"}, 403},
		{"a listed name", ask{path: file, host: "canvas.example.org"}, 200},
		{"the address of another machine", ask{path: file, host: "203.0.113.5"}, 403},
		{"no name", ask{path: file, host: " "}, 403},
	} {
		got := c.ask.to(t, h.Alone())
		if got.status != c.status {
			t.Errorf("%s: %d %q, want %d", c.name, got.status, got.body, c.status)
		}
		if strings.Contains(got.body, capability) {
			t.Errorf("%s: the answer has the capability", c.name)
		}
	}
	now = now.Add(time.Hour)
	if got := (ask{path: with(capability), from: stranger, host: lan}).to(t, h.Alone()); got.status != 403 || got.body != expired {
		t.Errorf("after its end: %d %q", got.status, got.body)
	}
	if _, end := h.Mint(1000 * time.Hour); end != now.Add(LongestCapability) {
		t.Errorf("a long one is good until %s", end)
	}
}

func TestHostNames(t *testing.T) {
	t.Parallel()
	n := hostNames{own: "studio", listed: []string{"c.example.org"}}
	for host, want := range map[string]bool{
		"studio:18793": true, "STUDIO.local.": true, "studio.tail1234.ts.net": true, "studio.clawdbot.internal": true, "c.example.org:1": true,
		"studio.example.com": false, "studio.ts.net.example.com": false, "other.local": false, "": false, "localhost.example.com": false,
	} {
		if got := (hostNames{n.listed, n.own}).allow(requestTo(host)); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
	if (hostNames{}).allow(requestTo("")) {
		t.Error("no name is allowed where the machine has none")
	}
}

func TestReachURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		reach Reach
		want  string
	}{
		{Reach{Bind: "127.0.0.1", Port: 18793, Local: "127.0.0.1"}, "http://127.0.0.1:18793"},
		{Reach{Bind: "0.0.0.0", Port: 18793, Local: "192.0.2.1:18790"}, "http://192.0.2.1:18793"},
		{Reach{Bind: "::", Port: 18793, Local: "::ffff:192.0.2.1"}, "http://192.0.2.1:18793"},
		{Reach{Bind: "100.64.0.5", Port: 18793, Local: "127.0.0.1"}, "http://100.64.0.5:18793"},
		{Reach{Bind: "fd7a:115c:a1e0::5", Port: 18793}, "http://[fd7a:115c:a1e0::5]:18793"},
		{Reach{Bind: "0.0.0.0", Port: 18793, Local: "fe80::1%eth0"}, "http://[fe80::1]:18793"},
		{Reach{Bind: "0.0.0.0", Port: 18793, Local: ""}, ""},
		{Reach{Bind: "0.0.0.0", Port: 0, Local: "192.0.2.1"}, ""},
		{Reach{Port: 18789, Host: "Gateway.local:18789", Local: "192.0.2.1"}, "http://gateway.local:18789"},
		{Reach{Bind: "127.0.0.1", Port: 18793, Host: "localhost:18789", Local: "127.0.0.1"}, "http://localhost:18793"},
		{Reach{Bind: "0.0.0.0", Port: 18793, Host: "[::1]:18789", HTTPS: true}, "https://[::1]:18793"},
	} {
		if got := c.reach.URL(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.reach, got, c.want)
		}
	}
}
