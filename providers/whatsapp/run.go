package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// Run implements providers.Provider. A lost connection is opened anew here, by the policy of providers a.1, and shown as
// LinkDegraded; Run ends with nil when ctx does, or with a terminal error. While a device is being linked it waits.
func (p *Provider) Run(ctx context.Context) (err error) {
	if !p.running.CompareAndSwap(false, true) {
		return errors.New("whatsapp: this account is running already")
	}
	defer func() {
		p.running.Store(false)
		down := providers.Status{Link: providers.LinkDown}
		if err != nil {
			down.Reason = err.Error()
		}
		p.tell(down, nil)
	}()
	p.tell(providers.Status{Link: providers.LinkConnecting, Mode: "linked device"}, nil)
	failures, restarts := 0, 0
	for ctx.Err() == nil {
		lived, err := p.connection(ctx)
		var e *ending
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errYield):
			p.tell(providers.Status{Link: providers.LinkDegraded, Reason: err.Error()}, nil)
			continue
		case errors.As(err, &e) && e.restart && restarts == 0:
			restarts++ // a second one without a connection in between is a failure
			p.note(e, 0)
			continue
		case errors.As(err, &e) && e.outdated && p.version.renew(p):
			continue
		case final(err):
			p.note(err, failures)
			return providers.Terminal(err)
		}
		if lived >= p.opt.heartbeat {
			failures = 0
		}
		if lived > 0 {
			restarts = 0
		}
		failures++
		if err := p.pause(ctx, failures, err); err != nil {
			return err
		}
	}
	return nil
}

// pause waits before the next attempt. The error is terminal: that was the last one.
func (p *Provider) pause(ctx context.Context, failures int, why error) error {
	p.note(why, failures)
	if p.retry.attempts > 0 && failures >= p.retry.attempts {
		return providers.Terminal(fmt.Errorf("gave up after %d attempts in a row (web.reconnect.maxAttempts): %w; see to the network, %s", failures, why, restartHint))
	}
	wait := p.retry.delay(failures, rand.Float64())
	p.tell(providers.Status{
		Link: providers.LinkDegraded, Reason: fmt.Sprintf("%s; next try in %v", why, wait.Round(time.Millisecond)),
	}, nil)
	p.env.Log.Warn("whatsapp link degraded", "err", why, "wait", wait)
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-p.wanted():
	case <-t.C:
	}
	return nil
}

// note keeps why the last connection ended.
func (p *Provider) note(err error, failures int) {
	d := &Disconnect{At: p.env.Now().UnixMilli(), Error: err.Error()}
	var e *ending
	if errors.As(err, &e) {
		d.Status, d.LoggedOut = e.status, e.loggedOut
	}
	p.tell(providers.Status{}, func(all *Detail) {
		all.ReconnectAttempts = failures
		if !errors.Is(err, errNotLinked) {
			all.LastDisconnect = d
		}
		if d.LoggedOut || errors.Is(err, errNotLinked) {
			all.Linked, all.LinkedAt, all.E164, all.JID = false, 0, "", ""
		}
	})
}

// final says whether trying again cannot help.
func final(err error) bool {
	var e *ending
	var held *providers.HeldError
	return errors.Is(err, errNotLinked) || errors.As(err, &held) || errors.As(err, &e) && e.final
}

// connection opens one connection and serves it until it ends. It says how long it was up. The turn is taken and given
// back here: when it returns, the socket is closed and the credentials are free.
func (p *Provider) connection(ctx context.Context) (lived time.Duration, err error) {
	if err := p.take(ctx); err != nil {
		return 0, err
	}
	defer p.give()
	c, err := p.open(ctx)
	if err != nil {
		return 0, err
	}
	defer c.close()
	device, err := c.device(ctx)
	if err != nil {
		return 0, err
	}
	if device == nil {
		return 0, errNotLinked
	}
	since := c.linkedAt(ctx)
	s := newSession(ctx, p, c, device)
	p.tell(providers.Status{Self: s.self.String()}, func(d *Detail) {
		d.Linked, d.LinkedAt, d.E164, d.JID = true, since, s.self.String(), s.self.pn.String()
	})
	release, err := p.hold(ctx, s.self.pn.String())
	if err != nil {
		return 0, err
	}
	defer release()
	lived, err = s.serve(ctx)
	var e *ending
	if errors.As(err, &e) && e.loggedOut {
		c.close()
		err = errors.Join(err, p.env.Vault.Remove(context.WithoutCancel(ctx), database))
	}
	return lived, err
}

// hold takes the identity. A predecessor within this very gateway is waited for: its socket is closing.
func (p *Provider) hold(ctx context.Context, id string) (release func(), err error) {
	deadline := time.Now().Add(p.opt.settle)
	for {
		release, err = p.env.Vault.Hold(id)
		var held *providers.HeldError
		if err == nil || !errors.As(err, &held) || held.Holder.StateDir != p.env.StateDir || time.Now().After(deadline) {
			return release, err
		}
		t := time.NewTimer(50 * time.Millisecond)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil, ctx.Err()
		case <-t.C:
		}
	}
}
