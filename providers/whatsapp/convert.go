package whatsapp

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/clawdbot/gateway/providers"
)

// attachment is what a message carries besides text.
type attachment struct {
	source     whatsmeow.DownloadableMessage
	kind       string // of the placeholder: "image", "audio", ...
	mime, name string
	size       uint64 // as the sender says
}

// converted is a message as the gateway knows it, without what must be fetched.
type converted struct {
	in     providers.Incoming
	file   *attachment
	author types.JID // who wrote it, as receipts and quotes name them
}

// people resolves a hidden id to a phone number; without one it returns the id as it is.
type people func(types.JID) types.JID

// convert turns an event into a message. ok is false for what is nothing for an agent (providers a.1).
func convert(evt *events.Message, self identity, phone people) (c converted, ok bool) {
	info := &evt.Info
	if !heard(info, self) || evt.IsEdit || info.Edit != "" && info.Edit != types.EditAttributeEmpty {
		return c, false
	}
	sender := withAlternative(info.Sender, info.SenderAlt, phone)
	chat := info.Chat
	if !info.IsGroup {
		chat = sender
		if info.IsFromMe {
			chat = withAlternative(info.Chat, info.RecipientAlt, phone)
		}
	}
	c.author = info.Sender
	c.in = providers.Incoming{
		ID: info.ID, Chat: address(chat), Kind: providers.Direct, Time: info.Timestamp,
		Sender: providers.Sender{ID: address(sender), Name: clean(info.PushName)}, Owner: info.IsFromMe || self.is(sender),
	}
	if info.IsGroup {
		c.in.Kind = providers.Group
	}
	m := evt.Message
	if r := m.GetReactionMessage(); r != nil {
		return reaction(c, r)
	}
	c.file = attached(m)
	c.in.Text = strings.TrimSpace(clean(text(m)))
	if c.in.Text == "" && c.file != nil {
		c.in.Text = placeholder(c.file.kind)
	}
	if c.in.Text == "" {
		return c, false
	}
	addressing(&c.in, m, self, phone)
	return c, true
}

// heard says whether a message is one of a chat that we listen to. What the owner writes to others is none of ours.
func heard(info *types.MessageInfo, self identity) bool {
	switch info.Chat.Server {
	case types.GroupServer:
		return true
	case types.DefaultUserServer, types.HiddenUserServer:
		return info.Chat.User != "" && info.Chat.User != "status" && (!info.IsFromMe || self.is(info.Chat))
	}
	return false
}

// withAlternative prefers the phone number of the two ids that a message names.
func withAlternative(id, alternative types.JID, phone people) types.JID {
	if id.Server != types.HiddenUserServer {
		return id
	}
	if alternative.Server == types.DefaultUserServer && alternative.User != "" {
		return alternative
	}
	return phone(id)
}

func reaction(c converted, r *waE2E.ReactionMessage) (converted, bool) {
	if r.GetText() == "" { // taken back
		return c, false
	}
	who := c.in.Sender.Name
	if who == "" {
		who = c.in.Sender.ID
	}
	c.in.Note = true
	c.in.Text = fmt.Sprintf("%s reacted with %s to message %s", who, clean(r.GetText()), r.GetKey().GetID())
	return c, true
}

// text is what a message says: its text, its caption, or what it shows in words.
func text(m *waE2E.Message) string {
	for _, s := range []string{
		m.GetConversation(), m.GetExtendedTextMessage().GetText(), m.GetImageMessage().GetCaption(),
		m.GetVideoMessage().GetCaption(), m.GetPtvMessage().GetCaption(), m.GetDocumentMessage().GetCaption(),
	} {
		if strings.TrimSpace(s) != "" {
			return s
		}
	}
	if l := m.GetLocationMessage(); l != nil {
		return strings.TrimSpace(fmt.Sprintf("<location %.6f,%.6f> %s", l.GetDegreesLatitude(), l.GetDegreesLongitude(), l.GetName()))
	}
	if v := m.GetContactMessage(); v != nil {
		return "<contact> " + v.GetDisplayName()
	}
	return ""
}

func attached(m *waE2E.Message) *attachment {
	switch {
	case m.GetImageMessage() != nil:
		f := m.GetImageMessage()
		return &attachment{f, "image", f.GetMimetype(), "", f.GetFileLength()}
	case m.GetVideoMessage() != nil:
		f := m.GetVideoMessage()
		return &attachment{f, "video", f.GetMimetype(), "", f.GetFileLength()}
	case m.GetPtvMessage() != nil:
		f := m.GetPtvMessage()
		return &attachment{f, "video", f.GetMimetype(), "", f.GetFileLength()}
	case m.GetAudioMessage() != nil:
		f := m.GetAudioMessage()
		return &attachment{f, "audio", f.GetMimetype(), "", f.GetFileLength()}
	case m.GetDocumentMessage() != nil:
		f := m.GetDocumentMessage()
		return &attachment{f, "document", f.GetMimetype(), clean(f.GetFileName()), f.GetFileLength()}
	case m.GetStickerMessage() != nil:
		f := m.GetStickerMessage()
		return &attachment{f, "sticker", f.GetMimetype(), "", f.GetFileLength()}
	}
	return nil
}

func placeholder(kind string) string { return "<media:" + kind + ">" }

// contextOf is what a message says about others: whom it mentions, what it answers.
func contextOf(m *waE2E.Message) *waE2E.ContextInfo {
	for _, c := range []*waE2E.ContextInfo{
		m.GetExtendedTextMessage().GetContextInfo(), m.GetImageMessage().GetContextInfo(), m.GetVideoMessage().GetContextInfo(),
		m.GetPtvMessage().GetContextInfo(), m.GetAudioMessage().GetContextInfo(), m.GetDocumentMessage().GetContextInfo(),
		m.GetStickerMessage().GetContextInfo(), m.GetLocationMessage().GetContextInfo(), m.GetContactMessage().GetContextInfo(),
	} {
		if c != nil {
			return c
		}
	}
	return nil
}

// addressing fills in whom a message is for and what it answers.
func addressing(in *providers.Incoming, m *waE2E.Message, self identity, phone people) {
	ctx := contextOf(m)
	for _, raw := range ctx.GetMentionedJID() {
		j, err := types.ParseJID(raw)
		if err != nil {
			continue
		}
		in.HasMentions = true
		in.Mentioned = in.Mentioned || !self.shared && self.is(j)
	}
	// Who types our number by hand means us too.
	in.Mentioned = in.Mentioned || self.pn.User != "" && strings.Contains(onlyDigits(in.Text), self.pn.User)
	if ctx.GetStanzaID() == "" {
		return
	}
	author, err := types.ParseJID(ctx.GetParticipant())
	q := &providers.Quoted{ID: ctx.GetStanzaID(), Sender: "unknown sender"}
	if err == nil && author.User != "" {
		in.Mentioned = in.Mentioned || !self.shared && self.is(author)
		q.Sender = address(withAlternative(author, types.EmptyJID, phone))
	}
	if quoted := ctx.GetQuotedMessage(); quoted != nil {
		unwrapped := (&events.Message{RawMessage: quoted}).UnwrapRaw().Message
		q.Text = strings.TrimSpace(clean(text(unwrapped)))
		if f := attached(unwrapped); q.Text == "" && f != nil {
			q.Text = placeholder(f.kind)
		}
	}
	in.ReplyTo = q
}

// clean replaces what is not text: broken UTF-8 and NUL.
func clean(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.ReplaceAll(s, "\x00", "")
}
