package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/clawdbot/gateway/providers"
)

// action is one thing that the agent may do besides writing (providers a.4).
type action struct {
	gate string // the key of discord.actions that switches it
	do   func(*Provider, context.Context, params) (any, error)
}

var actions = map[string]action{
	"react":          {"reactions", (*Provider).react},
	"reactions":      {"reactions", (*Provider).listReactions},
	"emojiList":      {"reactions", (*Provider).listEmojis},
	"sticker":        {"stickers", (*Provider).sendSticker},
	"poll":           {"polls", (*Provider).sendPoll},
	"permissions":    {"permissions", (*Provider).permissions},
	"readMessages":   {"messages", (*Provider).readMessages},
	"fetchMessage":   {"messages", (*Provider).fetchMessage},
	"sendMessage":    {"messages", (*Provider).sendMessage},
	"editMessage":    {"messages", (*Provider).editMessage},
	"deleteMessage":  {"messages", (*Provider).deleteMessage},
	"threadCreate":   {"threads", (*Provider).createThread},
	"threadList":     {"threads", (*Provider).listThreads},
	"threadReply":    {"threads", (*Provider).sendMessage},
	"pinMessage":     {"pins", (*Provider).pin},
	"unpinMessage":   {"pins", (*Provider).unpin},
	"listPins":       {"pins", (*Provider).listPins},
	"searchMessages": {"search", (*Provider).search},
	"memberInfo":     {"memberInfo", (*Provider).memberInfo},
	"roleInfo":       {"roleInfo", (*Provider).roleInfo},
	"channelInfo":    {"channelInfo", (*Provider).channelInfo},
	"channelList":    {"channelInfo", (*Provider).listChannels},
	"voiceStatus":    {"voiceStatus", (*Provider).voiceStatus},
	"eventList":      {"events", (*Provider).listEvents},
	"eventCreate":    {"events", (*Provider).createEvent},
	"emojiUpload":    {"emojiUploads", (*Provider).uploadEmoji},
	"stickerUpload":  {"stickerUploads", (*Provider).uploadSticker},
	"roleAdd":        {"roles", (*Provider).addRole},
	"roleRemove":     {"roles", (*Provider).removeRole},
	"timeout":        {"moderation", (*Provider).timeout},
	"kick":           {"moderation", (*Provider).kick},
	"ban":            {"moderation", (*Provider).ban},
}

// allowed tells whether the configuration has a gate open. Roles and moderation are shut unless it says otherwise.
func (c Config) allowed(gate string) bool {
	if on, ok := c.Actions[gate]; ok {
		return on
	}
	return gate != "roles" && gate != "moderation"
}

// Actions implements providers.Performer.
func (p *Provider) Actions() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(actions)), func(name string) bool { return !p.cfg.allowed(actions[name].gate) })
}

// params are what an action may be told; each takes what it needs.
type params struct {
	To        string       `json:"to"` // as Outgoing.Route.Chat
	ChannelID providers.ID `json:"channelId"`
	MessageID providers.ID `json:"messageId"`
	GuildID   providers.ID `json:"guildId"`
	UserID    providers.ID `json:"userId"`
	RoleID    providers.ID `json:"roleId"`
	ReplyTo   providers.ID `json:"replyTo"`

	Content string `json:"content"`
	Emoji   string `json:"emoji"`
	Remove  bool   `json:"remove"`
	Limit   int    `json:"limit"`
	Before  string `json:"before"`
	After   string `json:"after"`
	Around  string `json:"around"`

	Name         string         `json:"name"`
	Description  string         `json:"description"`
	Tags         string         `json:"tags"`
	MediaURL     string         `json:"mediaUrl"`
	StickerIDs   []providers.ID `json:"stickerIds"`
	RoleIDs      []providers.ID `json:"roleIds"`
	ChannelIDs   []providers.ID `json:"channelIds"`
	AuthorID     providers.ID   `json:"authorId"`
	AuthorIDs    []providers.ID `json:"authorIds"`
	Question     string         `json:"question"`
	Answers      []string       `json:"answers"`
	Multiselect  bool           `json:"allowMultiselect"`
	Hours        *int           `json:"durationHours"`
	ArchiveAfter int            `json:"autoArchiveMinutes"`
	Archived     bool           `json:"includeArchived"`

	StartTime  string `json:"startTime"`
	EndTime    string `json:"endTime"`
	Location   string `json:"location"`
	EntityType string `json:"entityType"`

	Minutes    *int   `json:"durationMinutes"`
	Until      string `json:"until"`
	Reason     string `json:"reason"`
	DeleteDays int    `json:"deleteMessageDays"`
}

// Perform implements providers.Performer.
func (p *Provider) Perform(ctx context.Context, name string, raw json.RawMessage) (any, error) {
	defer p.settle()
	a, ok := actions[name]
	if !ok {
		return nil, permanent("discord has no action %q", plain(name))
	}
	if !p.cfg.allowed(a.gate) {
		return nil, permanent("the action %s is switched off: set discord.actions.%s", name, a.gate)
	}
	var args params
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &args); err != nil {
			return nil, permanent("params of %s: %v", name, err)
		}
	}
	result, err := a.do(p, ctx, args)
	if err != nil {
		var s *providers.SendError
		if errors.As(err, &s) {
			return nil, s
		}
		return nil, sendError(err, string(args.ChannelID))
	}
	return result, nil
}

func permanent(format string, args ...any) *providers.SendError {
	return &providers.SendError{Class: providers.Permanent, Err: fmt.Errorf(format, args...)}
}

// need checks that ids are there: "channelId", id, "messageId", id, ...
func need(pairs ...any) error {
	for i := 0; i < len(pairs); i += 2 {
		if id := string(pairs[i+1].(providers.ID)); !isID(id) {
			return permanent("%s: %q is no Discord id", pairs[i], plain(id))
		}
	}
	return nil
}

// ask runs one call of the library that has a result.
func ask[T any](ctx context.Context, p *Provider, what string, do func(*discordgo.Session) (T, error)) (result T, err error) {
	err = p.api.call(ctx, p.opt.call, what, func(s *discordgo.Session) (err error) {
		result, err = do(s)
		return err
	})
	return result, err
}

// order runs one call of the library that has none.
func (p *Provider) order(ctx context.Context, what string, do func(*discordgo.Session) error) (any, error) {
	if err := p.api.call(ctx, p.opt.call, what, do); err != nil {
		return nil, err
	}
	return done{OK: true}, nil
}

type done struct {
	OK bool `json:"ok"`
}

// channelOf is the channel that an action is about: channelId, else to.
func (p *Provider) channelOf(ctx context.Context, a params) (string, error) {
	if a.ChannelID != "" {
		return p.target(ctx, "channel:"+string(a.ChannelID))
	}
	if a.To == "" {
		return "", permanent("to: missing; give a channel id, channel:<id> or user:<id>")
	}
	return p.target(ctx, a.To)
}

func clamp(n, standard, low, high int) int {
	if n == 0 {
		n = standard
	}
	return max(low, min(n, high))
}

// because puts a reason into the server's audit log.
func because(reason string) []discordgo.RequestOption {
	if reason = oneLine(reason, 400); reason == "" {
		return nil
	}
	return []discordgo.RequestOption{discordgo.WithAuditLogReason(url.PathEscape(reason))}
}

func moments(name, s string) (*time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return nil, permanent("%s: %q is no time like 2026-01-31T18:00:00Z", name, plain(s))
	}
	return &t, nil
}
