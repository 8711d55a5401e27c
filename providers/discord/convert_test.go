package discord

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/discordfake"
)

const guild, thread = discordfake.Guild, discordfake.Thread

func TestDirectMessage(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, nil, nil)
	b.up()
	id := s.Say(ann, dm, "  hi there \n", nil)
	m := b.awaitMessage("hi there")
	if m.ID != id || m.Chat != dm || m.Kind != providers.Direct || m.Text != "hi there" || m.Sender.ID != ann || m.Sender.Username != "ann" ||
		m.Mentioned || m.HasMentions || m.SpaceID != "" || m.Time.IsZero() {
		t.Errorf("handed over %+v", m)
	}
}

func TestGuildMessage(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, object{"guilds": object{guild: object{"slug": "home"}}}, nil)
	b.up()
	s.Say(bob, general, "plain", nil)
	if m := b.awaitMessage("plain"); m.Kind != providers.Group || m.Space != "home" || m.SpaceID != guild || m.Room != "general" || m.Title != "#general" || m.Mentioned {
		t.Errorf("handed over %+v", m)
	}
	s.Say(bob, thread, "in the thread", nil)
	if m := b.awaitMessage("in the thread"); m.Chat != thread || m.RoomID != general || m.Room != "a-thread" {
		t.Errorf("handed over %+v", m)
	}
	for text, change := range map[string]func(*discordfake.Message){
		"by name": func(m *discordfake.Message) {
			m.Mentions = append(m.Mentions, m.Author, map[string]any{"id": discordfake.BotID})
		},
		"by role":  func(m *discordfake.Message) { m.Roles = []string{discordfake.BotRole} },
		"everyone": func(m *discordfake.Message) { m.Everyone = true },
	} {
		s.Say(bob, general, text, change)
		if m := b.awaitMessage(text); !m.Mentioned || !m.HasMentions {
			t.Errorf("%s: %+v does not mention us", text, m)
		}
	}
	s.Say(bob, general, "another role", func(m *discordfake.Message) { m.Roles = []string{"5"} })
	if m := b.awaitMessage("another role"); m.Mentioned || !m.HasMentions {
		t.Errorf("handed over %+v", m)
	}
}

func TestQuotedAndForwarded(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, nil, nil)
	b.up()
	ours := map[string]any{"id": discordfake.BotID, "username": discordfake.BotName, "bot": true}
	s.Say(bob, general, "an answer to you", func(m *discordfake.Message) {
		m.Type, m.Referenced = 19, &discordfake.Message{ID: "77", Channel: general, Author: ours, Content: "what I said"}
	})
	if m := b.awaitMessage("an answer to you"); !m.Mentioned || m.ReplyTo == nil || m.ReplyTo.ID != "77" || m.ReplyTo.Text != "what I said" || m.ReplyTo.Sender != discordfake.BotName {
		t.Errorf("handed over %+v", m)
	}
	s.Say(bob, general, "", func(m *discordfake.Message) {
		m.Reference = map[string]any{"type": 1, "message_id": "88", "channel_id": "5"}
		m.Snapshots = []map[string]any{{"message": map[string]any{"content": "somebody else's words"}}}
	})
	if m := b.awaitMessage("somebody else's words"); m.Forwarded == nil || m.Forwarded.ID != "88" {
		t.Errorf("handed over %+v", m)
	}
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, object{"mediaMaxMb": 0.01}, nil)
	b.up()
	png := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), make([]byte, 100)...)
	page := []byte("<!DOCTYPE html><html><body>not a picture</body></html>")
	s.Say(ann, dm, "", nil, providertest.File{Name: "a.png", MIME: "image/png", Data: png},
		providertest.File{Name: "page.jpg", MIME: "image/jpeg", Data: page},
		providertest.File{Name: "big.bin", MIME: "application/octet-stream", Data: make([]byte, 20<<10)})
	m := b.awaitMessage("<media:image>") // no text: the placeholder stands for it
	if len(m.Media) != 2 || m.Media[0].MIME != "image/png" || !strings.HasPrefix(m.Media[1].MIME, "text/html") {
		t.Errorf("media %+v", m.Media)
	}
	if !strings.Contains(m.Text, "[attachment big.bin could not be kept]") {
		t.Errorf("text %q does not tell of the large file", m.Text)
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, nil, nil)
	b.up()
	s.Say(bob, general, "", func(m *discordfake.Message) { m.Type = 7 })
	if m := b.awaitMessage("joined the server"); !m.Note || !strings.Contains(m.Text, "bob") || strings.Contains(m.Text, "\n") {
		t.Errorf("handed over %+v", m)
	}
	if _, err := b.Send(b.ctx, outgoing("k", general, "ours")); err != nil {
		t.Fatal(err)
	}
	ours, theirs := s.Posted()[0].ID, s.Say(bob, general, "theirs", nil)
	react := func(message, user string) {
		s.Dispatch("MESSAGE_REACTION_ADD", map[string]any{
			"user_id": user, "channel_id": general, "message_id": message, "guild_id": guild, "emoji": map[string]any{"name": "👍"},
			"member": map[string]any{"user": map[string]any{"id": user, "username": "somebody"}},
		})
	}
	react(theirs, bob) // "own" is the default: not ours
	react(ours, bob)
	react(ours, discordfake.BotID)
	b.awaitAcked(s.Say(ann, dm, "all of that is behind us", nil))
	var notes []providers.Incoming
	for _, m := range b.received {
		if m.Note && strings.HasPrefix(m.ID, "reaction:") {
			notes = append(notes, m)
		}
	}
	if len(notes) != 1 || !strings.Contains(notes[0].Text, ours) || !strings.Contains(notes[0].Text, "👍") || notes[0].SpaceID != guild {
		t.Errorf("notes %+v", notes)
	}
}

// Bots are not answered, and neither are we.
func TestBotsAreIgnored(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, nil, nil)
	b.up()
	s.Say(bob, general, "beep", func(m *discordfake.Message) { m.Author = map[string]any{"id": "9", "username": "other", "bot": true} })
	s.Say(discordfake.BotID, general, "echo", nil)
	b.awaitAcked(s.Say(ann, dm, "a person", nil))
	if b.count("beep")+b.count("echo") != 0 {
		t.Errorf("handed over %+v", b.received)
	}
}

// Names and texts that are made to deceive or to break something come out harmless.
func TestBadText(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, nil, nil)
	b.up()
	s.Dispatch("MESSAGE_CREATE", json.RawMessage(`{"id":"1","channel_id":"`+dm+`","author":{"id":"`+ann+`","username":"a\u202egnp\nb","global_name":"\u200b\ud800x"},"content":"lone \ud800 surrogate"}`))
	if m := b.awaitMessage("lone"); m.Text != "lone \uFFFD surrogate" || m.Sender.Username != "agnp b" || m.Sender.Name != "\uFFFDx" {
		t.Errorf("handed over %q %q %q", m.Text, m.Sender.Username, m.Sender.Name)
	}
	s.Say(ann, dm, "start "+strings.Repeat("\u200b", 1<<20/3), nil)
	if m := b.awaitMessage("start"); len(m.Text) > maxText+100 {
		t.Errorf("%d bytes of text", len(m.Text))
	}
	s.Dispatch("MESSAGE_CREATE", json.RawMessage(`{"id":{},"channel_id":5}`))
	s.Dispatch("MESSAGE_CREATE", json.RawMessage(`[]`))
	s.Dispatch("GUILD_CREATE", json.RawMessage(`{"id":"5","channels":null,"members":[{}]}`))
	b.awaitAcked(s.Say(ann, dm, "still there", nil))
}

// A guild that takes another's name is not let in by it.
func TestRenamedGuild(t *testing.T) {
	t.Parallel()
	config := object{"guilds": object{"999": object{"slug": "the-guild"}, "the-guild": object{}}}
	s := fake(t)
	b := newBot(t, s, config, nil)
	b.up()
	s.Say(bob, general, "let me in", nil)
	m := b.awaitMessage("let me in")
	if m.Space != "the-guild" {
		t.Fatalf("space %q", m.Space)
	}
	if r := Rules(b.env.Config)(m); r.Refused == "" {
		t.Errorf("ruling %+v", r)
	}
}

func TestSlug(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"General": "general", "#My  Channel_1": "my-channel-1", "--a--b--": "a-b", "日本": "42", "": "42", "\u202egeneral": "general", "évé": "v",
	} {
		if got := slug(name, "42"); got != want {
			t.Errorf("slug(%q) = %q, want %q", name, got, want)
		}
	}
}
