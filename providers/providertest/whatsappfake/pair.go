package whatsappfake

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.mau.fi/libsignal/ecc"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waAdv"
	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// What a device's identity is signed with: the account's word for the device, and the device's for the account.
var (
	accountSignature = []byte{6, 0}
	deviceSignature  = []byte{6, 1}
)

// registration is what a client that wants to be linked says of itself.
type registration struct {
	regID    uint32
	identity []byte
	signed   signedKey
}

// pairing is one code on one connection. Once it was scanned, request waits for the client's answer.
type pairing struct {
	c       *conn
	request string
	details []byte
	device  *device
	result  chan error // has room for one
}

// qrCodes is how many codes a client gets to show, one after the other.
const qrCodes = 6

// offerPairing sends a client that is not linked the codes that it may show. s.mu is held.
func (s *Server) offerPairing(c *conn, data *waWa6.ClientPayload_DevicePairingRegistrationData) {
	signed := signedKey{id: pad4(data.GetESkeyID()), public: data.GetESkeyVal(), signature: data.GetESkeySig()}
	if len(data.GetEIdent()) != 32 || len(data.GetERegid()) != 4 || !signed.by(data.GetEIdent()) {
		c.end(failure(400))
		return
	}
	c.reg = &registration{regID: pad4(data.GetERegid()), identity: data.GetEIdent(), signed: signed}
	var refs []waBinary.Node
	for range qrCodes {
		ref := s.newID("2@")
		s.pairing[ref] = &pairing{c: c, result: make(chan error, 1)}
		c.refs = append(c.refs, ref)
		refs = append(refs, waBinary.Node{Tag: "ref", Content: []byte(ref)})
	}
	c.push(waBinary.Node{
		Tag:     "iq",
		Attrs:   waBinary.Attrs{"from": types.ServerJID, "id": s.newID(""), "type": "set", "xmlns": "md"},
		Content: []waBinary.Node{{Tag: "pair-device", Content: refs}},
	})
	s.mu.Broadcast()
}

// Scan is the owner scanning the code that a client shows: the device is linked to the account, in the place of one that
// was, and told to connect again. It returns when the client has agreed.
func (s *Server) Scan(ctx context.Context, code string) error {
	parts := strings.Split(code, ",")
	if len(parts) != 4 {
		return errors.New("a code has four parts: a reference and three keys")
	}
	var keys [3][]byte
	for i, part := range parts[1:] {
		key, err := base64.StdEncoding.DecodeString(part)
		if err != nil || len(key) != 32 {
			return fmt.Errorf("part %d of the code is no key", i+2)
		}
		keys[i] = key
	}
	s.mu.Lock()
	p := s.pairing[parts[0]]
	if p == nil || p.c.ended {
		s.mu.Unlock()
		return errors.New("nobody shows this code any more")
	}
	if !bytes.Equal(keys[0], p.c.static) || !bytes.Equal(keys[1], p.c.reg.identity) {
		s.mu.Unlock()
		return errors.New("the code is not of the client that was given it")
	}
	err := s.link(p, keys[2])
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return p.wait(ctx)
}

// wait returns what became of a pairing.
func (p *pairing) wait(ctx context.Context) error {
	select {
	case err := <-p.result:
		return err
	case <-p.c.done:
		select {
		case err := <-p.result:
			return err
		default:
			return errors.New("the client has gone before it was linked")
		}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// link tells the client whose device it is, with a proof that only the account can give. s.mu is held.
func (s *Server) link(p *pairing, secret []byte) error {
	if p.request != "" {
		return errors.New("the code was scanned before")
	}
	p.device = &device{
		id: s.nextID, noise: p.c.static, identity: p.c.reg.identity, regID: p.c.reg.regID, signed: p.c.reg.signed,
	}
	identity, err := s.vouch(p.device.id, p.device.identity)
	if err != nil {
		return err
	}
	p.details = identity.GetDetails()
	inner, err := proto.Marshal(identity)
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(inner)
	container, err := proto.Marshal(&waAdv.ADVSignedDeviceIdentityHMAC{Details: inner, HMAC: mac.Sum(nil)})
	if err != nil {
		return err
	}
	p.request = s.newID("")
	p.c.push(waBinary.Node{
		Tag:   "iq",
		Attrs: waBinary.Attrs{"from": types.ServerJID, "id": p.request, "type": "set", "xmlns": "md"},
		Content: []waBinary.Node{{Tag: "pair-success", Content: []waBinary.Node{
			{Tag: "device-identity", Content: container},
			{Tag: "device", Attrs: waBinary.Attrs{"jid": s.own.pnDevice(p.device.id), "lid": s.own.lidDevice(p.device.id)}},
			{Tag: "platform", Attrs: waBinary.Attrs{"name": "android"}},
		}}},
	})
	return nil
}

// vouch signs a device's identity with the account's key.
func (s *Server) vouch(id uint16, identity []byte) (*waAdv.ADVSignedDeviceIdentity, error) {
	details, err := proto.Marshal(&waAdv.ADVDeviceIdentity{
		RawID: proto.Uint32(uint32(id)), KeyIndex: proto.Uint32(uint32(id)), Timestamp: proto.Uint64(uint64(time.Now().Unix())),
	})
	if err != nil {
		return nil, err
	}
	account := s.own.phone.identity
	key := account.PublicKey().PublicKey().PublicKey()
	signature := ecc.CalculateSignature(account.PrivateKey(), slices.Concat(accountSignature, details, identity))
	return &waAdv.ADVSignedDeviceIdentity{Details: details, AccountSignatureKey: key[:], AccountSignature: signature[:]}, nil
}

// paired handles the client's answer to pair-success. s.mu is held.
func (s *Server) paired(c *conn, n *waBinary.Node) {
	id, _ := n.Attrs["id"].(string)
	for _, ref := range c.refs {
		p := s.pairing[ref]
		if p == nil || p.request != id || p.request == "" {
			continue
		}
		err := s.agreed(p, n)
		if err == nil {
			s.install(p.device)
			c.end(streamError("515"))
		}
		p.result <- err
		return
	}
}

// agreed checks that the device has signed its membership.
func (s *Server) agreed(p *pairing, n *waBinary.Node) error {
	if n.Attrs["type"] != "result" {
		e := n.GetChildByTag("error")
		return fmt.Errorf("the client refused the pairing: %v", e.Attrs["text"])
	}
	signed := n.GetChildByTag("pair-device-sign", "device-identity")
	raw, _ := signed.Content.([]byte)
	identity := &waAdv.ADVSignedDeviceIdentity{}
	if err := proto.Unmarshal(raw, identity); err != nil {
		return err
	}
	account := s.own.phone.identity.PublicKey().PublicKey().PublicKey()
	message := slices.Concat(deviceSignature, p.details, p.device.identity, account[:])
	if !verify(p.device.identity, message, identity.GetDeviceSignature()) {
		return errors.New("the device's signature is wrong")
	}
	return nil
}

// install makes d the linked device. s.mu is held.
func (s *Server) install(d *device) {
	for c := range s.conns {
		if c.device != nil {
			c.end(streamError("401", conflict("device_removed")))
		}
	}
	waiting := s.queue // messages said while nobody was linked wait for the next device
	if s.device != nil {
		waiting = nil
	}
	s.remove()
	s.device, s.queue = d, waiting
	s.nextID++
	if s.nextID > 255 { // as many as an address has room for
		s.nextID = 1
	}
	for _, i := range s.queue {
		i.forget()
	}
}

// WaitCode returns when a client has been given codes to show.
func (s *Server) WaitCode(ctx context.Context) error {
	return s.mu.Wait(ctx, func() bool { return len(s.pairing) > 0 })
}

func verify(key, message, signature []byte) bool {
	if len(key) != 32 || len(signature) != 64 {
		return false
	}
	return ecc.VerifySignature(ecc.NewDjbECPublicKey([32]byte(key)), message, [64]byte(signature))
}

// pad4 is a big-endian number of up to four bytes.
func pad4(b []byte) (n uint32) {
	for _, x := range b {
		n = n<<8 | uint32(x)
	}
	return n
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}
