package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// run serves one socket after the other until the client ends.
func (c *Client) run(l *link) {
	var err error
	for {
		err = l.serve(c.ctx, c.dispatch)
		c.detach(err)
		if c.ctx.Err() != nil || !c.o.Reconnect {
			break
		}
		if l, err = c.redial(); err != nil {
			break
		}
		c.attach(l)
		c.refresh() // whatever happened in between was missed
	}
	c.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lost = err
	close(c.done)
	for s := range c.subs {
		s.endLocked(err)
	}
}

func (c *Client) attach(l *link) {
	c.mu.Lock()
	c.link, c.lost, c.hello = l, nil, l.hello
	c.mu.Unlock()
	if c.o.OnHello != nil {
		c.o.OnHello(l.hello)
	}
}

func (c *Client) detach(err error) {
	c.mu.Lock()
	c.link, c.lost = nil, err
	c.mu.Unlock()
	c.o.Log.Info("connection lost", "err", err)
	if c.o.OnClose != nil {
		c.o.OnClose(err)
	}
}

// redial tries until it is connected, the client is closed, or the credentials are refused.
func (c *Client) redial() (*link, error) {
	for attempt := 0; ; attempt++ {
		wait := c.backoff(attempt)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-c.ctx.Done():
			timer.Stop()
			return nil, &ClosedError{Code: int(wire.CloseNormal)}
		}
		l, err := c.connect(c.ctx)
		switch {
		case err == nil:
			return l, nil
		case c.ctx.Err() != nil:
			return nil, &ClosedError{Code: int(wire.CloseNormal)}
		case errors.Is(err, ErrUnauthorized):
			return nil, err
		}
		c.o.Log.Info("reconnect failed", "attempt", attempt+1, "err", err)
	}
}

// backoff doubles from MinBackoff to MaxBackoff; half of it is random, so that the clients of a restarted
// gateway do not all come at once.
func (c *Client) backoff(attempt int) time.Duration {
	d := c.o.MaxBackoff
	if attempt < 16 {
		d = min(d, c.o.MinBackoff<<attempt)
	}
	return d/2 + rand.N(d/2+1)
}

// connect opens a socket and introduces this client.
func (c *Client) connect(ctx context.Context) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.ConnectTimeout)
	defer cancel()
	l, err := openLink(ctx, &c.o)
	if err != nil {
		return nil, err
	}
	if err := l.introduce(ctx, c.nextID()); err != nil {
		_ = l.ws.CloseNow() // the error says what happened
		return nil, err
	}
	return l, nil
}
