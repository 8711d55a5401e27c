package whatsapp

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/proto"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/whatsappfake"
)

// picture is as much of a PNG as the sniffer wants to see.
var picture = append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), bytes.Repeat([]byte{1}, 200)...)

func TestIn_direct(t *testing.T) {
	t.Parallel()
	r := linkedRig(t, `"allowFrom":["+15550002222"]`)
	r.up()
	id := r.s.Say(r.s.Direct(), "  hello  ")
	m := r.message(id)
	if m.Text != "hello" || m.Chat != "+15550002222" || m.Sender.ID != "+15550002222" || m.Sender.Name != "Ann" ||
		m.Kind != providers.Direct || m.Owner || m.Late || m.Mentioned {
		t.Errorf("received %+v", m)
	}
	r.must(r.s.WaitAcked(r.ctx, id))
	r.must(r.s.WaitRead(r.ctx, id))
	if p := r.s.Presence(); p != "" { // it has not learned its name
		t.Errorf("presence %q", p)
	}
}

// TestIn_announced: the platform is told that we are there, by the name that the phone has told us, and in the next connection by
// the name that we know.
func TestIn_announced(t *testing.T) {
	t.Parallel()
	r := newRig(t, whatsappfake.Options{PushName: "Clawd"}, "")
	adopt(t, r.s, r.v)
	for range 2 {
		stop := r.up()
		r.must(r.s.WaitPresence(r.ctx, "available Clawd"))
		_ = stop()
	}
}

// People whose number is hidden are known by it all the same, where the platform tells it.
func TestIn_hiddenNumbers(t *testing.T) {
	t.Parallel()
	r := newRig(t, whatsappfake.Options{HideNumbers: true}, "")
	adopt(t, r.s, r.v)
	r.up()
	if m := r.message(r.s.Say(r.s.Direct(), "hello")); m.Chat != "+15550002222" || m.Sender.ID != "+15550002222" {
		t.Errorf("received %+v", m)
	}
	m := r.message(r.s.Say(r.s.Group(), "hello all"))
	if m.Sender.ID != "+15550002222" || !m.Mentioned || m.Chat != r.s.Group() {
		t.Errorf("received %+v", m)
	}
	_, err := r.p.Send(r.ctx, providers.Outgoing{Key: "1", Route: providers.Route{Chat: m.Chat}, Text: "welcome"})
	r.must(err)
	r.must(r.s.WaitReplies(r.ctx, r.s.Group(), 1))
}

func TestIn_group(t *testing.T) {
	t.Parallel()
	r := linkedRig(t, "")
	r.up()
	r.message(r.s.Post(whatsappfake.Post{Chat: r.s.Group(), From: r.s.Bob(), Text: "nobody in particular"}))
	m := r.message(r.s.Say(r.s.Group(), "you there?"))
	if !m.Mentioned || !m.HasMentions || m.Kind != providers.Group || m.Title != "Friends" || m.Sender.Name != "Ann" {
		t.Errorf("received %+v", m)
	}
	if got := strings.Join(m.Members, ", "); !strings.Contains(got, "Bob (+15550003333)") || !strings.Contains(got, "+15550001111") {
		t.Errorf("members %q", got)
	}
	r.mu.Lock()
	first := r.received[0]
	r.mu.Unlock()
	if first.Mentioned || first.HasMentions {
		t.Errorf("received %+v", first)
	}
	if m := r.message(r.s.Post(whatsappfake.Post{Chat: r.s.Group(), Text: "call +1 555 000-1111 please"})); !m.Mentioned || m.HasMentions {
		t.Errorf("our number by hand: %+v", m)
	}
	r.s.Rename("+15550003333")
	if m := r.message(r.s.Say(r.s.Group(), "we have a new name")); m.Title != "+15550003333" || m.Chat != r.s.Group() || m.Kind != providers.Group {
		t.Errorf("a group that calls itself like a person: %+v", m)
	}
	receipt, err := r.p.Send(r.ctx, providers.Outgoing{Key: "g", Route: providers.Route{Chat: r.s.Group()}, Text: "here, @+15550002222"})
	r.must(err)
	r.must(r.s.WaitReplies(r.ctx, r.s.Group(), 1))
	shown := r.s.Shown()[0]
	if shown.ID != receipt.MessageID || shown.Text != "here, @15550002222" || len(shown.Mentions) != 1 {
		t.Errorf("shown %+v", shown)
	}
	if m := r.message(r.s.Post(whatsappfake.Post{Chat: r.s.Group(), Text: "and", ReplyTo: receipt.MessageID})); !m.Mentioned || m.ReplyTo == nil || m.ReplyTo.Text != "here, @15550002222" {
		t.Errorf("an answer to us: %+v, %+v", m, m.ReplyTo)
	}
}

func TestIn_files(t *testing.T) {
	t.Parallel()
	r := linkedRig(t, "")
	r.up()
	m := r.message(r.s.Say(r.s.Direct(), "look", providertest.File{Name: "a.png", MIME: "image/png", Data: picture}))
	if m.Text != "look" || len(m.Media) != 1 || m.Media[0].MIME != "image/png" {
		t.Fatalf("received %+v", m)
	}
	if b, err := os.ReadFile(m.Media[0].Path); err != nil || !bytes.Equal(b, picture) {
		t.Errorf("the file: %d bytes, %v", len(b), err)
	}
	m = r.message(r.s.Say(r.s.Direct(), "", providertest.File{Name: "big.bin", MIME: "application/octet-stream", Data: make([]byte, mediaCap+1)}))
	if m.Text != "<media:document>" || len(m.Media) != 0 {
		t.Errorf("too large: %+v", m)
	}
	m = r.message(r.s.Say(r.s.Direct(), "", providertest.File{Name: "a.jpg", MIME: "image/jpeg", Data: []byte("<!DOCTYPE html><html><body>hello</body></html>")}))
	if len(m.Media) != 1 || !strings.HasPrefix(m.Media[0].MIME, "text/html") || m.Text != "<media:image>" {
		t.Errorf("a page named .jpg: %+v", m)
	}
	r.s.ForgetMedia()
	id := r.s.Say(r.s.Direct(), "gone", providertest.File{Name: "b.png", MIME: "image/png", Data: picture})
	if m = r.message(id); !strings.Contains(m.Text, "gone") {
		t.Errorf("received %+v", m)
	}
}

func TestIn_shapes(t *testing.T) {
	t.Parallel()
	r := linkedRig(t, "")
	r.up()
	for name, c := range map[string]struct {
		raw  *waE2E.Message
		want string
	}{
		"disappearing": {&waE2E.Message{EphemeralMessage: &waE2E.FutureProofMessage{Message: &waE2E.Message{Conversation: proto.String("soon gone")}}}, "soon gone"},
		"place":        {&waE2E.Message{LocationMessage: &waE2E.LocationMessage{DegreesLatitude: proto.Float64(52.5), DegreesLongitude: proto.Float64(13.4), Name: proto.String("Tiergarten")}}, "<location 52.500000,13.400000> Tiergarten"},
		"hidden marks": {&waE2E.Message{Conversation: proto.String("\u202Eevil" + strings.Repeat("\u200B", 300_000))}, "\u202Eevil" + strings.Repeat("\u200B", 300_000)},
		"broken text":  {&waE2E.Message{Conversation: proto.String("a\xed\xa0\x80b\x00")}, "a\uFFFDb"},
	} {
		id := r.s.Post(whatsappfake.Post{Chat: r.s.Direct(), Message: c.raw})
		if m := r.message(id); m.Text != c.want {
			t.Errorf("%s: %.100q, want %.100q", name, m.Text, c.want)
		}
	}
	first := r.s.Say(r.s.Direct(), "one")
	r.message(first)
	m := r.message(r.s.Post(whatsappfake.Post{Chat: r.s.Direct(), Message: &waE2E.Message{ReactionMessage: &waE2E.ReactionMessage{
		Key: r.p.live.Load().cli.BuildReaction(r.s.JID(r.s.Direct()), r.s.JID(r.s.Direct()), first, "👍").GetReactionMessage().GetKey(), Text: proto.String("👍"),
	}}}))
	if !m.Note || !strings.Contains(m.Text, "👍") || !strings.Contains(m.Text, first) {
		t.Errorf("reaction %+v", m)
	}
	skipped := r.s.Post(whatsappfake.Post{Chat: r.s.Direct(), Message: &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
		Type: waE2E.ProtocolMessage_REVOKE.Enum(), Key: r.p.live.Load().cli.BuildReaction(r.s.JID(r.s.Direct()), r.s.JID(r.s.Direct()), first, "").GetReactionMessage().GetKey(),
	}}})
	r.must(r.s.WaitAcked(r.ctx, skipped))
}

// What the owner writes to themselves is for the agent; what they write to others is not.
func TestIn_owner(t *testing.T) {
	t.Parallel()
	r := linkedRig(t, "")
	r.up()
	other := r.s.Post(whatsappfake.Post{Chat: r.s.Direct(), Owner: true, Text: "dear Ann"})
	r.must(r.s.WaitAcked(r.ctx, other))
	m := r.message(r.s.Post(whatsappfake.Post{Chat: r.s.Number(), Owner: true, Text: "note to myself"}))
	if !m.Owner || m.Chat != r.s.Number() {
		t.Errorf("received %+v", m)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.received) != 1 {
		t.Errorf("received %+v", r.received)
	}
}

func TestIn_whileNobodyWasThere(t *testing.T) {
	t.Parallel()
	r := linkedRig(t, `"allowFrom":["*"]`)
	id := r.s.Post(whatsappfake.Post{Chat: r.s.Direct(), Text: "anybody?", Time: time.Now().Add(-time.Hour)})
	r.up()
	if m := r.message(id); !m.Late {
		t.Errorf("received %+v", m)
	}
	now := r.s.Say(r.s.Direct(), "hello")
	r.must(r.s.WaitRead(r.ctx, now))
	if r.s.Read(id) {
		t.Error("a late message was marked as read")
	}
}

// Strangers see no read mark before they are answered; on a shared phone nobody does.
func TestIn_readMarks(t *testing.T) {
	t.Parallel()
	r := linkedRig(t, "")
	r.up()
	id := r.s.Say(r.s.Direct(), "hello")
	r.must(r.s.WaitAcked(r.ctx, id))
	if r.s.Read(id) {
		t.Error("a stranger's message was marked as read")
	}
	r.must(r.p.Typing(r.ctx, r.s.Direct()))
	r.must(r.s.WaitRead(r.ctx, id))
	if r.s.Typing(r.s.Direct()) == 0 {
		t.Error("nobody was shown as typing")
	}

	shared := linkedRig(t, `"allowFrom":["+15550001111","*"]`)
	shared.up()
	id = shared.s.Say(shared.s.Group(), "you there?")
	if m := shared.message(id); m.Mentioned {
		t.Errorf("on a shared phone a mention is for its owner: %+v", m)
	}
	shared.must(shared.s.WaitAcked(shared.ctx, id))
	if shared.s.Read(id) {
		t.Error("a message was marked as read on a shared phone")
	}
}

func TestOut_files(t *testing.T) {
	t.Parallel()
	r := linkedRig(t, "")
	r.up()
	dir := t.TempDir()
	send := func(name, mime, text string, data []byte) error {
		path := filepath.Join(dir, name)
		r.must(os.WriteFile(path, data, 0o600))
		_, err := r.p.Send(r.ctx, providers.Outgoing{
			Key: name, Route: providers.Route{Chat: r.s.Direct()}, Text: text, Media: &providers.Media{Path: path, MIME: mime, Name: name},
		})
		return err
	}
	for _, f := range []struct{ name, mime, text, kind string }{
		{"a.png", "image/png", "a picture", "image"}, {"b.mp4", "video/mp4", "a film", "video"},
		{"c.pdf", "application/pdf", "a paper", "document"}, {"d.ogg", "audio/ogg", "listen", "voice"},
	} {
		before := len(r.s.Shown())
		r.must(send(f.name, f.mime, f.text, picture))
		want := before + 1
		if f.kind == "voice" {
			want++
		}
		shown, err := r.s.WaitShown(r.ctx, want)
		r.must(err)
		last := shown[len(shown)-1]
		if last.Kind != f.kind || len(last.Files) != 1 || !bytes.Equal(last.Files[0].Data, picture) {
			t.Errorf("%s was shown as %s with %d files", f.name, last.Kind, len(last.Files))
		}
		if f.kind == "voice" {
			last = shown[len(shown)-2]
		}
		if last.Text != f.text {
			t.Errorf("%s: text %q", f.name, last.Text)
		}
	}
	err := send("huge.png", "image/png", "", make([]byte, capImage+1))
	if se, ok := err.(*providers.SendError); !ok || se.Class != providers.Permanent || !strings.Contains(err.Error(), "6 MB") {
		t.Errorf("a file over its cap = %v", err)
	}
	r.s.ScriptUpload(500, 500, 500, 500, 500)
	err = send("again.png", "image/png", "", picture)
	if se, ok := err.(*providers.SendError); !ok || se.Class != providers.Transient {
		t.Errorf("an upload that fails = %v", err)
	}
}

// A repeat under the same key has the same id, also from another process: those who have it show it once.
func TestOut_repeatIsRecognised(t *testing.T) {
	t.Parallel()
	r := linkedRig(t, "")
	stop := r.up()
	out := providers.Outgoing{Key: "run-1:0", Route: providers.Route{Chat: r.s.Direct()}, Text: "once"}
	first, err := r.p.Send(r.ctx, out)
	r.must(err)
	_ = stop()
	env := r.p.env
	next, err := newProvider(env, quick)
	r.must(err)
	r.p = next
	r.up()
	second, err := next.Send(r.ctx, out)
	r.must(err)
	if first != second || !strings.HasPrefix(first.MessageID, "3EB0") || first.ChatID != "15550002222@s.whatsapp.net" {
		t.Errorf("receipts %+v and %+v", first, second)
	}
	r.must(r.s.WaitReplies(r.ctx, r.s.Direct(), 1))
	if n := len(r.s.Replies(r.s.Direct())); n != 1 {
		t.Errorf("shown %d times", n)
	}
	if n := len(r.s.Seen()); n != 2 {
		t.Errorf("%d messages arrived", n)
	}
}

func TestOut_quotes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mode string
		part int
		want bool
	}{{"off", 0, false}, {"first", 0, true}, {"first", 1, false}, {"all", 1, true}} {
		r := linkedRig(t, `"replyToMode":"`+c.mode+`"`)
		stop := r.up()
		id := r.s.Say(r.s.Direct(), "question")
		r.message(id)
		_, err := r.p.Send(r.ctx, providers.Outgoing{Key: "a", Route: providers.Route{Chat: r.s.Direct(), ReplyTo: id}, Text: "answer", Part: c.part})
		r.must(err)
		r.must(r.s.WaitReplies(r.ctx, r.s.Direct(), 1))
		if got := r.s.Replies(r.s.Direct())[0].ReplyTo == id; got != c.want {
			t.Errorf("%s, part %d: quoted %v", c.mode, c.part, got)
		}
		_ = stop()
	}
}

func TestReact(t *testing.T) {
	t.Parallel()
	r := linkedRig(t, "")
	r.up()
	id := r.s.Say(r.s.Group(), "good news")
	r.message(id)
	perform := func(params string) error {
		_, err := r.p.Perform(r.ctx, "react", []byte(params))
		return err
	}
	r.must(perform(`{"chat":"` + r.s.Group() + `","messageId":"` + id + `","emoji":"🎉"}`))
	shown, err := r.s.WaitShown(r.ctx, 1)
	r.must(err)
	if shown[0].Kind != "reaction" || shown[0].Text != "🎉" || shown[0].Target != id {
		t.Errorf("shown %+v", shown[0])
	}
	for params, want := range map[string]string{
		`{"chat":"nowhere","messageId":"1"}`:                   "chat",
		`{"chat":"+15550002222"}`:                              "messageId",
		`{"chat":"` + r.s.Group() + `","messageId":"unheard"}`: "participant",
		`[]`: "react",
	} {
		err := perform(params)
		if se, ok := err.(*providers.SendError); !ok || se.Class != providers.Permanent || !strings.Contains(err.Error(), want) {
			t.Errorf("%s = %v", params, err)
		}
	}
	if _, err := r.p.Perform(context.Background(), "dance", nil); err == nil {
		t.Error("an unknown action was done")
	}
}
