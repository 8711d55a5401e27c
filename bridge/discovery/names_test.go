package discovery

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestInstanceName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ display, hostname, want string }{
		{"Ann's Mac", "anns-mac.local", "Ann's Mac (Clawdbot)"},
		{"My ClawdBot box", "x", "My ClawdBot box"},
		{"", "anns-mac.LOCAL", "anns-mac (Clawdbot)"},
		{"", "", "Clawdbot"},
		{" \n\t ", "", "Clawdbot"},
		{"a \n  b\x00c", "", "a b c (Clawdbot)"},
		{"v1.5", "", "v1-5 (Clawdbot)"},
		{"", "gw.example.com", "gw-example-com (Clawdbot)"},
		{"Küche", "", "Küche (Clawdbot)"},
		{"bad\xff", "", "bad (Clawdbot)"},
	} {
		if got := InstanceName(c.display, c.hostname); got != c.want {
			t.Errorf("%q %q: %q, want %q", c.display, c.hostname, got, c.want)
		}
	}
	for _, long := range []string{strings.Repeat("ü", 60), strings.Repeat("x", 200), "clawdbot " + strings.Repeat("é", 60)} {
		got := InstanceName(long, "")
		if len(got) > 63 || !utf8.ValidString(got) || !strings.Contains(strings.ToLower(got), "clawdbot") {
			t.Errorf("%q: %q, %d bytes", long, got, len(got))
		}
	}
}

func TestHostLabel(t *testing.T) {
	t.Parallel()
	for hostname, want := range map[string]string{
		"anns-mac.local": "anns-mac", "gw.example.com": "gw", "": "clawdbot", "my_box": "my-box", "-x-": "x", "ä": "clawdbot",
		"Box": "Box", strings.Repeat("a", 80): strings.Repeat("a", 63), ".local": "clawdbot",
	} {
		if got := HostLabel(hostname); got != want {
			t.Errorf("%q: %q, want %q", hostname, got, want)
		}
	}
}

func TestService_text(t *testing.T) {
	t.Parallel()
	full := NewService(Facts{
		Hostname: "anns-mac.local", DisplayName: "Ann's  Mac", GatewayPort: 18789, BridgePort: 18790, CanvasPort: 18793, SSHPort: 2222,
		TailnetDNS: "mac.tail1.ts.net.", CLIPath: "/usr/local/bin/clawdbot",
	})
	want := []Text{
		{"role", "gateway"}, {"gatewayPort", "18789"}, {"lanHost", "anns-mac.local"}, {"displayName", "Ann's Mac"},
		{"bridgePort", "18790"}, {"canvasPort", "18793"}, {"sshPort", "2222"}, {"transport", "bridge"},
		{"tailnetDns", "mac.tail1.ts.net"}, {"cliPath", "/usr/local/bin/clawdbot"},
	}
	if !slices.Equal(full.Text, want) || full.Instance != "Ann's Mac (Clawdbot)" || full.Host != "anns-mac" || full.Port != 18790 {
		t.Errorf("got  %v\nwant %v", full, want)
	}
	least := NewService(Facts{Hostname: "x", GatewayPort: 1, BridgePort: 2, CLIPath: "/" + strings.Repeat("d", 300)})
	keys := map[string]string{}
	for _, x := range least.Text {
		keys[x.Key] = x.Value
	}
	if got := slices.Sorted(maps.Keys(keys)); !slices.Equal(got, []string{"bridgePort", "displayName", "gatewayPort", "lanHost", "role", "sshPort", "transport"}) || keys["sshPort"] != "22" {
		t.Errorf("what is not known must be absent, and what does not fit: %v", keys)
	}
}
