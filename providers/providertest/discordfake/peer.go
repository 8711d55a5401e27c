package discordfake

import (
	"context"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/providertest"
)

// NewPeer is a fake Discord with a direct chat and a guild's channel, for tests of the whole daemon.
func NewPeer(t testing.TB) providertest.Peer {
	return Start(t, Options{Interval: 500 * time.Millisecond}).Peer()
}

// meet waits until the account has logged in for the first time: what was said before is not for it.
func (s *Server) meet() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_ = s.Wait(ctx, func() bool { return s.met }) // without it the message gets no answer, which is what the test finds
}

// Peer is the server as an end-to-end test sees it.
func (s *Server) Peer() providertest.Peer {
	return providertest.Peer{
		Surface: "discord",
		Config: map[string]any{
			"token": s.opt.Token, "dm": map[string]any{"allowFrom": []string{Ann}},
			"guilds": map[string]any{Guild: map[string]any{"users": []string{Bob}}},
		},
		Endpoint: s.url, Direct: AnnDM, Group: General, SenderIDs: true,
		Say: func(chat, text string, files ...providertest.File) string {
			s.meet()
			if chat == General {
				return s.Say(Bob, chat, "<@"+BotID+"> "+text, nil, files...)
			}
			return s.Say(Ann, chat, text, nil, files...)
		},
		Again: s.Again, Acked: s.Acked, Inject: s.Inject, Sockets: s.Sockets,
		Replies: s.Replies,
		WaitReplies: func(ctx context.Context, chat string, n int) error {
			return s.Wait(ctx, func() bool { return len(s.replies(chat)) >= n })
		},
	}
}

// Replies is what the bot has posted in a chat, oldest first.
func (s *Server) Replies(chat string) []providertest.Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.replies(chat)
}

func (s *Server) replies(chat string) (list []providertest.Reply) {
	for _, m := range s.posted {
		if m.chat != chat {
			continue
		}
		replyTo, _ := m.Reference["message_id"].(string)
		list = append(list, providertest.Reply{ID: m.ID, Text: m.Content, ReplyTo: replyTo, Files: m.files})
	}
	return list
}
