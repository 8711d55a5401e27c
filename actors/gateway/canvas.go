package gateway

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/board"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/canvas"
	"github.com/clawdbot/gateway/transport/wire"
	"github.com/clawdbot/gateway/transport/ws"
)

// served is the canvas as it is served; nil parts where it is not.
type served struct {
	host  *canvas.Host
	alone *canvas.Server // on its own port; nil while there is no bridge that devices come in by
	bind  string         // what that one is bound to
}

// openCanvas starts the canvas host. What keeps it from starting costs a warning: the gateway does without.
func (g *Gateway) openCanvas() {
	cfg := g.o.Config.Config
	if !cfg.CanvasHost.Enabled || g.env.SkipCanvasHost {
		return
	}
	host, err := canvas.New(canvas.Options{
		Root: cfg.CanvasHost.Root, LiveReload: cfg.CanvasHost.LiveReload, Node: g.isNode, AllowedHosts: cfg.Gateway.AllowedHosts, Log: g.log,
	})
	if err != nil {
		g.log.Warn("there is no canvas", "err", err)
		return
	}
	g.canvas.host = host
	if !g.o.Config.BridgeEnabled(g.env) {
		return
	}
	bind, err := g.o.Config.BridgeHost(g.env, localAddrs())
	if err != nil {
		g.log.Warn("the canvas has no port of its own", "err", err)
		return
	}
	port := g.env.Ports(cfg, g.o.Start.Port).Canvas
	if g.o.AnyPort && g.env.CanvasHostPort == 0 && cfg.CanvasHost.Port == 0 {
		port = 0
	}
	alone, err := host.Listen(net.JoinHostPort(bind, strconv.Itoa(port)))
	if err != nil {
		g.log.Warn("the canvas has no port of its own", "err", err)
		return
	}
	g.canvas.alone, g.canvas.bind = alone, bind
	g.log.Info("canvas", "url", "http://"+alone.Addr().String()+canvas.CanvasPath+"/", "root", host.Root())
}

// closeCanvas ends what openCanvas began.
func (g *Gateway) closeCanvas(ctx context.Context) error {
	if g.canvas.host == nil {
		return nil
	}
	g.canvas.host.Close()
	if g.canvas.alone == nil {
		return nil
	}
	return g.canvas.alone.Stop(ctx)
}

// mountCanvas is the canvas on the gateway's port.
func (g *Gateway) mountCanvas() (http.Handler, func(*http.Request) bool) {
	if g.canvas.host == nil {
		return nil, nil
	}
	return g.canvas.host.Mounted(), g.canvas.host.Owns
}

// boardOptions wires the canvas of the web page.
func (g *Gateway) boardOptions() board.Options {
	return board.Options{
		Stream: g.tree.stream, State: g.tree.drawn, CanvasPath: canvas.CanvasPath, A2UIPath: canvas.A2UIPath, Mint: g.mintCanvas,
	}
}

// toolOptions is what the tools canvas and nodes work with.
func (g *Gateway) toolOptions() tools.Options {
	return tools.Options{
		Approve: g.approve,
		Call: func(ctx context.Context, method string, params any) (wire.Raw, error) {
			raw, err := wire.Marshal(params)
			if err != nil {
				return nil, err
			}
			return g.call(ctx, method, raw)
		},
		Workspace: g.workspaceDir,
		Save: func(mime, name string, data []byte) (string, error) {
			return g.saveMedia(agent.Media{MIME: mime, Name: name, Data: data})
		},
	}
}

// mintCanvas makes an address of the canvas that is good for a while: at an address where others reach it, if there is one.
func (g *Gateway) mintCanvas(path string, d time.Duration) (wire.CanvasURLResult, error) {
	if g.canvas.host == nil {
		return wire.CanvasURLResult{}, wire.Unavailable("there is no canvas: canvasHost.enabled is off, or its directory cannot be used")
	}
	capability, until := g.canvas.host.Mint(d)
	path = strings.TrimSuffix(canvas.CapabilityPath, "/") + "/" + capability + path
	return wire.CanvasURLResult{URL: g.reachable() + path, Path: path, ExpiresAt: until.UnixMilli()}, nil
}

// reachable is the address of the canvas that most others can use.
func (g *Gateway) reachable() string {
	all := []net.Addr{g.canvasAddr(), g.listener.Addr()}
	if g.certificate != nil { // a link that whoever has it may use is not for plain text
		slices.Reverse(all)
	}
	for _, l := range all {
		ap, err := netip.ParseAddrPort(l.String())
		switch {
		case err != nil || ap.Addr().IsLoopback():
			continue
		case !ap.Addr().IsUnspecified():
			return g.pageScheme(l) + "://" + ap.String()
		}
		for _, a := range localAddrs() {
			if a.Is4() && !a.IsLoopback() {
				return g.pageScheme(l) + "://" + netip.AddrPortFrom(a, ap.Port()).String()
			}
		}
	}
	return g.pageScheme(g.canvasAddr()) + "://" + g.canvasAddr().String()
}

// pageScheme is how pages at one of our addresses are asked for: the canvas's own port, which devices use, speaks plain text.
func (g *Gateway) pageScheme(a net.Addr) string {
	if a.String() != g.Addr() {
		return "http"
	}
	return g.scheme("http")
}

// canvasAddr is where the canvas listens: on its own port, else on the gateway's.
func (g *Gateway) canvasAddr() net.Addr {
	if g.canvas.alone != nil {
		return g.canvas.alone.Addr()
	}
	return g.listener.Addr()
}

// isNode tells whether a node is connected from this address.
func (g *Gateway) isNode(addr netip.Addr) bool {
	for _, l := range g.tree.devices.Connected() {
		if ip, err := netip.ParseAddr(l.RemoteIP); err == nil && ip.Unmap().WithZone("") == addr {
			return true
		}
	}
	return false
}

// canvasPort is the port of the canvas: its own, else the gateway's; 0 = there is no canvas.
func (g *Gateway) canvasPort() int {
	switch {
	case g.canvas.host == nil:
		return 0
	case g.canvas.alone != nil:
		return portOf(g.canvas.alone.Addr())
	}
	return portOf(g.listener.Addr())
}

// canvasForNode is the address of the canvas for a node that is connected to this local address of the bridge; "" = there
// is none, since a node gets one only while the canvas has a port of its own (bridge-canvas 1.13).
func (g *Gateway) canvasForNode(local string) string {
	if g.canvas.alone == nil {
		return ""
	}
	return canvas.Reach{Bind: g.canvas.bind, Port: g.canvasPort(), Local: local}.URL()
}

// canvasForClient is the address of the canvas for a client of the WebSocket. Where the canvas's own port is for this host
// only and the client is elsewhere, it is that of the gateway's port.
func (g *Gateway) canvasForClient(via ws.Via) string {
	if via.HTTPS && g.canvas.host != nil { // the canvas's own port speaks plain text
		return "https://" + via.Host
	}
	r := canvas.Reach{Port: g.canvasPort(), Host: via.Host, Local: via.Local, HTTPS: via.HTTPS}
	if g.canvas.alone != nil {
		r.Bind = g.canvas.bind
		if local, err := netip.ParseAddr(via.Local); err == nil && !local.IsLoopback() && isLoopbackBind(r.Bind) {
			r.Bind, r.Port = "", portOf(g.listener.Addr())
		}
	}
	return r.URL()
}

func isLoopbackBind(bind string) bool {
	ip, err := netip.ParseAddr(bind)
	return err == nil && ip.IsLoopback() || strings.EqualFold(bind, "localhost")
}

// portOf is the port of a listener's address.
func portOf(a net.Addr) int {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.Port
	}
	return 0
}
