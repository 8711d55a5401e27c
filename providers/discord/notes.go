package discord

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/clawdbot/gateway/providers"
)

// system are the messages that the platform itself writes, by type (providers a.4).
var system = map[discordgo.MessageType]string{
	1: "added somebody to the group", 2: "removed somebody from the group", 3: "started a call", 4: "renamed the group", 5: "changed the group's picture",
	6: "pinned a message", 7: "joined the server", 8: "boosted the server", 9: "boosted the server to level 1", 10: "boosted the server to level 2",
	11: "boosted the server to level 3", 12: "follows another channel here", 14: "the server left discovery", 15: "the server is in discovery again",
	18: "started a thread", 22: "was reminded to invite people", 24: "a message was held back by AutoMod", 25: "bought a role subscription",
	27: "started a stage", 28: "ended a stage", 29: "speaks on the stage", 31: "changed the stage's topic", 32: "installed an application",
	36: "switched on incident actions", 37: "switched off incident actions", 38: "reported a raid", 39: "withdrew the report of a raid",
	44: "purchased something", 46: "a poll has ended",
}

// systemLine is the one line that the agent is told of such a message.
func systemLine(m *discordgo.Message, in providers.Incoming) string {
	what, ok := system[m.Type]
	if !ok {
		what = fmt.Sprintf("system message of type %d", m.Type)
	}
	line := fmt.Sprintf("Discord: %s %s in %s [id:%s]", cmp.Or(in.Sender.Username, in.Sender.Name), what, where(in), m.ID)
	if text := oneLine(m.Content, 160); text != "" {
		line += ": " + text
	}
	return line
}

func where(in providers.Incoming) string {
	if in.SpaceID == "" {
		return "the chat " + in.Chat
	}
	return in.Space + " " + in.Title
}

// reaction tells the agent of a reaction in a guild, as far as the guild's configuration wants that.
func (t *taker) reaction(ctx context.Context, r *reactionEvent, seq int64) error {
	me := t.p.me()
	if r.GuildID == "" || r.UserID == me.ID || r.Member != nil && r.Member.User != nil && r.Member.User.Bot {
		return nil
	}
	rule, ok := t.p.cfg.guild(r.GuildID)
	if !ok {
		return nil
	}
	mode := cmp.Or(rule.ReactionNotifications, "own")
	if mode == "off" || mode == "allowlist" && !has(entries(rule.Users), r.UserID) {
		return nil
	}
	author := r.Author
	if author == "" && mode == "own" {
		var m messageEvent
		err := t.p.api.request(ctx, t.p.opt.call, "message", http.MethodGet, discordgo.EndpointChannelMessage(r.ChannelID, r.MessageID), nil, &m)
		switch s := status(err); {
		case s >= 400 && s < 500 && s != http.StatusTooManyRequests && s != http.StatusUnauthorized:
			return nil // gone, or not for us to see
		case err != nil:
			return err
		case m.Author != nil:
			author = m.Author.ID
		}
	}
	if mode == "own" && author != me.ID {
		return nil
	}
	room, err := t.p.room(ctx, r.ChannelID)
	if err != nil {
		return err
	}
	guild, err := t.p.guild(ctx, r.GuildID)
	if err != nil {
		return err
	}
	room.GuildID = r.GuildID
	return t.receive(ctx, reactionNote(r, room, cmp.Or(rule.Slug, slug(guild.name, r.GuildID)), author, seq, t.p.env.Now().UnixMilli()))
}

// reactionNote is a note whose id is the same when a resume repeats the event.
func reactionNote(r *reactionEvent, room channelEvent, space, author string, seq, now int64) providers.Incoming {
	in := roomOf(room)
	in.Chat, in.Space, in.Note = r.ChannelID, space, true
	in.Sender = providers.Sender{ID: r.UserID, Name: r.UserID}
	if r.Member != nil && r.Member.User != nil {
		in.Sender = person(r.Member.User, r.Member)
	}
	verb, preposition := "added", "to"
	if r.Removed {
		verb, preposition = "removed", "from"
	}
	emoji := plain(r.Emoji.Name)
	if r.Emoji.ID != "" {
		emoji = ":" + emoji + ":"
	}
	in.ID = fmt.Sprintf("reaction:%s:%s:%s:%s:%d", verb, r.MessageID, r.UserID, r.Emoji.APIName(), seq)
	in.Text = fmt.Sprintf("Discord: %s %s the reaction %s %s message %s in %s", cmp.Or(in.Sender.Username, in.Sender.ID), verb, emoji, preposition, r.MessageID, where(in))
	if author != "" {
		in.Text += " by user " + author
	}
	in.Time = time.UnixMilli(now)
	return in
}
