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
func (p *Provider) Actions() []string { return p.cfg.actions() }

// actions are those that the configuration allows.
func (c Config) actions() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(actions)), func(name string) bool { return !c.allowed(actions[name].gate) })
}

func manual() *providers.Manual {
	return &providers.Manual{Params: params{}, Actions: func(config json.RawMessage) []string {
		c, err := ParseConfig(config)
		if err != nil {
			return nil // such an account does not start
		}
		return c.actions()
	}}
}

// params are what an action may be told; each takes what it needs.
type params struct {
	To        string       `json:"to" doc:"chat: channel:<id> or user:<id>"` // as Outgoing.Route.Chat
	ChannelID providers.ID `json:"channelId" doc:"channel: its number"`
	MessageID providers.ID `json:"messageId" doc:"message: its number"`
	GuildID   providers.ID `json:"guildId" doc:"server: its number"`
	UserID    providers.ID `json:"userId" doc:"person: their number"`
	RoleID    providers.ID `json:"roleId" doc:"role: its number"`
	ReplyTo   providers.ID `json:"replyTo" doc:"the number of the message that is answered"`

	Content string `json:"content" doc:"the text"`
	Emoji   string `json:"emoji" doc:"such as 👍 or name:id"`
	Remove  bool   `json:"remove" doc:"react: take the reaction back"`
	Limit   int    `json:"limit" doc:"how many are listed"`
	Before  string `json:"before" doc:"only messages before this one"`
	After   string `json:"after" doc:"only messages after this one"`
	Around  string `json:"around" doc:"only messages around this one"`

	Name         string         `json:"name" doc:"of what is made: a thread, an event, an emoji, a sticker"`
	Description  string         `json:"description" doc:"of an event or a sticker"`
	Tags         string         `json:"tags" doc:"stickerUpload: a related emoji"`
	MediaURL     string         `json:"mediaUrl" doc:"a file: its https address"`
	StickerIDs   []providers.ID `json:"stickerIds" doc:"sticker: up to 3"`
	RoleIDs      []providers.ID `json:"roleIds" doc:"emojiUpload: who may use it"`
	ChannelIDs   []providers.ID `json:"channelIds" doc:"searchMessages: only in these"`
	AuthorID     providers.ID   `json:"authorId" doc:"searchMessages: only of this person"`
	AuthorIDs    []providers.ID `json:"authorIds" doc:"searchMessages: only of these people"`
	Question     string         `json:"question" doc:"poll"`
	Answers      []string       `json:"answers" doc:"poll: 2 to 10"`
	Multiselect  bool           `json:"allowMultiselect" doc:"poll: more than one answer may be chosen"`
	Hours        *int           `json:"durationHours" doc:"poll: how long it is open"`
	ArchiveAfter int            `json:"autoArchiveMinutes" doc:"threadCreate"`
	Archived     bool           `json:"includeArchived" doc:"threadList"`

	StartTime  string `json:"startTime" doc:"eventCreate: ISO 8601"`
	EndTime    string `json:"endTime" doc:"eventCreate: ISO 8601"`
	Location   string `json:"location" doc:"eventCreate: a place"`
	EntityType string `json:"entityType" doc:"eventCreate: stage, voice or external"`

	Minutes    *int   `json:"durationMinutes" doc:"timeout: 0 ends it"`
	Until      string `json:"until" doc:"timeout: ISO 8601"`
	Reason     string `json:"reason" doc:"for the audit log"`
	DeleteDays int    `json:"deleteMessageDays" doc:"ban: 0 to 7"`
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
