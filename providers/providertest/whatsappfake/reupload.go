package whatsappfake

import (
	"crypto/hkdf"
	"crypto/sha256"
	"strings"
	"time"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/proto/waMmsRetry"
	"google.golang.org/protobuf/proto"
)

// uploadAgain is what happens when the device tells that the platform has lost a file: the phone that sent it uploads it
// once more, and the device is told the new place, or that the phone has not got it either. s.mu is held.
func (s *Server) uploadAgain(n *waBinary.Node, id string) {
	p := s.posts[id]
	if p == nil {
		return
	}
	answer := waBinary.Node{Tag: "notification", Attrs: waBinary.Attrs{
		"from": s.own.pn, "id": id, "type": "mediaretry", "t": time.Now().Unix(),
	}}
	rmr := waBinary.Node{Tag: "rmr", Attrs: waBinary.Attrs{"jid": s.chatOf(p), "from_me": p.from == s.own}}
	if p.group != nil {
		rmr.Attrs["participant"] = s.address(p.from)
	}
	content := waBinary.Node{Tag: "error", Attrs: waBinary.Attrs{"code": 2}}
	if a := attached(p.message); a != nil {
		key, err := hkdf.Key(sha256.New, a.GetMediaKey(), nil, "WhatsApp Media Retry Notification", 32)
		if err != nil {
			panic(err) // 32 bytes is always possible
		}
		encrypted := child(n, "encrypt")
		iv := bytesOf(encrypted, "enc_iv")
		if len(iv) != 12 {
			return
		}
		if _, err := newAEAD(key).Open(nil, iv, bytesOf(encrypted, "enc_p"), []byte(id)); err != nil {
			return // it does not know the file's key
		}
		old, _, _ := strings.Cut(a.GetDirectPath(), "?")
		if blob, ok := s.originals[old]; ok {
			path := s.keep(blob)
			notice := must(proto.Marshal(&waMmsRetry.MediaRetryNotification{
				StanzaID: &id, DirectPath: &path, Result: waMmsRetry.MediaRetryNotification_SUCCESS.Enum(),
			}))
			iv := randomBytes(12)
			content = waBinary.Node{Tag: "encrypt", Content: []waBinary.Node{
				{Tag: "enc_p", Content: newAEAD(key).Seal(nil, iv, notice, []byte(id))}, {Tag: "enc_iv", Content: iv},
			}}
		}
	}
	answer.Content = []waBinary.Node{content, rmr}
	s.enqueue(&item{id: id, class: "notification", node: &answer})
}

// attached is a message's file, nil if it has none.
func attached(m *waE2E.Message) attachment {
	switch m = unwrap(m); {
	case m.ImageMessage != nil:
		return m.ImageMessage
	case m.VideoMessage != nil:
		return m.VideoMessage
	case m.AudioMessage != nil:
		return m.AudioMessage
	case m.DocumentMessage != nil:
		return m.DocumentMessage
	}
	return nil
}
