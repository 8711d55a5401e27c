package discord

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// taker hands events over, one after the other. It retries one that the store does not take, for ever: the events
// behind it wait, and the sequence number stays where it is.
type taker struct {
	p       *Provider
	place   *progress
	queue   *queue
	wait    providers.Backoff
	down    bool // the store does not take anything just now
	flushed time.Time
	fetched map[string]bool // messages that were fetched and may come by the gateway too
}

func newTaker(p *Provider, place *progress, q *queue) *taker {
	return &taker{p: p, place: place, queue: q, fetched: map[string]bool{}, wait: providers.Backoff{Min: p.opt.retryMin, Max: p.opt.retryMax, Healthy: p.opt.healthy}}
}

// run ends with ctx, or with a failure that ends the link.
func (t *taker) run(ctx context.Context) error {
	for ctx.Err() == nil {
		if e, ok := t.queue.pop(ctx, t.p.opt.flush); ok {
			if err := t.take(ctx, e); err != nil {
				return err
			}
		}
		t.flush(ctx)
	}
	return ctx.Err()
}

// take tries until the event is taken.
func (t *taker) take(ctx context.Context, e event) error {
	for {
		err := t.handle(ctx, e)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			t.place.tookEvent(e.seq)
			if t.down {
				t.down = false
				t.p.env.State(providers.Status{Link: providers.LinkUp})
			}
			t.wait.OK(t.p.env.Now())
			return nil
		case t.p.refusal(err) != nil:
			return err
		}
		pause := t.wait.Failed(t.p.env.Now())
		var a *apiError
		if errors.As(err, &a) {
			pause = max(pause, a.retryAfter)
		}
		t.down = true
		t.p.env.State(providers.Status{Link: providers.LinkDegraded, Reason: fmt.Sprintf("%v; next try in %v", err, pause.Round(time.Millisecond))})
		t.p.env.Log.Warn("discord event not taken", "account", t.p.env.Account, "err", err, "wait", pause)
		providers.Sleep(ctx, pause)
	}
}

// flush writes the place to the store now and then. That it fails costs a repetition, no message.
func (t *taker) flush(ctx context.Context) {
	now := t.p.env.Now()
	if now.Sub(t.flushed) < t.p.opt.flush {
		return
	}
	t.flushed = now
	if err := t.place.save(ctx); err != nil && ctx.Err() == nil {
		t.p.env.Log.Warn("discord: the place in the stream of events was not saved", "account", t.p.env.Account, "err", err)
	}
}

// handle does what an event asks for.
func (t *taker) handle(ctx context.Context, e event) error {
	switch w := e.what.(type) {
	case ready:
		if err := t.p.registerCommand(ctx); err != nil {
			t.p.env.Log.Warn("discord: the slash command is not registered", "account", t.p.env.Account, "err", err)
		}
		return t.fetchDirect(ctx)
	case *guildEvent:
		t.p.names.learn(w, t.p.me().ID)
		return t.fetchGuild(ctx, w)
	case *channelEvent:
		t.p.names.channel(*w)
	case *roomGone:
		t.p.names.drop(w.ID)
	case *memberEvent:
		t.p.names.member(w, t.p.me().ID)
	case *messageEvent:
		if t.fetched[w.ID] {
			delete(t.fetched, w.ID)
			return nil
		}
		return t.message(ctx, w, w.replay && t.p.env.Now().Sub(moment(w.ID)) > lateAfter)
	case *reactionEvent:
		return t.reaction(ctx, w, e.seq)
	case *interaction:
		return t.command(ctx, w)
	}
	return nil
}

// receive hands one message over.
func (t *taker) receive(ctx context.Context, m providers.Incoming) error {
	if err := t.p.env.Receive(ctx, m); err != nil {
		return fmt.Errorf("the message could not be stored: %w", err)
	}
	return nil
}
