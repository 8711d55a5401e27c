package whatsappfake

import (
	"time"

	"go.mau.fi/libsignal/protocol"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"github.com/clawdbot/gateway/providers/providertest"
)

// Post is one message of a person.
type Post struct {
	Chat    string // as Direct, Bob and Group name them
	From    string // who writes in a group; default Ann
	Owner   bool   // the account's own person writes it on the phone, in any chat
	Text    string
	Mention bool   // it addresses the account
	ReplyTo string // the id of a message that it quotes
	File    *providertest.File
	ID      string    // default: a new one
	Time    time.Time // default: now
	// Message replaces what Text, Mention, ReplyTo and File would make.
	Message *waE2E.Message
}

// post is a message on its way.
type post struct {
	id      string
	from    *person
	group   *group  // nil in a direct chat
	partner *person // of a direct chat
	message *waE2E.Message
	time    time.Time
	node    *waBinary.Node // the last stanza that it came in
}

// Say has the person of a chat write; in the group Ann does, and addresses the account. Each file is a message of its
// own, the text the first one's caption. It returns the first message's id.
func (s *Server) Say(chat, text string, files ...providertest.File) (id string) {
	p := Post{Chat: chat, Text: text, Mention: s.groupOf(s.chatJID(chat)) != nil}
	if len(files) == 0 {
		return s.Post(p)
	}
	for k := range files {
		p.File = &files[k]
		if next := s.Post(p); k == 0 {
			id = next
		}
		p.Text = ""
	}
	return id
}

// Post delivers a message, now or when the device is there, and returns its id.
func (s *Server) Post(p Post) string { return s.PostAll(p)[0] }

// PostAll delivers messages in the order given; they were encrypted in the order of their times.
func (s *Server) PostAll(all ...Post) (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	items := make([]*item, len(all))
	for k, p := range all {
		m := s.accept(p)
		items[k] = s.messageItem(m)
		ids = append(ids, m.id)
	}
	byTime := make([]*item, len(items))
	copy(byTime, items)
	sortByTime(byTime)
	for _, i := range byTime {
		s.seq++
		i.seq = s.seq
	}
	s.enqueue(items...)
	return ids
}

// SayReversed has the person of a chat write texts of which the last one comes first.
func (s *Server) SayReversed(chat string, texts ...string) []string {
	now := time.Now()
	posts := make([]Post, len(texts))
	ids := make([]string, len(texts))
	for k, text := range texts {
		ids[k] = s.newID("3A")
		posts[len(texts)-1-k] = Post{Chat: chat, Text: text, ID: ids[k], Time: now.Add(time.Duration(k) * time.Millisecond)}
	}
	s.PostAll(posts...)
	return ids
}

// Again has the sender write a message once more with the same id, as phones do that are not sure: it is encrypted anew.
func (s *Server) Again(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.posts[id]; p != nil {
		s.enqueue(s.messageItem(p))
	}
}

// Resend delivers the very stanza of a message once more, as the platform does that has lost an acknowledgement.
func (s *Server) Resend(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.posts[id]; p != nil && p.node != nil {
		s.enqueue(&item{id: id, class: "message", post: p, node: p.node})
	}
}

// accept makes a message of a post. s.mu is held.
func (s *Server) accept(p Post) *post {
	m := &post{id: p.ID, time: p.Time, message: p.Message}
	jid := s.chatJID(p.Chat)
	if m.group = s.groupOf(jid); m.group != nil {
		m.from = m.group.members[1]
		if p.From != "" {
			m.from = s.personOf(s.chatJID(p.From))
		}
	} else {
		m.partner = s.personOf(jid)
		m.from = m.partner
	}
	if m.from == nil {
		panic("nobody writes in " + p.Chat + " as " + p.From) // a test's mistake
	}
	if p.Owner {
		m.from = s.own
	}
	if m.id == "" {
		m.id = s.newID("3A")
	}
	if m.time.IsZero() {
		m.time = time.Now()
	}
	if m.message == nil {
		m.message = s.compose(p)
	}
	s.posts[m.id] = m
	return m
}

// compose makes what a phone would send. s.mu is held.
func (s *Server) compose(p Post) *waE2E.Message {
	info := &waE2E.ContextInfo{}
	if p.Mention {
		info.MentionedJID = []string{s.address(s.own).String()}
	}
	if p.ReplyTo != "" {
		s.quote(info, s.chatJID(p.Chat), p.ReplyTo)
	}
	bare := !p.Mention && p.ReplyTo == ""
	switch {
	case p.File != nil:
		if bare {
			info = nil
		}
		return s.attach(*p.File, p.Text, info)
	case bare:
		return &waE2E.Message{Conversation: &p.Text}
	}
	return &waE2E.Message{ExtendedTextMessage: &waE2E.ExtendedTextMessage{Text: &p.Text, ContextInfo: info}}
}

// quote names the message that a reply is to.
func (s *Server) quote(info *waE2E.ContextInfo, chat types.JID, id string) {
	info.StanzaID = &id
	if p := s.posts[id]; p != nil {
		info.Participant = proto.String(s.address(p.from).String())
		info.QuotedMessage = p.message
		return
	}
	for _, m := range s.shown {
		if m.ID == id && m.Chat == s.chatName(chat) {
			info.Participant = proto.String(s.address(s.own).String())
			info.QuotedMessage = m.Raw
			return
		}
	}
}

// wrapped is what is encrypted: the owner's other devices are told where a message went.
func (s *Server) wrapped(p *post) *waE2E.Message {
	if p.from != s.own || p.group != nil {
		return p.message
	}
	return &waE2E.Message{DeviceSentMessage: &waE2E.DeviceSentMessage{
		DestinationJID: proto.String(p.partner.pn.String()), Message: p.message,
	}}
}

// chatOf is the chat of a message as the device knows it.
func (s *Server) chatOf(p *post) types.JID {
	if p.group != nil {
		return p.group.jid
	}
	return s.address(p.partner)
}

func (s *Server) signalAddress(p *person) *protocol.SignalAddress { return p.lid.SignalAddress() }

func (s *Server) messageItem(p *post) *item {
	return &item{id: p.id, class: "message", post: p, build: func(*item) (waBinary.Node, error) {
		if p.group != nil {
			enc, err := p.from.phone.encryptGroup(s.device, p.group, s.signalAddress(p.from), p.message)
			return s.messageNode(p, enc...), err
		}
		enc, err := p.from.phone.encrypt(s.device, s.wrapped(p))
		return s.messageNode(p, enc), err
	}}
}

// messageNode is the stanza of a message with its ciphertexts.
func (s *Server) messageNode(p *post, enc ...waBinary.Node) waBinary.Node {
	attrs := waBinary.Attrs{"id": p.id, "t": p.time.Unix(), "notify": p.from.name, "type": "text"}
	if mediaKind(p.message) != "" {
		attrs["type"] = "media"
	} else if p.message.ReactionMessage != nil {
		attrs["type"] = "reaction"
	}
	hidden := s.opt.HideNumbers
	switch {
	case p.group != nil:
		attrs["from"], attrs["addressing_mode"] = p.group.jid, s.addressingMode()
		attrs["participant"], attrs["participant_lid"] = p.from.pn, p.from.lid
		if hidden {
			attrs["participant"], attrs["participant_pn"] = p.from.lid, p.from.pn
			delete(attrs, "participant_lid")
		}
	case p.from == s.own:
		attrs["from"], attrs["recipient"], attrs["peer_recipient_lid"] = s.own.pn, p.partner.pn, p.partner.lid
	case hidden:
		attrs["from"], attrs["sender_pn"] = p.from.lid, p.from.pn
	default:
		attrs["from"], attrs["sender_lid"] = p.from.pn, p.from.lid
	}
	return waBinary.Node{Tag: "message", Attrs: attrs, Content: enc}
}
