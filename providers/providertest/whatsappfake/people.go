package whatsappfake

import (
	"strings"
	"time"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

// person is somebody with a phone: known by a number and by a hidden id.
type person struct {
	pn, lid types.JID
	name    string
	phone   *phone
}

func newPerson(number, hidden, name string) *person {
	return &person{
		pn: types.NewJID(number, types.DefaultUserServer), lid: types.NewJID(hidden, types.HiddenUserServer),
		name: name, phone: newPhone(),
	}
}

func (p *person) pnDevice(id uint16) types.JID  { return withDevice(p.pn, id) }
func (p *person) lidDevice(id uint16) types.JID { return withDevice(p.lid, id) }

func withDevice(jid types.JID, id uint16) types.JID {
	jid.Device = id
	return jid
}

// is says whether jid is the person, under either name.
func (p *person) is(jid types.JID) bool {
	jid = jid.ToNonAD()
	return jid == p.pn || jid == p.lid
}

type group struct {
	jid     types.JID
	subject string
	members []*person
}

// Number is the account's own number in E.164.
func (s *Server) Number() string { return "+" + s.own.pn.User }

// Direct is the chat with Ann, Bob the chat with Bob, and Group the one that all three are in, as providers a.1 names
// them: a number in E.164, a group's JID. Every chat is also known by its JIDs.
func (s *Server) Direct() string { return s.chatName(s.people[0].pn) }

// Bob is the second direct chat.
func (s *Server) Bob() string { return s.chatName(s.people[1].pn) }

// Group is the group's chat.
func (s *Server) Group() string { return s.groups[0].jid.String() }

// JID is a chat as the client library knows it.
func (s *Server) JID(chat string) types.JID { return s.chatJID(chat) }

func (s *Server) chatJID(chat string) types.JID {
	if number, ok := strings.CutPrefix(chat, "+"); ok {
		return types.NewJID(number, types.DefaultUserServer)
	}
	jid, err := types.ParseJID(chat)
	if err != nil || !strings.Contains(chat, "@") {
		panic("no such chat: " + chat) // a test's mistake
	}
	return jid
}

// chatName is the one name of a chat.
func (s *Server) chatName(jid types.JID) string {
	if p := s.personOf(jid); p != nil {
		return "+" + p.pn.User
	}
	return jid.ToNonAD().String()
}

func (s *Server) personOf(jid types.JID) *person {
	if s.own.is(jid) {
		return s.own
	}
	for _, p := range s.people {
		if p.is(jid) {
			return p
		}
	}
	return nil
}

func (s *Server) groupOf(jid types.JID) *group {
	for _, g := range s.groups {
		if g.jid == jid.ToNonAD() {
			return g
		}
	}
	return nil
}

// phoneOf is the phone with a device's address; nil for the linked device itself.
func (s *Server) phoneOf(jid types.JID) *phone {
	if p := s.personOf(jid); p != nil && jid.Device == 0 {
		return p.phone
	}
	return nil
}

// name is how people in a group are addressed.
func (s *Server) address(p *person) types.JID {
	if s.opt.HideNumbers {
		return p.lid
	}
	return p.pn
}

func (s *Server) addressingMode() string {
	if s.opt.HideNumbers {
		return string(types.AddressingModeLID)
	}
	return string(types.AddressingModePN)
}

// Rename changes the group's subject, as its member Ann may.
func (s *Server) Rename(subject string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groups[0]
	g.subject = subject
	now := time.Now().Unix()
	ann := s.people[0]
	s.enqueue(&item{id: s.newID(""), class: "notification", build: func(i *item) (waBinary.Node, error) {
		return waBinary.Node{
			Tag: "notification",
			Attrs: waBinary.Attrs{
				"from": g.jid, "id": i.id, "type": "w:gp2", "t": now, "notify": ann.name, "participant": s.address(ann),
			},
			Content: []waBinary.Node{{Tag: "subject", Attrs: waBinary.Attrs{"subject": subject, "s_t": now, "s_o": s.address(ann)}}},
		}, nil
	}})
}

// groupNode is what the platform tells a member of a group.
func (s *Server) groupNode(g *group) waBinary.Node {
	var content []waBinary.Node
	for i, p := range g.members {
		attrs := waBinary.Attrs{"jid": p.pn, "lid": p.lid}
		if s.opt.HideNumbers {
			attrs = waBinary.Attrs{"jid": p.lid, "phone_number": p.pn}
		}
		if i == 1 {
			attrs["type"] = "superadmin"
		}
		content = append(content, waBinary.Node{Tag: "participant", Attrs: attrs})
	}
	return waBinary.Node{
		Tag: "group",
		Attrs: waBinary.Attrs{
			"id": g.jid.User, "subject": g.subject, "creation": 1700000000, "s_t": 1700000000, "size": len(g.members),
			"creator": s.address(g.members[1]), "s_o": s.address(g.members[1]), "addressing_mode": s.addressingMode(),
		},
		Content: content,
	}
}
