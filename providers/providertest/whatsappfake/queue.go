package whatsappfake

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"

	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/libsignal/keys/identity"
	"go.mau.fi/libsignal/keys/prekey"
	"go.mau.fi/libsignal/util/optional"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

// item is a stanza that the platform keeps until the device has acknowledged it. It is made when it is delivered for the
// first time, and comes again unchanged at every connection until then.
type item struct {
	id      string
	class   string // the stanza's tag: how an acknowledgement names it
	seq     int    // the order of making, which is that of the sender's encryption
	post    *post  // of a message
	build   func(i *item) (waBinary.Node, error)
	node    *waBinary.Node
	on      *conn // where it was delivered last
	retries int   // how often it was encrypted anew because the device could not read it
}

// forget makes the item again for a new device.
func (i *item) forget() { i.node, i.on, i.retries = nil, nil, 0 }

// enqueue adds an item and delivers it if somebody is there. s.mu is held.
func (s *Server) enqueue(items ...*item) {
	for _, i := range items {
		if i.seq == 0 {
			s.seq++
			i.seq = s.seq
		}
		s.queue = append(s.queue, i)
	}
	if c := s.online(); c != nil {
		s.deliver(c)
	}
	s.mu.Broadcast()
}

// deliver sends what the connection has not had yet, in the order of the queue. s.mu is held.
func (s *Server) deliver(c *conn) {
	due := make([]*item, 0, len(s.queue))
	for _, i := range s.queue {
		if i.on != c {
			due = append(due, i)
		}
	}
	made := slices.Clone(due)
	slices.SortStableFunc(made, func(a, b *item) int { return cmp.Compare(a.seq, b.seq) })
	for _, i := range made {
		if i.node != nil {
			continue
		}
		n, err := i.build(i)
		if err != nil {
			panic(err) // the server knows all keys: it can always write
		}
		i.node = &n
		if i.post != nil {
			i.post.node = &n
		}
	}
	for _, i := range due {
		n := *i.node
		if i.on != nil { // it had been tried before
			n.Attrs = maps.Clone(n.Attrs)
			n.Attrs["offline"] = "1"
		}
		i.on = c
		c.push(n)
	}
}

// drop takes the oldest delivered item with an id out of the queue; nil if there is none. s.mu is held.
func (s *Server) drop(class, id string) *item {
	for k, i := range s.queue {
		if i.class == class && i.id == id && i.on != nil {
			s.queue = slices.Delete(s.queue, k, k+1)
			return i
		}
	}
	return nil
}

// handleReceipt is the device saying that messages have arrived, were read, or could not be read. s.mu is held.
func (s *Server) handleReceipt(c *conn, n *waBinary.Node) {
	id, _ := n.Attrs["id"].(string)
	ids := []string{id}
	if list := child(n, "list"); list != nil {
		for _, i := range list.GetChildren() {
			if id, ok := i.Attrs["id"].(string); ok {
				ids = append(ids, id)
			}
		}
	}
	kind, _ := n.Attrs["type"].(string)
	for _, id := range ids {
		switch types.ReceiptType(kind) {
		case types.ReceiptTypeRetry:
			s.again(c, n, id)
		case types.ReceiptTypeRead, types.ReceiptTypeReadSelf, types.ReceiptTypePlayed:
			s.read[id] = true
		case types.ReceiptTypeServerError:
			s.uploadAgain(n, id)
		case types.ReceiptTypeDelivered, types.ReceiptTypeInactive, types.ReceiptTypeSender, types.ReceiptTypePeerMsg:
			s.drop("message", id)
			s.acked[id]++
		}
	}
	c.push(waBinary.Node{Tag: "ack", Attrs: waBinary.Attrs{
		"class": "receipt", "id": id, "from": n.Attrs["to"], "type": kind, "participant": n.Attrs["participant"],
	}})
}

// handleAck takes what was acknowledged out of the queue. A message that could not be read is acknowledged too, beside
// the receipt that asks for it again: that must not cost the new copy. s.mu is held.
func (s *Server) handleAck(n *waBinary.Node) {
	id, _ := n.Attrs["id"].(string)
	class, _ := n.Attrs["class"].(string)
	if class != "message" {
		s.drop(class, id)
		return
	}
	if code, ok := n.Attrs["error"].(string); ok {
		s.nacks = append(s.nacks, id+": "+code)
		s.drop(class, id)
		return
	}
	for _, i := range s.queue {
		if i.class == class && i.id == id && i.retries > 0 {
			return
		}
	}
	s.drop(class, id)
}

// again makes a phone write a message once more for the device that could not read it. s.mu is held.
func (s *Server) again(c *conn, n *waBinary.Node, id string) {
	p := s.posts[id]
	if p == nil {
		return
	}
	b, err := bundleOf(n, c.device)
	if err != nil {
		return // a phone ignores what it does not understand
	}
	if b != nil {
		if err := p.from.phone.restart(c.device, b); err != nil {
			return
		}
	}
	count := "1"
	if r := child(n, "retry"); r != nil {
		count, _ = r.Attrs["count"].(string)
	}
	build := func(*item) (waBinary.Node, error) {
		enc, err := p.from.phone.encryptAgain(s.device, p.group, s.signalAddress(p.from), s.wrapped(p))
		enc.Attrs["count"] = count
		return s.messageNode(p, enc), err
	}
	tries, _ := strconv.Atoi(count)
	for _, i := range s.queue {
		if i.class == "message" && i.id == id {
			i.node, i.on, i.build, i.retries = nil, nil, build, max(tries, 1)
			s.deliver(c)
			return
		}
	}
	s.enqueue(&item{id: id, class: "message", post: p, build: build, retries: max(tries, 1)})
}

// bundleOf reads the keys that come with a retry receipt; nil when there are none.
func bundleOf(n *waBinary.Node, d *device) (*prekey.Bundle, error) {
	keys := child(n, "keys")
	if keys == nil {
		return nil, nil
	}
	fresh := &device{id: d.id, identity: d.identity, noise: d.noise}
	upload := waBinary.Node{Content: []waBinary.Node{
		{Tag: "registration", Content: bytesOf(n, "registration")},
		{Tag: "identity", Content: bytesOf(keys, "identity")},
	}}
	for _, k := range keys.GetChildren() {
		switch k.Tag {
		case "skey":
			upload.Content = append(upload.GetChildren(), k)
		case "key":
			upload.Content = append(upload.GetChildren(), waBinary.Node{Tag: "list", Content: []waBinary.Node{k}})
		}
	}
	if !fresh.store(&upload) {
		return nil, errKeys
	}
	k := fresh.preKeys[0]
	return prekey.NewBundle(fresh.regID, uint32(d.id), optional.NewOptionalUint32(k.id), fresh.signed.id,
		ecc.NewDjbECPublicKey([32]byte(k.public)), ecc.NewDjbECPublicKey([32]byte(fresh.signed.public)),
		[64]byte(fresh.signed.signature), identity.NewKey(ecc.NewDjbECPublicKey([32]byte(d.identity)))), nil
}

// Acked says whether the device has told that a message arrived.
func (s *Server) Acked(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.acked[id] > 0
}

// WaitAcked returns when the device has told that a message arrived.
func (s *Server) WaitAcked(ctx context.Context, id string) error {
	return s.mu.Wait(ctx, func() bool { return s.acked[id] > 0 })
}

// Read says whether a message was marked as read.
func (s *Server) Read(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read[id]
}

// WaitRead returns when a message was marked as read.
func (s *Server) WaitRead(ctx context.Context, id string) error {
	return s.mu.Wait(ctx, func() bool { return s.read[id] })
}

// Pending is the number of messages that the device has not acknowledged.
func (s *Server) Pending() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.queue {
		if i.class == "message" {
			n++
		}
	}
	return n
}

// Nacks are the messages that the device has turned down, as "id: code".
func (s *Server) Nacks() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.nacks)
}
