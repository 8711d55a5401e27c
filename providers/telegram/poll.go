package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// errStuck stands for a server that repeats what was acknowledged: without a pause this would be a busy loop.
var errStuck = errors.New("the platform repeats an acknowledged update")

// Run implements providers.Provider. Every failure that time can mend is retried here and shown as LinkDegraded, so
// Run ends with nil when ctx does, or with a terminal error.
func (p *Provider) Run(ctx context.Context) (err error) {
	if !p.running.CompareAndSwap(false, true) {
		return errors.New("telegram: this account is being polled already")
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
	mode := "polling"
	if p.cfg.WebhookURL != "" {
		mode = "webhook"
	}
	p.env.State(providers.Status{Link: providers.LinkConnecting, Mode: mode})
	l := &poller{
		p:        p,
		link:     providers.Backoff{Min: p.opt.retryMin, Max: p.opt.retryMax, Healthy: p.opt.healthy},
		conflict: providers.Backoff{Min: p.opt.conflictMin, Max: p.opt.conflictMax, Healthy: p.opt.healthy},
	}
	if p.cfg.WebhookURL != "" {
		return p.runWebhook(ctx, l)
	}
	return l.run(ctx, l.step)
}

// poller is the state of one Run.
type poller struct {
	p              *Provider
	link, conflict providers.Backoff
	loggedIn       bool
	up             bool // the last poll was answered; the next one may be a long one
}

// run repeats step until ctx ends or a failure is final.
func (l *poller) run(ctx context.Context, step func(context.Context) error) error {
	for ctx.Err() == nil {
		err := step(ctx)
		switch {
		case ctx.Err() != nil:
		case err == nil:
			now := l.p.env.Now()
			l.link.OK(now)
			l.conflict.OK(now)
		default:
			l.up = false
			if final := l.p.refusal(err); final != nil {
				return providers.Terminal(final)
			}
			wait, reason := l.plan(err)
			l.p.env.State(providers.Status{Link: providers.LinkDegraded, Reason: fmt.Sprintf("%s; next try in %v", reason, wait.Round(time.Millisecond))})
			l.p.env.Log.Warn("telegram link degraded", "account", l.p.env.Account, "err", reason, "wait", wait)
			providers.Sleep(ctx, wait)
		}
	}
	return nil
}

// step logs in if that is due and makes one poll. The first poll after a failure is a short one: its answer proves
// at once that the link is good.
func (l *poller) step(ctx context.Context) error {
	if !l.loggedIn {
		if err := l.p.login(ctx); err != nil {
			return err
		}
		l.loggedIn = true
	}
	var hold time.Duration
	if l.up {
		hold = l.p.opt.longPoll
	}
	start := time.Now()
	updates, err := l.p.getUpdates(ctx, hold)
	if err != nil {
		return err
	}
	seen := providers.Status{LastSeen: l.p.env.Now()}
	if !l.up {
		l.up, seen.Link = true, providers.LinkUp
	}
	l.p.env.State(seen)
	if len(updates) == 0 {
		if short := l.p.opt.minPoll - time.Since(start); hold > 0 && short > 0 {
			providers.Sleep(ctx, short)
		}
		return nil
	}
	before := l.p.offset
	if err := l.p.take(ctx, updates); err != nil {
		return err
	}
	if l.p.offset == before {
		return errStuck
	}
	return nil
}

// plan decides how long to wait after a failure that is not final, and what to tell the person.
func (l *poller) plan(err error) (wait time.Duration, reason string) {
	now := l.p.env.Now()
	if errors.Is(err, errGone) { // two programs that retry fast would throw each other out for ever
		l.loggedIn = false
		return l.conflict.Failed(now), err.Error()
	}
	var e *apiError
	if errors.As(err, &e) {
		switch {
		case e.code == http.StatusConflict:
			// Either another program polls with this token, and two that retry fast throw each other out for ever,
			// or somebody has set a webhook: the next login takes it away.
			l.loggedIn = false
			return l.p.opt.longPoll + l.conflict.Failed(now), "another program receives this bot's messages, stop it or give it a bot of its own: " + err.Error()
		case e.code == http.StatusTooManyRequests:
			return max(e.retryAfter, l.link.Failed(now)), err.Error()
		}
	}
	return l.link.Failed(now), err.Error()
}

// login finds out who the bot is, for mentions, and makes sure that updates are ours to poll.
func (p *Provider) login(ctx context.Context) error {
	if err := p.whoAmI(ctx); err != nil {
		return err
	}
	err := p.poll.call(ctx, p.opt.call, "deleteWebhook", map[string]string{"drop_pending_updates": "false"}, nil)
	var e *apiError
	if errors.As(err, &e) && e.answered && e.code >= 400 && e.code < 500 &&
		e.code != http.StatusUnauthorized && e.code != http.StatusTooManyRequests {
		// getMe has just taken the token, so this is about the webhook only. If one is in the way, polling says so.
		p.env.Log.Warn("telegram webhook not removed", "account", p.env.Account, "err", err)
		return nil
	}
	return err
}

func (p *Provider) whoAmI(ctx context.Context) error {
	var me identity
	if err := p.poll.call(ctx, p.opt.call, "getMe", nil, &me); err != nil {
		return err
	}
	p.me.Store(&me)
	p.env.State(providers.Status{Self: "@" + me.Username})
	return nil
}

// getUpdates asks for what follows the acknowledged updates; the offset is the acknowledgement. The answers stay raw,
// so that one update nobody can read does not hold up the others.
func (p *Provider) getUpdates(ctx context.Context, hold time.Duration) ([]json.RawMessage, error) {
	params := map[string]string{
		"timeout":         strconv.Itoa(int(hold / time.Second)),
		"allowed_updates": p.cfg.wanted(),
	}
	if p.offset != 0 {
		params["offset"] = strconv.FormatInt(p.offset, 10)
	}
	var updates []json.RawMessage
	err := p.poll.call(ctx, hold+p.opt.margin, "getUpdates", params, &updates)
	return updates, err
}
