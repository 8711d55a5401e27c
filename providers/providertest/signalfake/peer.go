package signalfake

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"github.com/clawdbot/gateway/providers/providertest"
)

// The people of NewPeer, and their group.
const (
	Ann     = "+15550002000"
	Bob     = "+15550003000"
	GroupID = "Pmpi+EfPWmsxiomLe9Nx2XF9HOE483p6iKiFj65iMwI="
)

// NewPeer starts a daemon that an end-to-end test drives.
func NewPeer(t testing.TB) providertest.Peer {
	s := Start(t, Options{Password: DefaultPassword})
	group := "group:" + GroupID
	var mu sync.Mutex
	envelopes := map[string]Envelope{} // guarded by mu
	say := func(chat, text string, files ...providertest.File) string {
		mu.Lock()
		defer mu.Unlock()
		e := Direct(Ann, text)
		if chat == group {
			e = Group(GroupID, Bob, text)
		}
		var list []any
		for i, f := range files {
			id := fmt.Sprintf("file-%d-%d", len(envelopes), i)
			s.PutFile(id, f.Data)
			list = append(list, map[string]any{"id": id, "contentType": f.MIME, "filename": f.Name, "size": len(f.Data)})
		}
		if list != nil {
			e = e.Data("attachments", list)
		}
		at := s.Push(e)[0]
		id := strconv.FormatInt(at, 10)
		if chat == group {
			id += "@" + Bob
		}
		envelopes[id] = e.With("timestamp", at)
		return id
	}
	return providertest.Peer{
		Surface: "signal",
		Config:  map[string]any{"httpUrl": s.URL(), "account": s.Account(), "allowFrom": []string{Ann, Bob}},
		Direct:  Ann, Group: group,
		Say: say, // and Acked is nil: a place in the events is only told with the next connection
		Again: func(id string) {
			mu.Lock()
			defer mu.Unlock()
			s.Push(envelopes[id])
		},
		Replies: func(chat string) []providertest.Reply { return replies(s.Sent(), chat) },
		WaitReplies: func(ctx context.Context, chat string, n int) error {
			return s.mu.Wait(ctx, func() bool { return len(replies(s.sent, chat)) >= n })
		},
		Inject:  s.Inject,
		Sockets: s.Streams,
	}
}

func replies(all []Sent, chat string) (in []providertest.Reply) {
	for _, m := range all {
		if m.Chat != chat {
			continue
		}
		r := providertest.Reply{ID: strconv.FormatInt(m.Timestamp, 10), Text: m.Text}
		for _, f := range m.Files {
			r.Files = append(r.Files, providertest.File{Name: f.Name, MIME: http.DetectContentType(f.Data), Data: f.Data})
		}
		in = append(in, r)
	}
	return in
}

// Inject shows a fault of the contract; false for what a daemon on loopback does not have.
func (s *Server) Inject(f providertest.Fault) bool {
	broken := Fault{Status: http.StatusInternalServerError, Message: "An internal server error has occurred."}
	switch f {
	case providertest.RefuseLogin, providertest.RevokeLogin:
		s.Unlink()
	case providertest.ReceiveServerError:
		s.Script("events", broken, Fault{Status: http.StatusBadGateway}, broken)
		s.Drop()
	case providertest.ReceiveDrop:
		s.Drop()
	case providertest.ReceiveSilence:
		s.Silence()
	case providertest.ReceiveDown:
		s.Always("check", broken)
	case providertest.SendRateLimit:
		s.Script("send", Fault{Code: -5, Message: "Failed to send message due to rate limiting", Result: "RATE_LIMIT_FAILURE", Seconds: 1})
	case providertest.SendServerError:
		s.Script("send", broken)
	case providertest.SendRefused:
		s.Script("send", Fault{Code: -1, Message: "Failed to send message", Result: "UNREGISTERED_FAILURE"})
	case providertest.SendUnauthorized:
		s.Script("send", Fault{Code: -1, Message: "User " + s.Account() + " is not registered."})
	case providertest.SendDropBefore:
		s.Script("send", Fault{Drop: true})
	case providertest.SendDropAfter:
		s.Script("send", Fault{Act: true, Drop: true})
	case providertest.SendSilence:
		s.Script("send", Fault{Act: true, Hang: true})
	default:
		return false
	}
	return true
}
