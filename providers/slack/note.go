package slack

import (
	"context"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/providers"
)

// note makes a line for the agent of something that happened and is no message. It is false for what is nobody's business:
// our own doings, what the configuration leaves out, what is not known.
func (p *Provider) note(ctx context.Context, cb callback) (providers.Incoming, bool) {
	e := cb.Event
	channel, actor, text := e.Channel.ID, e.User.ID, ""
	switch e.Type {
	case "message":
		actor, text = p.changed(e)
	case "reaction_added", "reaction_removed":
		if e.Item == nil || !p.wantsReaction(e) {
			return providers.Incoming{}, false
		}
		channel = e.Item.Channel
		text = "reaction " + strings.TrimPrefix(e.Type, "reaction_") + ": :" + e.Reaction + ": by {who} in {where}, message " + e.Item.TS
		if e.ItemUser != "" {
			text += " of " + p.called(ctx, e.ItemUser)
		}
	case "member_joined_channel", "member_left_channel":
		text = "{who} " + strings.TrimSuffix(strings.TrimPrefix(e.Type, "member_"), "_channel") + " {where}"
	case "channel_created":
		text = "{who} created {where}"
	case "channel_rename":
		text = "a channel is now called {where}"
	case "pin_added", "pin_removed":
		if channel == "" {
			channel = e.ChannelID
		}
		text = "{who} " + map[bool]string{true: "pinned", false: "unpinned"}[e.Type == "pin_added"] + " a message in {where}"
		if e.Item != nil && e.Item.Message != nil {
			text += ", message " + e.Item.Message.TS
		}
	}
	if text == "" || channel == "" || cb.EventID == "" || actor == p.self().user && actor != "" {
		return providers.Incoming{}, false
	}
	c := p.place(ctx, channel, e.ChannelType)
	if e.Channel.Name != "" {
		c.name = e.Channel.Name
		p.places.put(channel, c, p.env.Now())
	}
	where := c.title()
	if where == "" {
		where = "this conversation"
	}
	in := providers.Incoming{
		ID: "note:" + cb.EventID, Chat: channel, Kind: c.kind, Title: c.title(), Note: true, Time: p.env.Now(),
		Sender: providers.Sender{ID: actor}, Text: "Slack: " + strings.NewReplacer("{who}", p.called(ctx, actor), "{where}", where).Replace(text),
	}
	if c.kind == providers.Channel {
		in.Room = c.name
	}
	return in, true
}

// changed is what happened to a message: it was edited, taken away, or shown in the channel from within a thread.
func (p *Provider) changed(e event) (actor, text string) {
	ours := func(m *event) bool { return m == nil || m.BotID != "" || m.User.ID == "" || m.User.ID == p.self().user }
	switch e.SubType {
	case "message_changed":
		if ours(e.Message) || e.Previous != nil && e.Previous.Text == e.Message.Text { // a preview was added
			return "", ""
		}
		return e.Message.User.ID, "{who} edited a message in {where}, message " + e.Message.TS
	case "message_deleted":
		if ours(e.Previous) {
			return "", ""
		}
		return e.Previous.User.ID, "a message by {who} in {where} was deleted, message " + e.Previous.TS
	case "thread_broadcast":
		if ours(&e) {
			return "", ""
		}
		return e.User.ID, "{who} shared a reply from a thread with {where}, message " + e.TS
	}
	return "", ""
}

// called is a person's name for a line of text.
func (p *Provider) called(ctx context.Context, id string) string {
	switch me := p.self(); id {
	case "":
		return "somebody"
	case me.user:
		return me.name
	}
	name := strings.Join(strings.Fields(p.person(ctx, id).name), " ")
	if name == id {
		return id
	}
	return name + " (" + id + ")"
}

// wantsReaction is the configuration's word on a reaction.
func (p *Provider) wantsReaction(e event) bool {
	switch p.cfg.ReactionNotifications {
	case providers.ReactionsOff:
		return false
	case providers.ReactionsOwn:
		return e.ItemUser != "" && e.ItemUser == p.self().user
	case providers.ReactionsAllowlist:
		return slices.ContainsFunc(p.cfg.ReactionAllowlist, func(id providers.ID) bool { return id == "*" || userID(string(id)) == e.User.ID })
	}
	return true
}
