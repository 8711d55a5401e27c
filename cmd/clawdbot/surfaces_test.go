package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/discordfake"
	"github.com/clawdbot/gateway/providers/providertest/imsgfake"
	"github.com/clawdbot/gateway/providers/providertest/signalfake"
	"github.com/clawdbot/gateway/providers/providertest/slackfake"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/transport/wire"
)

// peers are the surfaces of this program, each with the fake platform that stands for the real one. WhatsApp joins them where it is linked.
var peers = []endToEnd{
	{name: "discord", peer: func(t *testing.T) providertest.Peer { return discordfake.NewPeer(t) }},
	{name: "imessage", peer: func(t *testing.T) providertest.Peer { return imsgfake.NewPeer(t) }},
	{name: "signal", peer: func(t *testing.T) providertest.Peer { return signalfake.NewPeer(t) }},
	{name: "slack", peer: func(t *testing.T) providertest.Peer { p, _ := slackfake.NewPeer(t); return p }},
	{name: "telegram", peer: func(t *testing.T) providertest.Peer { return telegramfake.NewPeer(t) }},
}

// endToEnd is a line of TestSurfaces.
type endToEnd struct {
	name string
	peer func(t *testing.T) providertest.Peer
	// home prepares the gateway's home before its first start; link does what the gateway must run for. Either may be nil.
	home func(t *testing.T, p providertest.Peer, dir string)
	link func(t *testing.T, p providertest.Peer, d *daemon)
	// group is the recipient that send and agent take for the group; nil = its id.
	group func(p providertest.Peer) string
	// slow: the gateway waits between its attempts as it does for everybody, not as a test would like it.
	slow bool
}

// TestSurfaces: the real program, the real network library, a fake platform. What people write, directly and in a group,
// is answered there, in order, and so is what comes with files; an operator's agent call and send reach both, with files;
// and when the platform drops, throttles, repeats and the gateway is away for a while, nothing is lost and nothing said
// twice.
func TestSurfaces(t *testing.T) {
	t.Parallel()
	for _, e := range peers {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			s := newSurface(t, e)
			s.start()
			if e.link != nil {
				e.link(t, s.peer, s.d)
			}
			t.Run("answers", s.under(s.answers))
			t.Run("files in", s.under(s.filesIn))
			t.Run("operator", s.under(s.operator))
			t.Run("faults", s.under(s.faults))
			t.Run("doubtful", s.under(s.doubtful))
			t.Run("away", s.under(s.away))
			t.Run("once", s.under(s.once))
		})
	}
}

// surface is one line under test.
type surface struct {
	endToEnd
	t    *testing.T // of the step
	line *testing.T
	ctx  context.Context
	peer providertest.Peer
	dir  string
	d    *daemon
	port string
	said map[string][]string // words by chat, each in a message of its own, in order
	n    int
}

func newSurface(t *testing.T, e endToEnd) *surface {
	t.Helper()
	s := &surface{endToEnd: e, t: t, line: t, peer: e.peer(t), dir: t.TempDir(), port: freePort(t), said: map[string][]string{}}
	endpoints := map[string]any{}
	if s.peer.Endpoint != nil {
		endpoints[e.name] = s.peer.Endpoint
	}
	doc := map[string]any{
		e.name:       s.peer.Config,
		"dev":        map[string]any{"endpoints": endpoints},
		"routing":    map[string]any{"queue": map[string]any{"mode": "followup"}},
		"logging":    map[string]any{"file": filepath.Join(s.dir, "log", "x.log"), "level": "debug"},
		"bridge":     map[string]any{"enabled": false},
		"canvasHost": map[string]any{"enabled": false},
	}
	if !e.slow {
		doc["web"] = map[string]any{"reconnect": map[string]any{"initialMs": 250, "maxMs": 500, "maxAttempts": 0}} // WhatsApp's
	}
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "config.json5"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if e.home != nil {
		e.home(t, s.peer, s.dir)
	}
	return s
}

// start starts the gateway. It lives as long as the line, not as the step.
func (s *surface) start() {
	s.t.Helper()
	s.d = launchIn(s.line, s.dir, s.peer.Env, "--port", s.port, "--verbose")
}

// under is a step with a limit of its own. What it finds ends the line's test too: the next step builds on it.
func (s *surface) under(step func()) func(*testing.T) {
	return func(t *testing.T) {
		if s.line.Failed() {
			t.Skip("a step before it failed")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		s.t, s.ctx = t, ctx
		defer func() { s.t = s.line }()
		step()
		if t.Failed() {
			t.Logf("log of the gateway:\n%s", tail(filepath.Join(s.dir, "log", "x.log")))
		}
	}
}

func tail(path string) []byte {
	b, err := os.ReadFile(path)
	if err != nil {
		return []byte(err.Error())
	}
	return b[max(0, len(b)-8000):]
}

// chats are the two chats.
func (s *surface) chats() []string { return []string{s.peer.Direct, s.peer.Group} }

// say has a person write one word that nobody else writes.
func (s *surface) say(chat string, files ...providertest.File) (id string) {
	s.n++
	word := fmt.Sprintf("word%04dx", s.n)
	s.said[chat] = append(s.said[chat], word)
	return s.peer.Say(chat, word, files...)
}

// told waits until every word of a chat has come back there.
func (s *surface) told(chat string) {
	s.t.Helper()
	for n := 1; ; n++ {
		missing := ""
		text := s.texts(chat)
		for _, word := range s.said[chat] {
			if !strings.Contains(text, word) {
				missing = word
				break
			}
		}
		if missing == "" {
			return
		}
		n = max(n, len(s.peer.Replies(chat))+1)
		if err := s.peer.WaitReplies(s.ctx, chat, n); err != nil {
			s.t.Fatalf("%q got no answer in %s: %v; there is %q", missing, chat, err, s.texts(chat))
		}
	}
}

func (s *surface) texts(chat string) string {
	var all []string
	for _, r := range s.peer.Replies(chat) {
		all = append(all, r.Text)
	}
	return strings.Join(all, "\n")
}

// answers: several in a row in both chats, each answered where it came from, in order.
func (s *surface) answers() {
	for range 3 {
		for _, chat := range s.chats() {
			s.say(chat)
		}
	}
	for _, chat := range s.chats() {
		s.told(chat)
		text, at := s.texts(chat), 0
		for _, word := range s.said[chat] {
			i := strings.Index(text, word)
			if i < at {
				s.t.Errorf("%s: %q came before the one before it: %q", chat, word, text)
			}
			at = i
		}
	}
}

// filesIn: a picture is kept as it came, and its caption answered.
func (s *surface) filesIn() {
	for i, chat := range s.chats() {
		picture := drawn(s.t, uint8(100+i))
		s.say(chat, providertest.File{Name: "drawn.png", MIME: "image/png", Data: picture})
		s.told(chat)
		if !kept(s.t, filepath.Join(s.dir, ".clawdbot", "media"), picture) {
			s.t.Errorf("%s: the picture is not in the state directory", chat)
		}
	}
}

func drawn(t *testing.T, shade uint8) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 16, 16))
	for i := range 256 {
		img.Set(i%16, i/16, color.RGBA{R: uint8(i), G: shade, B: 30, A: 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// kept looks for a file with the given content below dir.
func kept(t *testing.T, dir string, want []byte) (found bool) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		found = found || bytes.Equal(b, want)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return found
}

// operator: a picture that the agent makes for an operator, and a text and a file by hand, in both chats.
func (s *surface) operator() {
	dir := filepath.Join(s.dir, "clawd") // the workspace: files go out from there
	file := filepath.Join(dir, "by-hand.png")
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(file, drawn(s.t, 7), 0o600)); err != nil {
		s.t.Fatal(err)
	}
	for _, chat := range s.chats() {
		to := chat
		if chat == s.peer.Group && s.group != nil {
			to = s.group(s.peer)
		}
		before := len(s.peer.Replies(chat))
		s.call("agent", wire.AgentParams{
			Message: "!media", SessionKey: "main", Deliver: true, Channel: s.name, To: to, IdempotencyKey: "media " + chat,
		})
		s.files(chat, before, "A small picture.")

		before = len(s.peer.Replies(chat))
		s.call("send", wire.SendParams{Provider: s.name, To: to, Message: "by hand 1", IdempotencyKey: "text " + chat})
		second := wire.SendParams{Provider: s.name, To: to, Message: "by hand 2", IdempotencyKey: "file " + chat}
		second.MediaURL = file
		s.call("send", second)
		s.files(chat, before, "by hand 2")
		if text := s.texts(chat); strings.Count(text, "by hand 1") != 1 || strings.Index(text, "by hand 1") > strings.Index(text, "by hand 2") {
			s.t.Errorf("%s: %q", chat, text)
		}
	}
}

// files waits until a file and its text have arrived in a chat.
func (s *surface) files(chat string, before int, text string) {
	s.t.Helper()
	for n := before + 1; ; n++ {
		if err := s.peer.WaitReplies(s.ctx, chat, n); err != nil {
			s.t.Fatalf("no file with %q in %s: %v; there is %q", text, chat, err, s.texts(chat))
		}
		file, said := false, false
		for _, r := range s.peer.Replies(chat)[before:] {
			for _, f := range r.Files {
				file = file || bytes.HasPrefix(f.Data, []byte("\x89PNG")) || bytes.HasPrefix(f.Data, []byte("\xff\xd8\xff"))
			}
			said = said || strings.Contains(r.Text, text)
		}
		if file && said {
			return
		}
		n = max(n, len(s.peer.Replies(chat)))
	}
}

// call calls a method by the command line.
func (s *surface) call(method string, params any) {
	s.t.Helper()
	b, err := wire.Marshal(params)
	if err != nil {
		s.t.Fatal(err)
	}
	if r := s.d.client(s.t, "gateway", "call", method, "--expect-final", "--timeout", "60000", "--params", string(b)); r.code != 0 {
		s.t.Fatalf("%s: %+v", method, r)
	}
}

// harmless are the faults after which every message must still have exactly one answer.
var harmless = []providertest.Fault{
	providertest.SendRateLimit, providertest.SendServerError,
	providertest.ReceiveDrop, providertest.ReceiveServerError, providertest.ReceiveRateLimit,
}

// faults: the platform drops, throttles and repeats.
func (s *surface) faults() {
	for _, f := range harmless {
		if !s.peer.Inject(f) {
			continue
		}
		begin := time.Now()
		defer func() { s.t.Logf("%s: up to %v", f, time.Since(begin)) }()
		for _, chat := range s.chats() {
			id := s.say(chat)
			s.told(chat)
			if s.peer.Again != nil {
				s.peer.Again(id)
			}
		}
	}
}

// doubtful: the connection is cut in the middle of a send. The answer arrives once, or it is listed as ambiguous where the
// platform gives no way to find out.
func (s *surface) doubtful() {
	for _, f := range []providertest.Fault{providertest.SendDropBefore, providertest.SendDropAfter} {
		for _, chat := range s.chats() {
			if !s.peer.Inject(f) {
				continue
			}
			before := s.ambiguous(chat)
			s.say(chat)
			words := s.said[chat]
			last := words[len(words)-1]
			if s.arrives(chat, last, before) {
				continue
			}
			if s.peer.SenderIDs || f == providertest.SendDropAfter {
				s.t.Errorf("%s: %q was lost after %s; there is %q", chat, last, f, s.texts(chat))
			}
			s.said[chat] = words[:len(words)-1]
		}
	}
}

// ambiguous is how many messages to a chat are listed as ambiguous.
func (s *surface) ambiguous(chat string) (n int) {
	s.t.Helper()
	r := s.d.client(s.t, "gateway", "call", "outbox.list", "--params", `{"state":"ambiguous"}`)
	var list wire.OutboxListResult
	if r.code != 0 || wire.Unmarshal([]byte(r.out), &list) != nil {
		s.t.Fatalf("outbox.list: %+v", r)
	}
	for _, item := range list.Items {
		if item.Chat == chat {
			n++
		}
	}
	return n
}

// arrives waits until a word is in a chat; false when the outbox lists one more as ambiguous and it is not there.
func (s *surface) arrives(chat, word string, before int) bool {
	s.t.Helper()
	for s.ctx.Err() == nil {
		if strings.Contains(s.texts(chat), word) {
			return true
		}
		if s.ambiguous(chat) > before {
			return strings.Contains(s.texts(chat), word)
		}
		wait, cancel := context.WithTimeout(s.ctx, time.Second)
		_ = s.peer.WaitReplies(wait, chat, len(s.peer.Replies(chat))+1) // or a second: the outbox may know by then
		cancel()
	}
	s.t.Fatalf("%q is neither in %s nor listed as ambiguous; there is %q", word, chat, s.texts(chat))
	return false
}

// away: what is written while the gateway is not there is answered when it is back.
func (s *surface) away() {
	s.d.stop(s.t)
	for range 2 {
		for _, chat := range s.chats() {
			s.say(chat)
		}
	}
	s.start()
	for _, chat := range s.chats() {
		s.told(chat)
	}
}

// once: no word was said twice, and none in the other chat.
func (s *surface) once() {
	for _, chat := range s.chats() { // whatever was to come again has come before this
		s.say(chat)
		s.told(chat)
	}
	for _, chat := range s.chats() {
		text := s.texts(chat)
		for other, words := range s.said {
			for _, word := range words {
				want := 0
				if other == chat {
					want = 1
				}
				if n := strings.Count(text, word); n != want {
					s.t.Errorf("%q of %s was said %d times in %s", word, other, n, chat)
				}
			}
		}
	}
	s.d.stop(s.t)
}
