package whatsappfake

import (
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

// handleIQ answers an info query. What the platform does not know it refuses, so that nobody comes to rely on it.
// s.mu is held.
func (s *Server) handleIQ(c *conn, n *waBinary.Node) {
	space, _ := n.Attrs["xmlns"].(string)
	kind, _ := n.Attrs["type"].(string)
	if kind == "result" || kind == "error" {
		s.paired(c, n)
		return
	}
	s.iqs[space]++
	if code, text := s.queryFault(space); code != 0 {
		c.push(refuse(n, code, text))
		return
	}
	switch space {
	case "w:p", "urn:xmpp:ping":
		c.push(reply(n))
		return
	case "md":
		s.companionIQ(c, n)
		return
	}
	if c.device == nil {
		c.push(refuse(n, 401, "not-authorized"))
		return
	}
	switch space {
	case "encrypt":
		s.encryptIQ(c, n)
	case "passive":
		s.passiveIQ(c, n)
	case "usync":
		s.usyncIQ(c, n)
	case "w:g2":
		s.groupIQ(c, n)
	case "w:m":
		c.push(reply(n, waBinary.Node{
			Tag: "media_conn", Attrs: waBinary.Attrs{"auth": "fake-media-auth", "ttl": 3600, "auth_ttl": 21600, "max_buckets": 12},
			Content: []waBinary.Node{{Tag: "host", Attrs: waBinary.Attrs{"hostname": mediaHost}}},
		}))
	case "privacy":
		var all []waBinary.Node
		for _, name := range []string{"readreceipts", "last", "online", "profile", "status", "groupadd", "calladd"} {
			all = append(all, waBinary.Node{Tag: "category", Attrs: waBinary.Attrs{"name": name, "value": "all"}})
		}
		c.push(reply(n, waBinary.Node{Tag: "privacy", Content: all}))
	case "blocklist":
		c.push(reply(n, waBinary.Node{Tag: "list", Attrs: waBinary.Attrs{"dhash": "none"}}))
	case "w:sync:app:state":
		s.appStateIQ(c, n)
	case "bot":
		c.push(reply(n, waBinary.Node{Tag: "bot", Attrs: waBinary.Attrs{"v": "2"}}))
	case "urn:xmpp:whatsapp:dirty", "urn:xmpp:whatsapp:push":
		c.push(reply(n))
	default:
		c.push(refuse(n, 404, "item-not-found"))
	}
}

// companionIQ is about the device's being linked.
func (s *Server) companionIQ(c *conn, n *waBinary.Node) {
	switch {
	case child(n, "link_code_companion_reg") != nil:
		s.linkCodeIQ(c, n)
	case child(n, "remove-companion-device") != nil && c.device != nil:
		c.push(reply(n))
		s.remove()
	default:
		c.push(refuse(n, 400, "bad-request"))
	}
}

// passiveIQ turns the stream of messages on or off.
func (s *Server) passiveIQ(c *conn, n *waBinary.Node) {
	c.active = child(n, "active") != nil
	c.push(reply(n))
	if !c.active || c.device != s.device {
		return
	}
	if !c.device.synced && s.opt.PushName != "" {
		c.device.synced = true
		s.shareKey(c.device)
	}
	waiting := len(s.queue)
	s.deliver(c)
	c.push(waBinary.Node{Tag: "ib", Attrs: waBinary.Attrs{"from": types.ServerJID}, Content: []waBinary.Node{
		{Tag: "offline", Attrs: waBinary.Attrs{"count": waiting}},
	}})
}

// usyncIQ is the directory: who has which devices and which hidden id.
func (s *Server) usyncIQ(c *conn, n *waBinary.Node) {
	query := n.GetChildByTag("usync", "query")
	list := n.GetChildByTag("usync", "list")
	var users []waBinary.Node
	for _, user := range list.GetChildren() {
		jid, _ := user.Attrs["jid"].(types.JID)
		contact := bytesOf(&user, "contact")
		if contact != nil {
			number, _ := types.ParseJID(string(contact))
			jid = types.NewJID(number.User, types.DefaultUserServer)
			if len(jid.User) > 0 && jid.User[0] == '+' {
				jid.User = jid.User[1:]
			}
		}
		p := s.personOf(jid)
		answer := waBinary.Node{Tag: "user", Attrs: waBinary.Attrs{"jid": jid}}
		var content []waBinary.Node
		for _, q := range query.GetChildren() {
			content = append(content, s.usyncAnswer(q.Tag, p, contact)...)
		}
		answer.Content = content
		users = append(users, answer)
	}
	c.push(reply(n, waBinary.Node{Tag: "usync", Content: []waBinary.Node{
		{Tag: "result"}, {Tag: "list", Content: users},
	}}))
}

func (s *Server) usyncAnswer(question string, p *person, contact []byte) []waBinary.Node {
	switch question {
	case "contact":
		in := "out"
		if p != nil {
			in = "in"
		}
		return []waBinary.Node{{Tag: "contact", Attrs: waBinary.Attrs{"type": in}, Content: contact}}
	case "devices":
		if p == nil {
			return []waBinary.Node{{Tag: "devices", Content: []waBinary.Node{{Tag: "error", Attrs: waBinary.Attrs{"code": 404}}}}}
		}
		// Whoever asks is not told of itself: it would try to write to itself.
		return []waBinary.Node{{Tag: "devices", Content: []waBinary.Node{{Tag: "device-list", Content: []waBinary.Node{
			{Tag: "device", Attrs: waBinary.Attrs{"id": "0"}},
		}}}}}
	case "lid":
		if p != nil {
			return []waBinary.Node{{Tag: "lid", Attrs: waBinary.Attrs{"val": p.lid}}}
		}
	}
	return nil // no picture, no status, no business
}

// groupIQ is about the group.
func (s *Server) groupIQ(c *conn, n *waBinary.Node) {
	to, _ := n.Attrs["to"].(types.JID)
	kind, _ := n.Attrs["type"].(string)
	if kind == "get" && child(n, "participating") != nil {
		var all []waBinary.Node
		for _, g := range s.groups {
			all = append(all, s.groupNode(g))
		}
		c.push(reply(n, waBinary.Node{Tag: "groups", Content: all}))
		return
	}
	g := s.groupOf(to)
	switch {
	case g == nil:
		c.push(refuse(n, 404, "item-not-found"))
	case kind == "get" && child(n, "query") != nil:
		c.push(reply(n, s.groupNode(g)))
	case kind == "set" && child(n, "subject") != nil:
		g.subject = string(bytesOf(n, "subject"))
		c.push(reply(n))
	default:
		c.push(refuse(n, 403, "forbidden"))
	}
}
