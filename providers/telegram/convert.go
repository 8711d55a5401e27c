package telegram

import (
	"fmt"
	"strconv"
	"strings"

	tele "gopkg.in/telebot.v3"

	"github.com/clawdbot/gateway/providers"
)

// convert makes the gateway's message of the platform's. It is false for what is no message of a person to us:
// no message update, no text and no known attachment, no sender, a channel, our own words.
func convert(m *tele.Message, me identity) (providers.Incoming, bool) {
	if m == nil || m.Chat == nil {
		return providers.Incoming{}, false
	}
	sender, senderID, ok := senderOf(m)
	if !ok || senderID == me.ID {
		return providers.Incoming{}, false
	}
	in := providers.Incoming{
		ID:     strconv.Itoa(m.ID),
		Chat:   strconv.FormatInt(m.Chat.ID, 10),
		Sender: sender,
		Text:   body(m),
		Time:   m.Time(),
	}
	if in.Text == "" {
		return providers.Incoming{}, false
	}
	switch m.Chat.Type {
	case tele.ChatPrivate:
		in.Kind = providers.Direct
	case tele.ChatGroup, tele.ChatSuperGroup:
		in.Kind = providers.Group
		in.Title = m.Chat.Title
	default:
		return providers.Incoming{}, false
	}
	if m.TopicMessage && m.ThreadID != 0 {
		in.Thread = strconv.Itoa(m.ThreadID)
	}
	in.Mentioned, in.HasMentions = mentions(m, me)
	if r := m.ReplyTo; r != nil && !topicRoot(m) {
		in.ReplyTo = quoted(r)
		if r.Sender != nil && r.Sender.ID == me.ID {
			in.Mentioned = true
		}
	}
	return in, true
}

// topicRoot: in a forum topic every message "replies" to the service message that opened the topic.
func topicRoot(m *tele.Message) bool { return m.TopicMessage && m.ReplyTo.ID == m.ThreadID }

func senderOf(m *tele.Message) (s providers.Sender, id int64, ok bool) {
	switch {
	case m.Sender != nil:
		return providers.Sender{
			ID:       strconv.FormatInt(m.Sender.ID, 10),
			Name:     fullName(m.Sender),
			Username: m.Sender.Username,
		}, m.Sender.ID, true
	case m.SenderChat != nil:
		return providers.Sender{
			ID:       strconv.FormatInt(m.SenderChat.ID, 10),
			Name:     m.SenderChat.Title,
			Username: m.SenderChat.Username,
		}, m.SenderChat.ID, true
	}
	return providers.Sender{}, 0, false
}

func fullName(u *tele.User) string {
	return strings.TrimSpace(u.FirstName + " " + u.LastName)
}

// body is the text, the caption, or a placeholder that names the attachment; "" if there is none of them.
func body(m *tele.Message) string {
	if s := strings.TrimSpace(m.Text); s != "" {
		return s
	}
	if s := strings.TrimSpace(m.Caption); s != "" {
		return s
	}
	switch {
	case m.Photo != nil:
		return "<media:image>"
	case m.Video != nil:
		return "<media:video>"
	case m.Audio != nil, m.Voice != nil:
		return "<media:audio>"
	case m.Animation != nil, m.VideoNote != nil: // before the document that an animation is too
		return "<media:video>"
	case m.Document != nil:
		return "<media:document>"
	case m.Sticker != nil:
		return strings.TrimSpace("<media:sticker> " + m.Sticker.Emoji)
	}
	return shownOf(m)
}

// shownOf is what a message shows that is no file: where something is, or whom to call.
func shownOf(m *tele.Message) string {
	number := func(f float32) string { return strconv.FormatFloat(float64(f), 'f', -1, 32) }
	switch {
	case m.Venue != nil:
		return fmt.Sprintf("[location: %s, %s (%s, %s)]", m.Venue.Title, m.Venue.Address, number(m.Venue.Location.Lat), number(m.Venue.Location.Lng))
	case m.Location != nil:
		return fmt.Sprintf("[location: %s, %s]", number(m.Location.Lat), number(m.Location.Lng))
	case m.Contact != nil:
		return fmt.Sprintf("[contact: %s %s]", strings.TrimSpace(m.Contact.FirstName+" "+m.Contact.LastName), m.Contact.PhoneNumber)
	}
	return ""
}

func quoted(r *tele.Message) *providers.Quoted {
	q := &providers.Quoted{ID: strconv.Itoa(r.ID), Sender: "unknown sender", Text: body(r)}
	if s, _, ok := senderOf(r); ok {
		if s.Name != "" {
			q.Sender = s.Name
		} else if s.Username != "" {
			q.Sender = s.Username
		}
	}
	return q
}

// mentions says whether the text or caption names this bot, and whether it names anybody.
func mentions(m *tele.Message, me identity) (us, anybody bool) {
	text, entities := m.Text, m.Entities
	if text == "" {
		text, entities = m.Caption, m.CaptionEntities
	}
	for _, e := range entities {
		switch e.Type {
		case tele.EntityMention:
			anybody = true
		case tele.EntityTMention: // a person without a user name
			anybody = true
			us = us || e.User != nil && e.User.ID == me.ID
		}
	}
	return us || names(text, me.Username), anybody
}

// names reports whether text contains @user as a whole name, in any case.
func names(text, user string) bool {
	if user == "" {
		return false
	}
	text, at := strings.ToLower(text), "@"+strings.ToLower(user)
	for {
		_, after, found := strings.Cut(text, at)
		if !found {
			return false
		}
		if after == "" || !nameByte(after[0]) {
			return true
		}
		text = after
	}
}

func nameByte(b byte) bool {
	return b == '_' || '0' <= b && b <= '9' || 'a' <= b && b <= 'z'
}
