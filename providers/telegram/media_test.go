package telegram

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/media"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
)

// inbox runs a bench's provider and returns what it receives.
func inbox(t *testing.T, b *bench, dir string) <-chan providers.Incoming {
	t.Helper()
	got := make(chan providers.Incoming, 20)
	b.p.env.Files = media.New(dir, "")
	b.p.env.Receive = func(_ context.Context, m providers.Incoming) error {
		got <- m
		return nil
	}
	ctx, cancel := context.WithCancel(b.ctx)
	done := make(chan error, 1)
	go func() { done <- b.p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return got
}

func next(t *testing.T, b *bench, got <-chan providers.Incoming) providers.Incoming {
	t.Helper()
	select {
	case m := <-got:
		return m
	case <-b.ctx.Done():
		t.Fatal("no message")
		return providers.Incoming{}
	}
}

func TestMediaIn(t *testing.T) {
	t.Parallel()
	b := newBench(t, map[string]any{"mediaMaxMb": 0.001}, quick()) // 1048 bytes
	got := inbox(t, b, t.TempDir())
	jpeg, ogg := "\xff\xd8\xff\xe0 picture", "OggS\x00\x02"+strings.Repeat("\x00", 20)+"\x01\x13OpusHead\x01\x01"
	for id, content := range map[string]string{
		"photo": jpeg, "voice": ogg, "page": "<!DOCTYPE html><html>", "big": strings.Repeat("x", 2000),
	} {
		b.PutFile(id, []byte(content))
	}
	file := func(id string, more ...any) map[string]any {
		f := map[string]any{"file_id": id, "file_unique_id": id}
		for i := 0; i < len(more); i += 2 {
			f[more[i].(string)] = more[i+1]
		}
		return f
	}
	base := telegramfake.Direct(7, "").With("text", nil)
	for _, tt := range []struct {
		name, field string
		value       any
		text, mime  string // of what is received; no mime = without a file
		file        string
	}{
		{"photo", "photo", []any{file("small"), file("photo", "width", 90, "height", 90)}, "<media:image>", "image/jpeg", "photo.jpg"},
		{"voice", "voice", file("voice", "mime_type", "audio/ogg"), "<media:audio>", "audio/ogg", "voice.ogg"},
		{"sticker", "sticker", file("photo", "emoji", "😀"), "<media:sticker> 😀", "image/jpeg", "sticker.webp"},
		{"a page named .jpg", "document", file("page", "file_name", "a.jpg", "mime_type", "image/jpeg"), "<media:document>", "text/html", "a.jpg"},
		{"announced too large", "document", file("photo", "file_size", 999_999), "<media:document>", "", ""},
		{"too large", "document", file("big"), "<media:document>", "", ""},
		{"gone", "video", file("none"), "<media:video>", "", ""},
		{"location", "location", map[string]any{"latitude": 52.5, "longitude": 13.25}, "[location: 52.5, 13.25]", "", ""},
		{"contact", "contact", map[string]any{"phone_number": "+491", "first_name": "Ann", "last_name": "Lee"}, "[contact: Ann Lee +491]", "", ""},
	} {
		b.Push(base.With(tt.field, tt.value))
		m := next(t, b, got)
		if m.Text != tt.text || (len(m.Media) > 0) != (tt.mime != "") {
			t.Errorf("%s: %q with %+v", tt.name, m.Text, m.Media)
			continue
		}
		if tt.mime == "" {
			continue
		}
		if a := m.Media[0]; a.MIME != tt.mime || a.Name != tt.file || a.Size == 0 {
			t.Errorf("%s: %+v", tt.name, a)
		} else if _, err := os.Stat(a.Path); err != nil {
			t.Error(err)
		}
	}
	b.Script("getFile", telegramfake.Status(502))
	b.Push(base.With("photo", []any{file("photo")}).With("caption", "look"))
	if m := next(t, b, got); m.Text != "look" || len(m.Media) != 1 {
		t.Errorf("after a hiccup: %+v", m)
	}
}

// The address of a file holds the token; no error does.
func TestFile_errorsHideTheToken(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, quick())
	for _, rt := range []http.RoundTripper{failing{}, b.p.poll.rt} {
		a := newAPI(b.URL(), "424242:"+strings.Repeat("s", 30), rt)
		_, err := a.file(b.ctx, "photos/x.jpg")
		if e, ok := errors.AsType[*apiError](err); !ok || strings.Contains(e.Error(), "sss") {
			t.Errorf("error %v", err)
		}
	}
	for place, ok := range map[string]bool{"photos/a.jpg": true, "../x": false, "a//b": false, "a?b": false, "/abs": false} {
		if within(place) != ok {
			t.Errorf("within(%q) = %v", place, !ok)
		}
	}
}

type failing struct{}

func (failing) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, errors.Join(io.ErrUnexpectedEOF, errors.New(r.URL.String()))
}

func TestSend_kinds(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, quick())
	path := t.TempDir() + "/f"
	if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	for mime, method := range map[string]string{
		"image/gif": "sendAnimation", "video/mp4": "sendVideo", "audio/ogg": "sendVoice", "audio/mpeg": "sendAudio", "audio/x-other": "sendDocument",
		"image/svg+xml": "sendDocument", "application/pdf": "sendDocument",
	} {
		if err := b.send(t, providers.Outgoing{Text: "**", Media: &providers.Media{Path: path, MIME: mime, Name: "f.x"}}); err != nil {
			t.Fatal(err)
		}
		sent := b.Sent()
		if m := sent[len(sent)-1]; m.Method != method || string(m.File) != "content" {
			t.Errorf("%s went by %s", mime, m.Method)
		}
	}
	before := len(b.Sent())
	b.Script("sendPhoto", telegramfake.Fault{Code: 400, Description: "Bad Request: PHOTO_INVALID_DIMENSIONS"})
	if err := b.send(t, providers.Outgoing{Media: &providers.Media{Path: path, MIME: "image/png", Name: "f.png"}}); err != nil {
		t.Fatal(err)
	}
	if err := b.send(t, providers.Outgoing{Text: "<b>broken", Media: &providers.Media{Path: path, MIME: "image/png"}}); err != nil {
		t.Fatal(err)
	}
	sent := b.Sent()[before:]
	if len(sent) != 2 || sent[0].Method != "sendDocument" || string(sent[0].File) != "content" || sent[1].Text != "broken" || string(sent[1].File) != "content" {
		t.Errorf("sent %+v", sent)
	}
}

// Of an answer in parts, the first one quotes; a group that became a supergroup gets its messages under the new id.
func TestSend_partsAndMigration(t *testing.T) {
	t.Parallel()
	b := newBench(t, map[string]any{"replyToMode": "first"}, quick())
	for part := range 2 {
		if err := b.send(t, providers.Outgoing{Part: part, Text: "x", Route: providers.Route{Chat: "7", ReplyTo: "5"}}); err != nil {
			t.Fatal(err)
		}
	}
	if sent := b.Sent(); sent[0].Params["reply_to_message_id"] != "5" || sent[1].Params["reply_to_message_id"] != "" {
		t.Errorf("sent %+v", sent)
	}
	b.Script("sendMessage", telegramfake.Fault{Code: 400, Raw: `{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1009}}`})
	for range 2 {
		r, err := b.p.Send(b.ctx, providers.Outgoing{Text: "x", Route: providers.Route{Chat: "-9"}})
		if err != nil || r.ChatID != "-1009" {
			t.Fatalf("receipt %+v, %v", r, err)
		}
	}
	if n := b.Calls()["sendMessage"]; n != 5 {
		t.Errorf("%d calls", n)
	}
}
