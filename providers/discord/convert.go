package discord

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bwmarrin/discordgo"

	"github.com/clawdbot/gateway/providers"
)

// maxText bounds what one message may say. The platform's own limit is far below.
const maxText = 32 << 10

// message takes one message: converts it, keeps its attachments, hands it over.
func (t *taker) message(ctx context.Context, m *messageEvent, late bool) error {
	me := t.p.me()
	if m.Message == nil || m.Author == nil || m.ID == "" {
		return nil
	}
	if m.Author.ID == me.ID {
		if !late {
			t.p.env.Echo(m.ID)
		}
		t.p.noteSent(m.nonce, sent{id: m.ID, channel: m.ChannelID, text: m.Content})
	}
	if m.Author.ID == me.ID || m.Author.Bot || m.WebhookID != "" {
		t.place.tookMessage(m.ChannelID, m.ID)
		return nil
	}
	room, err := t.p.room(ctx, m.ChannelID)
	if err != nil {
		return err
	}
	if room.GuildID == "" {
		room.GuildID = m.GuildID
	}
	var guild guildInfo
	if room.GuildID != "" {
		if guild, err = t.p.guild(ctx, room.GuildID); err != nil {
			return err
		}
	}
	in, ok := t.p.convert(ctx, m.Message, room, guild)
	if ok {
		in.Late = late
		// Only a message that may get an answer is worth its attachments; and a direct chat must be known before.
		if in.Kind == providers.Direct && t.place.meet(in.Chat, in.ID) {
			if err := t.place.save(ctx); err != nil {
				return fmt.Errorf("the place in the stream of events was not saved: %w", err)
			}
		}
		if !in.Note && t.p.cfg.judge(in).Refused == "" {
			t.p.attach(ctx, m.Message, &in)
		}
		if err := t.receive(ctx, in); err != nil {
			return err
		}
	}
	t.place.tookMessage(m.ChannelID, m.ID)
	return nil
}

// roomOf is the part of a message that its channel decides.
func roomOf(c channelEvent) providers.Incoming {
	in := providers.Incoming{Chat: c.ID, Kind: providers.Group, SpaceID: c.GuildID}
	switch {
	case c.GuildID == "" && c.Type != discordgo.ChannelTypeGroupDM:
		in.Kind = providers.Direct
		return in
	case c.GuildID == "":
		for _, u := range c.Recipients {
			in.Members = append(in.Members, personName(u, nil))
		}
		in.Title = cmp.Or(plain(c.Name), strings.Join(in.Members, ", "))
		return in
	}
	in.Room = slug(c.Name, c.ID)
	in.Title = "#" + in.Room
	switch c.Type {
	case discordgo.ChannelTypeGuildPublicThread, discordgo.ChannelTypeGuildPrivateThread, discordgo.ChannelTypeGuildNewsThread:
		in.RoomID = c.ParentID
	}
	return in
}

// convert makes an inbound message of the platform's; false for one that is nothing for us.
func (p *Provider) convert(ctx context.Context, m *discordgo.Message, room channelEvent, guild guildInfo) (providers.Incoming, bool) {
	in := roomOf(room)
	in.ID, in.Chat = m.ID, m.ChannelID
	in.Sender = person(m.Author, m.Member)
	in.Time = m.Timestamp
	if in.Time.IsZero() {
		in.Time = moment(m.ID)
	}
	if room.GuildID != "" {
		in.Space = cmp.Or(p.cfg.Guilds[room.GuildID].Slug, slug(guild.name, room.GuildID))
	}
	switch m.Type {
	case discordgo.MessageTypeDefault, discordgo.MessageTypeReply:
	case discordgo.MessageTypeChatInputCommand, discordgo.MessageTypeContextMenuCommand, discordgo.MessageTypeThreadStarterMessage:
		return in, false // the shadow of something that comes by itself
	default:
		in.Note = true
		in.Text = systemLine(m, in)
		return in, true
	}
	in.Text = body(m)
	me := p.me()
	in.HasMentions = len(m.Mentions) > 0 || len(m.MentionRoles) > 0 || m.MentionEveryone
	in.Mentioned = m.MentionEveryone ||
		slices.ContainsFunc(m.Mentions, func(u *discordgo.User) bool { return u.ID == me.ID }) ||
		slices.ContainsFunc(m.MentionRoles, func(id string) bool { return slices.Contains(guild.roles, id) })
	p.quote(ctx, m, me, &in)
	return in, in.Text != ""
}

// quote adds the message that this one answers or passes on.
func (p *Provider) quote(ctx context.Context, m *discordgo.Message, me identity, in *providers.Incoming) {
	ref := m.MessageReference
	if len(m.MessageSnapshots) > 0 && m.MessageSnapshots[0].Message != nil {
		in.Forwarded = &providers.Quoted{Text: body(m.MessageSnapshots[0].Message)}
		if ref != nil {
			in.Forwarded.ID = ref.MessageID
		}
		if in.Text == "" {
			in.Text = in.Forwarded.Text
		}
		return
	}
	r := m.ReferencedMessage
	if r == nil && m.Type == discordgo.MessageTypeReply && ref != nil {
		// An old message is left out of the event. Without it the reply still stands.
		var fetched messageEvent
		if err := p.api.request(ctx, p.opt.call, "message", "GET", discordgo.EndpointChannelMessage(ref.ChannelID, ref.MessageID), nil, &fetched); err == nil {
			r = fetched.Message
		}
	}
	if r == nil {
		return
	}
	in.ReplyTo = &providers.Quoted{ID: r.ID, Sender: "unknown sender", Text: body(r)}
	if r.Author != nil {
		in.ReplyTo.Sender = personName(r.Author, r.Member)
		in.Mentioned = in.Mentioned || r.Author.ID == me.ID
	}
}

// body is what a message says: its text, or what else it consists of.
func body(m *discordgo.Message) string {
	text := strings.ToValidUTF8(strings.TrimSpace(m.Content), "\uFFFD")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + " [the rest was left out]"
	}
	if text != "" {
		return text
	}
	switch {
	case len(m.Attachments) > 0:
		return placeholder(m.Attachments[0].ContentType)
	case len(m.StickerItems) > 0:
		return "[sticker: " + plain(m.StickerItems[0].Name) + "]"
	case m.Poll != nil:
		return poll(m.Poll)
	case len(m.Embeds) > 0:
		return oneLine(cmp.Or(m.Embeds[0].Title, m.Embeds[0].Description, m.Embeds[0].URL), 500)
	}
	return ""
}

func poll(p *discordgo.Poll) string {
	lines := []string{"[poll] " + oneLine(p.Question.Text, 300)}
	for _, a := range p.Answers {
		if a.Media != nil {
			lines = append(lines, "- "+oneLine(a.Media.Text, 100))
		}
	}
	return strings.Join(lines, "\n")
}

// placeholder stands for an attachment in a message without text.
func placeholder(mime string) string {
	kind, _, _ := strings.Cut(mime, "/")
	switch kind {
	case "image", "audio", "video":
		return "<media:" + kind + ">"
	}
	return "<media:document>"
}

// attach keeps the attachments. One that cannot be kept is named in the text, so that the agent can say so.
func (p *Provider) attach(ctx context.Context, m *discordgo.Message, in *providers.Incoming) {
	list := m.Attachments
	if len(m.MessageSnapshots) > 0 && m.MessageSnapshots[0].Message != nil {
		list = append(slices.Clone(list), m.MessageSnapshots[0].Message.Attachments...)
	}
	limit := int64(p.cfg.MediaMaxMB * (1 << 20))
	for _, a := range list {
		name := plain(a.Filename)
		var err error
		media := providers.Media{}
		if err = tooLarge(a, limit); err == nil && p.env.Files != nil {
			media, err = p.env.Files.Fetch(ctx, a.URL, nil, a.Filename, limit)
		}
		if err != nil {
			p.env.Log.Warn("discord attachment not kept", "account", p.env.Account, "message", m.ID, "attachment", a.ID, "err", err)
			in.Text += "\n[attachment " + name + " could not be kept]"
			continue
		}
		if media.Path != "" {
			in.Media = append(in.Media, media)
		}
	}
}

func tooLarge(a *discordgo.MessageAttachment, limit int64) error {
	if int64(a.Size) > limit {
		return fmt.Errorf("%d bytes, discord.mediaMaxMb allows %d: %w", a.Size, limit, providers.ErrTooLarge)
	}
	return nil
}

func person(u *discordgo.User, m *discordgo.Member) providers.Sender {
	return providers.Sender{ID: u.ID, Name: personName(u, m), Username: tag(u)}
}

// personName is what people see: the nickname, the display name, the user name.
func personName(u *discordgo.User, m *discordgo.Member) string {
	nick := ""
	if m != nil {
		nick = plain(m.Nick)
	}
	return cmp.Or(nick, plain(u.GlobalName), plain(u.Username), u.ID)
}

// tag is a user's name, with the number that old names have.
func tag(u *discordgo.User) string {
	name := plain(u.Username)
	if u.Discriminator != "" && u.Discriminator != "0" && u.Discriminator != "0000" {
		return name + "#" + u.Discriminator
	}
	return name
}
