package discord

import (
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/discordfake"
)

var withCommand = object{"slashCommand": object{"enabled": true}, "guilds": object{discordfake.Guild: object{}}}

func TestCommandIsRegisteredOnce(t *testing.T) {
	t.Parallel()
	s := fake(t)
	for range 2 { // the second process finds it there
		b := newBot(t, s, withCommand, nil)
		stop := b.up()
		b.awaitAcked(s.Say(ann, dm, "the login is behind us", nil))
		stop()
	}
	if c := s.Commands(); len(c) != 1 || c[0]["name"] != "clawd" {
		t.Errorf("commands %v", c)
	}
	off := newBot(t, fake(t), nil, nil)
	off.up()
	off.awaitAcked(off.s.Say(ann, dm, "the login is behind us", nil))
	if c := off.s.Commands(); len(c) != 0 {
		t.Errorf("commands %v, but the configuration wants none", c)
	}
}

// call has Bob call the command and waits until it was handed over.
func call(t *testing.T, b *bot, prompt string) (id string, m providers.Incoming) {
	t.Helper()
	id = b.s.Call(bob, general, "clawd", prompt)
	m = b.awaitMessage(prompt)
	return id, m
}

func TestCommandIsAnswered(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, withCommand, nil)
	b.up()
	id, m := call(t, b, "what time is it")
	if !m.Command || m.ID != id || m.Sender.ID != bob || m.Chat != "user:"+bob || m.SpaceID != discordfake.Guild {
		t.Errorf("handed over %+v", m)
	}
	if r := Rules(b.env.Config)(m); r.Session != "discord:slash:"+bob || r.Refused != "" || r.Mention {
		t.Errorf("ruling %+v", r)
	}
	if a := s.Answer(id); a["type"] != float64(5) || a["data"].(map[string]any)["flags"] != float64(64) {
		t.Errorf("first response %v, want a deferred one for the caller alone", a)
	}
	for i, text := range []string{"first", "second"} {
		out := outgoing(text, m.Chat, text)
		out.Route.ReplyTo, out.Part = m.ID, i
		if _, err := b.Send(b.ctx, out); err != nil {
			t.Fatal(err)
		}
	}
	if a, c := s.Replies("original "+id), s.Replies("followup "+id); len(a) != 1 || a[0].Text != "first" || len(c) != 1 || c[0].Text != "second" {
		t.Errorf("answers %v and %v", a, c)
	}
}

// When the interaction is no way any more, the answer goes to the caller directly, and to nobody else.
func TestCommandAfterItsTime(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*bot, string){
		"expired there": func(b *bot, _ string) { b.s.ExpireCalls() },
		"restarted":     func(b *bot, id string) { b.forgetAnswer(id) },
		"expired here":  func(b *bot, id string) { b.answers[id].expires = time.Time{} }, // nobody else runs
	} {
		s := fake(t)
		b := newBot(t, s, withCommand, nil)
		stop := b.up()
		id, m := call(t, b, "slow question")
		stop()
		spoil(b, id)
		out := outgoing("answer", m.Chat, "the answer")
		out.Route.ReplyTo = m.ID
		r, err := b.Send(b.ctx, out)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		posted := s.Posted()
		if len(posted) != 1 || posted[0].Channel == general || posted[0].Channel != r.ChatID {
			t.Errorf("%s: posted %+v", name, posted)
		}
	}
}

func TestCommandIsRefused(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, object{"slashCommand": object{"enabled": true}, "guilds": object{"123": object{}}}, nil)
	b.up()
	id := s.Call(bob, general, "clawd", "let me in")
	if err := s.WaitAnswer(b.ctx, id); err != nil {
		t.Fatal(err)
	}
	a := s.Answer(id)
	if a["type"] != float64(4) || !strings.Contains(a["data"].(map[string]any)["content"].(string), "not in discord.guilds") {
		t.Errorf("response %v", a)
	}
	if len(b.received) != 0 {
		t.Errorf("handed over %+v", b.received)
	}
}
