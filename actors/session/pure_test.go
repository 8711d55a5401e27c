package session

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

func TestPolicy(t *testing.T) {
	t.Parallel()
	rules := []PolicyRule{
		{Action: "allow", Surface: "Telegram"}, {Action: "deny", ChatType: "group"}, {Action: "deny", KeyPrefix: "CRON:"},
	}
	for _, c := range []struct {
		name   string
		policy Policy
		key    string
		entry  wire.SessionEntry
		want   bool
	}{
		{"nothing said", Policy{}, "main", wire.SessionEntry{}, false},
		{"default deny", Policy{Default: "deny"}, "main", wire.SessionEntry{}, true},
		{"the session's own allow wins", Policy{Default: "deny"}, "main", wire.SessionEntry{SendPolicy: "allow"}, false},
		{"the session's own deny wins", Policy{}, "main", wire.SessionEntry{SendPolicy: "deny"}, true},
		{"allow against the default", Policy{"deny", rules}, "main", wire.SessionEntry{LastChannel: "telegram"}, false},
		{"deny beats allow", Policy{"allow", rules}, "telegram:group:5", wire.SessionEntry{}, true},
		{"key prefix", Policy{"allow", rules}, "cron:1", wire.SessionEntry{}, true},
		{"no rule matches", Policy{"allow", rules}, "main", wire.SessionEntry{}, false},
	} {
		if got := c.policy.Denies(c.key, c.entry); got != c.want {
			t.Errorf("%s: denies = %v, want %v", c.name, got, c.want)
		}
	}
}

func TestKindAndName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		key        string
		entry      wire.SessionEntry
		kind, name string
	}{
		{"main", wire.SessionEntry{}, "direct", ""},
		{"global", wire.SessionEntry{}, "global", ""},
		{"telegram:group:-5", wire.SessionEntry{}, "group", "telegram:g-5"},
		{"telegram:group:-5", wire.SessionEntry{Subject: "My Família!"}, "group", "telegram:g-my-fam-lia"},
		{"slack:channel:C1", wire.SessionEntry{Room: "#general", Space: "Acme"}, "group", "slack:acme#general"},
		{"x", wire.SessionEntry{Surface: "discord", Subject: "@bob"}, "direct", "discord:@bob"},
		{"x", wire.SessionEntry{Surface: "discord", Subject: "..."}, "direct", "discord"},
		{"x", wire.SessionEntry{DisplayName: "Kept", ChatType: "room"}, "group", "Kept"},
		{"group:120@g.us", wire.SessionEntry{}, "group", ""}, // a legacy key names no surface
		{"group:telegram:-5", wire.SessionEntry{Surface: "Telegram"}, "group", "telegram:g-telegram-5"},
		{"imessage:group:chat;+;12:34", wire.SessionEntry{}, "group", "imessage:g-chat-+-12-34"},
		{"discord:channel:9", wire.SessionEntry{Room: "General  Chat"}, "group", "discord:g-general-chat"},
		{"discord:channel:9", wire.SessionEntry{Subject: "##dev"}, "group", "discord:g-dev"},
		{"discord:channel:9", wire.SessionEntry{Room: "#dev"}, "group", "discord:#dev"},
		{"slack:group:g-1", wire.SessionEntry{}, "group", "slack:g-1"},
		{"signal:group:日本語のとても長いグループ", wire.SessionEntry{}, "group", "signal"}, // nor does its shortened form leave anything
		{"main:group", wire.SessionEntry{}, "direct", ""},
	} {
		if got := kindOf(c.key, c.entry); got != c.kind {
			t.Errorf("%s: kind %q, want %q", c.key, got, c.kind)
		}
		if got := displayName(c.key, c.entry, surfaceOf(c.key, c.entry)); got != c.name {
			t.Errorf("%s %+v: name %q, want %q", c.key, c.entry, got, c.name)
		}
	}
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	raw := func(v any) wire.Raw { b, _ := wire.Marshal(v); return b }
	png := wire.Attachment{MimeType: "image/png", FileName: "my cat.png", Content: "AAAA"}
	for _, c := range []struct {
		name, message string
		in            []wire.Raw
		want, err     string
	}{
		{name: "none", message: "hi", want: "hi"},
		{name: "one", message: "hi", in: []wire.Raw{raw(png)}, want: "hi\n\n![my_cat.png](data:image/png;base64,AAAA)"},
		{name: "blank message", message: "  ", in: []wire.Raw{raw(png)}, want: "![my_cat.png](data:image/png;base64,AAAA)"},
		{name: "label", in: []wire.Raw{raw(wire.Attachment{MimeType: "image/png", Content: "AAAA"})}, want: "![attachment-1](data:image/png;base64,AAAA)"},
		{name: "no content", in: []wire.Raw{raw(wire.Attachment{MimeType: "image/png"})}, err: "Error: attachment attachment-1: content must be base64 string"},
		{name: "not an image", in: []wire.Raw{raw(wire.Attachment{MimeType: "text/plain", Content: "AAAA", Type: "note"})}, err: "Error: attachment note: only image/* supported"},
		{name: "not base64", in: []wire.Raw{raw(wire.Attachment{MimeType: "image/png", Content: "A*AA"})}, err: "Error: attachment attachment-1: invalid base64 content"},
		{name: "odd length", in: []wire.Raw{raw(wire.Attachment{MimeType: "image/png", Content: "AAA"})}, err: "Error: attachment attachment-1: invalid base64 content"},
		{name: "too large", in: []wire.Raw{raw(wire.Attachment{MimeType: "image/png", Content: base64.StdEncoding.EncodeToString(make([]byte, maxAttachment+1))})},
			err: "Error: attachment attachment-1: exceeds size limit (5000001 > 5000000 bytes)"},
		{name: "not an object", in: []wire.Raw{wire.Raw(`5`)}, err: "Error: attachment attachment-1: content must be base64 string"},
	} {
		got, err := withAttachments(c.message, c.in)
		if c.err != "" {
			if err == nil || err.Error() != c.err {
				t.Errorf("%s: error %v, want %q", c.name, err, c.err)
			}
		} else if err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}

func TestRoute(t *testing.T) {
	t.Parallel()
	list := map[string][]string{"whatsapp": {"+1", "+2"}}
	o := &Options{
		AllowFrom:  func(s string) []string { return list[s] },
		CanDeliver: func(s string) bool { return s == "pigeon" || s == "slack" },
	}
	for _, c := range []struct {
		name, channel, to string
		entry             wire.SessionEntry
		want              string // surface and chat; "" = nowhere
	}{
		{"last", "last", "", wire.SessionEntry{LastChannel: "telegram", LastTo: "7"}, "telegram 7"},
		{"explicit recipient", "telegram", "9", wire.SessionEntry{LastChannel: "telegram", LastTo: "7"}, "telegram 9"},
		{"stale recipient becomes the first allowed", "whatsapp", "", wire.SessionEntry{LastChannel: "whatsapp", LastTo: "+9"}, "whatsapp +1"},
		{"allowed recipient stays", "whatsapp", "", wire.SessionEntry{LastChannel: "whatsapp", LastTo: "+2"}, "whatsapp +2"},
		{"webchat is never a target", "last", "", wire.SessionEntry{LastChannel: "webchat"}, "whatsapp +1"},
		{"asked for webchat", "webchat", "x", wire.SessionEntry{}, ""},
		{"an embedder's own surface", "pigeon", "roof", wire.SessionEntry{LastChannel: "telegram", LastTo: "7"}, "pigeon roof"},
		{"slack is one like the others", "slack", "", wire.SessionEntry{LastChannel: "slack", LastTo: "user:U1"}, "slack user:U1"},
		{"another surface does not take this one's recipient", "telegram", "", wire.SessionEntry{LastChannel: "whatsapp", LastTo: "+2"}, "telegram "},
		{"one of several accounts", "slack:work", "user:U1", wire.SessionEntry{}, "slack:work user:U1"},
		{"its own last recipient", "telegram:work", "", wire.SessionEntry{LastChannel: "telegram:work", LastTo: "7"}, "telegram:work 7"},
		{"not that of another account", "telegram:work", "", wire.SessionEntry{LastChannel: "telegram", LastTo: "7"}, "telegram:work "},
		{"one that is not there is not replaced", "telegram:gone", "7", wire.SessionEntry{LastChannel: "telegram", LastTo: "7"}, "telegram:gone 7"},
		{"no surface at all", "fax:work", "", wire.SessionEntry{LastChannel: "telegram", LastTo: "7"}, "telegram 7"},
	} {
		r := o.route(c.entry, c.channel, c.to)
		got := ""
		if r != nil {
			got = r.Account + " " + r.Chat
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestFinished_twoGenerationsAndAge(t *testing.T) {
	t.Parallel()
	var f finished
	now := time.Unix(1_000_000, 0)
	f.put(WaitResult{RunID: "a", EndedAt: now.UnixMilli()}, now)
	if _, ok := f.get("a", now.Add(finishedFor-time.Second)); !ok {
		t.Error("forgotten too early")
	}
	if _, ok := f.get("a", now.Add(finishedFor+time.Second)); ok {
		t.Error("remembered too long")
	}
	for i := range 3 * maxFinished {
		f.put(WaitResult{RunID: time.Duration(i).String(), EndedAt: now.UnixMilli()}, now)
	}
	if n := len(f.young) + len(f.old); n > 2*maxFinished {
		t.Errorf("%d results are kept", n)
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	at := func(n int64) *int64 { return &n }
	for _, c := range []struct {
		after *int64
		r     WaitResult
		want  bool
	}{
		{nil, WaitResult{}, true},
		{at(5), WaitResult{StartedAt: 5}, true},
		{at(6), WaitResult{StartedAt: 5, EndedAt: 9}, false},
		{at(6), WaitResult{EndedAt: 9}, true},
		{at(6), WaitResult{}, false},
	} {
		if got := matches(Wait{AfterMs: c.after}, c.r); got != c.want {
			t.Errorf("%v %+v: %v", c.after, c.r, got)
		}
	}
}

func TestTrim(t *testing.T) {
	t.Parallel()
	m := []wire.Raw{wire.Raw("aaaa"), wire.Raw("bbbb"), wire.Raw("cccc")}
	for limit, want := range map[int]int{100: 3, 12: 2, 7: 1, 1: 1} {
		if got := trim(m, limit); len(got) != want || string(got[len(got)-1]) != "cccc" {
			t.Errorf("limit %d: %d messages", limit, len(got))
		}
	}
}
