package discord

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/bwmarrin/discordgo"

	"github.com/clawdbot/gateway/providers"
)

// shown is a message as the agent gets it.
type shown struct {
	ID          string   `json:"id"`
	ChannelID   string   `json:"channelId"`
	AuthorID    string   `json:"authorId,omitempty"`
	Author      string   `json:"author,omitempty"`
	Content     string   `json:"content"`
	Timestamp   string   `json:"timestamp,omitempty"`
	ReplyTo     string   `json:"replyTo,omitempty"`
	Attachments []string `json:"attachments,omitempty"`
	Pinned      bool     `json:"pinned,omitempty"`
}

func show(m *discordgo.Message) shown {
	s := shown{ID: m.ID, ChannelID: m.ChannelID, Content: m.Content, Pinned: m.Pinned}
	if m.Author != nil {
		s.AuthorID, s.Author = m.Author.ID, tag(m.Author)
	}
	if !m.Timestamp.IsZero() {
		s.Timestamp = m.Timestamp.UTC().Format(time.RFC3339)
	}
	if m.MessageReference != nil {
		s.ReplyTo = m.MessageReference.MessageID
	}
	for _, a := range m.Attachments {
		s.Attachments = append(s.Attachments, a.URL)
	}
	return s
}

func showAll(list []*discordgo.Message) map[string]any {
	out := make([]shown, 0, len(list))
	for _, m := range list {
		out = append(out, show(m))
	}
	return map[string]any{"ok": true, "messages": out}
}

// posted is the result of an action that makes a message.
func posted(m discordgo.Message) map[string]any {
	return map[string]any{"ok": true, "messageId": m.ID, "channelId": m.ChannelID}
}

func (p *Provider) react(ctx context.Context, a params) (any, error) {
	if err := need("channelId", a.ChannelID, "messageId", a.MessageID); err != nil {
		return nil, err
	}
	emoji := emojiName(a.Emoji)
	if emoji == "" && !a.Remove {
		return nil, permanent("emoji: missing")
	}
	channel, message := string(a.ChannelID), string(a.MessageID)
	switch {
	case !a.Remove:
		return p.order(ctx, "react", func(s *discordgo.Session) error { return s.MessageReactionAdd(channel, message, emoji) })
	case emoji != "":
		return p.order(ctx, "react", func(s *discordgo.Session) error { return s.MessageReactionRemove(channel, message, emoji, "@me") })
	}
	// Without an emoji all reactions of ours go.
	m, err := ask(ctx, p, "message", func(s *discordgo.Session) (*discordgo.Message, error) { return s.ChannelMessage(channel, message) })
	if err != nil {
		return nil, err
	}
	for _, r := range m.Reactions {
		if !r.Me || r.Emoji == nil {
			continue
		}
		if _, err := p.order(ctx, "react", func(s *discordgo.Session) error {
			return s.MessageReactionRemove(channel, message, r.Emoji.APIName(), "@me")
		}); err != nil {
			return nil, err
		}
	}
	return done{OK: true}, nil
}

// emojiName is an emoji as the platform's addresses have it: a character, or name:id of <:name:id>.
func emojiName(s string) string {
	s = strings.TrimSpace(s)
	if inner, ok := strings.CutPrefix(strings.TrimSuffix(s, ">"), "<"); ok {
		return strings.TrimPrefix(strings.TrimPrefix(inner, "a:"), ":")
	}
	return s
}

func (p *Provider) listReactions(ctx context.Context, a params) (any, error) {
	if err := need("channelId", a.ChannelID, "messageId", a.MessageID); err != nil {
		return nil, err
	}
	channel, message := string(a.ChannelID), string(a.MessageID)
	m, err := ask(ctx, p, "message", func(s *discordgo.Session) (*discordgo.Message, error) { return s.ChannelMessage(channel, message) })
	if err != nil {
		return nil, err
	}
	type reaction struct {
		Emoji string   `json:"emoji"`
		Count int      `json:"count"`
		Users []string `json:"users"`
	}
	out := []reaction{}
	for _, r := range m.Reactions {
		if r.Emoji == nil {
			continue
		}
		users, err := ask(ctx, p, "reactions", func(s *discordgo.Session) ([]*discordgo.User, error) {
			return s.MessageReactions(channel, message, r.Emoji.APIName(), clamp(a.Limit, 100, 1, 100), "", "")
		})
		if err != nil {
			return nil, err
		}
		one := reaction{Emoji: r.Emoji.APIName(), Count: r.Count, Users: []string{}}
		for _, u := range users {
			one.Users = append(one.Users, tag(u)+" id:"+u.ID)
		}
		out = append(out, one)
	}
	return map[string]any{"ok": true, "reactions": out}, nil
}

func (p *Provider) sendSticker(ctx context.Context, a params) (any, error) {
	if n := len(a.StickerIDs); n < 1 || n > 3 {
		return nil, permanent("stickerIds: give 1 to 3, not %d", n)
	}
	body := create{Content: a.Content, Mentions: people}
	for _, id := range a.StickerIDs {
		if err := need("stickerIds", id); err != nil {
			return nil, err
		}
		body.Stickers = append(body.Stickers, string(id))
	}
	return p.postAction(ctx, a, body)
}

func (p *Provider) sendPoll(ctx context.Context, a params) (any, error) {
	hours := 24
	if a.Hours != nil {
		hours = *a.Hours
	}
	switch n := len(a.Answers); {
	case strings.TrimSpace(a.Question) == "":
		return nil, permanent("question: missing")
	case n < 2 || n > 10:
		return nil, permanent("answers: give 2 to 10, not %d", n)
	case hours < 1 || hours > 768:
		return nil, permanent("durationHours: give 1 to 768, not %d", hours)
	}
	poll := &discordgo.Poll{
		Question: discordgo.PollMedia{Text: a.Question}, AllowMultiselect: a.Multiselect, Duration: hours, LayoutType: discordgo.PollLayoutTypeDefault,
	}
	for _, text := range a.Answers {
		poll.Answers = append(poll.Answers, discordgo.PollAnswer{Media: &discordgo.PollMedia{Text: text}})
	}
	return p.postAction(ctx, a, create{Content: a.Content, Poll: poll, Mentions: people})
}

func (p *Provider) sendMessage(ctx context.Context, a params) (any, error) {
	if a.Content == "" && a.MediaURL == "" {
		return nil, permanent("content: missing")
	}
	body := create{Content: a.Content, Mentions: people}
	if a.ReplyTo != "" {
		if err := need("replyTo", a.ReplyTo); err != nil {
			return nil, err
		}
		must := false
		body.Reference = &discordgo.MessageReference{MessageID: string(a.ReplyTo), FailIfNotExists: &must}
	}
	return p.postAction(ctx, a, body)
}

// postAction posts what an action has made, with the file that it names.
func (p *Provider) postAction(ctx context.Context, a params, body create) (any, error) {
	if n := len(utf16.Encode([]rune(body.Content))); n > platformMaxText {
		return nil, permanent("content: %d characters, Discord takes %d", n, platformMaxText)
	}
	channel, err := p.channelOf(ctx, a)
	if err != nil {
		return nil, beforehandOr(err, a.To)
	}
	var file *discordgo.File
	if a.MediaURL != "" {
		media, err := p.fetchFile(ctx, a.MediaURL, int64(p.cfg.MediaMaxMB*(1<<20)))
		if err != nil {
			return nil, err
		}
		if file, err = attachment(&media); err != nil {
			return nil, err
		}
	}
	m, err := p.post(ctx, channel, body, file)
	if err != nil {
		return nil, err
	}
	return posted(m), nil
}

// beforehandOr keeps an error that says what is wrong with the params.
func beforehandOr(err error, chat string) error {
	if s, ok := err.(*providers.SendError); ok {
		return s
	}
	return beforehand(err, chat)
}

// fetchFile gets what mediaUrl names. Only addresses are taken: a path would let whoever talks the agent into it have any
// file of the machine sent.
func (p *Provider) fetchFile(ctx context.Context, address string, limit int64) (providers.Media, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || p.env.Files == nil {
		return providers.Media{}, permanent("mediaUrl: give an http or https address")
	}
	name := u.Path[strings.LastIndexByte(u.Path, '/')+1:]
	m, err := p.env.Files.Fetch(ctx, address, nil, name, limit)
	if err != nil {
		return providers.Media{}, permanent("mediaUrl: %v", err)
	}
	return m, nil
}

func (p *Provider) readMessages(ctx context.Context, a params) (any, error) {
	if err := need("channelId", a.ChannelID); err != nil {
		return nil, err
	}
	list, err := ask(ctx, p, "messages", func(s *discordgo.Session) ([]*discordgo.Message, error) {
		return s.ChannelMessages(string(a.ChannelID), clamp(a.Limit, 50, 1, 100), a.Before, a.After, a.Around)
	})
	if err != nil {
		return nil, err
	}
	return showAll(list), nil
}

func (p *Provider) fetchMessage(ctx context.Context, a params) (any, error) {
	if err := need("channelId", a.ChannelID, "messageId", a.MessageID); err != nil {
		return nil, err
	}
	m, err := ask(ctx, p, "message", func(s *discordgo.Session) (*discordgo.Message, error) {
		return s.ChannelMessage(string(a.ChannelID), string(a.MessageID))
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"ok": true, "message": show(m)}, nil
}

func (p *Provider) editMessage(ctx context.Context, a params) (any, error) {
	if err := need("channelId", a.ChannelID, "messageId", a.MessageID); err != nil {
		return nil, err
	}
	if a.Content == "" {
		return nil, permanent("content: missing")
	}
	edit := discordgo.NewMessageEdit(string(a.ChannelID), string(a.MessageID)).SetContent(a.Content)
	edit.AllowedMentions = &people
	return p.order(ctx, "edit", func(s *discordgo.Session) error {
		_, err := s.ChannelMessageEditComplex(edit)
		return err
	})
}

func (p *Provider) deleteMessage(ctx context.Context, a params) (any, error) {
	return p.onMessage(ctx, a, "delete", (*discordgo.Session).ChannelMessageDelete)
}

func (p *Provider) pin(ctx context.Context, a params) (any, error) {
	return p.onMessage(ctx, a, "pin", (*discordgo.Session).ChannelMessagePin)
}

func (p *Provider) unpin(ctx context.Context, a params) (any, error) {
	return p.onMessage(ctx, a, "unpin", (*discordgo.Session).ChannelMessageUnpin)
}

func (p *Provider) onMessage(ctx context.Context, a params, what string, do func(s *discordgo.Session, channel, message string, o ...discordgo.RequestOption) error) (any, error) {
	if err := need("channelId", a.ChannelID, "messageId", a.MessageID); err != nil {
		return nil, err
	}
	return p.order(ctx, what, func(s *discordgo.Session) error {
		return do(s, string(a.ChannelID), string(a.MessageID), because(a.Reason)...)
	})
}

func (p *Provider) listPins(ctx context.Context, a params) (any, error) {
	if err := need("channelId", a.ChannelID); err != nil {
		return nil, err
	}
	list, err := ask(ctx, p, "pins", func(s *discordgo.Session) ([]*discordgo.Message, error) {
		return s.ChannelMessagesPinned(string(a.ChannelID))
	})
	if err != nil {
		return nil, err
	}
	return showAll(list), nil
}

// search asks for messages of a server. The library has no method for it.
func (p *Provider) search(ctx context.Context, a params) (any, error) {
	if err := need("guildId", a.GuildID); err != nil {
		return nil, err
	}
	if strings.TrimSpace(a.Content) == "" {
		return nil, permanent("content: what to look for is missing")
	}
	q := url.Values{"content": {a.Content}, "limit": {strconv.Itoa(clamp(a.Limit, 25, 1, 25))}}
	for key, ids := range map[string][]providers.ID{"channel_id": append(a.ChannelIDs, a.ChannelID), "author_id": append(a.AuthorIDs, a.AuthorID)} {
		for _, id := range ids {
			if id == "" {
				continue
			}
			if err := need(key, id); err != nil {
				return nil, err
			}
			q.Add(key, string(id))
		}
	}
	var found struct {
		Total    int                    `json:"total_results"`
		Messages [][]*discordgo.Message `json:"messages"`
	}
	address := discordgo.EndpointGuild(string(a.GuildID)) + "/messages/search?" + q.Encode()
	if err := p.api.request(ctx, p.opt.call, "search", http.MethodGet, address, nil, &found); err != nil {
		return nil, err
	}
	var list []*discordgo.Message
	for _, group := range found.Messages {
		list = append(list, group...)
	}
	result := showAll(list)
	result["total"] = found.Total
	return result, nil
}
