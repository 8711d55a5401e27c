package whatsappfake

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/whatsmeow/proto/waCert"
	"go.mau.fi/whatsmeow/proto/waWa6"
	"google.golang.org/protobuf/proto"
)

// noisePattern is exactly as long as a hash, so it is the first hash as it stands.
const noisePattern = "Noise_XX_25519_AESGCM_SHA256\x00\x00\x00\x00"

// noise is the symmetric state of a Noise_XX_25519_AESGCM_SHA256 handshake.
type noise struct {
	hash, salt []byte
	key        cipher.AEAD
	count      uint32
}

func newNoise(prologue []byte) *noise {
	n := &noise{hash: []byte(noisePattern), salt: []byte(noisePattern), key: newAEAD([]byte(noisePattern))}
	n.mixHash(prologue)
	return n
}

func (n *noise) mixHash(data []byte) {
	sum := sha256.Sum256(append(n.hash[:len(n.hash):len(n.hash)], data...))
	n.hash = sum[:]
}

// mixKey puts the shared secret of a key pair of ours and a public key of theirs into the state.
func (n *noise) mixKey(ours *ecdh.PrivateKey, theirs []byte) error {
	pub, err := ecdh.X25519().NewPublicKey(theirs)
	if err != nil {
		return err
	}
	secret, err := ours.ECDH(pub)
	if err != nil {
		return err
	}
	var key []byte
	n.salt, key = expandTwo(secret, n.salt)
	n.key, n.count = newAEAD(key), 0
	return nil
}

func (n *noise) seal(plain []byte) []byte {
	sealed := n.key.Seal(nil, nonce(n.count), plain, n.hash)
	n.count++
	n.mixHash(sealed)
	return sealed
}

func (n *noise) open(sealed []byte) ([]byte, error) {
	plain, err := n.key.Open(nil, nonce(n.count), sealed, n.hash)
	n.count++
	n.mixHash(sealed)
	return plain, err
}

// split ends the handshake: the keys of what the client writes and of what it reads.
func (n *noise) split() (fromClient, toClient cipher.AEAD) {
	a, b := expandTwo(nil, n.salt)
	return newAEAD(a), newAEAD(b)
}

func expandTwo(secret, salt []byte) (a, b []byte) {
	out, err := hkdf.Key(sha256.New, secret, salt, "", 64)
	if err != nil {
		panic(err) // 64 bytes is always possible
	}
	return out[:32:32], out[32:]
}

func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the keys are 32 bytes by construction
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

func nonce(count uint32) []byte {
	return binary.BigEndian.AppendUint32(make([]byte, 8, 12), count)
}

// certificates is the server's identity: a static key and the chain that the root key vouches for it with.
type certificates struct {
	root   [32]byte // public
	static *ecdh.PrivateKey
	chain  []byte
}

// rootKey is one for the process: clients keep the root that they trust in a global variable, and tests run in parallel.
var rootKey = sync.OnceValue(func() *ecc.ECKeyPair { return must(ecc.GenerateKeyPair()) })

func newCertificates() (certificates, error) {
	static, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return certificates{}, err
	}
	root := rootKey()
	middle, err := ecc.GenerateKeyPair()
	if err != nil {
		return certificates{}, err
	}
	// The client knows the root by its serial 0.
	intermediate, err := certificate(root, 0, 1, publicBytes(middle))
	if err != nil {
		return certificates{}, err
	}
	leaf, err := certificate(middle, 1, 2, static.PublicKey().Bytes())
	if err != nil {
		return certificates{}, err
	}
	chain, err := proto.Marshal(&waCert.CertChain{Intermediate: intermediate, Leaf: leaf})
	return certificates{root: root.PublicKey().PublicKey(), static: static, chain: chain}, err
}

func certificate(issuer *ecc.ECKeyPair, issuerSerial, serial uint32, key []byte) (*waCert.CertChain_NoiseCertificate, error) {
	details, err := proto.Marshal(&waCert.CertChain_NoiseCertificate_Details{
		Serial: &serial, IssuerSerial: &issuerSerial, Key: key,
	})
	if err != nil {
		return nil, err
	}
	signature := ecc.CalculateSignature(issuer.PrivateKey(), details)
	return &waCert.CertChain_NoiseCertificate{Details: details, Signature: signature[:]}, nil
}

func publicBytes(pair *ecc.ECKeyPair) []byte {
	key := pair.PublicKey().PublicKey()
	return key[:]
}

// greeting is what a client said in the handshake.
type greeting struct {
	static               []byte // its noise key
	payload              *waWa6.ClientPayload
	fromClient, toClient cipher.AEAD
}

// greet is the server's half of the handshake.
func (c certificates) greet(prologue []byte, read func() ([]byte, error), write func([]byte) error) (greeting, error) {
	n := newNoise(prologue)
	hello, err := handshakeMessage(read)
	if err != nil {
		return greeting{}, err
	}
	theirs := hello.GetClientHello().GetEphemeral()
	if len(theirs) != 32 {
		return greeting{}, errors.New("the client's hello has no key")
	}
	n.mixHash(theirs)
	ephemeral, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return greeting{}, err
	}
	n.mixHash(ephemeral.PublicKey().Bytes())
	if err := n.mixKey(ephemeral, theirs); err != nil {
		return greeting{}, err
	}
	static := n.seal(c.static.PublicKey().Bytes())
	if err := n.mixKey(c.static, theirs); err != nil {
		return greeting{}, err
	}
	answer, err := proto.Marshal(&waWa6.HandshakeMessage{ServerHello: &waWa6.HandshakeMessage_ServerHello{
		Ephemeral: ephemeral.PublicKey().Bytes(), Static: static, Payload: n.seal(c.chain),
	}})
	if err != nil {
		return greeting{}, err
	}
	if err := write(answer); err != nil {
		return greeting{}, err
	}
	finish, err := handshakeMessage(read)
	if err != nil {
		return greeting{}, err
	}
	return n.finish(ephemeral, finish.GetClientFinish())
}

func (n *noise) finish(ephemeral *ecdh.PrivateKey, finish *waWa6.HandshakeMessage_ClientFinish) (g greeting, err error) {
	if g.static, err = n.open(finish.GetStatic()); err != nil {
		return g, fmt.Errorf("the client's static key: %w", err)
	}
	if err := n.mixKey(ephemeral, g.static); err != nil {
		return g, err
	}
	payload, err := n.open(finish.GetPayload())
	if err != nil {
		return g, fmt.Errorf("the client's payload: %w", err)
	}
	g.payload = &waWa6.ClientPayload{}
	if err := proto.Unmarshal(payload, g.payload); err != nil {
		return g, err
	}
	g.fromClient, g.toClient = n.split()
	return g, nil
}

func handshakeMessage(read func() ([]byte, error)) (*waWa6.HandshakeMessage, error) {
	frame, err := read()
	if err != nil {
		return nil, err
	}
	m := &waWa6.HandshakeMessage{}
	return m, proto.Unmarshal(frame, m)
}
