package outbox

import (
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

func TestTelegramChat(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"123": "123", " -100123 ": "-100123", "telegram:123": "123", "TG:123": "123", "group:-5": "-5", "@name": "@name",
		"t.me/my_name": "@my_name", "https://t.me/my_name": "@my_name", "my_name": "@my_name", "abc": "abc", "telegram:tg:1": "tg:1",
	} {
		if got := telegramChat(in); got != want {
			t.Errorf("telegramChat(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestChat(t *testing.T) {
	t.Parallel()
	for in, want := range map[[2]string]string{
		{"slack", "channel:C1"}: "C1", {"slack", "<#C1|general>"}: "C1", {"slack", "C1"}: "C1", {"slack", "<@U1>"}: "user:U1", {"slack", "Slack:U1"}: "user:U1",
		{"slack", "@U1"}: "user:U1", {"discord", "<@!5>"}: "user:5", {"discord", "User: 5"}: "user:5", {"discord", "channel:9"}: "9", {"discord", "9"}: "9",
		{"whatsapp", "whatsapp:+49 (170) 123"}: "+49170123", {"whatsapp", "49170123:5@s.whatsapp.net"}: "+49170123", {"whatsapp", "1-2@g.us"}: "1-2@g.us",
		{"signal", "signal:+1 555-01"}: "+155501", {"signal", "Group:aB=="}: "group:aB==", {"signal", "u:ann.01"}: "u:ann.01",
		{"imessage", "chat_id:5"}: "group:5", {"imessage", "Group:5"}: "group:5", {"imessage", "Ann@Example.org"}: "ann@example.org",
		{"imessage", "imessage:+1 555"}: "+1555", {"telegram", "tg:5"}: "5", {"pigeon", " roof "}: "roof", {"whatsapp", ""}: "",
	} {
		got := Chat(in[0], in[1])
		if got != want || Chat(in[0], got) != got {
			t.Errorf("Chat(%q, %q) = %q, again %q, want %q", in[0], in[1], got, Chat(in[0], got), want)
		}
	}
}

func TestRows(t *testing.T) {
	t.Parallel()
	to := providers.Route{Account: "a", Surface: "telegram", Chat: "7", ReplyTo: "3", Kind: providers.Group}
	rows, err := Rows(Text{Key: "run", From: 2, RunID: "run-id", Route: to, Text: "aaaabbbbc", Max: 4}, cut)
	if err != nil || len(rows) != 3 {
		t.Fatalf("rows = %+v, %v", rows, err)
	}
	for i, want := range []string{"aaaa", "bbbb", "c"} {
		var out providers.Outgoing
		if err := wire.Unmarshal(rows[i].Payload, &out); err != nil {
			t.Fatal(err)
		}
		key := []string{"run#2", "run#3", "run#4"}[i]
		if rows[i].Key != key || out.Key != key || out.Text != want || out.Part != 2+i || out.Route != to || rows[i].RunID != "run-id" || rows[i].Chat != "7" || rows[i].Account != "a" {
			t.Errorf("row %d = %+v, message %+v", i, rows[i], out)
		}
	}
	written := to
	written.Chat = "telegram:7"
	if rows, err := Rows(Text{Key: "run", Route: written, Text: "a"}, cut); err != nil || rows[0].Chat != "7" {
		t.Errorf("a recipient as people write it: %+v, %v", rows, err)
	}
	if rows, err := Rows(Text{Key: "run", Route: to}, cut); err != nil || len(rows) != 0 {
		t.Errorf("rows of an empty text = %+v, %v", rows, err)
	}
	longest := 0
	_, _ = Rows(Text{Text: "x"}, func(_ string, max int) []string { longest = max; return nil })
	if longest != defaultMax {
		t.Errorf("default limit = %d", longest)
	}
}

func TestSendKey(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"send:k#0": "k", "send:a#b#12": "a#b", "run#0": "", "send:": "", "inbound:5#0": ""} {
		if got, _ := sendKey(in); got != want {
			t.Errorf("sendKey(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{})
	for name, tt := range map[string]struct {
		provider, to string
		chat, err    string
	}{
		"telegram":         {"telegram", "telegram:123", "123", ""},
		"in capitals":      {" Telegram", "123", "123", ""},
		"default":          {"", "+1", "", "WhatsApp is not linked"},
		"unknown provider": {"pigeon", "+1", "", "WhatsApp is not linked"},
		"imsg":             {"imsg", "+1", "", "iMessage is not configured"},
		"discord":          {"discord", "channel:1", "", "Discord is not configured"},
	} {
		got, err := resolve(r.dir, tt.provider, tt.to)
		switch {
		case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("%s: error %v, want %q", name, err, tt.err)
		case tt.err == "" && (err != nil || got.chat != tt.chat || got.account != "telegram" || got.max != 10):
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ surface, reason, want string }{
		{"telegram", "disabled", "telegram.enabled"},
		{"telegram", "not configured", "TELEGRAM_BOT_TOKEN"},
		{"whatsapp", "", "no active WhatsApp listener"},
		{"signal", "", "Signal is not configured"},
	} {
		if err := missing(tt.surface, tt.reason); !strings.Contains(err.Error(), tt.want) {
			t.Errorf("missing(%q, %q) = %v, want %q in it", tt.surface, tt.reason, err, tt.want)
		}
	}
}

func TestWhatsAppChat(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]string{
		"+49 170 1234567": "+491701234567", "491701234567": "+491701234567", "WhatsApp:+49-170-1234567": "+491701234567",
		"491701234567@s.whatsapp.net": "+491701234567", "491701234567:4@s.whatsapp.net": "+491701234567",
		"1203630@g.us": "1203630@g.us", "77@lid": "77@lid", "hello": "hello", "": "",
	} {
		if got := whatsAppChat(to); got != want {
			t.Errorf("%q = %q, want %q", to, got, want)
		}
	}
}
