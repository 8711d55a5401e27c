package whatsappfake

import (
	"context"
	"errors"

	groupRecord "go.mau.fi/libsignal/groups/state/record"
	"go.mau.fi/libsignal/keys/identity"
	"go.mau.fi/libsignal/logger"
	"go.mau.fi/libsignal/protocol"
	"go.mau.fi/libsignal/serialize"
	"go.mau.fi/libsignal/state/record"
	"go.mau.fi/libsignal/state/store"
	"go.mau.fi/libsignal/util/keyhelper"
)

var serializer = serialize.NewProtoBufSerializer()

// The library writes to standard output, and chooses its logger when it first needs one, which is a race between clients.
func init() { logger.Logger = quiet{} }

type quiet struct{}

func (quiet) Debug(string, string)   {}
func (quiet) Info(string, string)    {}
func (quiet) Warning(string, string) {}
func (quiet) Error(string, string)   {}
func (quiet) Configure(string)       {}

// memory is a Signal store that lives as long as the server. Records are kept as bytes, as on a disk: what fails half
// way leaves nothing behind. s.mu guards it.
type memory struct {
	identity   *identity.KeyPair
	regID      uint32
	signed     *record.SignedPreKey
	preKeys    map[uint32]*record.PreKey
	lastKey    uint32
	sessions   map[string][]byte
	identities map[string][32]byte
	senderKeys map[senderKey][]byte
}

type senderKey struct{ group, sender string }

var _ store.SignalProtocol = (*memory)(nil)

func newMemory(pair *identity.KeyPair, signed *record.SignedPreKey) memory {
	return memory{
		identity: pair, regID: keyhelper.GenerateRegistrationID() % 16380, signed: signed,
		preKeys: map[uint32]*record.PreKey{}, sessions: map[string][]byte{}, identities: map[string][32]byte{},
		senderKeys: map[senderKey][]byte{},
	}
}

// newPreKey makes a one-time key.
func (m *memory) newPreKey() (id uint32, public []byte) {
	m.lastKey++
	keys := must(keyhelper.GeneratePreKeys(int(m.lastKey), int(m.lastKey), serializer.PreKeyRecord))
	m.preKeys[m.lastKey] = keys[0]
	return m.lastKey, publicBytes(keys[0].KeyPair())
}

// GetIdentityKeyPair implements store.IdentityKey.
func (m *memory) GetIdentityKeyPair() *identity.KeyPair { return m.identity }

// GetLocalRegistrationID implements store.IdentityKey.
func (m *memory) GetLocalRegistrationID() uint32 { return m.regID }

// SaveIdentity implements store.IdentityKey.
func (m *memory) SaveIdentity(_ context.Context, a *protocol.SignalAddress, key *identity.Key) error {
	m.identities[a.String()] = key.PublicKey().PublicKey()
	return nil
}

// IsTrustedIdentity implements store.IdentityKey: the first key that was seen is the one.
func (m *memory) IsTrustedIdentity(_ context.Context, a *protocol.SignalAddress, key *identity.Key) (bool, error) {
	known, ok := m.identities[a.String()]
	return !ok || known == key.PublicKey().PublicKey(), nil
}

// LoadPreKey implements store.PreKey.
func (m *memory) LoadPreKey(_ context.Context, id uint32) (*record.PreKey, error) {
	return m.preKeys[id], nil
}

// StorePreKey implements store.PreKey.
func (m *memory) StorePreKey(_ context.Context, id uint32, key *record.PreKey) error {
	m.preKeys[id] = key
	return nil
}

// ContainsPreKey implements store.PreKey.
func (m *memory) ContainsPreKey(_ context.Context, id uint32) (bool, error) {
	return m.preKeys[id] != nil, nil
}

// RemovePreKey implements store.PreKey.
func (m *memory) RemovePreKey(_ context.Context, id uint32) error {
	delete(m.preKeys, id)
	return nil
}

// LoadSession implements store.Session.
func (m *memory) LoadSession(_ context.Context, a *protocol.SignalAddress) (*record.Session, error) {
	raw, ok := m.sessions[a.String()]
	if !ok {
		return record.NewSession(serializer.Session, serializer.State), nil
	}
	return record.NewSessionFromBytes(raw, serializer.Session, serializer.State)
}

// GetSubDeviceSessions implements store.Session: a phone knows one device at a time.
func (m *memory) GetSubDeviceSessions(context.Context, string) ([]uint32, error) { return nil, nil }

// StoreSession implements store.Session.
func (m *memory) StoreSession(_ context.Context, a *protocol.SignalAddress, s *record.Session) error {
	m.sessions[a.String()] = s.Serialize()
	return nil
}

// ContainsSession implements store.Session.
func (m *memory) ContainsSession(_ context.Context, a *protocol.SignalAddress) (bool, error) {
	_, ok := m.sessions[a.String()]
	return ok, nil
}

// DeleteSession implements store.Session.
func (m *memory) DeleteSession(_ context.Context, a *protocol.SignalAddress) error {
	delete(m.sessions, a.String())
	return nil
}

// DeleteAllSessions implements store.Session.
func (m *memory) DeleteAllSessions(context.Context) error {
	clear(m.sessions)
	return nil
}

// LoadSignedPreKey implements store.SignedPreKey.
func (m *memory) LoadSignedPreKey(_ context.Context, id uint32) (*record.SignedPreKey, error) {
	if id != m.signed.ID() {
		return nil, nil
	}
	return m.signed, nil
}

// LoadSignedPreKeys implements store.SignedPreKey.
func (m *memory) LoadSignedPreKeys(context.Context) ([]*record.SignedPreKey, error) {
	return []*record.SignedPreKey{m.signed}, nil
}

// StoreSignedPreKey implements store.SignedPreKey: a phone keeps the one that it was made with.
func (m *memory) StoreSignedPreKey(context.Context, uint32, *record.SignedPreKey) error {
	return errors.New("a phone's signed prekey does not change")
}

// ContainsSignedPreKey implements store.SignedPreKey.
func (m *memory) ContainsSignedPreKey(_ context.Context, id uint32) (bool, error) {
	return id == m.signed.ID(), nil
}

// RemoveSignedPreKey implements store.SignedPreKey.
func (m *memory) RemoveSignedPreKey(context.Context, uint32) error {
	return errors.New("a phone's signed prekey does not change")
}

// StoreSenderKey implements store.SenderKey.
func (m *memory) StoreSenderKey(_ context.Context, name *protocol.SenderKeyName, key *groupRecord.SenderKey) error {
	m.senderKeys[senderKey{name.GroupID(), name.Sender().String()}] = key.Serialize()
	return nil
}

// LoadSenderKey implements store.SenderKey.
func (m *memory) LoadSenderKey(_ context.Context, name *protocol.SenderKeyName) (*groupRecord.SenderKey, error) {
	raw, ok := m.senderKeys[senderKey{name.GroupID(), name.Sender().String()}]
	if !ok {
		return groupRecord.NewSenderKey(serializer.SenderKeyRecord, serializer.SenderKeyState), nil
	}
	return groupRecord.NewSenderKeyFromBytes(raw, serializer.SenderKeyRecord, serializer.SenderKeyState)
}
