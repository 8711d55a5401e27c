package discord

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/clawdbot/gateway/providers"
)

// Run implements providers.Provider. Every failure that time can mend is retried here and shown as LinkDegraded, so Run
// ends with nil when ctx does, or with a terminal error.
func (p *Provider) Run(ctx context.Context) (err error) {
	if !p.running.CompareAndSwap(false, true) {
		return errors.New("discord: this account is connected already")
	}
	defer func() {
		p.running.Store(false)
		p.closeIdle()
		down := providers.Status{Link: providers.LinkDown}
		if err != nil {
			down.Reason = err.Error()
		}
		p.env.State(down)
	}()
	p.env.State(providers.Status{Link: providers.LinkConnecting, Mode: "gateway"})
	place, err := load(ctx, p.env.Cursor, p.env.Now())
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("discord: the place in the stream of events cannot be read: %w", err)
	}
	defer p.leave(ctx, place)
	wait := providers.Backoff{Min: p.opt.retryMin, Max: p.opt.retryMax, Healthy: p.opt.healthy}
	for ctx.Err() == nil {
		start := p.env.Now()
		err := p.connect(ctx, place)
		if ctx.Err() != nil {
			return nil
		}
		if final := p.final(err); final != nil {
			place.forget()
			return providers.Terminal(final)
		}
		if place.session().ID != "" && p.env.Now().Sub(start) >= p.opt.healthy {
			wait.OK(start)
		}
		pause, reason := p.plan(err, place, &wait)
		p.env.State(providers.Status{Link: providers.LinkDegraded, Reason: fmt.Sprintf("%s; next try in %v", reason, pause.Round(time.Millisecond))})
		p.env.Log.Warn("discord link degraded", "account", p.env.Account, "err", reason, "wait", pause)
		providers.Sleep(ctx, pause)
	}
	return nil
}

// leave writes down how far we came. A stop must not wait for a store that hangs.
func (p *Provider) leave(ctx context.Context, place *progress) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 300*time.Millisecond)
	defer cancel()
	if err := place.save(ctx); err != nil {
		p.env.Log.Warn("discord: the place in the stream of events was not saved; some of it will be asked for again", "account", p.env.Account, "err", err)
	}
}

// connect runs one WebSocket until it ends, and says why it did.
func (p *Provider) connect(ctx context.Context, place *progress) error {
	conn, err := p.dial(ctx, place)
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	l := &link{
		p: p, conn: conn, place: place, queue: newQueue(p.opt.queue),
		beatNow: make(chan struct{}, 1), acked: make(chan struct{}, 1), ready: make(chan struct{}, 1),
	}
	interval, err := l.hello(ctx)
	if err != nil {
		return err
	}
	if err := l.login(ctx); err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	var group sync.WaitGroup
	for _, part := range []func(context.Context) error{
		l.read,
		func(ctx context.Context) error { return l.beat(ctx, interval) },
		func(ctx context.Context) error { return newTaker(p, place, l.queue).run(ctx) },
	} {
		group.Go(func() { end(part(ctx)) })
	}
	<-ctx.Done()
	conn.CloseNow() // without a close frame: the platform keeps the session, so that we may resume it
	group.Wait()
	return context.Cause(ctx)
}

// Close codes that no new try can mend, and what to do.
var fatal = map[websocket.StatusCode]string{
	4010: "discord refuses the shard (4010): this is a mistake of the program, please report it",
	4011: "discord wants this bot to be sharded (4011): it is in too many servers for one connection; take it out of some",
	4012: "discord does not know this version of its gateway any more (4012): update the program",
	4013: "discord refuses the intents (4013): this is a mistake of the program, please report it",
	4014: "discord refuses the intents (4014): switch on \"Message Content Intent\" at discord.com/developers/applications, page Bot, section Privileged Gateway Intents, then start the account again",
}

// final is the failure that only a person can mend, nil for any other.
func (p *Provider) final(err error) error {
	code := websocket.CloseStatus(err)
	if code == 4004 {
		return p.badToken()
	}
	if text, ok := fatal[code]; ok {
		return errors.New(text)
	}
	return p.refusal(err)
}

// plan decides how long to wait after a failure that is not final, and what to tell the person.
func (p *Provider) plan(err error, place *progress, wait *providers.Backoff) (pause time.Duration, reason string) {
	pause = wait.Failed(p.env.Now())
	var e *apiError
	switch code := websocket.CloseStatus(err); {
	case errors.Is(err, errInvalid):
		return max(pause, p.opt.invalidMin+rand.N(4*p.opt.invalidMin+1)), err.Error()
	case errors.As(err, &e):
		if e.what == "gateway" {
			place.forgetURL()
		}
		if e.status == http.StatusTooManyRequests {
			pause = max(pause, e.retryAfter)
		}
		return pause, err.Error()
	case code == 4003, code == 4007, code == 4009: // not logged in, wrong sequence, timed out: such a session is lost
		place.forget()
		return pause, fmt.Sprintf("discord ended the session (%d); a new one begins", code)
	case code > 0:
		return pause, fmt.Sprintf("discord closed the connection (%d)", code)
	case errors.Is(err, errReconnect), errors.Is(err, errSilent), errors.Is(err, errNoReady), errors.Is(err, errOverflow):
		return pause, err.Error()
	}
	return pause, "the connection was lost: " + oneLine(err.Error(), 200)
}
