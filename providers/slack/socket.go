package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	sdk "github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/clawdbot/gateway/providers"
)

// errStore: what came could not be stored. The connection is given up, so that the order stays and Slack hands it out again.
type errStore struct{ text string }

func (e errStore) Error() string { return "the message could not be stored: " + e.text }

// errEnded is the end of a connection that had been up.
type errEnded struct {
	reason  string        // "warning" and "refresh_requested" are Slack's way to move us to another server
	planned bool          // Slack asked for it and wants us back at once
	lasted  time.Duration // since the hello
}

func (e errEnded) Error() string { return "the connection ended: " + e.reason }

func disconnectReason(frame string) string {
	var f struct{ Type, Reason string }
	if json.Unmarshal([]byte(frame), &f) != nil || f.Type != socketmode.RequestTypeDisconnect {
		return ""
	}
	if f.Reason == "" {
		f.Reason = "no reason given"
	}
	return "disconnect: " + f.Reason
}

// connection is one socket, from the call that asks for its address to its end.
type connection struct {
	p     *Provider
	smc   *socketmode.Client
	tap   tap
	x     *providers.Exchange
	hello time.Time // zero until Slack has said it
	late  *catchUp
}

// connect opens one socket and serves it until it ends, which is always an error unless ctx has ended.
func (p *Provider) connect(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &connection{p: p}
	// The library would connect again by itself, at once and for ever: its second request ends it.
	c.x = &providers.Exchange{Ctx: ctx, Base: p.api.rt, Most: maxAnswer, Again: cancel}
	c.smc = socketmode.New(p.api.client(c.x), socketmode.OptionDialer(p.dialer()), socketmode.OptionPingInterval(p.opt.ping),
		socketmode.OptionReadLimit(maxFrame), socketmode.OptionDebug(true), socketmode.OptionLog(&c.tap))
	done := make(chan error, 1)
	go func() { done <- c.smc.RunContext(ctx) }()
	err := c.serve(ctx, done)
	cancel()
	for { // whatever the library still wants to say, it is over when RunContext has returned
		select {
		case <-c.smc.Events:
			continue
		case <-done:
		}
		break
	}
	if !c.hello.IsZero() {
		p.reads.flush(context.WithoutCancel(ctx), p)
	}
	return err
}

// serve deals with what the socket brings until it ends. done holds the library's word again when it returns.
func (c *connection) serve(ctx context.Context, done chan error) error {
	tick := time.NewTicker(min(c.p.opt.flush, 5*time.Second))
	defer tick.Stop()
	opening := time.NewTimer(c.p.opt.call + c.p.opt.dial)
	defer opening.Stop()
	for {
		var more <-chan struct{}
		if c.late != nil && c.late.due(c.p.env.Now()) {
			more = always
		}
		select {
		case ev := <-c.smc.Events:
			if err := c.event(ctx, ev); err != nil {
				return c.because(ctx, done, err)
			}
			continue
		case err := <-done:
			done <- err
			return c.end(ctx, err)
		default:
		}
		select {
		case ev := <-c.smc.Events:
			if err := c.event(ctx, ev); err != nil {
				return c.because(ctx, done, err)
			}
		case err := <-done:
			done <- err
			return c.end(ctx, err)
		case <-more:
			if err := c.late.step(ctx); err != nil {
				return c.because(ctx, done, err)
			}
		case <-tick.C:
			c.p.pulse(ctx, !c.hello.IsZero())
		case <-opening.C:
			if c.hello.IsZero() {
				return errors.New("the socket is open, and Slack says nothing")
			}
		}
	}
}

// because tells the end of the connection from a failure that is none of its own: with the connection everything fails.
func (c *connection) because(ctx context.Context, done chan error, err error) error {
	if ctx.Err() == nil {
		return err
	}
	word := <-done
	done <- word
	return c.end(ctx, word)
}

// always is ready.
var always = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// end says why the library gave the connection up.
func (c *connection) end(ctx context.Context, err error) error {
	if !c.hello.IsZero() {
		reason := c.tap.said()
		if reason == "" {
			reason = "closed"
		}
		planned := strings.HasSuffix(reason, "warning") || strings.HasSuffix(reason, "refresh_requested")
		return errEnded{reason: c.p.api.clean(errors.New(reason)), planned: planned, lasted: c.p.env.Now().Sub(c.hello)}
	}
	if reason := c.tap.said(); reason != "" {
		return errEnded{reason: c.p.api.clean(errors.New(reason))}
	}
	return c.failed(ctx, err)
}

// failed is a connection that never came about.
func (c *connection) failed(ctx context.Context, err error) error {
	s := c.x.Outcome()
	if e := c.p.api.judge("apps.connections.open", s, true, nil); e != nil {
		e.cause = ctx.Err()
		return e
	}
	return fmt.Errorf("slack socket: %s", c.p.api.clean(err))
}

// event is one thing that the library tells.
func (c *connection) event(ctx context.Context, ev socketmode.Event) error {
	switch ev.Type {
	case socketmode.EventTypeHello:
		c.up(ctx, ev.Request)
	case socketmode.EventTypeConnectionError:
		var err error
		if e, ok := ev.Data.(*sdk.ConnectionErrorEvent); ok {
			err = e.ErrorObj
		}
		return c.end(ctx, err)
	case socketmode.EventTypeErrorWriteFailed:
		return errEnded{reason: "an acknowledgement could not be written"}
	case socketmode.EventTypeErrorBadMessage:
		bad, ok := ev.Data.(*socketmode.ErrorBadMessage)
		var r socketmode.Request
		if !ok || json.Unmarshal(bad.Message, &r) != nil || r.EnvelopeID == "" {
			c.p.env.Log.Error("slack frame unreadable, skipped", "account", c.p.env.Account)
			return nil
		}
		return c.envelope(ctx, &r) // what the library does not know may be known here
	default:
		if ev.Request != nil && ev.Request.EnvelopeID != "" {
			return c.envelope(ctx, ev.Request)
		}
	}
	return nil
}

// up is Slack's hello.
func (c *connection) up(ctx context.Context, r *socketmode.Request) {
	now := c.p.env.Now()
	c.hello = now
	if r != nil && r.NumConnections > 1 {
		c.p.env.Log.Warn("slack: other connections of this app are open, Slack shares the messages out among them", "account", c.p.env.Account, "connections", r.NumConnections)
	}
	c.p.env.State(upStatus(now))
	c.late = c.p.newCatchUp(ctx, now)
}

// envelope deals with one envelope and acknowledges it, unless Slack has given up waiting.
func (c *connection) envelope(ctx context.Context, r *socketmode.Request) error {
	start := time.Now()
	body, err := c.take(ctx, r)
	if err != nil {
		return err
	}
	if took := time.Since(start); took >= c.p.opt.ack {
		c.p.env.Log.Debug("slack envelope taken too late to acknowledge; it comes again", "account", c.p.env.Account, "took", took)
		return nil
	}
	if err := c.smc.AckCtx(ctx, r.EnvelopeID, body); err != nil && ctx.Err() == nil {
		return errEnded{reason: c.p.api.clean(err)}
	}
	return nil
}
