package telegram

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
)

func (b *bench) send(t *testing.T, m providers.Outgoing) *providers.SendError {
	t.Helper()
	if m.Route.Chat == "" {
		m.Route.Chat = "7"
	}
	_, err := b.p.Send(b.ctx, m)
	if err == nil {
		return nil
	}
	return err.(*providers.SendError)
}

func TestSend_parameters(t *testing.T) {
	t.Parallel()
	const common = `{"chat_id":"7","disable_web_page_preview":"true","parse_mode":"HTML"`
	tests := []struct {
		name, mode string
		route      providers.Route
		text, want string
	}{
		{"plain", "off", providers.Route{Chat: "7"}, "*hi*", common + `,"text":"*hi*"}`},
		{"no markup when it cannot be read", "off", providers.Route{Chat: "7"}, "<b>a</i> &lt;b", `{"chat_id":"7","disable_web_page_preview":"true","text":"a <b"}`},
		{"reply off", "off", providers.Route{Chat: "7", ReplyTo: "5"}, "hi", common + `,"text":"hi"}`},
		{"reply all", "all", providers.Route{Chat: "7", ReplyTo: "5"}, "hi", common + `,"text":"hi","reply_to_message_id":"5","allow_sending_without_reply":"true"}`},
		{"reply first", "first", providers.Route{Chat: "7", ReplyTo: "5"}, "hi", common + `,"text":"hi","reply_to_message_id":"5","allow_sending_without_reply":"true"}`},
		{"reply to a foreign id", "all", providers.Route{Chat: "7", ReplyTo: "abc"}, "hi", common + `,"text":"hi"}`},
		{"topic", "off", providers.Route{Chat: "7", Thread: "9"}, "hi", common + `,"text":"hi","message_thread_id":"9"}`},
		{"general topic", "off", providers.Route{Chat: "7", Thread: "1"}, "hi", common + `,"text":"hi"}`},
		{"prefixed chat", "off", providers.Route{Chat: "telegram:7"}, "hi", common + `,"text":"hi"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, map[string]any{"replyToMode": tt.mode}, quick())
			receipt, err := b.p.Send(b.ctx, providers.Outgoing{Route: tt.route, Text: tt.text})
			if err != nil {
				t.Fatal(err)
			}
			sent := b.Sent()
			if len(sent) != 1 {
				t.Fatalf("sent %+v", sent)
			}
			var want map[string]string
			if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, sent[0].Params); diff != "" {
				t.Error(diff)
			}
			if receipt.ChatID != "7" || receipt.MessageID == "" || receipt.MessageID == "0" {
				t.Errorf("receipt %+v", receipt)
			}
		})
	}
}

func TestSend_markupFallback(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, quick())
	if err := b.send(t, providers.Outgoing{Text: "<b>a"}); err != nil {
		t.Fatal(err)
	}
	if n := b.Calls()["sendMessage"]; n != 2 {
		t.Errorf("%d calls, want one with markup and one without", n)
	}
	// Once only, and for this complaint only.
	b.Script("sendMessage", telegramfake.Fault{Code: 400, Description: "Bad Request: Can't find end of the entity"}, telegramfake.TooMany(3))
	if err := b.send(t, providers.Outgoing{Text: "x"}); err == nil || err.Class != providers.Transient || err.RetryAfter != 3*time.Second {
		t.Errorf("Send = %v, want the second try's 429", err)
	}
	if n := len(b.Sent()); n != 1 {
		t.Errorf("%d messages arrived", n)
	}
}

func TestSend_errors(t *testing.T) {
	t.Parallel()
	fault := func(code int, text string) telegramfake.Fault {
		return telegramfake.Fault{Code: code, Description: text}
	}
	raw := func(code int, body string) telegramfake.Fault { return telegramfake.Fault{Code: code, Raw: body} }
	tests := []struct {
		name  string
		fault telegramfake.Fault
		class providers.Class
		text  string // part of the error
	}{
		{"chat not found", fault(400, "Bad Request: chat not found"), providers.Permanent, "no chat 7 for this bot"},
		{"bad request", fault(400, "Bad Request: message is too long"), providers.Permanent, "message is too long"},
		{"blocked", fault(403, "Forbidden: bot was blocked by the user"), providers.Permanent, "does not let this bot write"},
		{"bad token", fault(401, "Unauthorized"), providers.Unauthorized, "Unauthorized"},
		{"no token", fault(404, "Not Found"), providers.Unauthorized, "Not Found"},
		{"no method", fault(404, "Not Found: method not found"), providers.Permanent, "method not found"},
		{"rate limit without a delay", fault(429, "Too Many Requests"), providers.Transient, "Too Many Requests"},
		{"server error", fault(500, "Internal Server Error"), providers.Transient, "500"},
		{"gateway page", raw(502, "<html>"), providers.Transient, "HTTP 502"},
		{"foreign refusal", raw(403, "<html>"), providers.Transient, "HTTP 403"},
		{"redirect", raw(302, ""), providers.Transient, "HTTP 302"},
		{"too large for the gateway", raw(413, "<html>"), providers.Permanent, "HTTP 413"},
		{"unreadable success", raw(200, "ok!"), providers.Ambiguous, "HTTP 200"},
		{"success of another shape", raw(200, `{"ok":true,"result":[]}`), providers.Ambiguous, "unreadable result"},
		{"odd parameters", raw(429, `{"ok":false,"error_code":429,"description":"x","parameters":{"retry_after":"soon"}}`), providers.Transient, "429"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil, quick())
			if tt.name == "redirect" {
				tt.fault.Raw = " "
			}
			b.Script("sendMessage", tt.fault)
			err := b.send(t, providers.Outgoing{Text: "hi"})
			if err == nil || err.Class != tt.class || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("Send = %v, want %s with %q", err, tt.class, tt.text)
			}
			if n := b.Calls()["sendMessage"]; n != 1 {
				t.Errorf("%d calls", n)
			}
		})
	}
	b := newBench(t, nil, quick())
	if err := b.send(t, providers.Outgoing{Route: providers.Route{Chat: "a b"}, Text: "hi"}); err == nil || err.Class != providers.Permanent {
		t.Errorf("Send to no chat = %v", err)
	}
}

func TestSend_media(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 3, 2))); err != nil {
		t.Fatal(err)
	}
	write := func(name string, content []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	image, note := write("a.png", picture.Bytes()), write("note.txt", []byte("plain"))
	big := write("big.bin", bytes.Repeat([]byte{0, 1, 2, 3}, 1<<20))
	tests := []struct {
		name, path, mime, title string
		method, fileName        string
	}{
		{"photo", image, "image/png", "", "sendPhoto", "a.png"},
		{"photo by content", image, "", "", "sendPhoto", "a.png"},
		{"document", note, "", "", "sendDocument", "note.txt"},
		{"large document with a name", big, "application/zip", "x.zip", "sendDocument", "x.zip"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			opt := quick()
			opt.upload = 30 * time.Second // four megabytes, on a busy machine
			b := newBench(t, map[string]any{"replyToMode": "all"}, opt)
			err := b.send(t, providers.Outgoing{
				Route: providers.Route{Chat: "7", ReplyTo: "5"}, Text: "a_caption",
				Media: &providers.Media{Path: tt.path, MIME: tt.mime, Name: tt.title},
			})
			if err != nil {
				t.Fatal(err)
			}
			content, readErr := os.ReadFile(tt.path)
			if readErr != nil {
				t.Fatal(readErr)
			}
			m := b.Sent()[0]
			if m.Method != tt.method || m.FileName != tt.fileName || m.Text != "a_caption" || !bytes.Equal(m.File, content) {
				t.Errorf("sent %s %q %q with %d bytes", m.Method, m.FileName, m.Text, len(m.File))
			}
			if m.Params["reply_to_message_id"] != "5" || m.Params["parse_mode"] != "HTML" {
				t.Errorf("parameters %v", m.Params)
			}
		})
	}
	b := newBench(t, nil, quick())
	if err := b.send(t, providers.Outgoing{Media: &providers.Media{Path: filepath.Join(dir, "missing")}}); err == nil || err.Class != providers.Permanent {
		t.Errorf("Send of a missing file = %v", err)
	}
	b.Script("sendPhoto", telegramfake.DropAfter())
	if err := b.send(t, providers.Outgoing{Media: &providers.Media{Path: image}}); err == nil || err.Class != providers.Ambiguous {
		t.Errorf("Send with a lost answer = %v", err)
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"123": "123", "-100123": "-100123", "@ann": "@ann", "telegram:123": "123", "TG: 123": "123", "group:-5": "-5",
		"https://t.me/annlee": "@annlee", "t.me/annlee/": "@annlee", "annlee": "@annlee", " 7 ": "7",
		"ann": "", "": "", "@": "", "a b": "", "telegram:": "", "https://t.me/+invite": "",
	} {
		got, err := target(in)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("target(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestTyping(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, quick())
	if err := b.p.Typing(b.ctx, "telegram:7"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"chat_id": "7", "action": "typing"}, b.LastCall("sendChatAction")); diff != "" {
		t.Error(diff)
	}
	if err := b.p.Typing(b.ctx, "?"); err == nil {
		t.Error("typing in no chat")
	}
}

func TestProxy(t *testing.T) {
	t.Parallel()
	var asked atomic.Pointer[string]
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		url := r.RequestURI
		asked.Store(&url)
		w.WriteHeader(http.StatusBadGateway)
	}))
	t.Cleanup(proxy.Close)
	raw, err := json.Marshal(map[string]string{"botToken": "1:a", "proxy": proxy.URL})
	if err != nil {
		t.Fatal(err)
	}
	p, err := newProvider(providers.Env{Config: raw, Endpoint: "http://telegram.invalid"}, quick())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Send(t.Context(), providers.Outgoing{Route: providers.Route{Chat: "7"}, Text: "hi"}); err == nil {
		t.Error("sent through a broken proxy")
	}
	if got := asked.Load(); got == nil || *got != "http://telegram.invalid/bot1:a/sendMessage" {
		t.Errorf("the proxy was asked for %v", got)
	}
}
