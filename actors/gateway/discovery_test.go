package gateway_test

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/bridge/discovery"
	"github.com/clawdbot/gateway/transport/wire"
)

// discoveryOf waits until the status says what is wanted of the announcement.
func discoveryOf(t *testing.T, g *gateway.Gateway, want func(wire.DiscoveryInfo) bool) wire.DiscoveryInfo {
	t.Helper()
	var s wire.StatusSummary
	for end := time.Now().Add(patience); time.Now().Before(end); pause(t) {
		if err := g.Call(t.Context(), "status", nil, &s); err != nil {
			t.Fatal(err)
		}
		if s.Discovery != nil && want(*s.Discovery) {
			return *s.Discovery
		}
	}
	t.Fatalf("discovery is %+v", s.Discovery)
	return wire.DiscoveryInfo{}
}

func pause(t *testing.T) {
	select {
	case <-t.Context().Done():
	case <-time.After(20 * time.Millisecond):
	}
}

// loopback is the name of the loopback interface.
func loopback(t *testing.T) string {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(i net.Interface) bool { return i.Flags&net.FlagLoopback != 0 })
	if i < 0 {
		t.Skip("this machine has no loopback interface")
	}
	return all[i].Name
}

// TestDiscovery_says: a bridge that nobody else can reach is not announced, and the status says why.
func TestDiscovery_says(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config string
		env    map[string]string
		reason string
		zone   string
	}{
		"loopback":      {"{}", nil, "on this machine alone", ""},
		"no bridge":     {"{bridge: {enabled: false}}", nil, "bridge.enabled is false", ""},
		"no bridge env": {"{}", map[string]string{"CLAWDBOT_BRIDGE_ENABLED": "0"}, "CLAWDBOT_BRIDGE_ENABLED", ""},
		"disabled":      {"{}", map[string]string{"CLAWDBOT_DISABLE_BONJOUR": "1", "CLAWDBOT_MDNS_INTERFACE": loopback(t)}, "CLAWDBOT_DISABLE_BONJOUR", ""},
		"no interface":  {"{}", map[string]string{"CLAWDBOT_MDNS_INTERFACE": "nosuch0"}, "nosuch0 (is not there, or down)", ""},
		"wide area":     {"{bridge: {bind: 'loopback'}, discovery: {wideArea: {enabled: true}}}", nil, "on this machine alone", "tailnet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := setup{config: c.config, env: c.env}.start(t)
			got := discoveryOf(t, g, func(d wire.DiscoveryInfo) bool { return d.Reason != "" })
			if got.Announced || !strings.Contains(got.Reason, c.reason) || !strings.Contains(got.ZoneReason, c.zone) || got.Zone != "" {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestDiscovery_announced: what listens is found, with the ports that it has.
func TestDiscovery_announced(t *testing.T) {
	t.Parallel()
	lo := loopback(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := discovery.Check(ctx, []string{lo}); err != nil {
		t.Skip(err)
	}
	g := setup{config: "{}", env: map[string]string{
		"CLAWDBOT_MDNS_INTERFACE": lo, "CLAWDBOT_TAILNET_DNS": "box.tail.example.", "CLAWDBOT_CLI_PATH": "/opt/x", "CLAWDBOT_SSH_PORT": "2222",
	}}.start(t)
	info := discoveryOf(t, g, func(d wire.DiscoveryInfo) bool { return d.Announced })
	if !slices.Equal(info.Interfaces, []string{lo}) || !strings.Contains(strings.ToLower(info.Name), "clawdbot") {
		t.Errorf("status %+v", info)
	}
	bridge, _ := netip.ParseAddrPort(g.BridgeAddr())
	gatewayAt, _ := netip.ParseAddrPort(g.Addr())
	var f discovery.Found
	for end := time.Now().Add(patience); f.Port == 0; {
		if time.Now().After(end) {
			t.Fatal("nothing found")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		all, err := discovery.Browse(ctx, discovery.BrowseOptions{Interfaces: []string{lo}, Log: slog.New(slog.DiscardHandler)})
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(all, func(f discovery.Found) bool { return f.Port == int(bridge.Port()) }); i >= 0 {
			f = all[i]
		}
	}
	for key, want := range map[string]string{
		"bridgePort": strconv.Itoa(int(bridge.Port())), "gatewayPort": strconv.Itoa(int(gatewayAt.Port())), "transport": "bridge", "role": "gateway",
		"tailnetDns": "box.tail.example", "cliPath": "/opt/x", "sshPort": "2222",
	} {
		if f.Text[key] != want {
			t.Errorf("%s is %q, want %q", key, f.Text[key], want)
		}
	}
	if f.Text["canvasPort"] == "" || f.Address != "127.0.0.1" || f.Instance != info.Name {
		t.Errorf("found %+v", f)
	}
}
