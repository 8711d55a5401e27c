package slackfake

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/providertest"
)

// The conversations of a Peer and its person.
const (
	Ann     = "U0ANN00001"
	AnnDM   = "D0ANN00001"
	General = "C0GENERAL1"
)

// People gives the server a person, her direct conversation and a channel.
func (s *Server) People() {
	s.AddUser(User{ID: Ann, Name: "ann", RealName: "Ann Example", DisplayName: "Ann"})
	s.AddConversation(Conversation{ID: AnnDM, Kind: IM, User: Ann})
	s.AddConversation(Conversation{ID: General, Kind: Public, Name: "general"})
}

// NewPeer starts a server and shows it as an end-to-end test sees it.
func NewPeer(t testing.TB) (providertest.Peer, *Server) {
	t.Helper()
	s := Start(t, Options{PingEvery: 2 * time.Second})
	s.People()
	channelOf := func(ts string) string {
		for _, m := range s.Messages("") {
			if m.TS == ts {
				return m.Channel
			}
		}
		return ""
	}
	return providertest.Peer{
		Surface: "slack",
		Config: map[string]any{
			"botToken": s.opt.BotToken, "appToken": s.opt.AppToken, "dm": map[string]any{"allowFrom": []string{Ann}},
			"channels": map[string]any{General: map[string]any{"requireMention": true}},
		},
		Endpoint: s.URL(), Direct: AnnDM, Group: General,
		Say: func(chat, text string, files ...providertest.File) string {
			m := Message{Channel: chat, User: Ann, Text: text}
			if chat == General {
				m.Text = "<@" + BotUser + "> " + text
			}
			for _, f := range files {
				m.Files = append(m.Files, File{Name: f.Name, MIME: f.MIME, Data: f.Data})
			}
			return s.Post(m)
		},
		Again: func(id string) { s.Again(channelOf(id), id) },
		Acked: s.Acked,
		Replies: func(chat string) (out []providertest.Reply) {
			for _, m := range s.Sent(chat) {
				r := providertest.Reply{ID: m.TS, Text: m.Text}
				if m.Thread != "" {
					r.ReplyTo = m.Thread
				}
				for _, f := range m.Files {
					r.Files = append(r.Files, providertest.File{Name: f.Name, MIME: f.MIME, Data: f.Data})
				}
				out = append(out, r)
			}
			return out
		},
		WaitReplies: s.WaitSent,
		Inject:      s.Inject,
		Sockets:     s.Sockets,
	}, s
}

// WaitSent returns when the bot has written n messages into a conversation, or anywhere with channel "".
func (s *Server) WaitSent(ctx context.Context, channel string, n int) error {
	return s.mu.Wait(ctx, func() bool { return len(s.history(channel, func(m *Message) bool { return m.BotID == BotID })) >= n })
}

// Inject shows a fault of the contract; false where the platform has no such thing.
func (s *Server) Inject(f providertest.Fault) bool {
	const open, post = "apps.connections.open", "chat.postMessage"
	switch f {
	case providertest.RefuseLogin:
		s.Always("auth.test", Refuse("invalid_auth"))
	case providertest.RevokeLogin:
		s.Always("auth.test", Refuse("token_revoked"))
		s.Drop()
	case providertest.Conflict:
		s.Disconnect("too_many_websockets")
	case providertest.ReceiveRateLimit:
		s.Script(open, TooMany(1))
		s.Drop()
	case providertest.ReceiveServerError:
		s.Script(open, Status(500), Status(http.StatusBadGateway), Refuse("internal_error"))
		s.Drop()
	case providertest.ReceiveDrop:
		s.Drop()
	case providertest.ReceiveSilence:
		s.Silence()
	case providertest.ReceiveDown:
		s.Always(open, Status(500))
		s.Drop()
	case providertest.SendRateLimit:
		s.Script(post, TooMany(1))
	case providertest.SendServerError:
		s.Script(post, Status(500))
	case providertest.SendRefused:
		s.Script(post, Refuse("is_archived"))
	case providertest.SendUnauthorized:
		s.Script(post, Refuse("invalid_auth"))
	case providertest.SendDropBefore:
		s.Script(post, DropBefore())
	case providertest.SendDropAfter:
		s.Script(post, DropAfter())
	case providertest.SendSilence:
		s.Script(post, HangAfter())
	default:
		return false
	}
	return true
}
