package slack

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	sdk "github.com/slack-go/slack"

	"github.com/clawdbot/gateway/providers"
)

// orders are the parameters of all actions; each has some of them.
type orders struct {
	To        string `json:"to" doc:"sendMessage: channel:<id> or user:<id>"`
	Channel   string `json:"channelId" doc:"channel: C0123456789"`
	Message   string `json:"messageId" doc:"the message: its timestamp, 1700000000.000100"`
	Thread    string `json:"threadId" doc:"sendMessage: the timestamp of the first message of a thread"`
	Content   string `json:"content" doc:"sendMessage, editMessage: the text"`
	Emoji     string `json:"emoji" doc:"react: the name, such as thumbsup"`
	Remove    bool   `json:"remove" doc:"react: take the reaction back"`
	User      string `json:"userId" doc:"memberInfo: U0123456789"`
	Limit     int    `json:"limit" doc:"readMessages: at most 200"`
	Before    string `json:"before" doc:"readMessages: only messages before this timestamp"`
	After     string `json:"after" doc:"readMessages: only messages after this timestamp"`
	ReplyTo   string `json:"replyTo" doc:"sendMessage: the timestamp of the message that is answered"`
	Timestamp string `json:"ts" doc:"another word for messageId"`
}

// action is one thing that can be done, the key of slack.actions that switches it, and what it needs.
type action struct {
	name, gate string
	needs      string // of "channel message user content emoji to"
	do         func(*Provider, context.Context, orders) (any, error)
}

// actions are those of the reference (providers a.3). There is no search: Slack gives that to people's tokens only.
var actions = providers.ActionTable[action]{
	Surface: "slack",
	About:   func(a action) (name, gate string) { return a.name, a.gate },
	All: []action{
		{"react", "reactions", "channel message emoji", (*Provider).doReact},
		{"reactions", "reactions", "channel message", (*Provider).doReactions},
		{"sendMessage", "messages", "to content", (*Provider).doSend},
		{"editMessage", "messages", "channel message content", (*Provider).doEdit},
		{"deleteMessage", "messages", "channel message", (*Provider).doDelete},
		{"readMessages", "messages", "channel", (*Provider).doRead},
		{"pinMessage", "pins", "channel message", (*Provider).doPin},
		{"unpinMessage", "pins", "channel message", (*Provider).doUnpin},
		{"listPins", "pins", "channel", (*Provider).doPins},
		{"permissions", "permissions", "", (*Provider).doPermissions},
		{"memberInfo", "memberInfo", "user", (*Provider).doMember},
		{"channelInfo", "channelInfo", "channel", (*Provider).doChannel},
		{"emojiList", "emojiList", "", (*Provider).doEmoji},
	},
}

// Actions implements providers.Performer.
func (p *Provider) Actions() []string { return actions.Names(p.cfg.Actions) }

// Perform implements providers.Performer.
func (p *Provider) Perform(ctx context.Context, name string, params json.RawMessage) (any, error) {
	defer p.settled()
	a, err := actions.Find(name, p.cfg.Actions)
	if err != nil {
		return nil, err
	}
	o, err := parseOrders(params, a.needs)
	if err != nil {
		return nil, actions.Mistake(name, err)
	}
	result, err := a.do(p, ctx, o)
	if err != nil {
		var se *providers.SendError
		if errors.As(err, &se) {
			return nil, se
		}
		return nil, p.sendError(err, o.Channel)
	}
	return result, nil
}

func parseOrders(params json.RawMessage, needs string) (o orders, err error) {
	if err := providers.ReadOrders(params, &o); err != nil {
		return o, err
	}
	if o.Message == "" {
		o.Message = o.Timestamp
	}
	o.Emoji = strings.Trim(strings.TrimSpace(o.Emoji), ":")
	if o.Channel != "" {
		o.Channel = channelID(o.Channel)
	}
	for need := range strings.FieldsSeq(needs) {
		switch {
		case need == "channel" && !isChannel(o.Channel):
			err = errors.New("channelId: give the id of a channel, such as C0123456789")
		case need == "message" && !stampPattern.MatchString(o.Message):
			err = errors.New("messageId: give the timestamp of a message, such as 1700000000.000100")
		case need == "user" && !isUser(userID(o.User)):
			err = errors.New("userId: give the id of a person, such as U0123456789")
		case need == "content" && strings.TrimSpace(o.Content) == "":
			err = errors.New("content: give a text")
		case need == "emoji" && o.Emoji == "":
			err = errors.New("emoji: give the name of an emoji, such as thumbsup")
		case need == "to" && strings.TrimSpace(o.To) == "":
			err = errors.New("to: give channel:<id> or user:<id>")
		}
		if err != nil {
			return o, err
		}
	}
	if o.Limit < 0 || o.Limit > 200 {
		return o, errors.New("limit: 1 to 200")
	}
	return o, nil
}

// fine makes a success of a refusal that says that it is so already.
func fine(err error, codes ...string) error {
	for _, code := range codes {
		if codeOf(err) == code {
			return nil
		}
	}
	return err
}

var done = map[string]any{"ok": true}

func (p *Provider) doReact(ctx context.Context, o orders) (any, error) {
	item := sdk.NewRefToMessage(o.Channel, o.Message)
	method, already := "reactions.add", "already_reacted"
	if o.Remove {
		method, already = "reactions.remove", "no_reaction"
	}
	err := p.api.call(ctx, p.opt.call, method, func(ctx context.Context, c *sdk.Client) error {
		if o.Remove {
			return c.RemoveReactionContext(ctx, o.Emoji, item)
		}
		return c.AddReactionContext(ctx, o.Emoji, item)
	})
	return done, fine(err, already)
}

func (p *Provider) doReactions(ctx context.Context, o orders) (any, error) {
	list := []map[string]any{}
	err := p.api.call(ctx, p.opt.call, "reactions.get", func(ctx context.Context, c *sdk.Client) error {
		item, err := c.GetReactionsContext(ctx, sdk.NewRefToMessage(o.Channel, o.Message), sdk.GetReactionsParameters{Full: true})
		for _, r := range item.Reactions {
			list = append(list, map[string]any{"name": r.Name, "count": r.Count, "users": r.Users})
		}
		return err
	})
	return map[string]any{"ok": true, "reactions": list}, err
}

func (p *Provider) doSend(ctx context.Context, o orders) (any, error) {
	thread := o.Thread
	if thread == "" {
		thread = o.ReplyTo
	}
	channel, err := p.conversation(ctx, o.To)
	if err != nil {
		return nil, notBegun(err)
	}
	r, err := p.post(ctx, channel, thread, strings.TrimSpace(o.Content), "")
	return map[string]any{"ok": true, "messageId": r.MessageID, "channelId": r.ChatID}, err
}

func (p *Provider) doEdit(ctx context.Context, o orders) (any, error) {
	err := p.api.call(ctx, p.opt.call, "chat.update", func(ctx context.Context, c *sdk.Client) error {
		_, _, _, err := c.UpdateMessageContext(ctx, o.Channel, o.Message, sdk.MsgOptionText(o.Content, false))
		return err
	})
	return done, err
}

func (p *Provider) doDelete(ctx context.Context, o orders) (any, error) {
	err := p.api.call(ctx, p.opt.call, "chat.delete", func(ctx context.Context, c *sdk.Client) error {
		_, _, err := c.DeleteMessageContext(ctx, o.Channel, o.Message)
		return err
	})
	return done, err
}

func (p *Provider) doRead(ctx context.Context, o orders) (any, error) {
	limit := o.Limit
	if limit == 0 {
		limit = 50
	}
	var found []sdk.Message
	var more bool
	method := "conversations.history"
	if o.Thread != "" {
		method = "conversations.replies"
	}
	err := p.api.call(ctx, p.opt.call, method, func(ctx context.Context, c *sdk.Client) (err error) {
		if o.Thread != "" {
			found, more, _, err = c.GetConversationRepliesContext(ctx, &sdk.GetConversationRepliesParameters{
				ChannelID: o.Channel, Timestamp: o.Thread, Limit: limit, Latest: o.Before, Oldest: o.After,
			})
			return err
		}
		r, err := c.GetConversationHistoryContext(ctx, &sdk.GetConversationHistoryParameters{ChannelID: o.Channel, Limit: limit, Latest: o.Before, Oldest: o.After})
		if r != nil {
			found, more = r.Messages, r.HasMore
		}
		return err
	})
	return map[string]any{"ok": true, "messages": told(found), "hasMore": more}, err
}

// told is messages as the agent is shown them.
func told(list []sdk.Message) []map[string]any {
	out := []map[string]any{}
	for _, m := range list {
		line := map[string]any{"messageId": m.Timestamp, "userId": m.User, "text": plain(m.Text)}
		if m.ThreadTimestamp != "" {
			line["threadId"] = m.ThreadTimestamp
		}
		var files []string
		for _, f := range m.Files {
			files = append(files, f.Name)
		}
		if files != nil {
			line["files"] = files
		}
		out = append(out, line)
	}
	return out
}

func (p *Provider) doPin(ctx context.Context, o orders) (any, error) {
	err := p.api.call(ctx, p.opt.call, "pins.add", func(ctx context.Context, c *sdk.Client) error {
		return c.AddPinContext(ctx, o.Channel, sdk.NewRefToMessage(o.Channel, o.Message))
	})
	return done, fine(err, "already_pinned")
}

func (p *Provider) doUnpin(ctx context.Context, o orders) (any, error) {
	err := p.api.call(ctx, p.opt.call, "pins.remove", func(ctx context.Context, c *sdk.Client) error {
		return c.RemovePinContext(ctx, o.Channel, sdk.NewRefToMessage(o.Channel, o.Message))
	})
	return done, fine(err, "no_pin", "not_pinned")
}

func (p *Provider) doPins(ctx context.Context, o orders) (any, error) {
	var found []sdk.Message
	err := p.api.call(ctx, p.opt.call, "pins.list", func(ctx context.Context, c *sdk.Client) error {
		items, _, err := c.ListPinsContext(ctx, o.Channel)
		for _, it := range items {
			if it.Message != nil {
				found = append(found, *it.Message)
			}
		}
		return err
	})
	return map[string]any{"ok": true, "pins": told(found)}, err
}
