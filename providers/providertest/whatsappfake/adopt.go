package whatsappfake

import (
	"context"
	"errors"
	"slices"

	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/whatsmeow/store"
)

const adoptedKeys = 20 // one-time keys; the library makes more when fewer than 5 are left

// Adopt links a new device without a scan: it writes into the store what a pairing leaves there, and knows the device
// from then on, in the place of one that was linked before.
func (s *Server) Adopt(ctx context.Context, d *store.Device) error {
	if d.ID != nil {
		return errors.New("the device is linked already")
	}
	s.mu.Lock()
	linked := &device{
		id: s.nextID, noise: slices.Clone(d.NoiseKey.Pub[:]), identity: slices.Clone(d.IdentityKey.Pub[:]),
		regID: d.RegistrationID, signed: signedKey{
			id: d.SignedPreKey.KeyID, public: slices.Clone(d.SignedPreKey.Pub[:]), signature: slices.Clone(d.SignedPreKey.Signature[:]),
		},
	}
	identity, err := s.vouch(linked.id, linked.identity)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	message := slices.Concat(deviceSignature, identity.Details, linked.identity, identity.AccountSignatureKey)
	signature := ecc.CalculateSignature(ecc.NewDjbECPrivateKey(*d.IdentityKey.Priv), message)
	identity.DeviceSignature = signature[:]
	jid := s.own.pnDevice(linked.id)
	d.ID, d.LID, d.Account, d.Platform = &jid, s.own.lidDevice(linked.id), identity, "android"
	if err := d.Save(ctx); err != nil {
		return err
	}
	if err := d.LIDs.PutLIDMapping(ctx, s.own.lid, s.own.pn); err != nil {
		return err
	}
	key := [32]byte(identity.AccountSignatureKey)
	if err := d.Identities.PutIdentity(ctx, s.own.lid.SignalAddress().String(), key); err != nil {
		return err
	}
	// A linked device has given keys away for messages to it. The library would make 812 at its first connection.
	keys, err := d.PreKeys.GetOrGenPreKeys(ctx, adoptedKeys)
	if err != nil {
		return err
	}
	for _, k := range keys {
		linked.preKeys = append(linked.preKeys, oneTimeKey{id: k.KeyID, public: slices.Clone(k.Pub[:])})
	}
	if err := d.PreKeys.MarkPreKeysAsUploaded(ctx, keys[len(keys)-1].KeyID); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.mu.Broadcast()
	s.install(linked)
	return nil
}

// Linked says whether a device is linked.
func (s *Server) Linked() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.device != nil
}
