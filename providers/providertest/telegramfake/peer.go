package telegramfake

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/clawdbot/gateway/providers/providertest"
)

// The two people of a peer: one writes directly, the other one in the group.
const (
	peerAnn   = 777
	peerBob   = 888
	peerGroup = -100500
)

// NewPeer starts a fake Bot API and shows it as an end-to-end test sees it.
func NewPeer(t testing.TB) providertest.Peer {
	t.Helper()
	s := Start(t, Options{Username: "fakebot"}) // no mark of Markdown in it: people say it, and are answered with it
	p := &peer{s: s, updates: map[string]Update{}, ids: map[string]int64{}}
	return providertest.Peer{
		Surface: "telegram",
		Config: map[string]any{
			"botToken": s.Token(), "allowFrom": []any{strconv.Itoa(peerAnn), strconv.Itoa(peerBob)},
			"groups": map[string]any{strconv.Itoa(peerGroup): map[string]any{"requireMention": true}},
		},
		Endpoint: s.URL(), Direct: strconv.Itoa(peerAnn), Group: strconv.Itoa(peerGroup),
		Say: p.say, Again: p.again, Acked: p.acked, Replies: p.replies, WaitReplies: p.waitReplies, Inject: s.inject,
		// A poll is the connection: while one is held open there is one.
		Sockets: s.polls,
	}
}

type peer struct {
	s *Server

	mu      sync.Mutex // guards the following fields
	next    int
	updates map[string]Update
	ids     map[string]int64 // of the update that last carried a message
}

func (p *peer) say(chat, text string, files ...providertest.File) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	id := strconv.Itoa(1_000_000 + p.next)
	u := Direct(peerAnn, text)
	if chat != strconv.Itoa(peerAnn) {
		text = strings.TrimSpace("@" + p.s.Username() + " " + text)
		u = Group(parseID(chat), peerBob, text)
	}
	u = u.With("message_id", 1_000_000+p.next)
	for i, f := range files[:min(1, len(files))] { // one message carries one file
		fileID := "file-" + id + "-" + strconv.Itoa(i)
		p.s.PutFile(fileID, f.Data)
		u = u.With("text", nil).With("caption", text).With(attached(fileID, f))
	}
	p.updates[id] = u
	p.ids[id] = p.s.Push(u)[0]
	return id
}

// attached is how a message carries a file.
func attached(id string, f providertest.File) (field string, value any) {
	file := map[string]any{"file_id": id, "file_unique_id": id, "file_size": len(f.Data), "mime_type": f.MIME}
	switch kind, _, _ := strings.Cut(f.MIME, "/"); kind {
	case "image":
		return "photo", []any{file}
	case "audio":
		file["duration"] = 1
		return "voice", file
	}
	file["file_name"] = f.Name
	return "document", file
}

func (p *peer) again(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ids[id] = p.s.Push(p.updates[id])[0]
}

func (p *peer) acked(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.s.Acked() >= p.ids[id]
}

func (p *peer) replies(chat string) []providertest.Reply { return repliesOf(p.s.Sent(), chat) }

func repliesOf(sent []Sent, chat string) (all []providertest.Reply) {
	for _, m := range sent {
		if m.Chat != chat {
			continue
		}
		r := providertest.Reply{ID: strconv.FormatInt(m.MessageID, 10), Text: m.Text, ReplyTo: m.Params["reply_to_message_id"]}
		if len(m.File) > 0 {
			r.Files = []providertest.File{{Name: m.FileName, Data: m.File}}
		}
		all = append(all, r)
	}
	return all
}

func (p *peer) waitReplies(ctx context.Context, chat string, n int) error {
	return p.s.mu.Wait(ctx, func() bool { return len(repliesOf(p.s.sent, chat)) >= n })
}

// inject shows a fault of the contract.
func (s *Server) inject(f providertest.Fault) bool {
	switch f {
	case providertest.RevokeLogin:
		s.Always("getUpdates", Status(401))
		s.DropConnections()
	case providertest.ReceiveRateLimit:
		s.Script("getUpdates", TooMany(1))
		s.DropConnections()
	case providertest.ReceiveServerError:
		s.Script("getUpdates", Status(500), Status(502))
	case providertest.ReceiveDrop:
		s.Script("getUpdates", DropBefore()) // the bot may be between two of them
		s.DropConnections()
	case providertest.ReceiveSilence:
		s.Silence()
	case providertest.SendRateLimit:
		s.Script("sendMessage", TooMany(1))
	case providertest.SendServerError:
		s.Script("sendMessage", Status(500))
	case providertest.SendRefused:
		s.Script("sendMessage", Status(403))
	case providertest.SendDropBefore:
		s.Script("sendMessage", DropBefore())
	case providertest.SendDropAfter:
		s.Script("sendMessage", DropAfter())
	case providertest.SendSilence:
		s.Script("sendMessage", HangAfter())
	default:
		return false
	}
	return true
}

// polls is how many polls are held open, and the most that ever were at once.
func (s *Server) polls() (open, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting != nil {
		open = 1
	}
	return open, 1 + s.overlaps
}
