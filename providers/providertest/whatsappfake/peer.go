package whatsappfake

import (
	"testing"

	"github.com/clawdbot/gateway/providers/providertest"
)

// NewPeer starts a server and shows it as an end-to-end test sees it. The device has yet to be linked: the server's Scan,
// EnterCode or Adopt does that. Both chats may write to the agent.
func NewPeer(t testing.TB) (providertest.Peer, *Server) {
	t.Helper()
	s := Start(t, Options{PushName: "Clawd"})
	return s.Peer(), s
}

// Peer is the server as an end-to-end test sees it.
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
