package whatsappfake

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/libsignal/groups"
	"go.mau.fi/libsignal/keys/identity"
	"go.mau.fi/libsignal/keys/prekey"
	"go.mau.fi/libsignal/protocol"
	"go.mau.fi/libsignal/session"
	"go.mau.fi/libsignal/util/keyhelper"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/proto"
)

// phone is a person's device with its Signal sessions. It talks to the linked device alone.
type phone struct {
	memory
	told map[string]uint16 // by group: the device that has this phone's sender key
}

func newPhone() *phone {
	pair := must(keyhelper.GenerateIdentityKeyPair())
	return &phone{
		memory: newMemory(pair, must(keyhelper.GenerateSignedPreKey(pair, 1, serializer.SignedPreKeyRecord))),
		told:   map[string]uint16{},
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // no randomness
	}
	return v
}

// address is how a phone files what it knows of a linked device.
func address(d *device) *protocol.SignalAddress {
	return protocol.NewSignalAddress("account", uint32(d.id))
}

// forget drops the sessions with a device that was unlinked.
func (p *phone) forget(d *device) {
	a := address(d).String()
	delete(p.sessions, a)
	delete(p.identities, a)
	clear(p.told)
	for name := range p.senderKeys {
		if name.sender == a {
			delete(p.senderKeys, name)
		}
	}
}

// encrypt is a message for the device alone.
func (p *phone) encrypt(d *device, m *waE2E.Message) (waBinary.Node, error) {
	plain, err := proto.Marshal(m)
	if err != nil {
		return waBinary.Node{}, err
	}
	ctx := context.Background()
	builder := session.NewBuilderFromSignal(p, address(d), serializer)
	if known, _ := p.ContainsSession(ctx, address(d)); !known {
		if err := builder.ProcessBundle(ctx, d.bundle()); err != nil {
			return waBinary.Node{}, err
		}
	}
	sealed, err := session.NewCipher(builder, address(d)).Encrypt(ctx, pad(plain))
	if err != nil {
		return waBinary.Node{}, err
	}
	kind := "msg"
	if sealed.Type() == protocol.PREKEY_TYPE {
		kind = "pkmsg"
	}
	return encNode(kind, m, sealed.Serialize()), nil
}

// encryptGroup is a message for a group: with it goes the phone's sender key if the device has not got it yet.
func (p *phone) encryptGroup(d *device, g *group, self *protocol.SignalAddress, m *waE2E.Message) ([]waBinary.Node, error) {
	plain, err := proto.Marshal(m)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	builder := groups.NewGroupSessionBuilder(p, serializer)
	name := protocol.NewSenderKeyName(g.jid.String(), self)
	key, err := builder.Create(ctx, name)
	if err != nil {
		return nil, err
	}
	var nodes []waBinary.Node
	if p.told[g.jid.String()] != d.id {
		n, err := p.encrypt(d, senderKeyMessage(g, key))
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
		p.told[g.jid.String()] = d.id
	}
	sealed, err := groups.NewGroupCipher(builder, name, p).Encrypt(ctx, pad(plain))
	if err != nil {
		return nil, err
	}
	return append(nodes, encNode("skmsg", m, sealed.SignedSerialize())), nil
}

// encryptAgain is a group's message for the one device that could not read it, with the sender key inside.
func (p *phone) encryptAgain(d *device, g *group, self *protocol.SignalAddress, m *waE2E.Message) (waBinary.Node, error) {
	m = proto.Clone(m).(*waE2E.Message)
	if g != nil {
		name := protocol.NewSenderKeyName(g.jid.String(), self)
		key, err := groups.NewGroupSessionBuilder(p, serializer).Create(context.Background(), name)
		if err != nil {
			return waBinary.Node{}, err
		}
		m.SenderKeyDistributionMessage = senderKeyMessage(g, key).SenderKeyDistributionMessage
	}
	return p.encrypt(d, m)
}

func senderKeyMessage(g *group, key *protocol.SenderKeyDistributionMessage) *waE2E.Message {
	return &waE2E.Message{SenderKeyDistributionMessage: &waE2E.SenderKeyDistributionMessage{
		GroupID: proto.String(g.jid.String()), AxolotlSenderKeyDistributionMessage: key.Serialize(),
	}}
}

func encNode(kind string, m *waE2E.Message, sealed []byte) waBinary.Node {
	attrs := waBinary.Attrs{"v": "2", "type": kind}
	if media := mediaKind(m); media != "" {
		attrs["mediatype"] = media
	}
	return waBinary.Node{Tag: "enc", Attrs: attrs, Content: sealed}
}

// restart begins a new session with the device, from the keys that it sent along or those at the server.
func (p *phone) restart(d *device, b *prekey.Bundle) error {
	delete(p.sessions, address(d).String())
	delete(p.identities, address(d).String())
	clear(p.told)
	if b == nil {
		return nil // the next encrypt asks the server
	}
	return session.NewBuilderFromSignal(p, address(d), serializer).ProcessBundle(context.Background(), b)
}

// decrypt reads what the device has written for this phone alone.
func (p *phone) decrypt(d *device, enc *waBinary.Node) (*waE2E.Message, error) {
	sealed, _ := enc.Content.([]byte)
	ctx := context.Background()
	cipher := session.NewCipher(session.NewBuilderFromSignal(p, address(d), serializer), address(d))
	var plain []byte
	switch enc.Attrs["type"] {
	case "pkmsg":
		m, err := protocol.NewPreKeySignalMessageFromBytes(sealed, serializer.PreKeySignalMessage, serializer.SignalMessage)
		if err != nil {
			return nil, err
		}
		if plain, err = cipher.DecryptMessage(ctx, m); err != nil {
			return nil, err
		}
	case "msg":
		m, err := protocol.NewSignalMessageFromBytes(sealed, serializer.SignalMessage)
		if err != nil {
			return nil, err
		}
		if plain, err = cipher.Decrypt(ctx, m); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("a ciphertext of type %v", enc.Attrs["type"])
	}
	return unpad(plain)
}

// learn takes a sender key that came with a message.
func (p *phone) learn(d *device, m *waE2E.Message) error {
	key := m.GetSenderKeyDistributionMessage()
	if key == nil {
		return nil
	}
	parsed, err := protocol.NewSenderKeyDistributionMessageFromBytes(key.GetAxolotlSenderKeyDistributionMessage(),
		serializer.SenderKeyDistributionMessage)
	if err != nil {
		return err
	}
	return groups.NewGroupSessionBuilder(p, serializer).
		Process(context.Background(), protocol.NewSenderKeyName(key.GetGroupID(), address(d)), parsed)
}

// decryptGroup reads what the device has written for everybody in a group.
func (p *phone) decryptGroup(d *device, g *group, enc *waBinary.Node) (*waE2E.Message, error) {
	sealed, _ := enc.Content.([]byte)
	m, err := protocol.NewSenderKeyMessageFromBytes(sealed, serializer.SenderKeyMessage)
	if err != nil {
		return nil, err
	}
	name := protocol.NewSenderKeyName(g.jid.String(), address(d))
	plain, err := groups.NewGroupCipher(groups.NewGroupSessionBuilder(p, serializer), name, p).Decrypt(context.Background(), m)
	if err != nil {
		return nil, err
	}
	return unpad(plain)
}

// bundleNodes are the phone's own keys for whoever wants to write to it.
func (p *phone) bundleNodes() []waBinary.Node {
	id, pre := p.newPreKey()
	signed := p.signed.Signature()
	return []waBinary.Node{
		{Tag: "registration", Content: binary.BigEndian.AppendUint32(nil, p.regID)},
		{Tag: "type", Content: []byte{ecc.DjbType}},
		{Tag: "identity", Content: identityBytes(p.identity.PublicKey())},
		keyNode("key", id, pre, nil),
		keyNode("skey", p.signed.ID(), publicBytes(p.signed.KeyPair()), signed[:]),
	}
}

func identityBytes(k *identity.Key) []byte {
	b := k.PublicKey().PublicKey()
	return b[:]
}

// pad hides a message's length: 1 to 15 bytes, each of which says how many there are.
func pad(plain []byte) []byte {
	n := randomBytes(1)[0]%15 + 1
	return append(plain, bytes.Repeat([]byte{n}, int(n))...)
}

func unpad(plain []byte) (*waE2E.Message, error) {
	if len(plain) == 0 || int(plain[len(plain)-1]) > len(plain) {
		return nil, errors.New("the padding is wrong")
	}
	m := &waE2E.Message{}
	return m, proto.Unmarshal(plain[:len(plain)-int(plain[len(plain)-1])], m)
}
