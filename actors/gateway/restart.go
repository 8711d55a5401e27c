package gateway

import (
	"context"
	"errors"
	"net"
	"strconv"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/actors/health"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	restartExpected = 1500                   // ms; what clients are told of a restart (protocol 6.4)
	askLimit        = time.Second            // how long a restart waits for a part that is stuck
	retryFirst      = 200 * time.Millisecond // the wait before a start on the old settings is tried again
	retryLast       = 5 * time.Second        // no wait is longer; the start that fails after it was the last
)

// heritage is what a gateway leaves to the one that takes its place in the same process.
type heritage struct {
	began      time.Time          // when the first of them started
	port       int                // that it listened on; 0 = none yet
	bridgePort int                // that nodes connected to; 0 = none
	events     *eventstream.State // whose versions go on counting (protocol 1.11); nil = none yet
	refused    *config.Refused    // what the file has and could not be started; nil = nothing

	heartbeatsOff bool // what set-heartbeats said, which holds as long as the process
}

// Restart asks for the gateway to start anew within the process. It never blocks, and however often it is called, it
// happens once. Run does it; a program that uses New hears of it from Restarts. The reason is for the log.
func (g *Gateway) Restart(reason string) {
	select {
	case g.restarts <- reason:
	default:
	}
}

// Restarts yields the reason when something asked for a restart: a change of the config file that only a restart
// brings into force, or Restart. Renew should then be called.
func (g *Gateway) Restarts() <-chan string { return g.restarts }

// Renew stops the gateway as Stop does, tells its clients that it restarts, and starts the next one, on the config
// file as it now is. A file that must not run, or does not start, changes nothing: the next gateway then has the
// settings of this one, and its status says why. An error says that neither started, or that ctx ended.
func (g *Gateway) Renew(ctx context.Context) (*Gateway, error) {
	next, old := g.given, g.given
	old.Config = g.doc.Load()
	next.Config = g.nextConfig()
	h := g.bequeath(ctx)
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	err := g.end(stop, wire.ShutdownEvent{Reason: "gateway restarting", RestartExpectedMs: new(int64(restartExpected))})
	cancel()
	if err != nil {
		g.log.Warn("the stop before the restart was not clean", "err", err)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	n, err := start(next, h)
	if err == nil {
		return n, nil
	}
	why := config.HideSecrets(err.Error(), config.Redacted)
	g.log.Error("gateway did not start anew, it goes back to the settings it had", "err", why)
	if next.Config != old.Config {
		h.refused = &config.Refused{Document: next.Config, Problem: "could not be started: " + why}
	}
	return g.goBack(ctx, old, h)
}

// goBack starts the gateway on settings that it ran on before. What keeps it from that may pass: a port that somebody
// else was quicker to take.
func (g *Gateway) goBack(ctx context.Context, old Options, h heritage) (*Gateway, error) {
	for wait := retryFirst; ; wait = min(2*wait, retryLast) {
		n, err := start(old, h)
		if err == nil || wait == retryLast {
			return n, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, context.Cause(ctx))
		case <-time.After(wait):
		}
	}
}

// nextConfig is what the next start runs on: the file as it now is, or what is in force if the file must not run.
func (g *Gateway) nextConfig() *config.Document {
	running := g.doc.Load()
	if !g.fromFile() {
		return running
	}
	doc, moved, err := config.LoadForStart(running.Path, g.o.Getenv)
	if err != nil || !doc.Exists && running.Exists || g.admit(doc) != nil {
		return running // the next one finds the same file and says what is wrong with it
	}
	tellMoved(g.log, moved)
	return doc
}

// bequeath is what the next one takes over.
func (g *Gateway) bequeath(ctx context.Context) heritage {
	h := heritage{began: g.heritage.began, events: g.tree.events}
	if s := g.bridge.Load(); s != nil {
		h.bridgePort = s.Port()
	}
	if _, port, err := net.SplitHostPort(g.Addr()); err == nil {
		h.port, _ = strconv.Atoi(port) // of a listener: it is a number
	}
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	on, err := actors.Ask(ctx, g.tree.health, func(r actors.Reply[bool]) health.Message { return health.HeartbeatsEnabled{Reply: r} })
	h.heartbeatsOff = err == nil && !on
	return h
}
