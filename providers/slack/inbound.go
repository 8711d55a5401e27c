package slack

import (
	"context"
	"encoding/json"

	"github.com/slack-go/slack/socketmode"

	"github.com/clawdbot/gateway/providers"
)

// take deals with one envelope. A nil error means that it may be acknowledged, with the body if there is one.
func (c *connection) take(ctx context.Context, r *socketmode.Request) (body any, err error) {
	switch r.Type {
	case socketmode.RequestTypeEventsAPI:
		var cb callback
		if err := json.Unmarshal(r.Payload, &cb); err != nil {
			c.p.env.Log.Error("slack event unreadable, skipped", "account", c.p.env.Account, "err", err)
			return nil, nil
		}
		return nil, c.happened(ctx, cb, r.RetryAttempt > 0)
	case socketmode.RequestTypeSlashCommands:
		return c.p.onCommand(ctx, r.Payload)
	}
	return nil, nil // buttons and dialogs: none is ever sent
}

// happened is one event.
func (c *connection) happened(ctx context.Context, cb callback, again bool) error {
	e := cb.Event
	if e.Type == "message" && c.p.mine(e) {
		c.p.env.Echo(e.TS)
	}
	switch {
	case e.Type == "app_mention", e.Type == "message" && (e.SubType == "" || e.SubType == "file_share"):
		if c.late != nil {
			if err := c.late.before(ctx, e.Channel.ID); err != nil {
				return err
			}
		}
		return c.p.onMessage(ctx, e, again)
	default:
		n, ok := c.p.note(ctx, cb)
		if !ok {
			return nil
		}
		return c.p.receive(ctx, n)
	}
}

// onMessage hands one message of a person up, once.
func (p *Provider) onMessage(ctx context.Context, e event, again bool) error {
	key := e.Channel.ID + ":" + e.TS
	if _, ok := p.taken.get(key, p.env.Now()); ok {
		return nil // the app_mention of a message, or Slack's second try
	}
	if !p.personal(e) {
		return nil
	}
	in := p.convert(ctx, e)
	in.Late = again && p.env.Now().Sub(in.Time) > p.opt.late
	if err := p.receive(ctx, in); err != nil {
		return err
	}
	p.taken.put(key, struct{}{}, p.env.Now())
	p.reads.advance(e.Channel.ID, thread(e), e.TS)
	return nil
}

func (p *Provider) receive(ctx context.Context, m providers.Incoming) error {
	if err := p.env.Receive(ctx, m); err != nil {
		return errStore{p.api.clean(err)}
	}
	return nil
}

// personal: a person has written it, and it is not us.
func (p *Provider) personal(e event) bool {
	me := p.self()
	return e.Channel.ID != "" && stampPattern.MatchString(e.TS) && e.User.ID != "" && e.BotID == "" && e.User.ID != me.user
}

// mine: we have written it.
func (p *Provider) mine(e event) bool {
	me := p.self()
	return me.user != "" && e.User.ID == me.user || me.bot != "" && e.BotID == me.bot
}

// thread is the first message of the thread that a message stands in; "" for one that stands in none, or begins it.
func thread(e event) string {
	if e.ThreadTS == e.TS || !stampPattern.MatchString(e.ThreadTS) {
		return ""
	}
	return e.ThreadTS
}
