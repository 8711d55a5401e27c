package whatsappfake

import (
	"cmp"
	"slices"

	"go.mau.fi/whatsmeow/proto/waE2E"
)

// unwrap takes a message out of the envelopes that say how long and how it may be looked at.
func unwrap(m *waE2E.Message) *waE2E.Message {
	for {
		inner := cmp.Or(
			m.GetEphemeralMessage().GetMessage(), m.GetViewOnceMessage().GetMessage(), m.GetViewOnceMessageV2().GetMessage(),
			m.GetDocumentWithCaptionMessage().GetMessage(), m.GetDeviceSentMessage().GetMessage(),
		)
		if inner == nil {
			return m
		}
		m = inner
	}
}

// parse is a message as a person sees it. s.mu is held.
func (s *Server) parse(raw *waE2E.Message) Message {
	m := unwrap(raw)
	out := Message{Kind: "other", Raw: raw}
	var info *waE2E.ContextInfo
	switch {
	case m.Conversation != nil:
		out.Kind, out.Text = "text", m.GetConversation()
	case m.ExtendedTextMessage != nil:
		t := m.ExtendedTextMessage
		out.Kind, out.Text, info = "text", t.GetText(), t.GetContextInfo()
	case m.ImageMessage != nil:
		t := m.ImageMessage
		out.Kind, out.Text, info, out.Files = "image", t.GetCaption(), t.GetContextInfo(), s.fetch(t, "", imageKeys)
	case m.VideoMessage != nil:
		t := m.VideoMessage
		out.Kind, out.Text, info, out.Files = "video", t.GetCaption(), t.GetContextInfo(), s.fetch(t, "", videoKeys)
	case m.AudioMessage != nil:
		t := m.AudioMessage
		out.Kind, info, out.Files = "audio", t.GetContextInfo(), s.fetch(t, "", audioKeys)
		if t.GetPTT() {
			out.Kind = "voice"
		}
	case m.DocumentMessage != nil:
		t := m.DocumentMessage
		out.Kind, out.Text, info = "document", t.GetCaption(), t.GetContextInfo()
		out.Files = s.fetch(t, t.GetFileName(), documentKeys)
	case m.StickerMessage != nil:
		t := m.StickerMessage
		out.Kind, info, out.Files = "sticker", t.GetContextInfo(), s.fetch(t, "", imageKeys)
	default:
		s.parseAction(m, &out)
	}
	out.ReplyTo, out.Mentions = info.GetStanzaID(), info.GetMentionedJID()
	return out
}

// parseAction is about messages that change another one.
func (s *Server) parseAction(m *waE2E.Message, out *Message) {
	action := m.GetProtocolMessage()
	if edited := m.GetEditedMessage().GetMessage().GetProtocolMessage(); edited != nil {
		action = edited
	}
	switch {
	case m.ReactionMessage != nil:
		out.Kind, out.Text, out.Target = "reaction", m.ReactionMessage.GetText(), m.ReactionMessage.GetKey().GetID()
	case action.GetType() == waE2E.ProtocolMessage_MESSAGE_EDIT && action != nil:
		inner := s.parse(action.GetEditedMessage())
		out.Kind, out.Text, out.Target = "edit", inner.Text, action.GetKey().GetID()
	case action != nil && action.Type != nil && action.GetType() == waE2E.ProtocolMessage_REVOKE:
		out.Kind, out.Target = "revoke", action.GetKey().GetID()
	}
}

// mediaKind is how a stanza calls what its ciphertext holds; "" for text.
func mediaKind(m *waE2E.Message) string {
	m = unwrap(m)
	switch {
	case m.ImageMessage != nil:
		return "image"
	case m.VideoMessage != nil:
		return "video"
	case m.AudioMessage.GetPTT():
		return "ptt"
	case m.AudioMessage != nil:
		return "audio"
	case m.DocumentMessage != nil:
		return "document"
	case m.StickerMessage != nil:
		return "sticker"
	}
	return ""
}

// sortByTime puts messages into the order of their writing.
func sortByTime(items []*item) {
	slices.SortStableFunc(items, func(a, b *item) int { return a.post.time.Compare(b.post.time) })
}
