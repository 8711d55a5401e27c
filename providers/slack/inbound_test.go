package slack

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/slackfake"
)

const (
	bob   = "U0BOB00001"
	trio  = "G0TRIO0001"
	other = "C0OTHER001"
)

func TestInbound_fields(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, nil, nil)
	b.s.AddUser(slackfake.User{ID: bob, Name: "bob", RealName: "Bob Real"})
	b.s.AddConversation(slackfake.Conversation{ID: trio, Kind: slackfake.MPIM, Name: "mpdm-ann--bob--clawd-1"})
	b.start()

	b.say(slackfake.AnnDM, "a &lt;b&gt; &amp;amp; c")
	if m := b.awaitText("a <b> &amp; c"); m.Kind != providers.Direct || m.Sender != (providers.Sender{ID: slackfake.Ann, Name: "Ann", Username: "ann"}) || m.Title != "" || m.Mentioned {
		t.Errorf("direct: %+v", m)
	}
	b.s.Post(slackfake.Message{Channel: trio, User: bob, Text: "trio"})
	if m := b.awaitText("trio"); m.Kind != providers.Group || m.Title != "mpdm-ann--bob--clawd-1" || m.Sender.Name != "Bob Real" {
		t.Errorf("group: %+v", m)
	}
	b.say(slackfake.General, "<@U0SOMEBODY> hi")
	if m := b.awaitText("<@U0SOMEBODY> hi"); m.Kind != providers.Channel || m.Title != "#general" || m.Room != "general" || m.Mentioned || !m.HasMentions {
		t.Errorf("channel: %+v", m)
	}
	ts := b.say(slackfake.General, "<@"+slackfake.BotUser+"> hello")
	if m := b.awaitText("<@" + slackfake.BotUser + "> hello"); !m.Mentioned || !m.HasMentions || m.ID != ts || m.Time.IsZero() {
		t.Errorf("mention: %+v", m)
	}
	b.acked(ts + ":mention")
	b.say(slackfake.General, "after")
	b.awaitText("after")
	if n := len(b.texts()); n != 5 {
		t.Errorf("received %q: the app_mention of a message is the same message", b.texts())
	}
}

// An app that is subscribed to mentions alone gets no message event.
func TestInbound_mentionAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, nil, nil)
	b.start()
	b.s.Event("m", map[string]any{"type": "app_mention", "channel": slackfake.General, "user": slackfake.Ann, "text": "<@" + slackfake.BotUser + "> hi", "ts": "1700000000.000100"})
	if m := b.awaitText("<@" + slackfake.BotUser + "> hi"); !m.Mentioned || m.Kind != providers.Channel || m.ID != "1700000000.000100" {
		t.Errorf("%+v", m)
	}
	b.acked("m")
}

func TestInbound_thread(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, nil, nil)
	b.start()
	root := b.say(slackfake.General, "shall we?")
	b.awaitText("shall we?")
	for _, text := range []string{"yes", "no"} {
		b.s.Post(slackfake.Message{Channel: slackfake.General, User: slackfake.Ann, Text: text, Thread: root})
		m := b.awaitText(text)
		if m.Thread != root || m.ReplyTo == nil || m.ReplyTo.Text != "shall we?" || m.ReplyTo.Sender != "Ann" || m.ReplyTo.ID != root {
			t.Errorf("%s: %+v, %+v", text, m, m.ReplyTo)
		}
	}
	if n := b.s.Calls()["conversations.replies"]; n != 1 {
		t.Errorf("the thread was asked for %d times", n)
	}
	if _, err := b.send(providers.Outgoing{Key: "k", Text: "done", Route: providers.Route{Chat: slackfake.General, Thread: root}}); err != nil {
		t.Fatal(err)
	}
	if sent := b.s.Sent(slackfake.General); len(sent) != 1 || sent[0].Thread != root {
		t.Errorf("sent %+v", sent)
	}
}

func TestInbound_ignored(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, nil, nil)
	b.start()
	for name, e := range map[string]map[string]any{
		"bot":       {"type": "message", "user": slackfake.Ann, "bot_id": "B1", "text": "bot"},
		"userless":  {"type": "message", "text": "nobody"},
		"ourselves": {"type": "message", "user": slackfake.BotUser, "text": "me"},
		"subtype":   {"type": "message", "user": slackfake.Ann, "subtype": "channel_topic", "text": "topic"},
		"no time":   {"type": "message", "user": slackfake.Ann, "text": "timeless", "ts": "soon"},
		"unknown":   {"type": "tea_time", "user": slackfake.Ann},
		"odd":       {"type": "message", "user": 7, "channel": []int{1}, "text": "odd"},
	} {
		if e["ts"] == nil {
			e["ts"] = "1700000000.000200"
		}
		if e["channel"] == nil {
			e["channel"], e["channel_type"] = slackfake.AnnDM, "im"
		}
		b.s.Event(name, e)
		b.acked(name)
	}
	b.say(slackfake.AnnDM, "real")
	b.awaitText("real")
	if got := b.texts(); len(got) != 1 {
		t.Errorf("received %q", got)
	}
}

func TestInbound_badText(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, nil, nil)
	b.start()
	zero := strings.Repeat("\u200b", 1<<18) // of three bytes each
	for _, text := range []string{"\u202Eevil\u202C", "a\x00b", zero + "x"} {
		b.say(slackfake.AnnDM, text)
		b.awaitText(text)
	}
	// Lone surrogates cannot be written in Go: they come as escapes.
	if got := plain("a\xed\xa0\x80b"); !strings.HasPrefix(got, "a\uFFFD") || !strings.HasSuffix(got, "b") {
		t.Errorf("plain = %q", got)
	}
}

func TestInbound_renamedChannelIsJudgedByID(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, nil, nil)
	b.s.AddConversation(slackfake.Conversation{ID: other, Kind: slackfake.Public, Name: "general"}) // looks like the other
	b.start()
	b.say(other, "let me in")
	m := b.awaitText("let me in")
	rules := rulesOf(Config{Channels: map[string]Channel{slackfake.General: {}, "#general": {}, "general": {}}})
	if r := rules(m); r.Refused == "" {
		t.Errorf("a channel with an allowed one's name: %+v", r)
	}
	b.s.Event("rename", map[string]any{"type": "channel_rename", "channel": map[string]any{"id": other, "name": "announcements"}})
	b.awaitText("Slack: a channel is now called #announcements")
	b.s.AddConversation(slackfake.Conversation{ID: other, Kind: slackfake.Public, Name: "announcements"})
	b.say(other, "after")
	if m := b.awaitText("after"); m.Chat != other || m.Title == "#general" {
		t.Errorf("%+v", m)
	}
}

func TestInbound_files(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, map[string]any{"mediaMaxMb": 0.001}, nil)
	b.start()
	png := append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{1}, 100)...)
	post := func(text string, files ...slackfake.File) {
		b.acked(b.s.Post(slackfake.Message{Channel: slackfake.AnnDM, User: slackfake.Ann, Text: text, Files: files}))
	}
	post("", slackfake.File{Name: "cat.png", MIME: "image/png", Data: png})
	m := b.awaitText("[Slack file: cat.png]")
	if len(m.Media) != 1 || m.Media[0].MIME != "image/png" || m.Media[0].Name != "cat.png" {
		t.Fatalf("media %+v", m.Media)
	}
	if data, err := os.ReadFile(m.Media[0].Path); err != nil || !bytes.Equal(data, png) {
		t.Errorf("kept %d bytes, %v", len(data), err)
	}
	post("two", slackfake.File{Name: "a.png", MIME: "image/png", Data: png}, slackfake.File{Name: "b.png", MIME: "image/png", Data: png})
	if m := b.awaitText("two"); len(m.Media) != 2 {
		t.Errorf("media %+v", m.Media)
	}
	b.s.Script("files-pri", slackfake.Refuse("signin"))
	post("login page", slackfake.File{Name: "photo.jpg", MIME: "image/jpeg", Data: png})
	if m := b.awaitText("login page"); len(m.Media) != 0 {
		t.Errorf("the page for signing in was taken for a picture: %+v", m.Media)
	}
	post("too big", slackfake.File{Name: "big.png", MIME: "image/png", Data: png, Size: 1 << 20})
	post("lies about its size", slackfake.File{Name: "big.png", MIME: "image/png", Data: bytes.Repeat(png, 100), Size: 10})
	post("elsewhere", slackfake.File{Name: "x.png", MIME: "image/png", External: "http://127.0.0.1:1/steal-the-token"})
	for _, text := range []string{"too big", "lies about its size", "elsewhere"} {
		if m := b.awaitText(text); len(m.Media) != 0 {
			t.Errorf("%s: media %+v", text, m.Media)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if log := b.log.String(); !strings.Contains(log, "files:read") || strings.Contains(log, "PLANTED") {
		t.Errorf("log:\n%s", log)
	}
}

// What takes longer to store than Slack waits is not acknowledged; Slack's second try is, without a second message.
func TestInbound_slowCommit(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{AckWithin: 200 * time.Millisecond}, nil, func(o *options) { o.ack = time.Nanosecond })
	b.start()
	ts := b.s.Post(slackfake.Message{Channel: slackfake.AnnDM, User: slackfake.Ann, Text: "slow"})
	b.awaitText("slow")
	if err := b.s.WaitAttempts(b.ctx, ts, 2); err != nil {
		t.Fatal("Slack was told of a message that took too long")
	}
	if b.s.Acked(ts) {
		t.Error("acknowledged too late")
	}
	if got := b.texts(); len(got) != 1 {
		t.Errorf("received %q", got)
	}
}

func TestInbound_storeFailure(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, nil, nil)
	broken := true
	b.store = func(context.Context, providers.Incoming) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if broken {
			return errors.New("disk full " + slackfake.DefaultBotToken)
		}
		return nil
	}
	b.start()
	ts := b.s.Post(slackfake.Message{Channel: slackfake.AnnDM, User: slackfake.Ann, Text: "precious"})
	if s := b.awaitLink(0, providers.LinkDegraded); !strings.Contains(s.Reason, "could not be stored: disk full") || strings.Contains(s.Reason, "PLANTED") {
		t.Errorf("reason %q", s.Reason)
	}
	b.mu.Lock()
	broken = false
	b.mu.Unlock()
	b.acked(ts)
	if got := b.texts(); len(got) != 1 || got[0] != "precious" {
		t.Errorf("received %q", got)
	}
}
