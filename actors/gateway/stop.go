package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/outbox"
	"github.com/clawdbot/gateway/actors/session"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	stopLimit = 4500 * time.Millisecond // of the whole stop: a service manager must see it end within 5 s
	runGrace  = 2 * time.Second         // what runs in progress may still take
)

// Stop ends the gateway in an order in which nothing accepted is lost: no new work, runs get a moment and are then
// stored as interrupted, the shutdown event reaches the clients before their sockets close with 1012, and the store
// closes last. It may be called more than once; ctx bounds it.
func (g *Gateway) Stop(ctx context.Context) error {
	return g.end(ctx, wire.ShutdownEvent{Reason: "gateway stopping"})
}

// end stops the gateway, once; goodbye is what its clients are told.
func (g *Gateway) end(ctx context.Context, goodbye wire.ShutdownEvent) error {
	g.stopOnce.Do(func() { g.stopErr = g.stop(ctx, goodbye) })
	return g.stopErr
}

func (g *Gateway) stop(ctx context.Context, goodbye wire.ShutdownEvent) error {
	g.tree.stopping.Store(true)
	g.leave()
	t := g.tree
	for _, a := range t.directory.States() {
		_ = t.accounts.Tell(stopAccount(a.Account))
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = actors.Ask(ctx, t.sessions, func(r actors.Reply[struct{}]) session.SessionsMessage {
			return session.Drain{Reply: r, Grace: runGrace}
		})
	}()
	quiesce, cancel := context.WithTimeout(ctx, runGrace)
	_, _ = actors.Ask(quiesce, t.outbox, func(r actors.Reply[struct{}]) outbox.Message { return outbox.Quiesce{Reply: r} })
	cancel()
	select {
	case <-drained:
	case <-ctx.Done():
	}
	g.stopJobs(ctx)
	g.announce(ctx, goodbye)
	err := errors.Join(g.sockets.Shutdown(ctx), g.closeBridge(ctx))
	g.hooks.Close()
	err = errors.Join(err, g.closeCanvas(ctx), g.http.Shutdown(ctx))
	<-g.served
	g.flushTraces(ctx)
	err = errors.Join(err, g.system.Stop(ctx), t.directory.Wait(ctx))
	return errors.Join(err, g.store.Close())
}

// announce broadcasts the shutdown event and waits until it is in every client's queue.
func (g *Gateway) announce(ctx context.Context, goodbye wire.ShutdownEvent) {
	sent := make(chan struct{})
	g.tree.stream.PublishThen(wire.Event{Name: "shutdown", Payload: goodbye}, func() { close(sent) })
	select {
	case <-sent:
	case <-ctx.Done():
	case <-time.After(time.Second):
	}
}
