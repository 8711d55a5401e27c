package whatsappfake

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"

	"github.com/clawdbot/gateway/providers/providertest"
)

var errKeys = errors.New("the keys are not in order")

// Message is one that the client has sent, as a phone has decrypted it.
type Message struct {
	ID       string
	Chat     string // as Direct, Bob and Group name them
	Kind     string // "text", "image", "voice", "audio", "video", "document", "sticker", "reaction", "edit", "revoke", "other"
	Text     string // or a caption, or a reaction's emoji
	ReplyTo  string // the message that it quotes
	Target   string // the message that a reaction, an edit or a revocation is about
	Mentions []string
	Files    []providertest.File // as decrypted from what was uploaded
	Raw      *waE2E.Message
}

// handleMessage delivers a message of the client and answers as the fault of the moment wants it. s.mu is held.
func (s *Server) handleMessage(c *conn, n *waBinary.Node) {
	f, _ := s.sendFaults.next(func(SendFault) bool { return true })
	code := f.Code
	if f == (SendFault{}) || f.Act {
		if refused := s.route(c.device, n); code == 0 {
			code = refused
		}
	}
	switch {
	case f.Drop:
		c.ended = true
		c.cut()
		return
	case f.Hang:
		return
	}
	ack := waBinary.Node{Tag: "ack", Attrs: waBinary.Attrs{
		"class": "message", "id": n.Attrs["id"], "from": n.Attrs["to"], "t": time.Now().Unix(),
	}}
	if code != 0 {
		ack.Attrs["error"] = code
	}
	c.push(ack)
}

// route takes a message to the phones that it is for; the code says why not.
func (s *Server) route(d *device, n *waBinary.Node) (code int) {
	to, _ := n.Attrs["to"].(types.JID)
	id, _ := n.Attrs["id"].(string)
	g, partner := s.groupOf(to), s.personOf(to)
	if d == nil || id == "" || g == nil && partner == nil {
		return 404
	}
	readers := []*person{partner, s.own}
	if g != nil {
		readers = g.members
		if !slices.Contains(readers, s.own) {
			return 403
		}
	} else if partner == s.own {
		readers = readers[:1]
	}
	enc := ciphertexts(n)
	var first *waE2E.Message
	for _, p := range readers {
		m, tried := p.phone.receive(d, g, child(n, "enc"), enc, p)
		if !tried {
			continue
		}
		key := p.pn.User + " " + s.chatName(to) + " " + id
		if m == nil {
			if !s.byKey[key] {
				s.failed++
				s.askAgain(d, p, g, to, id)
			}
			continue
		}
		s.byKey[key] = true
		if first == nil && n.Attrs["category"] != "peer" && (p != s.own || partner == s.own) {
			first = m
		}
		if p != s.own {
			s.enqueue(s.receiptItem(p, g, to, id, "", nil))
		}
	}
	if first != nil {
		s.record(id, s.chatName(to), first)
	}
	return 0
}

// ciphertexts are the parts of a message that are for one device each, by its address. A message that repeats another
// for a single device has no list of them.
func ciphertexts(n *waBinary.Node) map[types.JID]*waBinary.Node {
	all := map[types.JID]*waBinary.Node{}
	if list := child(n, "participants"); list != nil {
		for _, to := range list.GetChildren() {
			if jid, ok := to.Attrs["jid"].(types.JID); ok {
				all[jid] = child(&to, "enc")
			}
		}
		return all
	}
	target, ok := n.Attrs["participant"].(types.JID)
	if !ok {
		target, _ = n.Attrs["to"].(types.JID)
	}
	if enc := child(n, "enc"); enc != nil && enc.Attrs["type"] != "skmsg" {
		all[target] = enc
	}
	return all
}

// receive reads what of a message is for a phone. Not tried: nothing is.
func (p *phone) receive(d *device, g *group, all *waBinary.Node, enc map[types.JID]*waBinary.Node, who *person) (m *waE2E.Message, tried bool) {
	own := enc[who.pn]
	if own == nil {
		own = enc[who.lid]
	}
	if own != nil {
		m, err := p.decrypt(d, own)
		if err != nil || p.learn(d, m) != nil {
			return nil, true
		}
		if sent := m.GetDeviceSentMessage().GetMessage(); sent != nil {
			m = sent
		}
		if g == nil || all == nil || all.Attrs["type"] != "skmsg" {
			return m, true
		}
	}
	if g == nil || all == nil || all.Attrs["type"] != "skmsg" {
		return nil, false
	}
	m, err := p.decryptGroup(d, g, all)
	if err != nil {
		return nil, true
	}
	return m, true
}

// askAgain is a phone that cannot read a message asking for it once more, with fresh keys.
func (s *Server) askAgain(d *device, p *person, g *group, to types.JID, id string) {
	_ = p.phone.restart(d, nil) // there is no bundle that could be wrong
	keys := p.phone.bundleNodes()
	now := strconv.FormatInt(time.Now().Unix(), 10)
	s.enqueue(s.receiptItem(p, g, to, id, string(types.ReceiptTypeRetry), []waBinary.Node{
		{Tag: "retry", Attrs: waBinary.Attrs{"count": 1, "id": id, "t": now, "v": 1}},
		keys[0],
		{Tag: "keys", Content: keys[1:]},
	}))
}

// receiptItem is a phone's word on a message of the client.
func (s *Server) receiptItem(p *person, g *group, to types.JID, id, kind string, content []waBinary.Node) *item {
	attrs := waBinary.Attrs{"from": to, "id": id, "t": time.Now().Unix()}
	if g != nil {
		attrs["participant"] = s.address(p)
	}
	if kind != "" {
		attrs["type"] = kind
	}
	if p == s.own && g == nil {
		attrs["from"], attrs["recipient"] = s.own.pn, to
	}
	n := waBinary.Node{Tag: "receipt", Attrs: attrs}
	if content != nil {
		n.Content = content
	}
	return &item{id: id, class: "receipt", node: &n}
}

// record notes a message, and shows it if its id is new in the chat. s.mu is held.
func (s *Server) record(id, chat string, raw *waE2E.Message) {
	m := s.parse(raw)
	m.ID, m.Chat = id, chat
	s.seen = append(s.seen, m)
	if key := chat + " " + id; !s.byKey[key] {
		s.byKey[key] = true
		s.shown = append(s.shown, m)
	}
}

// Seen is every message that has arrived, also one whose id came before; Shown is what people see of them.
func (s *Server) Seen() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// Shown is every message once, oldest first.
func (s *Server) Shown() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.shown)
}

// Unreadable is how often a phone could not decrypt a message of the client and asked for it again.
func (s *Server) Unreadable() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// WaitShown returns when people have seen n messages.
func (s *Server) WaitShown(ctx context.Context, n int) ([]Message, error) {
	err := s.mu.Wait(ctx, func() bool { return len(s.shown) >= n })
	return s.Shown(), err
}

// Replies is what has been shown in a chat as a message: no reactions, edits, revocations.
func (s *Server) Replies(chat string) []providertest.Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.replies(s.chatName(s.chatJID(chat)))
}

// WaitReplies returns when there are n of them.
func (s *Server) WaitReplies(ctx context.Context, chat string, n int) error {
	name := s.chatName(s.chatJID(chat))
	return s.mu.Wait(ctx, func() bool { return len(s.replies(name)) >= n })
}

func (s *Server) replies(chat string) (all []providertest.Reply) {
	for _, m := range s.shown {
		switch m.Kind {
		case "reaction", "edit", "revoke", "other":
			continue
		}
		if m.Chat == chat {
			all = append(all, providertest.Reply{ID: m.ID, Text: m.Text, ReplyTo: m.ReplyTo, Files: m.Files})
		}
	}
	return all
}
