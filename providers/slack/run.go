package slack

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	sdk "github.com/slack-go/slack"

	"github.com/clawdbot/gateway/providers"
)

// Run implements providers.Provider. Every failure that time can mend is retried here and shown as LinkDegraded, so Run ends
// with nil when ctx does, or with a terminal error.
func (p *Provider) Run(ctx context.Context) (err error) {
	if !p.running.CompareAndSwap(false, true) {
		return errors.New("slack: this account is connected already")
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
	p.env.State(providers.Status{Link: providers.LinkConnecting, Mode: "socket"})
	if err := p.reads.load(ctx, p); err != nil && ctx.Err() == nil {
		return fmt.Errorf("slack: %w", err)
	}
	l := &runner{
		p:    p,
		link: providers.Backoff{Min: p.opt.retryMin, Max: p.opt.retryMax, Healthy: p.opt.healthy},
		slow: providers.Backoff{Min: p.opt.slowMin, Max: p.opt.slowMax, Healthy: p.opt.healthy},
	}
	return l.run(ctx)
}

// runner is the state of one Run.
type runner struct {
	p          *Provider
	link, slow providers.Backoff
}

func (l *runner) run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := l.p.login(ctx)
		if err == nil {
			err = l.p.connect(ctx)
		}
		if ctx.Err() != nil {
			break
		}
		if final := l.final(err); final != nil {
			return providers.Terminal(final)
		}
		wait, reason := l.plan(err)
		if reason != "" {
			l.p.env.State(providers.Status{Link: providers.LinkDegraded, Reason: fmt.Sprintf("%s; next try in %v", reason, wait.Round(time.Millisecond))})
			l.p.env.Log.Warn("slack link degraded", "account", l.p.env.Account, "err", reason, "wait", wait)
		}
		providers.Sleep(ctx, wait)
	}
	return nil
}

// final is what trying again cannot mend.
func (l *runner) final(err error) error {
	var ended errEnded
	if errors.As(err, &ended) && strings.HasSuffix(ended.reason, "link_disabled") {
		return errSwitchedOff
	}
	return l.p.refusal(err)
}

// plan decides how long to wait after a failure that is not final, and what to tell the person: nothing when Slack moves a
// healthy connection. A server that accepts and drops again and again gets no more than the others.
func (l *runner) plan(err error) (wait time.Duration, reason string) {
	now := l.p.env.Now()
	var ended errEnded
	if errors.As(err, &ended) && ended.lasted > 0 {
		l.link.OK(now.Add(-ended.lasted))
		l.slow.OK(now.Add(-ended.lasted))
	}
	var e *apiError
	switch {
	case ended.planned && ended.lasted >= l.p.opt.healthy:
		return 0, ""
	case strings.HasSuffix(ended.reason, "too_many_websockets"), errors.As(err, &e) && e.code == "too_many_websockets":
		return l.slow.Failed(now), fmt.Sprintf("Slack says that this app has too many connections (%d are ours): stop the other programs that use this app", l.p.sockets.Load())
	case errors.As(err, &e) && e.limited():
		return max(e.retryAfter, l.link.Failed(now)), err.Error()
	}
	return l.link.Failed(now), err.Error()
}

// login finds out who the app is, for mentions, and whether the bot token is good.
func (p *Provider) login(ctx context.Context) error {
	var me *sdk.AuthTestResponse
	err := p.api.call(ctx, p.opt.call, "auth.test", func(ctx context.Context, c *sdk.Client) (err error) {
		me, err = c.AuthTestContext(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if me.UserID == "" {
		return errors.New("slack auth.test: the answer does not say who we are")
	}
	p.me.Store(&identity{user: me.UserID, bot: me.BotID, name: me.User, team: me.Team, teamID: me.TeamID})
	p.env.State(providers.Status{Self: "@" + me.User})
	return nil
}

func upStatus(now time.Time) providers.Status {
	return providers.Status{Link: providers.LinkUp, LastSeen: now}
}

// pulse tells of traffic, and keeps the cursor.
func (p *Provider) pulse(ctx context.Context, up bool) {
	if at := p.seen.Load(); at > 0 && up {
		p.env.State(providers.Status{LastSeen: time.Unix(0, at)})
		p.reads.alive(time.Unix(0, at))
	}
	if up {
		p.reads.flushIfDue(ctx, p)
	}
}
