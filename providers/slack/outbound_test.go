package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/slackfake"
)

func to(chat string) providers.Route { return providers.Route{Chat: chat} }

func classOf(t *testing.T, err error) providers.Class {
	t.Helper()
	var se *providers.SendError
	if !errors.As(err, &se) {
		t.Fatalf("Send = %v, want a *providers.SendError", err)
	}
	return se.Class
}

func TestSend(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, nil, nil)
	r, err := b.send(providers.Outgoing{Key: "run-1", Text: "  *hello* &amp; <https://example.com|you>\n", Route: to("channel:" + slackfake.General)})
	if err != nil {
		t.Fatal(err)
	}
	sent := b.s.Sent(slackfake.General)
	if len(sent) != 1 || sent[0].Text != "*hello* &amp; <https://example.com|you>" || sent[0].TS != r.MessageID || r.ChatID != slackfake.General || sent[0].Thread != "" {
		t.Errorf("sent %+v, receipt %+v", sent, r)
	}
	if last := b.s.LastCall("chat.postMessage"); last["unfurl_links"] != "false" || last["unfurl_media"] != "false" || !strings.Contains(last["metadata"], "run-1") {
		t.Errorf("parameters %v", last)
	}
	for range 2 { // a person's conversation is opened once
		if r, err = b.send(providers.Outgoing{Key: "k", Text: "hi", Route: to("user:" + slackfake.Ann)}); err != nil || r.ChatID != slackfake.AnnDM {
			t.Errorf("%+v, %v", r, err)
		}
	}
	if n := b.s.Calls()["conversations.open"]; n != 1 {
		t.Errorf("opened %d times", n)
	}
}

func TestSend_classes(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, nil, nil)
	const post = "chat.postMessage"
	for name, tt := range map[string]struct {
		chat, text, method string
		fault              slackfake.Fault
		class              providers.Class
		says               string
	}{
		"no target":         {"the general channel", "x", post, slackfake.Fault{}, providers.Permanent, "give a channel id"},
		"a name":            {"#general", "x", post, slackfake.Fault{}, providers.Permanent, "give a channel id"},
		"no such channel":   {"C0NOSUCH01", "x", post, slackfake.Fault{}, providers.Permanent, "invited"},
		"nobody":            {"user:U0NOBODY01", "x", post, slackfake.Fault{}, providers.Permanent, "nobody can be written to"},
		"nothing":           {slackfake.General, " \n", post, slackfake.Fault{}, providers.Permanent, "nothing to send"},
		"not in channel":    {slackfake.General, "x", post, slackfake.Refuse("not_in_channel"), providers.Permanent, "/invite"},
		"scope":             {slackfake.General, "x", post, slackfake.Fault{Error: "missing_scope", Needed: "chat:write"}, providers.Permanent, "chat:write"},
		"limited by word":   {slackfake.General, "x", post, slackfake.Refuse("ratelimited"), providers.Transient, ""},
		"unavailable":       {slackfake.General, "x", post, slackfake.Refuse("service_unavailable"), providers.Transient, ""},
		"broken halfway":    {slackfake.General, "x", post, slackfake.Refuse("fatal_error"), providers.Ambiguous, "may or may not"},
		"a proxy's word":    {slackfake.General, "x", post, slackfake.Status(407), providers.Transient, ""},
		"cannot be read":    {slackfake.General, "x", post, slackfake.Status(204), providers.Ambiguous, ""},
		"revoked":           {slackfake.General, "x", post, slackfake.Refuse("token_revoked"), providers.Unauthorized, "slack.botToken"},
		"lost before it":    {"user:" + slackfake.Ann, "x", "conversations.open", slackfake.DropAfter(), providers.Transient, ""},
		"limited before it": {"user:" + slackfake.Ann, "x", "conversations.open", slackfake.TooMany(7), providers.Transient, ""},
	} {
		if tt.fault != (slackfake.Fault{}) {
			b.s.Script(tt.method, tt.fault)
		}
		_, err := b.send(providers.Outgoing{Key: name, Text: tt.text, Route: to(tt.chat)})
		if got := classOf(t, err); got != tt.class || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %s", name, err, tt.class)
		}
	}
	if n := len(b.s.Sent("")); n != 0 {
		t.Errorf("%d messages arrived", n)
	}
}

func attachment(t *testing.T, name string, data []byte) *providers.Media {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kept")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return &providers.Media{Path: path, Name: name, Size: int64(len(data))}
}

func TestSend_file(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, nil, nil)
	data := bytes.Repeat([]byte("picture "), 1000)
	m := providers.Outgoing{Key: "f", Text: "look", Route: providers.Route{Chat: slackfake.General, Thread: "1700000000.000100"}, Media: attachment(t, "../p.txt", data)}
	r, err := b.send(m)
	if err != nil {
		t.Fatal(err)
	}
	sent := b.s.Sent(slackfake.General)
	if len(sent) != 1 || sent[0].Text != "look" || sent[0].Thread != "1700000000.000100" || len(sent[0].Files) != 1 || sent[0].TS != r.MessageID {
		t.Fatalf("sent %+v, receipt %+v", sent, r)
	}
	if f := sent[0].Files[0]; f.Name != "p.txt" || !bytes.Equal(f.Data, data) {
		t.Errorf("file %s, %d bytes", f.Name, len(f.Data))
	}
	if left, _ := b.cursor.Get(b.ctx, uploadKey("f")); left != "" {
		t.Errorf("the cursor keeps %q", left)
	}

	for name, tt := range map[string]struct {
		method string
		fault  slackfake.Fault
		class  providers.Class
	}{
		"no place":       {"files.getUploadURLExternal", slackfake.DropAfter(), providers.Transient},
		"bytes are lost": {"upload", slackfake.DropBefore(), providers.Transient},
		"sharing":        {"files.completeUploadExternal", slackfake.DropBefore(), providers.Ambiguous},
		"shared":         {"files.completeUploadExternal", slackfake.DropAfter(), providers.Ambiguous},
		"scope":          {"files.getUploadURLExternal", slackfake.Fault{Error: "missing_scope", Needed: "files:write"}, providers.Permanent},
	} {
		b.s.Script(tt.method, tt.fault)
		m.Key, m.Media = name, attachment(t, "p.txt", data)
		if _, err := b.send(m); classOf(t, err) != tt.class {
			t.Errorf("%s: %v, want %s", name, err, tt.class)
		}
	}
	for name, found := range map[string]bool{"no place": false, "sharing": false, "shared": true} {
		m.Key = name
		if r, got, err := b.p.Reconcile(b.ctx, m); err != nil || got != found || found && r.MessageID == "" {
			t.Errorf("Reconcile of %q = %+v, %v, %v", name, r, got, err)
		}
	}
	m.Key = "shared"
	b.make(nil) // a new process
	if r, found, err := b.p.Reconcile(b.ctx, m); err != nil || !found || r.MessageID != b.s.Sent("")[1].TS {
		t.Errorf("after a restart: %+v, %v, %v", r, found, err)
	}
	m.Key, m.Media = "empty", attachment(t, "e.txt", nil)
	if _, err := b.send(m); classOf(t, err) != providers.Permanent || !strings.Contains(err.Error(), "empty") {
		t.Errorf("an empty file: %v", err)
	}
	m.Media = &providers.Media{Path: filepath.Join(t.TempDir(), "gone")}
	if _, err := b.send(m); classOf(t, err) != providers.Permanent {
		t.Errorf("a file that is gone: %v", err)
	}
}

func TestReconcile(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, nil, nil)
	root := b.s.Post(slackfake.Message{Channel: slackfake.General, User: slackfake.Ann, Text: "root"})
	for name, tt := range map[string]struct {
		thread string
		fault  slackfake.Fault
		found  bool
	}{
		"lost":             {"", slackfake.DropBefore(), false},
		"arrived":          {"", slackfake.DropAfter(), true},
		"lost in a thread": {root, slackfake.DropBefore(), false},
		"in a thread":      {root, slackfake.DropAfter(), true},
	} {
		m := providers.Outgoing{Key: name, Text: "the same text", Route: providers.Route{Chat: slackfake.General, Thread: tt.thread}}
		b.s.Script("chat.postMessage", tt.fault)
		if _, err := b.send(m); classOf(t, err) != providers.Ambiguous {
			t.Fatal(err)
		}
		for _, process := range []string{"same", "next"} {
			r, found, err := b.p.Reconcile(b.ctx, m)
			if err != nil || found != tt.found || found && (r.MessageID == "" || r.ChatID != slackfake.General) {
				t.Errorf("%s, %s process: %+v, %v, %v", name, process, r, found, err)
			}
			b.make(nil)
		}
	}
	b.s.Script("conversations.history", slackfake.Status(500))
	if _, found, err := b.p.Reconcile(b.ctx, providers.Outgoing{Key: "x", Route: to(slackfake.General)}); err == nil || found {
		t.Errorf("an unreadable history: %v, %v", found, err)
	}
	many := make([]slackfake.Message, lookPage*lookPages+1)
	for i := range many {
		many[i] = slackfake.Message{Channel: slackfake.AnnDM, User: slackfake.Ann, Text: "flood"}
	}
	b.s.PostAll(many, false)
	if _, found, err := b.p.Reconcile(b.ctx, providers.Outgoing{Key: "x", Route: to(slackfake.AnnDM)}); err == nil || found {
		t.Errorf("more than is looked at: %v, %v", found, err)
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, map[string]any{"slashCommand": map[string]any{"enabled": true}, "channels": map[string]any{slackfake.General: map[string]any{}}}, nil)
	b.s.AddConversation(slackfake.Conversation{ID: other, Kind: slackfake.Public, Name: "other"})
	b.start()
	b.s.Command("c1", "/clawd", slackfake.Ann, slackfake.General, "what's up")
	m := b.awaitText("what's up")
	b.acked("c1")
	if !m.Command || m.Kind != providers.Channel || m.Sender.ID != slackfake.Ann || m.RoomID != slackfake.General {
		t.Errorf("%+v", m)
	}
	route := providers.Route{Chat: m.Chat, ReplyTo: m.ID}
	for range answerUses {
		if r, err := b.send(providers.Outgoing{Key: "k", Text: "not much", Route: route}); err != nil || r.MessageID == "" {
			t.Fatal(r, err)
		}
	}
	if got := b.s.Responses(); len(got) != answerUses || got[0] != (slackfake.Response{Key: "c1", Type: "ephemeral", Text: "not much"}) {
		t.Errorf("responses %+v", got)
	}
	// Slack takes no more: the rest goes to the person, never to the channel. So does a file, and all after a restart.
	sendTwice := func() {
		for _, media := range []*providers.Media{nil, attachment(t, "a.txt", []byte("a"))} {
			if _, err := b.send(providers.Outgoing{Key: "k", Text: "more", Route: route, Media: media}); err != nil {
				t.Fatal(err)
			}
		}
	}
	sendTwice()
	b.make(nil)
	sendTwice()
	if n, leak := len(b.s.Sent(slackfake.AnnDM)), len(b.s.Sent(slackfake.General)); n != 4 || leak != 0 {
		t.Errorf("%d direct messages, %d in the channel", n, leak)
	}
	for key, tt := range map[string]struct{ command, channel, text, want string }{
		"empty":     {"/clawd", slackfake.General, " ", "Say what you want"},
		"another":   {"/other", slackfake.General, "x", "I answer to /clawd"},
		"elsewhere": {"/clawd", other, "x", "channel not allowed"},
	} {
		b.s.Command(key, tt.command, slackfake.Ann, tt.channel, tt.text)
		b.acked(key)
		var n struct{ Text, ResponseType string }
		if err := json.Unmarshal([]byte(b.s.AckBody(key)), &n); err != nil || !strings.Contains(n.Text, tt.want) {
			t.Errorf("%s: %s", key, b.s.AckBody(key))
		}
	}
	if got := b.texts(); len(got) != 1 {
		t.Errorf("received %q", got)
	}
}

func TestCommand_off(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, nil, nil)
	b.start()
	b.s.Command("c1", "/clawd", slackfake.Ann, slackfake.AnnDM, "hi")
	b.acked("c1")
	if !strings.Contains(b.s.AckBody("c1"), "switched off") || len(b.texts()) != 0 {
		t.Errorf("%s, %q", b.s.AckBody("c1"), b.texts())
	}
}

func TestAnswerURLs_areBounded(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, nil, nil)
	now := time.Now()
	b.p.env.Now = func() time.Time { now = now.Add(time.Millisecond); return now }
	for i := range 2 * maxAnswers {
		b.p.remember("cmd:"+strings.Repeat("x", i), b.s.URL()+"/commands/x")
	}
	b.p.remember("cmd:evil", "https://evil.example/hook")
	if n := len(b.p.answers); n != maxAnswers {
		t.Errorf("%d are remembered", n)
	}
	if b.p.use("cmd:evil") != "" || b.p.use("cmd:") != "" || b.p.use("cmd:"+strings.Repeat("x", 2*maxAnswers-1)) == "" {
		t.Error("the wrong ones are remembered")
	}
	now = now.Add(answerLife)
	if b.p.use("cmd:"+strings.Repeat("x", 2*maxAnswers-1)) != "" {
		t.Error("an address outlives its time")
	}
}
