package gateway

import (
	"context"
	"net/http"
	"os"
	"runtime"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/conn"
	"github.com/clawdbot/gateway/transport/web"
	"github.com/clawdbot/gateway/transport/wire"
	"github.com/clawdbot/gateway/transport/ws"
)

// openLimit is how long a new connection may wait for its actor.
const openLimit = 5 * time.Second

// serve builds what answers on the port: WebSocket upgrades and the page.
func (g *Gateway) serve() (err error) {
	cfg := g.o.Config.Config
	g.sockets, err = ws.NewServer(ws.Options{
		Log: g.log, Open: g.connect, Check: g.check,
		AllowedHosts: cfg.Gateway.AllowedHosts, AllowedOrigins: cfg.Gateway.ControlUI.AllowedOrigins,
		Auth: g.auth(), TrustedProxies: proxies(cfg), Published: g.publishedName,
	})
	if err != nil {
		return err
	}
	g.hooks = g.newHooks()
	g.mounts.Reserved = g.hooks.Owns
	g.openCanvas()
	onCanvas, isCanvas := g.mountCanvas()
	g.http = ws.HTTPServer(web.New(web.Options{
		Upgrade: g.sockets, Ready: g.readiness, Metrics: http.HandlerFunc(g.serveMetrics), BasePath: cfg.Gateway.ControlUI.BasePath,
		ControlUI: cfg.Gateway.ControlUI.Enabled, Version: g.o.Version,
		CheckHost: func(string) bool { return true }, CheckRequest: g.sockets.Admits, // one rule for both: ws knows the address
		Hooks: g.hooks, IsHook: g.hooks.Owns, Mounts: &g.mounts, Log: g.log,
		Canvas: onCanvas, IsCanvas: isCanvas,
	}), g.log)
	return nil
}

// auth is who may connect, by the configuration in force.
func (g *Gateway) auth() ws.Settings {
	a := config.ResolveAuth(g.doc.Load().Config, g.env, g.o.Start)
	return ws.Settings{
		Mode: ws.Mode(a.Mode), Token: a.Token.Reveal(), Password: a.Password.Reveal(), AllowTailscale: a.AllowTailscale,
	}
}

// check judges the params of a call by the row of its method. One that is not there has no params: it is unknown.
func (g *Gateway) check(method string, params []byte) *wire.Error {
	if !g.tree.methods[method].Strict {
		return nil
	}
	err := wire.Validate(method, params)
	if err != nil {
		g.figures.calls.Of(method).Failed(err)
	}
	return err
}

// connect gives an accepted connection its actor.
func (g *Gateway) connect(s *ws.Session, _ *wire.ConnectParams) ws.Handler {
	ctx, cancel := context.WithTimeout(context.Background(), openLimit)
	defer cancel()
	ref, err := actors.Ask(ctx, g.tree.conns, func(r actors.Reply[actors.Ref[conn.Message]]) conn.ConnsMessage {
		return conn.Open{Reply: r, Socket: s, Peer: s.Peer(), ConnectID: s.ConnectID(), CanvasURL: g.canvasForClient(s.Via())}
	})
	if err != nil {
		g.log.Warn("connection without an actor", "conn", s.Peer().ConnID, "err", err)
		return nil
	}
	return client{ref, s}
}

// client is the edge's view of a connection's actor.
type client struct {
	ref    actors.Ref[conn.Message]
	socket *ws.Session
}

func (c client) Request(r *wire.Request) {
	m := conn.NewRequest(c.socket, r)
	if err := c.ref.Tell(m); err != nil { // it has stopped, and its socket is being closed
		m.Fail(err)
	}
}

// Closed lets the actor carry out what the client had sent, and stops it: without a message, which could be lost.
func (c client) Closed(int, string) { c.ref.Drain() }

// hello is the part of hello-ok that the root knows (protocol 1.8).
func (g *Gateway) hello(p wire.Peer) wire.HelloOK {
	host, _ := os.Hostname()
	return wire.HelloOK{
		Type: "hello-ok", Protocol: wire.ProtocolVersion,
		Server:   wire.HelloServer{Version: g.o.Version, Commit: g.o.Commit, Host: host, ConnID: p.ConnID},
		Features: wire.HelloFeatures{Methods: g.tree.names, Events: append(wire.Events(), wire.EventAdditions()...)},
		Snapshot: wire.Snapshot{
			UptimeMs: time.Since(g.heritage.began).Milliseconds(), ConfigPath: g.o.Config.Path, StateDir: g.env.StateDir,
		},
		Policy: wire.NewHelloPolicy(),
	}
}

// self is the gateway's own presence entry (protocol 5.2).
func (g *Gateway) self() wire.PresenceEntry {
	host, _ := os.Hostname()
	ip := host
	for _, a := range localAddrs() {
		if a.Is4() && !a.IsLoopback() {
			ip = a.String()
			break
		}
	}
	return wire.PresenceEntry{
		Host: host, IP: ip, Version: g.o.Version, Platform: runtime.GOOS, DeviceFamily: family(runtime.GOOS),
		ModelIdentifier: runtime.GOARCH, Mode: "gateway", Reason: "self",
		Text: "Gateway: " + host + " (" + ip + ") · app " + g.o.Version + " · mode gateway · reason self",
	}
}

func family(goos string) string {
	switch goos {
	case "darwin":
		return "Mac"
	case "windows":
		return "Windows"
	case "linux":
		return "Linux"
	}
	return goos
}
