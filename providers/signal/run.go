package signal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// errSilent is a stream that is open and carries nothing.
var errSilent = errors.New("the event stream went silent")

// Run implements providers.Provider. Every failure that time can mend is retried here and shown as LinkDegraded, so
// Run ends with nil when ctx does, or with a terminal error.
func (p *Provider) Run(ctx context.Context) (err error) {
	if !p.running.CompareAndSwap(false, true) {
		return errors.New("signal: this account is connected already")
	}
	l := &listener{
		p: p, daemon: &daemon{p: p}, place: &place{p: p},
		retry: providers.Backoff{Min: p.opt.retryMin, Max: p.opt.retryMax, Healthy: p.opt.healthy},
	}
	defer func() {
		l.place.finish(ctx)
		l.daemon.stop()
		p.running.Store(false)
		down := providers.Status{Link: providers.LinkDown}
		if err != nil {
			down.Reason = err.Error()
		}
		p.env.State(down)
	}()
	p.env.State(providers.Status{Link: providers.LinkConnecting, Mode: "sse"})
	l.place.resume(ctx)
	return l.run(ctx)
}

// listener is the state of one Run.
type listener struct {
	p      *Provider
	daemon *daemon
	place  *place
	retry  providers.Backoff
}

func (l *listener) run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := l.connect(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if final := l.final(err); final != nil {
			return final
		}
		wait := l.retry.Failed(l.p.env.Now())
		var e *callError
		if errors.As(err, &e) {
			wait = max(wait, e.retry)
		}
		reason := fmt.Sprintf("%s; next try in %v", providers.OneLine(err.Error()), wait.Round(time.Millisecond))
		l.p.env.State(providers.Status{Link: providers.LinkDegraded, Reason: reason})
		l.p.env.Log.Warn("signal link degraded", "account", l.p.env.Account, "err", err, "wait", wait)
		providers.Sleep(ctx, wait)
	}
	return nil
}

// final is the error to end with, nil for one that time can mend.
func (l *listener) final(err error) error {
	if errors.Is(err, providers.ErrTerminal) {
		return err
	}
	var e *callError
	if errors.As(err, &e) && e.refused() {
		return providers.Terminal(fmt.Errorf("%w: correct the name and password in signal.httpUrl", err))
	}
	return nil
}

// connect brings the daemon up if that is our part, checks the account and reads the stream until it breaks.
func (l *listener) connect(ctx context.Context) error {
	if l.p.cfg.ours() {
		if err := l.daemon.start(ctx); err != nil {
			return err
		}
	}
	if err := l.daemon.ready(ctx); err != nil {
		return err
	}
	if err := l.p.account(ctx); err != nil {
		return err
	}
	return l.listen(ctx)
}

// up reports that events flow.
func (l *listener) up() {
	now := l.p.env.Now()
	l.retry.OK(now)
	who := "the account of " + l.p.api.base.Host
	if self := l.p.self.Load(); self != nil {
		who = *self
	}
	l.p.env.State(providers.Status{Link: providers.LinkUp, Self: who, LastSeen: now})
}
