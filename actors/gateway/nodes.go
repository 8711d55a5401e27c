package gateway

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/health"
	"github.com/clawdbot/gateway/actors/node"
	"github.com/clawdbot/gateway/actors/presence"
	"github.com/clawdbot/gateway/actors/session"
	"github.com/clawdbot/gateway/bridge"
	"github.com/clawdbot/gateway/transport/wire"
)

// nodeOptions wires what has to do with device nodes.
func (g *Gateway) nodeOptions() node.Options {
	t := g.tree
	return node.Options{
		Store: g.store, Stream: t.stream, Directory: t.devices, Dir: filepath.Join(g.env.StateDir, "settings"),
		AnswerLimit: g.o.AnswerLimit,
		Running:     func() bool { return g.bridge.Load() != nil },
		Presence:    func(e wire.PresenceEntry) { _ = t.presence.Tell(presence.Beacon{Entry: e}) },
		Method: func(name string) (wire.Method, bool) {
			m, ok := t.methods[name]
			return m, ok
		},
		Request: func(c *wire.Call, r node.Request) {
			g.sessionOptions().Request(t.sessions, c, session.NodeRequest(r))
		},
		Subscribed: func() { _ = t.health.Tell(health.Refresh{}) },
		MainKey:    func() string { return g.runSettings().MainKey() },
	}
}

// eventLine is how nodes are told of an event.
func eventLine(event string, payload wire.Raw) []byte {
	e := bridge.Event{Event: event}
	if len(payload) > 0 {
		text := string(payload)
		e.PayloadJSON = &text
	}
	return bridge.Append(nil, e)
}

// openBridge listens for nodes, unless the configuration says not to. A gateway whose bridge cannot listen goes on
// without one.
func (g *Gateway) openBridge() {
	if !g.o.Config.BridgeEnabled(g.env) {
		g.found.noBridge(bridgeOff(g.o.Config.Config.Bridge.Enabled))
		return
	}
	host, err := g.o.Config.BridgeHost(g.env, localAddrs())
	if err != nil {
		g.log.Warn("nodes cannot connect: the bridge does not listen", "err", err)
		g.found.noBridge("the bridge does not listen: " + err.Error())
		return
	}
	core := &bridgeCore{g: g, name: serverName()}
	s, err := bridge.Listen(bridge.Options{Log: g.log, Host: host, Port: g.bridgePort(), Core: core, Limits: g.o.BridgeLimits})
	if err != nil && g.o.AnyPort { // that of the gateway before a restart is taken
		s, err = bridge.Listen(bridge.Options{Log: g.log, Host: host, Core: core, Limits: g.o.BridgeLimits})
	}
	if err != nil {
		g.log.Warn("nodes cannot connect: the bridge does not listen", "err", err)
		g.found.noBridge("the bridge does not listen: " + err.Error())
		return
	}
	g.bridge.Store(s)
	g.log.Info("listening for nodes", "addr", s.Addr())
	g.letFind(s.Addr(), core.name)
}

// bridgePort is the port of the bridge; 0 = any.
func (g *Gateway) bridgePort() int {
	if g.o.AnyPort {
		return g.heritage.bridgePort
	}
	return g.env.Ports(g.o.Config.Config, g.o.Start.Port).Bridge
}

// closeBridge ends the connections of all nodes.
func (g *Gateway) closeBridge(ctx context.Context) error {
	if s := g.bridge.Load(); s != nil {
		return s.Shutdown(ctx)
	}
	return nil
}

// BridgeAddr is the address that nodes connect to; "" = the bridge does not listen.
func (g *Gateway) BridgeAddr() string {
	if s := g.bridge.Load(); s != nil {
		return s.Addr()
	}
	return ""
}

// scutilLimit is how long macOS may take to tell its name.
const scutilLimit = time.Second

// serverName is what nodes are told that this host is called.
func serverName() string {
	if runtime.GOOS == "darwin" {
		ctx, cancel := context.WithTimeout(context.Background(), scutilLimit)
		defer cancel()
		for _, key := range []string{"ComputerName", "LocalHostName"} {
			if out, err := exec.CommandContext(ctx, "/usr/sbin/scutil", "--get", key).Output(); err == nil {
				if name := strings.TrimSpace(string(out)); name != "" {
					return name
				}
			}
		}
	}
	name, _ := os.Hostname()
	if i := len(name) - len(".local"); i >= 0 && strings.EqualFold(name[i:], ".local") {
		name = name[:i]
	}
	if name = strings.TrimSpace(name); name == "" {
		name = "clawdbot"
	}
	return name
}
