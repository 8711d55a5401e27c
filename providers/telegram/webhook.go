package telegram

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/clawdbot/gateway/providers"
)

// secretHeader carries in each post the secret that setWebhook was given.
const secretHeader = "X-Telegram-Bot-Api-Secret-Token"

// posters is how many posts the platform may make at once. It keeps the order within a chat by itself; here they are
// taken one after the other in any case.
const posters = "8"

// errGone: another program has put a webhook of its own on record, or polls and so has taken ours away.
var errGone = errors.New("the webhook is no longer on record at Telegram: another program uses this bot, stop it or give it a bot of its own")

// hook is the state of one Run that is posted to instead of polling.
type hook struct {
	p     *Provider
	l     *poller
	posts chan post
	ended <-chan struct{} // of the Run
	fresh bool            // the webhook was set just now: the errors on record may be older than that
}

// post is one update that waits to be taken; done gets the outcome, for which it has room.
type post struct {
	raw  json.RawMessage
	done chan error
}

// runWebhook serves posts until ctx ends. As in polling, what time can mend is retried here.
func (p *Provider) runWebhook(ctx context.Context, l *poller) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	h := &hook{p: p, l: l, posts: make(chan post), ended: ctx.Done()}
	unmount, err := p.env.Mount(p.cfg.WebhookPath, h)
	if err != nil {
		return fmt.Errorf("telegram.webhookPath: %w; choose another one", err)
	}
	defer unmount()
	taken := make(chan struct{})
	defer func() { cancel(); <-taken }()
	go func() {
		defer close(taken)
		h.takeAll(ctx)
	}()
	return l.run(ctx, h.step)
}

// ServeHTTP answers one post. 200 is the acknowledgement: only for what Receive has taken. Anything else makes the
// platform post the update again.
func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	got := r.Header.Get(secretHeader)
	if subtle.ConstantTimeCompare([]byte(got), []byte(h.p.secret)) != 1 {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	in := post{body, make(chan error, 1)}
	select {
	case h.posts <- in:
	case <-r.Context().Done():
		return
	case <-h.ended:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	select {
	case err = <-in.done:
	case <-r.Context().Done():
		return
	}
	if err != nil {
		h.p.env.Log.Warn("telegram post not taken", "account", h.p.env.Account, "err", err)
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// takeAll takes the posts, one after the other in the order in which they came.
func (h *hook) takeAll(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case in := <-h.posts:
			in.done <- h.take(ctx, in.raw)
		}
	}
}

func (h *hook) take(ctx context.Context, raw json.RawMessage) error {
	if h.p.me.Load() == nil {
		return errors.New("telegram has not said yet who the bot is")
	}
	if err := h.p.take(ctx, []json.RawMessage{raw}); err != nil {
		return err
	}
	h.p.env.State(providers.Status{LastSeen: h.p.env.Now()})
	h.p.posted.Add(1)
	return nil
}

// step puts the webhook on record if that is due; otherwise it waits and looks whether it still is.
func (h *hook) step(ctx context.Context) error {
	if !h.l.loggedIn {
		if err := h.p.whoAmI(ctx); err != nil {
			return err
		}
		params := map[string]string{
			"url": h.p.cfg.WebhookURL, "secret_token": h.p.secret,
			"allowed_updates": h.p.cfg.wanted(), "max_connections": posters, "drop_pending_updates": "false",
		}
		if err := h.p.poll.call(ctx, h.p.opt.call, "setWebhook", params, nil); err != nil {
			return err
		}
		h.l.loggedIn, h.fresh = true, true
	} else if h.l.up && !providers.Sleep(ctx, h.p.opt.watch) {
		return nil
	}
	return h.look(ctx)
}

// look asks what Telegram says of the webhook: nothing else tells that nobody can post to us any more.
func (h *hook) look(ctx context.Context) error {
	before := h.p.posted.Swap(0)
	var info struct {
		URL       string `json:"url"`
		Pending   int    `json:"pending_update_count"`
		LastError string `json:"last_error_message"`
	}
	if err := h.p.poll.call(ctx, h.p.opt.call, "getWebhookInfo", nil, &info); err != nil {
		return err
	}
	if info.URL != h.p.cfg.WebhookURL {
		return errGone
	}
	status := providers.Status{LastSeen: h.p.env.Now(), Link: providers.LinkUp}
	// An error alone is history. With updates that wait, and none taken since the last look, it is how things are.
	if !h.fresh && before == 0 && info.Pending > 0 && info.LastError != "" {
		status.Link = providers.LinkDegraded
		status.Reason = fmt.Sprintf("Telegram cannot post to telegram.webhookUrl (%d messages wait): %s",
			info.Pending, h.p.poll.secrets.Replace(strings.ToValidUTF8(info.LastError, "?")))
	}
	h.fresh, h.l.up = false, true
	h.p.env.State(status)
	return nil
}

// newSecret is for a configuration that has none: the next process has another one.
func newSecret() string { return rand.Text() }
