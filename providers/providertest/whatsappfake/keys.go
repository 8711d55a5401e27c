package whatsappfake

import (
	"encoding/binary"
	"slices"

	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/libsignal/keys/identity"
	"go.mau.fi/libsignal/keys/prekey"
	"go.mau.fi/libsignal/util/optional"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

// signedKey is a device's signed prekey, oneTimeKey one that is handed out once.
type (
	signedKey struct {
		id                uint32
		public, signature []byte
	}
	oneTimeKey struct {
		id     uint32
		public []byte
	}
)

// by says whether the owner of an identity has signed the key.
func (k signedKey) by(identity []byte) bool {
	return len(k.public) == 32 && verify(identity, append([]byte{ecc.DjbType}, k.public...), k.signature)
}

// bundle is what a phone needs to begin a session with the device; it takes a one-time key if there is one.
func (d *device) bundle() *prekey.Bundle {
	id, public := optional.NewEmptyUint32(), ecc.ECPublicKeyable(nil)
	if len(d.preKeys) > 0 {
		k := d.preKeys[0]
		d.preKeys = d.preKeys[1:]
		id, public = optional.NewOptionalUint32(k.id), ecc.NewDjbECPublicKey([32]byte(k.public))
	}
	return prekey.NewBundle(d.regID, uint32(d.id), id, d.signed.id, public,
		ecc.NewDjbECPublicKey([32]byte(d.signed.public)), [64]byte(d.signed.signature),
		identity.NewKey(ecc.NewDjbECPublicKey([32]byte(d.identity))))
}

// encryptIQ is the prekey server: the device stores its keys and asks for those of others.
func (s *Server) encryptIQ(c *conn, n *waBinary.Node) {
	d := c.device
	switch {
	case n.Attrs["type"] == "set":
		if !d.store(n) {
			c.push(refuse(n, 406, "not-acceptable"))
			return
		}
		c.push(reply(n))
	case child(n, "count") != nil:
		c.push(reply(n, waBinary.Node{Tag: "count", Attrs: waBinary.Attrs{"value": len(d.preKeys)}}))
	case child(n, "key") != nil:
		var users []waBinary.Node
		for _, user := range child(n, "key").GetChildren() {
			jid, _ := user.Attrs["jid"].(types.JID)
			answer := waBinary.Node{Tag: "user", Attrs: waBinary.Attrs{"jid": jid}}
			if p := s.phoneOf(jid); p != nil {
				answer.Content = p.bundleNodes()
			} else {
				answer.Content = []waBinary.Node{{Tag: "error", Attrs: waBinary.Attrs{"code": 404, "text": "item-not-found"}}}
			}
			users = append(users, answer)
		}
		c.push(reply(n, waBinary.Node{Tag: "list", Content: users}))
	default:
		c.push(refuse(n, 400, "bad-request"))
	}
}

// store takes an upload of keys; false when something is wrong with it.
func (d *device) store(n *waBinary.Node) bool {
	if len(bytesOf(n, "registration")) != 4 || !slices.Equal(bytesOf(n, "identity"), d.identity) || child(n, "skey") == nil {
		return false
	}
	signed := signedKey{
		id: pad4(bytesOf(child(n, "skey"), "id")), public: bytesOf(child(n, "skey"), "value"),
		signature: bytesOf(child(n, "skey"), "signature"),
	}
	if !signed.by(d.identity) {
		return false
	}
	d.regID, d.signed = pad4(bytesOf(n, "registration")), signed
	if list := child(n, "list"); list != nil {
		for _, key := range list.GetChildren() {
			k := oneTimeKey{id: pad4(bytesOf(&key, "id")), public: bytesOf(&key, "value")}
			if len(k.public) != 32 {
				return false
			}
			if !slices.ContainsFunc(d.preKeys, func(o oneTimeKey) bool { return o.id == k.id }) {
				d.preKeys = append(d.preKeys, k)
			}
		}
	}
	return true
}

// keyNode is a prekey on the wire: ids have three bytes.
func keyNode(tag string, id uint32, public, signature []byte) waBinary.Node {
	content := []waBinary.Node{
		{Tag: "id", Content: binary.BigEndian.AppendUint32(nil, id)[1:]},
		{Tag: "value", Content: public},
	}
	if signature != nil {
		content = append(content, waBinary.Node{Tag: "signature", Content: signature})
	}
	return waBinary.Node{Tag: tag, Content: content}
}

// child is a node's first child with a tag, or nil.
func child(n *waBinary.Node, tag string) *waBinary.Node {
	children := n.GetChildren()
	for i := range children {
		if children[i].Tag == tag {
			return &children[i]
		}
	}
	return nil
}

// bytesOf is the content of a node's child, nil if there is none.
func bytesOf(n *waBinary.Node, tag string) []byte {
	if n == nil {
		return nil
	}
	if c := child(n, tag); c != nil {
		b, _ := c.Content.([]byte)
		return b
	}
	return nil
}
