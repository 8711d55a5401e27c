package whatsappfake

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

// linkCode is a device waiting for its owner to type eight characters into the phone.
type linkCode struct {
	c         *conn
	ref       string
	wrapped   []byte // the client's ephemeral key, encrypted with the characters
	ephemeral *ecdh.PrivateKey
	theirs    *ecdh.PublicKey
	pairing   *pairing
}

// codeRounds is how often the code is hashed: it is short.
const codeRounds = 2 << 16

// linkCodeIQ is the client's half of linking by a phone number. s.mu is held.
func (s *Server) linkCodeIQ(c *conn, n *waBinary.Node) {
	reg := child(n, "link_code_companion_reg")
	jid, _ := reg.Attrs["jid"].(types.JID)
	if c.reg == nil || !s.own.is(jid) {
		c.push(refuse(n, 404, "item-not-found"))
		return
	}
	switch reg.Attrs["stage"] {
	case "companion_hello":
		wrapped := bytesOf(reg, "link_code_pairing_wrapped_companion_ephemeral_pub")
		if len(wrapped) != 80 {
			c.push(refuse(n, 400, "bad-request"))
			return
		}
		s.linkCode = &linkCode{c: c, ref: s.newID("3@"), wrapped: wrapped}
		c.push(reply(n, waBinary.Node{
			Tag: "link_code_companion_reg", Attrs: waBinary.Attrs{"stage": "companion_hello"},
			Content: []waBinary.Node{{Tag: "link_code_pairing_ref", Content: []byte(s.linkCode.ref)}},
		}))
	case "companion_finish":
		l := s.linkCode
		if l == nil || l.c != c || l.pairing == nil || string(bytesOf(reg, "link_code_pairing_ref")) != l.ref {
			c.push(refuse(n, 404, "item-not-found"))
			return
		}
		c.push(reply(n))
		secret, err := s.advSecret(l, bytesOf(reg, "link_code_pairing_wrapped_key_bundle"))
		if err == nil {
			err = s.link(l.pairing, secret)
		}
		if err != nil {
			l.pairing.result <- err
		}
	default:
		c.push(refuse(n, 400, "bad-request"))
	}
}

// EnterCode is the owner typing the code that a client shows into the phone. It returns when the client has agreed to be
// linked; a wrong code is an error of the client's, which it does not tell, so that ctx decides.
func (s *Server) EnterCode(ctx context.Context, code string) error {
	code = strings.ReplaceAll(code, "-", "")
	s.mu.Lock()
	l := s.linkCode
	s.mu.Unlock()
	if l == nil {
		return errors.New("no client has asked for a code")
	}
	theirs, err := openWrapped(code, l.wrapped)
	if err != nil {
		return err
	}
	ephemeral, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	wrapped, err := wrap(code, ephemeral.PublicKey().Bytes())
	if err != nil {
		return err
	}
	s.mu.Lock()
	for _, ref := range l.c.refs {
		if p := s.pairing[ref]; p != nil && p.request == "" {
			l.pairing = p
		}
	}
	p := l.pairing
	if p == nil || l.c.ended {
		s.mu.Unlock()
		return errors.New("the client that asked for a code is gone")
	}
	l.ephemeral, l.theirs = ephemeral, theirs
	l.c.push(waBinary.Node{
		Tag: "notification",
		Attrs: waBinary.Attrs{
			"from": types.ServerJID, "id": s.newID(""), "type": "link_code_companion_reg", "t": time.Now().Unix(),
		},
		Content: []waBinary.Node{{
			Tag: "link_code_companion_reg", Attrs: waBinary.Attrs{"stage": "primary_hello"},
			Content: []waBinary.Node{
				{Tag: "link_code_pairing_ref", Content: []byte(l.ref)},
				{Tag: "link_code_pairing_wrapped_primary_ephemeral_pub", Content: wrapped},
				{Tag: "primary_identity_pub", Content: identityBytes(s.own.phone.identity.PublicKey())},
			},
		}},
	})
	s.mu.Unlock()
	return p.wait(ctx)
}

// WaitLinkCode returns when a client shows a code to be typed into the phone.
func (s *Server) WaitLinkCode(ctx context.Context) error {
	return s.mu.Wait(ctx, func() bool { return s.linkCode != nil })
}

// advSecret is the secret that a QR code would have carried, from the keys that both sides have shown each other.
func (s *Server) advSecret(l *linkCode, bundle []byte) ([]byte, error) {
	if len(bundle) < 32+12 {
		return nil, errors.New("the client's key bundle is cut short")
	}
	shared, err := l.ephemeral.ECDH(l.theirs)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, shared, bundle[:32], "link_code_pairing_key_bundle_encryption_key", 32)
	if err != nil {
		return nil, err
	}
	plain, err := newAEAD(key).Open(nil, bundle[32:44], bundle[44:], nil)
	if err != nil {
		return nil, fmt.Errorf("the client's key bundle: %w (was the code right?)", err)
	}
	own := identityBytes(s.own.phone.identity.PublicKey())
	if len(plain) != 96 || !slices.Equal(plain[:32], l.c.reg.identity) || !slices.Equal(plain[32:64], own) {
		return nil, errors.New("the client's key bundle is about other keys")
	}
	raw := s.own.phone.identity.PrivateKey().Serialize()
	private, err := ecdh.X25519().NewPrivateKey(raw[:])
	if err != nil {
		return nil, err
	}
	public, err := ecdh.X25519().NewPublicKey(plain[:32])
	if err != nil {
		return nil, err
	}
	identities, err := private.ECDH(public)
	if err != nil {
		return nil, err
	}
	return hkdf.Key(sha256.New, slices.Concat(shared, identities, plain[64:]), nil, "adv_secret", 32)
}

func openWrapped(code string, wrapped []byte) (*ecdh.PublicKey, error) {
	key, err := pbkdf2.Key(sha256.New, code, wrapped[:32], codeRounds, 32)
	if err != nil {
		return nil, err
	}
	public := make([]byte, 32)
	cipher.NewCTR(newBlock(key), wrapped[32:48]).XORKeyStream(public, wrapped[48:])
	return ecdh.X25519().NewPublicKey(public)
}

func wrap(code string, public []byte) ([]byte, error) {
	salt, iv := randomBytes(32), randomBytes(aes.BlockSize)
	key, err := pbkdf2.Key(sha256.New, code, salt, codeRounds, 32)
	if err != nil {
		return nil, err
	}
	sealed := make([]byte, 32)
	cipher.NewCTR(newBlock(key), iv).XORKeyStream(sealed, public)
	return slices.Concat(salt, iv, sealed), nil
}
