package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/importer"
	"github.com/clawdbot/gateway/actors/process"
	"github.com/clawdbot/gateway/actors/publish"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/actors/traces"
	"github.com/clawdbot/gateway/bridge"
	"github.com/clawdbot/gateway/transport/certificate"
	"github.com/clawdbot/gateway/transport/hooks"
	"github.com/clawdbot/gateway/transport/web"
	"github.com/clawdbot/gateway/transport/ws"
)

// Gateway is one running gateway.
type Gateway struct {
	given    Options // as the caller wrote them
	o        Options
	env      config.Env
	log      *slog.Logger
	heritage heritage

	listener net.Listener
	http     *http.Server
	sockets  *ws.Server
	hooks    *hooks.Server
	bridge   atomic.Pointer[bridge.Server] // nil = nodes cannot connect
	mounts   web.Mounts
	canvas   served
	store    *store.Store
	system   *actors.System
	keeper   *process.Keeper // nil = no commands are run
	tree     *tree
	imports  *importer.Importer

	figures figures // what is counted for /metrics
	traces  tracing // what is told to a collector

	found found // how devices can find the bridge

	certificate *certificate.Source // nil = the port speaks plain text
	published   publish.State       // how Tailscale publishes the port
	leaving     context.Context     // ends when the stop begins
	leave       context.CancelFunc

	doc       atomic.Pointer[config.Document] // the configuration in force
	rules     derived[tools.Rules]            // what it says of tools
	stopped   sync.Map                        // names of accounts that were stopped by hand
	sandboxes sync.Map                        // what probing for one has found, by its name
	policies  sync.Map                        // by account and surface: what it says of inbound messages
	fatal     chan error                      // the first vital part that is lost for good
	restarts  chan string                     // why a restart was asked for; holds one
	served    chan struct{}
	stopOnce  sync.Once
	stopErr   error
}

// AlreadyListening says that the port is taken, most likely by another gateway.
type AlreadyListening struct{ Addr string }

func (e *AlreadyListening) Error() string {
	return fmt.Sprintf("another gateway instance is already listening on ws://%s", e.Addr)
}

// New starts a gateway and returns when its port accepts connections. The caller must Stop it.
func New(o Options) (*Gateway, error) { return start(o, heritage{began: time.Now()}) }

// start is New in a process that may have had a gateway before.
func start(given Options, h heritage) (*Gateway, error) {
	o, env, err := given.resolve()
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		given: given, o: o, env: env, log: o.Log, heritage: h,
		fatal: make(chan error, 1), restarts: make(chan string, 1), served: make(chan struct{}),
		found: found{open: make(chan struct{})},
	}
	g.figures, g.traces.State = g.newFigures(), traces.NewState()
	g.leaving, g.leave = context.WithCancel(context.Background())
	g.doc.Store(o.Config)
	if err := g.open(); err != nil {
		g.leave()
		return nil, err
	}
	g.openBridge()
	go func() {
		defer close(g.served)
		if err := g.http.Serve(g.secured()); !errors.Is(err, http.ErrServerClosed) {
			g.fail(fmt.Errorf("http server: %w", err))
		}
	}()
	if o.Config.Config.Dev.Endpoints.Any() {
		g.log.Warn("dev.endpoints is set: platforms are replaced by addresses on this host")
	}
	if o.OnConfig != nil {
		o.OnConfig(o.Config.Config)
	}
	if o.OnListening != nil {
		o.OnListening(g.Addr())
	}
	return g, nil
}

// open makes the parts, the cheap and the exclusive ones first, and closes what it made when a later one fails.
func (g *Gateway) open() (err error) {
	if g.listener, err = g.listen(); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = g.listener.Close()
		}
	}()
	g.store, err = store.Open(store.Options{Dir: g.env.StateDir, Log: g.log, OnFatal: g.fail, Fault: g.o.StoreFault})
	if err != nil {
		return err
	}
	if err = g.store.SetLockInfo(g.Addr()); err != nil {
		return errors.Join(err, g.store.Close())
	}
	if err = g.openCertificate(); err != nil {
		return errors.Join(err, g.store.Close())
	}
	g.cleanMedia()
	g.keeper = g.newKeeper()
	g.system = actors.NewSystem(actors.SystemOptions{Log: g.log, Intercept: g.o.Intercept})
	if err = g.plant(); err != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return errors.Join(err, g.closeCanvas(ctx), g.system.Stop(ctx), g.store.Close())
	}
	return nil
}

func (g *Gateway) listen() (net.Listener, error) {
	cfg := g.o.Config.Config
	bind := cfg.Gateway.Bind
	if g.o.Start.Bind != "" {
		bind = g.o.Start.Bind
	}
	host, err := config.BindHost(bind, localAddrs())
	if err != nil {
		return nil, err
	}
	port := g.env.Ports(cfg, g.o.Start.Port).Gateway
	if g.o.AnyPort {
		port = 0
	}
	addr := net.JoinHostPort(host, strconv.Itoa(port))
	if g.o.AnyPort && g.heritage.port != 0 { // any will do, the one that the clients know does best
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(g.heritage.port)))
		if err == nil {
			return l, nil
		}
	}
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, &AlreadyListening{addr}
	}
	if err != nil {
		return nil, fmt.Errorf("failed to bind gateway socket on ws://%s: %w", addr, err)
	}
	return l, nil
}

func localAddrs() []netip.Addr {
	var all []netip.Addr
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			all = append(all, p.Addr())
		}
	}
	return all
}

// Run runs a gateway until ctx ends, or until it loses a part that it cannot do without (an error then). Restarts
// happen within it.
func Run(ctx context.Context, o Options) error {
	g, err := New(o)
	for err == nil {
		var reason string
		select {
		case <-ctx.Done():
			return g.finish(ctx, nil)
		case fatal := <-g.fatal:
			g.log.Error("gateway ends", "err", fatal)
			return g.finish(ctx, fatal)
		case reason = <-g.restarts:
		case reason = <-o.Restart:
		}
		g.log.Info("gateway restarts", "reason", reason)
		g, err = g.Renew(ctx)
	}
	if ctx.Err() != nil {
		return nil // it was stopped, and asked not to start again
	}
	return err
}

func (g *Gateway) finish(ctx context.Context, fatal error) error {
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	return errors.Join(fatal, g.Stop(stop))
}

// Failed yields an error when the gateway has lost a part that it cannot do without. It should then be stopped.
func (g *Gateway) Failed() <-chan error { return g.fatal }

// fail reports the loss of a vital part. Only the first one counts.
func (g *Gateway) fail(err error) {
	select {
	case g.fatal <- err:
	default:
	}
}

// Addr is the address the gateway listens on.
func (g *Gateway) Addr() string { return g.listener.Addr().String() }

// URL is the WebSocket address of the gateway.
func (g *Gateway) URL() string { return g.scheme("ws") + "://" + g.Addr() }

// Actors lists the actors of this gateway; it works also while one of them is stuck.
func (g *Gateway) Actors() []actors.Info { return g.system.Inspect() }

// StoreStats are the figures of the store's writer.
func (g *Gateway) StoreStats() store.Stats { return g.store.Stats() }
