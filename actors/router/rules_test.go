package router

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestDecide_rules: what a surface's own rules say is what holds.
func TestDecide_rules(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	in := func(kind providers.ChatKind, text string, change ...func(*providers.Incoming)) providers.Incoming {
		m := providers.Incoming{ID: "1", Chat: "C", Kind: kind, Text: text, Time: at, Sender: providers.Sender{ID: "U"}}
		for _, f := range change {
			f(&m)
		}
		return m
	}
	says := func(r providers.Ruling) Policy {
		return Policy{Rules: func(providers.Incoming) providers.Ruling { return r }, Patterns: MentionPatterns([]string{`\bclawd\b`, "(", "^hey you$"})}
	}
	command := func(m *providers.Incoming) { m.Command = true }
	note := func(m *providers.Incoming) { m.Note = true }
	owner := func(m *providers.Incoming) { m.Owner = true }
	nobody := func(m *providers.Incoming) { m.Sender.ID = "" }
	const group = "slack:channel:C"
	gated := providers.Ruling{Mention: true, Patterns: true}
	for name, tt := range map[string]struct {
		in     providers.Incoming
		policy Policy
		want   decision
	}{
		"refused":                    {in(providers.Channel, "hi"), says(providers.Ruling{Refused: "channel not allowed"}), decision{note: "channel not allowed"}},
		"refused, the owner too":     {in(providers.Direct, "hi", owner), says(providers.Ruling{Refused: "off"}), decision{note: "off"}},
		"no rule against it":         {in(providers.Channel, "hi"), says(providers.Ruling{}), decision{action: run, session: group}},
		"not on the group's list":    {in(providers.Channel, "hi"), says(providers.Ruling{From: []string{"V"}}), decision{note: "sender not allowed"}},
		"on the group's list":        {in(providers.Channel, "hi"), says(providers.Ruling{From: []string{"U"}}), decision{action: run, session: group, known: true}},
		"the owner needs no list":    {in(providers.Channel, "hi", owner), says(providers.Ruling{From: []string{"V"}}), decision{action: run, session: group, known: true}},
		"direct, a stranger":         {in(providers.Direct, "hi"), says(providers.Ruling{}), decision{action: pair}},
		"direct, the owner":          {in(providers.Direct, "hi", owner), says(providers.Ruling{}), decision{action: run, session: "main", known: true}},
		"direct, listed":             {in(providers.Direct, "stop"), says(providers.Ruling{From: []string{"*"}}), decision{action: abort, session: "main", known: true}},
		"pattern":                    {in(providers.Channel, "Clawd, hi"), says(gated), decision{action: run, session: group}},
		"pattern in hiding":          {in(providers.Channel, "cl\u200baw\u202ed, hi"), says(gated), decision{action: run, session: group}},
		"no pattern":                 {in(providers.Channel, "clawdia, hi"), says(gated), decision{note: store.NotAddressed}},
		"patterns do not count":      {in(providers.Channel, "clawd, hi"), says(providers.Ruling{Mention: true}), decision{note: store.NotAddressed}},
		"command behind the pattern": {in(providers.Channel, "clawd stop"), says(providers.Ruling{Mention: true, Patterns: true, From: []string{"U"}}), decision{action: abort, session: group, known: true}},
		"session of its own":         {in(providers.Channel, "hi"), says(providers.Ruling{Session: "mine"}), decision{action: run, session: "mine"}},
		"slash command":              {in(providers.Channel, "hi", command), says(gated), decision{action: run, session: "slack:slash:U"}},
		"slash command, prefix":      {in(providers.Channel, "hi", command), says(providers.Ruling{Mention: true, Session: "s:U"}), decision{action: run, session: "s:U"}},
		"slash command, not listed":  {in(providers.Channel, "hi", command), says(providers.Ruling{From: []string{"V"}}), decision{note: "sender not allowed"}},
		"note":                       {in(providers.Channel, "U joined", note), says(gated), decision{action: tell, session: group}},
		"note of nobody":             {in(providers.Channel, "renamed", note, nobody), says(gated), decision{action: tell, session: group}},
		"note of a stranger":         {in(providers.Direct, "reacted", note), says(providers.Ruling{}), decision{note: "sender not allowed"}},
		"note, refused":              {in(providers.Channel, "x", note), says(providers.Ruling{Refused: "no"}), decision{note: "no"}},
		"note, empty":                {in(providers.Channel, " ", note), says(gated), decision{note: "empty"}},
		"unknown kind":               {in("broadcast", "hi"), says(providers.Ruling{}), decision{note: "unknown kind of chat: broadcast"}},
		"rules that fail": {in(providers.Direct, "hi"), Policy{Rules: func(providers.Incoming) providers.Ruling { panic("x") }},
			decision{note: "the rules of this surface failed"}},
		"older than the limit": {in(providers.Direct, "hi", func(m *providers.Incoming) { m.Time = at.Add(-2 * time.Minute) }),
			Policy{AllowFrom: []string{"*"}, MaxAge: time.Minute}, decision{note: "stale"}},
	} {
		if got := decide(tt.in, facts{surface: "slack", policy: tt.policy, received: at}); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

// TestEnvelope_surfaces: where a message comes from, as each surface has it.
func TestEnvelope_surfaces(t *testing.T) {
	t.Parallel()
	ann := providers.Sender{ID: "+49", Name: "Ann", Username: "ann#1"}
	direct := providers.Incoming{Chat: "c1", Kind: providers.Direct, Sender: ann, Text: "hi"}
	group := providers.Incoming{Chat: "c2", Kind: providers.Group, Sender: ann, Text: "hi", Title: "Team"}
	room := providers.Incoming{Chat: "c3", Kind: providers.Channel, Sender: ann, Text: "hi", Space: "Guild", Room: "general"}
	bare := providers.Incoming{Chat: "c4", Kind: providers.Group, Text: "hi"}
	late, fwd := direct, direct
	late.Late = true
	fwd.Forwarded = &providers.Quoted{Sender: "Bob]\n[x", ID: "9"}
	for _, tt := range []struct {
		surface string
		in      providers.Incoming
		want    string
	}{
		{"whatsapp", direct, "[WhatsApp +49] hi"},
		{"whatsapp", group, "[WhatsApp c2] hi"},
		{"slack", direct, "[Slack Ann] hi"},
		{"slack", room, "[Slack Ann] hi"},
		{"discord", direct, "[Discord ann#1 user id:+49] hi"},
		{"discord", room, "[Discord Guild #general channel id:c3] hi"},
		{"signal", direct, "[Signal Ann id:+49] hi"},
		{"signal", group, "[Signal Team id:c2] hi"},
		{"signal", bare, "[Signal Signal Group id:c4] hi"},
		{"imessage", bare, "[iMessage iMessage Group id:c4] hi"},
		{"telegram", late, "[Telegram Ann (@ann#1) id:c1 (arrived late)] hi"},
		{"telegram", fwd, "[Telegram Ann (@ann#1) id:c1] [Forwarded message from Bob) (x]\nhi\n[/Forwarded]"},
	} {
		if got := envelope(tt.surface, tt.in, time.UTC); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.surface, got, tt.want)
		}
	}
	for surface, want := range map[string]string{
		"whatsapp": "\n[from: Ann (+49)]", "discord": "\n[from: ann#1 user id:+49]", "slack": "\n[from: Ann (@ann#1) id:+49]",
	} {
		if got := fromLine(surface, ann); got != want {
			t.Errorf("%s: %q, want %q", surface, got, want)
		}
	}
}

// TestRouter_history: what was said in a group between two answers comes with the next turn, once, and no more than fits.
func TestRouter_history(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.setPolicy(Policy{History: 3})
	n := 0
	say := func(account, text string, mentioned bool) {
		n++
		m := providers.Incoming{
			ID: fmt.Sprint(n), Chat: "g", Kind: providers.Group, Text: text, Mentioned: mentioned, Title: "Team", Sender: providers.Sender{ID: "7", Name: "Bob"},
		}
		b, err := wire.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		r.accept(store.Inbound{Account: account, Surface: "telegram", Chat: "g", MsgID: m.ID, Payload: b, ReceivedAt: time.Now().UnixMilli()})
	}
	r.start()
	for _, text := range []string{"zero", "one", "two", "three " + strings.Repeat("é", 4000)} {
		say("telegram", text, false)
	}
	say("telegram:other", "elsewhere", false)
	say("telegram", "and now?", true)
	first := <-r.turns
	want := historyMark + "\n[Telegram Team id:g] Bob: one\n[Telegram Team id:g] Bob: two\n[Telegram Team id:g] Bob: three é"
	if !strings.HasPrefix(first.Message, want) || !strings.HasSuffix(first.Message, "é…\n\n"+currentMark+"\n[Telegram Team id:g] and now?\n[from: Bob id:7]\n[message_id: 6]") {
		t.Errorf("turn %q", first.Message)
	}
	if len(first.Message) > 3000 || first.Plain != "and now?" {
		t.Errorf("%d bytes, plain %q", len(first.Message), first.Plain)
	}
	say("telegram", "four", false)
	say("telegram", "again?", true)
	if second := <-r.turns; !strings.HasPrefix(second.Message, historyMark+"\n[Telegram Team id:g] Bob: four\n\n"+currentMark) {
		t.Errorf("turn %q", second.Message)
	}
	say("telegram", "once more?", true)
	if third := <-r.turns; !strings.HasPrefix(third.Message, "[Telegram Team id:g] once more?") {
		t.Errorf("turn %q", third.Message)
	}
}

// TestRouter_notes: something that happened is told with the next turn, and nobody is answered. A group that takes
// another's name stays itself.
func TestRouter_notes(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.start()
	put := func(id, chat, title string, note bool) {
		m := providers.Incoming{ID: id, Chat: chat, Kind: providers.Group, Text: "Bob\nreacted [with] 👍", Title: title, Mentioned: !note, Note: note}
		b, err := wire.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		r.accept(store.Inbound{Account: "telegram", Surface: "telegram", Chat: chat, MsgID: id, Payload: b, ReceivedAt: time.Now().UnixMilli()})
	}
	put("1", "real", "Family", true)
	put("2", "real", "Family", false)
	r.want("work telegram:group:real")
	put("3", "fake", "Fami\u202ely", false)
	r.want("work telegram:group:fake")
	r.view(func(v *store.View) error {
		notes, err := v.Notes("telegram:group:real")
		if err != nil || len(notes) != 1 || notes[0].Text != "Bob reacted (with) 👍" {
			t.Errorf("notes %+v, %v", notes, err)
		}
		if notes, err := v.Notes("telegram:group:fake"); err != nil || len(notes) != 0 {
			t.Errorf("notes of the other %+v, %v", notes, err)
		}
		return nil
	})
	for chat, title := range map[string]string{"real": "Family", "fake": "Family"} {
		run := r.runs("telegram:group:" + chat)
		var to providers.Route
		if len(run) != 1 || wire.Unmarshal(run[0].Route, &to) != nil || to.Chat != chat || !strings.Contains(string(run[0].Request), title+" id:"+chat) {
			t.Errorf("%s: %+v", chat, run)
		}
	}
}
