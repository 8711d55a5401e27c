package whatsappfake

import (
	"testing"

	"github.com/clawdbot/gateway/providers/providertest"
)

// NewPeer starts a server as an end-to-end test sees it. The gateway has yet to be linked, by Peer.Scan.
func NewPeer(t testing.TB) providertest.Peer {
	t.Helper()
	return Start(t, Options{PushName: "Clawd"}).Peer()
}

// Peer is the server as an end-to-end test sees it. Both chats may write to the agent.
func (s *Server) Peer() providertest.Peer {
	return providertest.Peer{
		Surface: "whatsapp",
		Config: map[string]any{
			"allowFrom": []any{s.Direct(), s.Bob()},
			"groups":    map[string]any{s.Group(): map[string]any{"requireMention": true}},
		},
		Endpoint:    s.Endpoint(),
		Direct:      s.Direct(),
		Group:       s.Group(),
		Scan:        s.ScanImage,
		Say:         s.Say,
		Again:       s.Again,
		Acked:       s.Acked,
		Replies:     s.Replies,
		WaitReplies: s.WaitReplies,
		Inject:      s.Inject,
		Sockets:     s.Sockets,
		SenderIDs:   true,
	}
}
