package gateway

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/announce"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/file"
	"github.com/clawdbot/gateway/bridge/discovery"
	"github.com/clawdbot/gateway/transport/wire"
)

// announcement is what there is to announce.
type announcement struct {
	bridge netip.AddrPort // where the bridge listens
	canvas int            // port of the canvas host of its own; 0 = none
	name   string         // of this machine, for people
}

// found is how devices can find the bridge.
type found struct {
	announce.State
	once sync.Once
	open chan struct{} // closed when the bridge listens; what is set before that may be read after it
	what announcement
}

// bridgeListens lets the announcement begin.
func (f *found) bridgeListens(a announcement) {
	f.once.Do(func() {
		f.what = a
		close(f.open)
	})
}

// noBridge says why there is nothing to find.
func (f *found) noBridge(reason string) { f.Set(announce.Status{Reason: reason}) }

// bridgeOff says what keeps the bridge from being there.
func bridgeOff(configured bool) string {
	if configured {
		return "there is no bridge: CLAWDBOT_BRIDGE_ENABLED is 0"
	}
	return "there is no bridge: bridge.enabled is false"
}

// letFind has the bridge announced that listens at addr.
func (g *Gateway) letFind(addr, name string) {
	at, err := netip.ParseAddrPort(addr)
	if err != nil { // no listener is at such an address
		g.found.noBridge(err.Error())
		return
	}
	a := announcement{bridge: at, name: name}
	if g.canvas.alone != nil {
		a.canvas = portOf(g.canvas.alone.Addr())
	}
	g.found.bridgeListens(a)
}

// growDiscovery has the bridge announced once it listens. Without it nothing is lost but convenience: it is not vital.
func (g *Gateway) growDiscovery(c *actors.Context[rootMessage]) error {
	_, err := actors.Spawn(c, "announce", announce.Props(announce.Options{
		State: &g.found.State,
		Run: func(ctx context.Context, report func(announce.Status)) error {
			select {
			case <-g.found.open:
				return g.announceBridge(ctx, g.found.what, report)
			case <-ctx.Done():
				return nil
			}
		},
	}))
	return err
}

// announceBridge writes the zone file for the tailnet, if that is wanted, and announces the bridge on the local network
// until ctx ends.
func (g *Gateway) announceBridge(ctx context.Context, a announcement, report func(announce.Status)) error {
	named := mdnsInterfaces(g.o.Getenv)
	now := announce.Status{Reason: g.silent(a, named)}
	wide := g.o.Config.Config.Discovery.WideArea.Enabled
	var service discovery.Service
	if now.Reason == "" || wide { // else nobody needs to know what this machine is called
		service = g.service(ctx, a)
		now.Name = service.Instance
	}
	if wide {
		now.Zone, now.ZoneReason = g.writeZone(a, service)
	}
	if now.Reason != "" {
		report(now)
		<-ctx.Done()
		return nil
	}
	return discovery.Run(ctx, discovery.Options{
		Service: service, Listen: a.bridge.Addr(), Interfaces: named, Log: g.log,
		Report: func(s discovery.State) {
			now.Announced, now.Interfaces, now.Reason = s.Announced, s.Interfaces, s.Reason
			report(now)
		},
	})
}

// silent says why the bridge is not announced on the local network; "" = it is.
func (g *Gateway) silent(a announcement, named []string) string {
	switch {
	case g.env.DisableBonjour:
		return "CLAWDBOT_DISABLE_BONJOUR is set"
	case a.bridge.Addr().IsLoopback() && len(named) == 0:
		return "the bridge listens on this machine alone: bridge.bind decides"
	}
	return ""
}

// mdnsInterfaces are the interfaces that multicast DNS is limited to; none = those of the local network.
func mdnsInterfaces(getenv func(string) string) []string {
	return strings.FieldsFunc(getenv("CLAWDBOT_MDNS_INTERFACE"), func(r rune) bool { return r == ',' || r == ' ' })
}

// service is the announcement, with what the environment says of this machine.
func (g *Gateway) service(ctx context.Context, a announcement) discovery.Service {
	host, _ := os.Hostname()
	ssh, _ := strconv.Atoi(strings.TrimSpace(g.o.Getenv("CLAWDBOT_SSH_PORT")))
	gateway, _ := netip.ParseAddrPort(g.Addr())
	return discovery.NewService(discovery.Facts{
		Hostname: host, DisplayName: a.name, GatewayPort: int(gateway.Port()), BridgePort: int(a.bridge.Port()), CanvasPort: a.canvas,
		SSHPort: max(ssh, 0), TailnetDNS: discovery.TailnetDNS(ctx, g.o.Getenv), CLIPath: cliPath(g.o.Getenv),
	})
}

// cliPath is the program that an app may call on this machine; "" = not known.
func cliPath(getenv func(string) string) string {
	if p := strings.TrimSpace(getenv("CLAWDBOT_CLI_PATH")); p != "" {
		return p
	}
	exe, err := os.Executable()
	if err != nil {
		return ""
	}
	p := filepath.Join(filepath.Dir(exe), "clawdbot")
	if _, err := os.Stat(p); err != nil {
		return ""
	}
	return p
}

// writeZone writes the zone file, and says why it could not.
func (g *Gateway) writeZone(a announcement, s discovery.Service) (path, reason string) {
	host, _ := os.Hostname()
	v4, v6 := config.Tailnet(localAddrs())
	if !v4.IsValid() {
		return "", "this machine has no IPv4 address in a tailnet: is tailscale up?"
	}
	if at := a.bridge.Addr(); !at.IsUnspecified() && at != v4 && at != v6 {
		return "", "the bridge does not listen in the tailnet: bridge.bind decides"
	}
	zone := discovery.Zone{
		TailnetDNS: s.Value("tailnetDns"), Hostname: host, Instance: s.Instance, BridgePort: s.Port, V4: v4, V6: v6,
	}
	if _, err := zone.Write(g.env.StateDir, time.Now(), file.Replace); err != nil {
		return "", err.Error()
	}
	return discovery.ZonePath(g.env.StateDir), ""
}

// discoveryInfo is how the announcement stands; nil = there is no bridge, and nobody has said why.
func (g *Gateway) discoveryInfo() *wire.DiscoveryInfo {
	s := g.found.Status()
	if s.Name == "" && s.Reason == "" {
		return nil
	}
	return &wire.DiscoveryInfo{
		Announced: s.Announced, Name: s.Name, Interfaces: slices.Clone(s.Interfaces), Reason: s.Reason,
		Zone: s.Zone, ZoneReason: s.ZoneReason,
	}
}
