package slack

import (
	"context"
	"errors"
	"fmt"
	"time"

	sdk "github.com/slack-go/slack"

	"github.com/clawdbot/gateway/providers"
)

const (
	lookBack  = 24 * time.Hour // for a send of an earlier process, whose time nobody knows
	lookPages = 5
	lookPage  = 200
)

// Reconcile implements providers.Reconciler: the conversation is read back for a message with our mark. Not found counts only
// when all that was written since the attempt was seen, and the attempt has had the time to arrive.
func (p *Provider) Reconcile(ctx context.Context, m providers.Outgoing) (providers.Receipt, bool, error) {
	defer p.settled()
	if _, _, slash := splitSlash(m.Route.Chat); slash && m.Media == nil {
		return providers.Receipt{}, false, errors.New("an answer to a slash command cannot be read back")
	}
	try, known := p.tries.get(m.Key, p.env.Now())
	since := try.at.Add(-time.Minute) // clocks differ
	if !known {
		since = p.env.Now().Add(-lookBack)
		chat := m.Route.Chat
		if _, user, ok := splitSlash(chat); ok {
			chat = "user:" + user
		}
		channel, err := p.conversation(ctx, chat)
		if err != nil {
			return providers.Receipt{}, false, err
		}
		try = attempt{at: p.env.Now(), channel: channel}
	}
	look := func() (providers.Receipt, error) { return p.findText(ctx, m, try.channel, since) }
	if m.Media != nil {
		look = func() (providers.Receipt, error) { return p.findFile(ctx, m, try.channel) }
	}
	for {
		r, err := look()
		if err != nil || r.MessageID != "" {
			return r, err == nil, err
		}
		wait := p.opt.settle - p.env.Now().Sub(try.at)
		if wait <= 0 {
			return providers.Receipt{}, false, nil
		}
		if !providers.Sleep(ctx, wait) {
			return providers.Receipt{}, false, ctx.Err()
		}
	}
}

// findText looks for the message by its mark. An empty receipt: it is not there.
func (p *Provider) findText(ctx context.Context, m providers.Outgoing, channel string, since time.Time) (providers.Receipt, error) {
	cursor := ""
	for range lookPages {
		list, next, err := p.page(ctx, m.Route.Thread, channel, stampOf(since), cursor)
		if err != nil {
			return providers.Receipt{}, err
		}
		for _, msg := range list {
			if msg.Metadata.EventType == metadataType && msg.Metadata.EventPayload["key"] == m.Key {
				return providers.Receipt{MessageID: msg.Timestamp, ChatID: channel}, nil
			}
		}
		if cursor = next; cursor == "" {
			return providers.Receipt{}, nil
		}
	}
	return providers.Receipt{}, fmt.Errorf("more than %d messages were written since: it cannot be found out", lookPages*lookPage)
}

func (p *Provider) page(ctx context.Context, thread, channel, oldest, cursor string) (list []sdk.Message, next string, err error) {
	method := "conversations.history"
	if stampPattern.MatchString(thread) {
		method = "conversations.replies"
	}
	err = p.api.call(ctx, p.opt.call, method, func(ctx context.Context, c *sdk.Client) (err error) {
		if method == "conversations.replies" {
			list, _, next, err = c.GetConversationRepliesContext(ctx, &sdk.GetConversationRepliesParameters{
				ChannelID: channel, Timestamp: thread, Oldest: oldest, Cursor: cursor, Limit: lookPage, IncludeAllMetadata: true,
			})
			return err
		}
		r, err := c.GetConversationHistoryContext(ctx, &sdk.GetConversationHistoryParameters{
			ChannelID: channel, Oldest: oldest, Cursor: cursor, Limit: lookPage, IncludeAllMetadata: true,
		})
		if r != nil {
			list, next = r.Messages, r.ResponseMetaData.NextCursor
		}
		return err
	})
	return list, next, err
}

// findFile asks for the file that was to be shared.
func (p *Provider) findFile(ctx context.Context, m providers.Outgoing, channel string) (providers.Receipt, error) {
	id, err := p.env.Cursor.Get(ctx, uploadKey(m.Key))
	if err != nil {
		return providers.Receipt{}, err
	}
	if id == "" {
		return providers.Receipt{}, nil // sharing was never begun
	}
	ts, err := p.shared(ctx, id, channel)
	if code := codeOf(err); code == "file_not_found" || code == "file_deleted" {
		return providers.Receipt{}, nil
	}
	if err != nil || ts == "" {
		return providers.Receipt{}, err
	}
	return providers.Receipt{MessageID: ts, ChatID: channel}, nil
}
