package whatsappfake

import (
	"bytes"
	"time"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/types"
)

// device is the linked device as the platform knows it.
type device struct {
	id       uint16
	noise    []byte // the key that its connections are recognised by
	identity []byte
	regID    uint32
	signed   signedKey
	preKeys  []oneTimeKey
	synced   bool // the phone has given it the key to the settings
}

// admit decides what a client may be: a new device that wants to be linked, the linked one, or nobody.
func (s *Server) admit(c *conn, p *waWa6.ClientPayload) {
	s.login.Lock()
	defer s.login.Unlock()
	if f, refused := s.refusal(p); refused {
		s.mu.Lock()
		defer s.mu.Unlock()
		c.end(f)
		return
	}
	if reg := p.GetDevicePairingData(); reg != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.offerPairing(c, reg)
		return
	}
	s.mu.Lock()
	d := s.device
	known := d != nil && p.GetUsername() == s.own.pn.UserInt() && p.GetDevice() == uint32(d.id) && bytes.Equal(c.static, d.noise)
	var others []*conn
	for o := range s.conns {
		if known && o != c && o.device == d {
			others = append(others, o)
		}
	}
	s.mu.Unlock()
	if !known {
		s.mu.Lock()
		defer s.mu.Unlock()
		c.end(failure(401))
		return
	}
	open := 1
	for _, o := range others {
		if o.alive() {
			open++
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.mu.Broadcast()
	if s.device != d { // unlinked meanwhile
		c.end(failure(401))
		return
	}
	s.most = max(s.most, open)
	s.logins++
	for _, o := range others {
		o.end(streamError("", conflict("replaced")))
	}
	c.device = d
	if s.silenceNext {
		s.silenceNext = false
		c.silent = true
		return
	}
	s.welcome(c)
}

// welcome tells the client that it is logged in, and what has been waiting for it. s.mu is held.
func (s *Server) welcome(c *conn) {
	c.push(waBinary.Node{Tag: "success", Attrs: waBinary.Attrs{
		"t": time.Now().Unix(), "props": "27", "location": "lla", "lid": s.own.lidDevice(c.device.id),
	}})
	messages, receipts, notifications := 0, 0, 0
	for _, i := range s.queue {
		switch i.class {
		case "message":
			messages++
		case "receipt":
			receipts++
		default:
			notifications++
		}
	}
	c.push(waBinary.Node{Tag: "ib", Attrs: waBinary.Attrs{"from": types.ServerJID}, Content: []waBinary.Node{{
		Tag: "offline_preview", Attrs: waBinary.Attrs{
			"count": len(s.queue), "message": messages, "receipt": receipts, "notification": notifications, "appdata": 0,
		},
	}}})
}

// refusal is the failure that a fault or the client's age asks for.
func (s *Server) refusal(p *waWa6.ClientPayload) (waBinary.Node, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, faulty := s.connectFaults.next(func(f ConnectFault) bool { return f.Reason != 0 }); faulty {
		n := failure(f.Reason)
		if f.Code != 0 {
			n.Attrs["code"] = f.Code
		}
		if f.Expire != 0 {
			n.Attrs["expire"] = int(f.Expire.Seconds())
		}
		return n, true
	}
	if p.GetUserAgent().GetAppVersion().GetTertiary() < s.opt.MinRevision {
		return failure(405), true
	}
	return waBinary.Node{}, false
}

func failure(reason int) waBinary.Node {
	return waBinary.Node{Tag: "failure", Attrs: waBinary.Attrs{"reason": reason, "location": "lla"}}
}

func streamError(code string, content ...waBinary.Node) waBinary.Node {
	n := waBinary.Node{Tag: "stream:error", Attrs: waBinary.Attrs{}}
	if code != "" {
		n.Attrs["code"] = code
	}
	if len(content) > 0 {
		n.Content = content
	}
	return n
}

func conflict(kind string) waBinary.Node {
	return waBinary.Node{Tag: "conflict", Attrs: waBinary.Attrs{"type": kind}}
}

// remove unlinks the device: what waits for it is lost. s.mu is held.
func (s *Server) remove() {
	if s.device == nil {
		return
	}
	for _, p := range append(s.people, s.own) {
		p.phone.forget(s.device)
	}
	s.device = nil
	s.queue = nil
}
