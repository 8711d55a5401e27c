package imsgfake

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/providertest"
)

// The people of NewPeer, and their group.
const (
	Ann     = "+15550002000"
	Bob     = "bob@example.com"
	GroupID = 7
)

// NewPeer starts a platform that an end-to-end test drives. The test's TestMain must call Child. In the group the person
// says the assistant's name ("@clawd"), which is a mention only if routing.groupChat.mentionPatterns has it; the section
// does not ask for one.
func NewPeer(t testing.TB) providertest.Peer {
	s := Start(t)
	group := fmt.Sprintf("group:%d", GroupID)
	var mu sync.Mutex
	rows := map[string]int{} // guarded by mu
	chat := func(c string) string {
		if c == group {
			return fmt.Sprintf("chat_id:%d", GroupID)
		}
		return "to:" + c
	}
	return providertest.Peer{
		Surface: "imessage",
		Config: map[string]any{
			"cliPath": s.CLI(t), "includeAttachments": true, "allowFrom": []string{Ann, Bob},
			"groups": map[string]any{"*": map[string]any{"requireMention": false}},
		},
		Direct: Ann, Group: group,
		Say: func(c, text string, files ...providertest.File) string {
			// What was there before the gateway first looked is not for it.
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := s.mu.Wait(ctx, func() bool { return s.most > 0 }); err != nil {
				t.Errorf("nobody has ever looked at the messages: %v", err)
			}
			m := Direct(Ann, text)
			if c == group {
				m = Group(GroupID, Bob, text)
			}
			list := []any{}
			for _, f := range files {
				list = append(list, map[string]any{"original_path": s.PutFile(t, f.Name, f.Data), "mime_type": f.MIME, "missing": false})
			}
			m["attachments"] = list
			mu.Lock()
			defer mu.Unlock()
			row := s.Push(m)[0]
			id := m["guid"].(string)
			rows[id] = row
			return id
		},
		Again: func(id string) {
			mu.Lock()
			defer mu.Unlock()
			s.Again(rows[id])
		},
		Replies: func(c string) []providertest.Reply { return replies(s.Sent(), chat(c)) },
		WaitReplies: func(ctx context.Context, c string, n int) error {
			return s.mu.Wait(ctx, func() bool { return len(replies(s.sent, chat(c))) >= n })
		},
		Inject:  s.Inject,
		Sockets: s.Children,
	}
}

func replies(all []Sent, chat string) (in []providertest.Reply) {
	for i, m := range all {
		if m.Chat != chat {
			continue
		}
		r := providertest.Reply{ID: fmt.Sprint(i), Text: m.Text}
		if m.File != nil {
			r.Files = []providertest.File{{Name: m.Name, MIME: http.DetectContentType(m.File), Data: m.File}}
		}
		in = append(in, r)
	}
	return in
}

// Inject shows a fault of the contract; false for what a program on this machine does not have.
func (s *Server) Inject(f providertest.Fault) bool {
	broken := Fault{Code: -32603, Message: "Internal error"}
	switch f {
	case providertest.RefuseLogin, providertest.RevokeLogin:
		s.Deny()
	case providertest.ReceiveServerError:
		s.Script("watch.subscribe", broken, Fault{Crash: true}, broken)
		s.Crash()
	case providertest.ReceiveDrop:
		s.Crash()
	case providertest.ReceiveSilence:
		s.Silence()
	case providertest.ReceiveDown:
		s.Always("watch.subscribe", broken)
	case providertest.SendServerError:
		s.Script("send", Fault{Code: -32603, Message: "AppleScript failed: Messages got an error"})
	case providertest.SendRefused:
		s.Script("send", Fault{Code: -32602, Message: "Invalid chat target"})
	case providertest.SendUnauthorized:
		s.Script("send", Fault{Code: -32603, Message: "Not authorized to send Apple events to Messages. (-1743)"})
	case providertest.SendDropBefore:
		s.Script("send", Fault{Crash: true})
	case providertest.SendDropAfter:
		s.Script("send", Fault{Act: true, Crash: true})
	case providertest.SendSilence:
		s.Script("send", Fault{Act: true, Hang: true})
	default:
		return false
	}
	return true
}
