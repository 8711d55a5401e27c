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

// metadataType marks our messages; the payload's key is Outgoing.Key, by which a lost send is found again.
const metadataType = "clawdbot_message"

// attempt is a send that may have to be looked for.
type attempt struct {
	at      time.Time
	channel string
}

// Send implements providers.Provider.
func (p *Provider) Send(ctx context.Context, m providers.Outgoing) (providers.Receipt, error) {
	defer p.settled()
	m.Text = strings.TrimSpace(strings.ToValidUTF8(m.Text, "\uFFFD"))
	if m.Text == "" && m.Media == nil {
		return providers.Receipt{}, &providers.SendError{Class: providers.Permanent, Err: errors.New("there is nothing to send")}
	}
	var r providers.Receipt
	var err error
	if _, user, ok := splitSlash(m.Route.Chat); ok {
		r, err = p.answer(ctx, m, user)
	} else {
		r, err = p.deliver(ctx, m)
	}
	if err != nil {
		return providers.Receipt{}, p.sendError(err, m.Route.Chat)
	}
	return r, nil
}

// deliver writes into a conversation.
func (p *Provider) deliver(ctx context.Context, m providers.Outgoing) (providers.Receipt, error) {
	channel, err := p.conversation(ctx, m.Route.Chat)
	if err != nil {
		return providers.Receipt{}, notBegun(err)
	}
	if m.Media != nil {
		return p.sendFile(ctx, m, channel)
	}
	p.tries.put(m.Key, attempt{at: p.env.Now(), channel: channel}, p.env.Now())
	return p.post(ctx, channel, m.Route.Thread, m.Text, m.Key)
}

// post is chat.postMessage. Previews are off: making one fetches whatever address the text contains.
func (p *Provider) post(ctx context.Context, channel, thread, text, key string) (providers.Receipt, error) {
	options := []sdk.MsgOption{sdk.MsgOptionText(text, false), sdk.MsgOptionDisableLinkUnfurl(), sdk.MsgOptionDisableMediaUnfurl()}
	if stampPattern.MatchString(thread) {
		options = append(options, sdk.MsgOptionTS(thread))
	}
	if key != "" {
		options = append(options, sdk.MsgOptionMetadata(sdk.SlackMetadata{EventType: metadataType, EventPayload: map[string]any{"key": key}}))
	}
	var r providers.Receipt
	err := p.api.call(ctx, p.opt.call, "chat.postMessage", func(ctx context.Context, c *sdk.Client) (err error) {
		r.ChatID, r.MessageID, err = c.PostMessageContext(ctx, channel, options...)
		return err
	})
	if err == nil && r.MessageID == "" {
		err = &apiError{method: "chat.postMessage", status: 200, written: true, text: "the answer holds no timestamp"}
	}
	return r, err
}

// beforehand is a failure of a call that had to be made before the message itself: the message was not sent.
type beforehand struct{ err error }

func (b *beforehand) Error() string { return b.err.Error() }
func (b *beforehand) Unwrap() error { return b.err }

func notBegun(err error) error { return &beforehand{err} }

// sendError classifies a failed send for the outbox.
func (p *Provider) sendError(err error, chat string) *providers.SendError {
	s := &providers.SendError{Class: providers.Permanent, Err: err}
	var e *apiError
	if !errors.As(err, &e) {
		return s // nothing was sent: no such target, the attachment cannot be read
	}
	var before *beforehand
	begun := !errors.As(err, &before)
	maybe := func() {
		if s.Class = providers.Transient; begun {
			s.Class = providers.Ambiguous
			s.Err = fmt.Errorf("it may or may not have arrived: %w", err)
		}
	}
	switch {
	case e.status == 0:
		if s.Class = providers.Transient; e.written {
			maybe()
		}
	case e.refused():
		s.Class = providers.Unauthorized
		if why := p.refusal(err); why != nil {
			s.Err = why
		}
	case e.limited():
		s.Class, s.RetryAfter = providers.Transient, e.retryAfter
	case e.unsure(), e.code == "" && e.status < 300: // a success that cannot be read
		maybe()
	case e.status >= 500, e.code == "service_unavailable", e.code == "request_timeout", e.code == "team_added_to_org":
		s.Class = providers.Transient
	case e.code == "":
		s.Class = providers.Transient // the word of something in between, not the platform's
	default:
		s.Err = advise(err, e, chat)
	}
	return s
}

// advise adds what to do about a refusal.
func advise(err error, e *apiError, chat string) error {
	switch e.code {
	case "channel_not_found":
		return fmt.Errorf("no conversation %s for this app: the id is wrong, or the channel is private and the app was not invited: %w", chat, err)
	case "not_in_channel":
		return fmt.Errorf("invite the app to %s first (/invite in the channel): %w", chat, err)
	case "is_archived":
		return fmt.Errorf("conversation %s is archived: %w", chat, err)
	case "user_not_found", "users_not_found", "cannot_dm_bot", "user_disabled":
		return fmt.Errorf("nobody can be written to at %s: %w", chat, err)
	case "missing_scope":
		return fmt.Errorf("give the app the scope %s (api.slack.com/apps, \"OAuth & Permissions\") and install it again: %w", e.needed, err)
	}
	return err
}
