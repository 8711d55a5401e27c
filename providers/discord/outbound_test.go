package discord

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/discordfake"
)

func outgoing(key, chat, text string) providers.Outgoing {
	return providers.Outgoing{Key: key, Route: providers.Route{Chat: chat}, Text: text, Attempt: 1}
}

// The same key is one message, however often it is sent.
func TestRepeatedSendIsOneMessage(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, nil, nil)
	s.Inject(providertest.SendDropAfter)
	if _, err := b.Send(b.ctx, outgoing("k1", dm, "hello")); err == nil {
		t.Fatal("sent in spite of a dropped connection")
	}
	first, err := b.Send(b.ctx, outgoing("k1", dm, "hello"))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(s.Posted()); n != 1 || s.Posted()[0].ID != first.MessageID {
		t.Errorf("%d messages, receipt %+v", n, first)
	}
	if n := s.Posted()[0].Nonce; len(n) > 25 || n == "" {
		t.Errorf("nonce %q", n)
	}
	other, err := b.Send(b.ctx, outgoing("k2", dm, "hello"))
	if err != nil || other.MessageID == first.MessageID {
		t.Errorf("another key: %+v, %v", other, err)
	}
}

func TestReconcile(t *testing.T) {
	t.Parallel()
	for _, showNonce := range []bool{false, true} {
		s := discordfake.Start(t, discordfake.Options{ShowNonce: showNonce})
		b := newBot(t, s, nil, nil)
		b.setMe(identity{ID: discordfake.BotID, Username: discordfake.BotName})
		m := outgoing("lost", dm, "the answer")
		if _, found, err := b.Reconcile(b.ctx, m); found || err != nil {
			t.Fatalf("Reconcile of what was never sent = %v, %v", found, err)
		}
		// An equal text under another key is not the message looked for.
		if _, err := b.Send(b.ctx, outgoing("other", dm, "the answer")); err != nil {
			t.Fatal(err)
		}
		if _, found, err := b.Reconcile(b.ctx, m); found || err != nil {
			t.Fatalf("another message with the same text was taken for it: %v", err)
		}
		s.Inject(providertest.SendDropAfter)
		if _, err := b.Send(b.ctx, m); err == nil {
			t.Fatal("sent in spite of a dropped connection")
		}
		r, found, err := b.Reconcile(b.ctx, m)
		if err != nil || !found || r.MessageID != s.Posted()[1].ID || r.ChatID != dm {
			t.Errorf("nonce shown %v: Reconcile = %+v, %v, %v", showNonce, r, found, err)
		}
	}
}

// The gateway's echo tells of a message whose answer was lost.
func TestReconcileByEcho(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, nil, nil)
	b.up()
	s.Inject(providertest.SendDropAfter)
	m := outgoing("lost", dm, "the answer")
	if _, err := b.Send(b.ctx, m); err == nil {
		t.Fatal("sent in spite of a dropped connection")
	}
	b.awaitAcked(s.Posted()[0].ID)
	r, found, err := b.Reconcile(b.ctx, m)
	if err != nil || !found || r.MessageID != s.Posted()[0].ID {
		t.Errorf("Reconcile = %+v, %v, %v", r, found, err)
	}
	if n := s.Calls("GET channels/{channel}/messages"); n != 0 {
		t.Errorf("the chat was read back %d times", n)
	}
	if len(b.received) != 0 {
		t.Errorf("our own message was handed over: %+v", b.received)
	}
}

func TestReplyModes(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string][2]bool{"off": {false, false}, "first": {true, false}, "all": {true, true}} {
		s := fake(t)
		b := newBot(t, s, object{"replyToMode": mode}, nil)
		question := s.Say(ann, dm, "question", nil)
		for part := range 2 {
			m := outgoing(mode+string(rune('0'+part)), dm, "answer")
			m.Part, m.Route.ReplyTo = part, question
			if _, err := b.Send(b.ctx, m); err != nil {
				t.Fatal(err)
			}
			got := s.Replies(dm)[part].ReplyTo
			if (got == question) != want[part] {
				t.Errorf("mode %s part %d quotes %q", mode, part, got)
			}
		}
	}
}

func TestSendFile(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, nil, nil)
	path := filepath.Join(t.TempDir(), "cat.png")
	data := []byte("\x89PNG\r\n\x1a\n and so on")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	m := outgoing("file", dm, "a cat")
	m.Media = &providers.Media{Path: path, MIME: "image/png"}
	for range 2 {
		if _, err := b.Send(b.ctx, m); err != nil {
			t.Fatal(err)
		}
	}
	got := s.Replies(dm)
	if len(got) != 1 || got[0].Text != "a cat" || len(got[0].Files) != 1 || string(got[0].Files[0].Data) != string(data) || got[0].Files[0].Name != "cat.png" {
		t.Errorf("posted %+v", got)
	}
	m.Key, m.Media.Path = "none", path+".gone"
	var se *providers.SendError
	if _, err := b.Send(b.ctx, m); !errors.As(err, &se) || se.Class != providers.Permanent {
		t.Errorf("a missing file: %v", err)
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, nil, nil)
	for chat, want := range map[string]string{
		dm: dm, "channel:" + general: general, "<#" + general + ">": general,
		"user:" + ann: dm, "discord:" + ann: dm, "<@" + ann + ">": dm, "<@!" + ann + ">": dm, "@" + ann: dm, "User:" + ann: dm,
	} {
		if r, err := b.Send(b.ctx, outgoing(chat, chat, "x")); err != nil || r.ChatID != want {
			t.Errorf("Send to %q = %+v, %v, want channel %s", chat, r, err, want)
		}
	}
	// Bad targets go nowhere.
	before := len(s.Posted())
	for _, chat := range []string{"", "general", "#general", "@ann", "user:", "\u202e123", "../../users/@me", "1?x=1", "channel:9999"} {
		var se *providers.SendError
		if _, err := b.Send(b.ctx, outgoing("bad"+chat, chat, "x")); !errors.As(err, &se) || se.Class != providers.Permanent {
			t.Errorf("Send to %q = %v, want a permanent error", chat, err)
		}
	}
	if n := len(s.Posted()); n != before {
		t.Errorf("%d messages to bad targets", n-before)
	}
	if err := b.Typing(b.ctx, dm); err != nil || s.Calls("POST channels/{channel}/typing") != 1 {
		t.Errorf("Typing = %v", err)
	}
}

// What an agent writes may call a person, never everybody.
func TestMentionsAreLimited(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, nil, nil)
	if _, err := b.Send(b.ctx, outgoing("k", general, "@everyone look")); err != nil {
		t.Fatal(err)
	}
	calls := s.Requests()
	parse := calls[len(calls)-1].Body["allowed_mentions"].(map[string]any)["parse"].([]any)
	if !slices.Equal(parse, []any{"users"}) {
		t.Errorf("allowed mentions %v", parse)
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, nil, nil)
	if r := b.Probe(b.ctx).(ProbeResult); !r.OK || *r.Bot.Username != discordfake.BotName || *r.Status != 200 {
		t.Errorf("Probe = %+v", r)
	}
	s.Inject(providertest.RefuseLogin)
	if r := b.Probe(b.ctx).(ProbeResult); r.OK || *r.Status != 401 || strings.Contains(*r.Error, s.Token()) {
		t.Errorf("Probe = %+v", r)
	}
}
