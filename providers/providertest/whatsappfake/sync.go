package whatsappfake

import (
	"context"
	"time"

	"go.mau.fi/whatsmeow/appstate"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/proto/waServerSync"
	"go.mau.fi/whatsmeow/proto/waSyncAction"
	"go.mau.fi/whatsmeow/store"
	waLog "go.mau.fi/whatsmeow/util/log"
	"google.golang.org/protobuf/proto"
)

// settings are what the owner's devices share: here the name alone that others see. The phone gives a new device the key
// to them, and the platform the encrypted patch.
type settings struct {
	store.AppStateStore // nothing but what is below is asked for
	store.AppStateSyncKeyStore
	id, key []byte
	patch   []byte
}

// GetAppStateSyncKey implements store.AppStateSyncKeyStore.
func (s *settings) GetAppStateSyncKey(context.Context, []byte) (*store.AppStateSyncKey, error) {
	return &store.AppStateSyncKey{Data: s.key}, nil
}

// GetAppStateMutationMAC implements store.AppStateStore: there is one patch, so nothing came before.
func (s *settings) GetAppStateMutationMAC(context.Context, string, []byte) ([]byte, error) {
	return nil, nil
}

func newSettings(name string) (*settings, error) {
	s := &settings{id: randomBytes(6), key: randomBytes(32)}
	proc := appstate.NewProcessor(&store.Device{AppState: s, AppStateKeys: s}, waLog.Noop)
	raw, err := proc.EncodePatch(context.Background(), s.id, appstate.HashState{}, appstate.PatchInfo{
		Type: appstate.WAPatchCriticalBlock,
		Mutations: []appstate.MutationInfo{{
			Index: []string{appstate.IndexSettingPushName}, Version: 1,
			Value: &waSyncAction.SyncActionValue{PushNameSetting: &waSyncAction.PushNameSetting{Name: &name}},
		}},
	})
	if err != nil {
		return nil, err
	}
	patch := &waServerSync.SyncdPatch{}
	if err := proto.Unmarshal(raw, patch); err != nil {
		return nil, err
	}
	patch.Version = &waServerSync.SyncdVersion{Version: proto.Uint64(1)} // the platform counts
	s.patch, err = proto.Marshal(patch)
	return s, err
}

// shareKey has the owner's phone give a new device the key to the settings. s.mu is held.
func (s *Server) shareKey(d *device) {
	message := &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
		Type: waE2E.ProtocolMessage_APP_STATE_SYNC_KEY_SHARE.Enum(),
		AppStateSyncKeyShare: &waE2E.AppStateSyncKeyShare{Keys: []*waE2E.AppStateSyncKey{{
			KeyID: &waE2E.AppStateSyncKeyId{KeyID: s.settings.id},
			KeyData: &waE2E.AppStateSyncKeyData{
				KeyData: s.settings.key, Timestamp: proto.Int64(time.Now().UnixMilli()),
				Fingerprint: &waE2E.AppStateSyncKeyFingerprint{RawID: proto.Uint32(1), CurrentIndex: proto.Uint32(0)},
			},
		}}},
	}}
	now := time.Now().Unix()
	s.enqueue(&item{id: s.newID("3A"), class: "message", build: func(i *item) (waBinary.Node, error) {
		enc, err := s.own.phone.encrypt(d, message)
		return waBinary.Node{
			Tag:     "message",
			Attrs:   waBinary.Attrs{"from": s.own.pn, "id": i.id, "t": now, "type": "text", "category": "peer", "peer_recipient_lid": s.own.lid},
			Content: []waBinary.Node{enc},
		}, err
	}})
}

// appStateIQ answers with the settings, and that there is nothing else to synchronise. s.mu is held.
func (s *Server) appStateIQ(c *conn, n *waBinary.Node) {
	var all []waBinary.Node
	if sync := child(n, "sync"); sync != nil {
		for _, asked := range sync.GetChildren() {
			known, _ := asked.Attrs["version"].(string)
			answer := waBinary.Node{Tag: "collection", Attrs: waBinary.Attrs{
				"name": asked.Attrs["name"], "type": "result", "version": known,
			}}
			if s.opt.PushName != "" && asked.Attrs["name"] == string(appstate.WAPatchCriticalBlock) && (known == "" || known == "0") {
				answer.Attrs["version"] = 1
				answer.Content = []waBinary.Node{{Tag: "patches", Content: []waBinary.Node{{Tag: "patch", Content: s.settings.patch}}}}
			}
			all = append(all, answer)
		}
	}
	c.push(reply(n, waBinary.Node{Tag: "sync", Content: all}))
}
