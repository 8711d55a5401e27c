package discovery

import (
	"context"
	"encoding/json"
	"net/netip"
	"os/exec"
	"strings"
	"time"
)

// ServerBlock is the part of a CoreDNS configuration that serves the zone file to the tailnet.
func ServerBlock(stateDir string, tailnet []netip.Addr) string {
	bind := make([]string, 0, len(tailnet))
	for _, a := range tailnet {
		bind = append(bind, a.String())
	}
	return Domain + ":53 {\n" +
		"  bind " + strings.Join(bind, " ") + "\n" +
		"  file " + quotePath(ZonePath(stateDir)) + " {\n" +
		"    reload 10s\n" +
		"  }\n" +
		"  errors\n" +
		"}\n"
}

// quotePath quotes a path for a CoreDNS configuration if it needs that.
func quotePath(path string) string {
	if !strings.ContainsAny(path, " \t\"{}") {
		return path
	}
	return `"` + strings.ReplaceAll(path, `"`, `\"`) + `"`
}

// tailscaleLimit is how long tailscale may take to say what this machine is called.
const tailscaleLimit = 1500 * time.Millisecond

// TailnetDNS is the name of this machine in its tailnet: CLAWDBOT_TAILNET_DNS, else what tailscale says, else "".
func TailnetDNS(ctx context.Context, getenv func(string) string) string {
	if v := strings.TrimSpace(getenv("CLAWDBOT_TAILNET_DNS")); v != "" {
		return strings.TrimSuffix(v, ".")
	}
	ctx, cancel := context.WithTimeout(ctx, tailscaleLimit)
	defer cancel()
	c := exec.CommandContext(ctx, "tailscale", "status", "--json")
	c.WaitDelay = tailscaleLimit
	out, err := c.Output()
	if err != nil {
		return "" // not there, not up, or too slow
	}
	return tailnetName(out)
}

// tailnetName reads the answer of tailscale: its name for this machine, else its first address.
func tailnetName(status []byte) string {
	var s struct {
		Self struct {
			DNSName      string
			TailscaleIPs []string
		}
	}
	if json.Unmarshal(status, &s) != nil {
		return ""
	}
	if name := strings.TrimSuffix(strings.TrimSpace(s.Self.DNSName), "."); name != "" {
		return name
	}
	if len(s.Self.TailscaleIPs) > 0 {
		return s.Self.TailscaleIPs[0]
	}
	return ""
}
