package slack

import (
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/slackfake"
)

func TestNotes(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, map[string]any{"reactionNotifications": "all"}, nil)
	b.s.AddUser(slackfake.User{ID: bob, Name: "bob {where}"})
	b.start()
	ts := b.say(slackfake.General, "mesage")
	b.s.Edit("edit", slackfake.General, ts, "message")
	b.s.Delete("delete", slackfake.General, ts)
	item := map[string]any{"type": "message", "channel": slackfake.General, "ts": ts}
	for key, e := range map[string]map[string]any{
		"reacted":   {"type": "reaction_added", "user": slackfake.Ann, "reaction": "tada", "item_user": slackfake.BotUser, "item": item},
		"unreacted": {"type": "reaction_removed", "user": bob, "reaction": "tada", "item": item},
		"joined":    {"type": "member_joined_channel", "user": slackfake.Ann, "channel": slackfake.General, "channel_type": "C"},
		"left":      {"type": "member_left_channel", "user": bob, "channel": slackfake.General},
		"created":   {"type": "channel_created", "channel": map[string]any{"id": "C0NEW00001", "name": "new", "creator": slackfake.Ann}},
		"pinned":    {"type": "pin_added", "user": slackfake.Ann, "channel_id": slackfake.General, "item": map[string]any{"type": "message", "message": map[string]any{"ts": ts}}},
		"shared":    {"type": "message", "subtype": "thread_broadcast", "user": slackfake.Ann, "channel": slackfake.General, "ts": "1700000000.000300", "thread_ts": ts, "text": "x"},
		"ours":      {"type": "member_joined_channel", "user": slackfake.BotUser, "channel": slackfake.General},
		"preview": {"type": "message", "subtype": "message_changed", "channel": slackfake.General, "ts": "1700000000.000400",
			"message": map[string]any{"user": slackfake.Ann, "text": "same", "ts": ts}, "previous_message": map[string]any{"user": slackfake.Ann, "text": "same", "ts": ts}},
	} {
		b.s.Event(key, e)
		b.acked(key)
	}
	const ann = "Ann (" + slackfake.Ann + ")"
	for _, want := range []string{
		ann + " edited a message in #general, message " + ts,
		"a message by " + ann + " in #general was deleted, message " + ts,
		"reaction added: :tada: by " + ann + " in #general, message " + ts + " of clawd",
		"reaction removed: :tada: by bob {where} (" + bob + ") in #general, message " + ts,
		ann + " joined #general",
		"bob {where} (" + bob + ") left #general",
		"somebody created #new",
		ann + " pinned a message in #general, message " + ts,
		ann + " shared a reply from a thread with #general, message 1700000000.000300",
	} {
		m := b.awaitText("Slack: " + want)
		if !m.Note || !strings.HasPrefix(m.ID, "note:") || m.Kind != providers.Channel || m.Chat == "" {
			t.Errorf("%+v", m)
		}
	}
	if got := b.texts(); len(got) != 10 {
		t.Errorf("received %d: %q", len(got), got)
	}
}

func TestWantsReaction(t *testing.T) {
	t.Parallel()
	e := event{User: ref{ID: slackfake.Ann}, ItemUser: slackfake.BotUser}
	others := event{User: ref{ID: bob}, ItemUser: slackfake.Ann}
	for _, tt := range []struct {
		config         Config
		toUs, toOthers bool
	}{
		{Config{ReactionNotifications: providers.ReactionsOff}, false, false},
		{Config{ReactionNotifications: providers.ReactionsOwn}, true, false},
		{Config{ReactionNotifications: providers.ReactionsAll}, true, true},
		{Config{ReactionNotifications: providers.ReactionsAllowlist}, false, false},
		{Config{ReactionNotifications: providers.ReactionsAllowlist, ReactionAllowlist: []providers.ID{"user:" + bob, "ann"}}, false, true},
		{Config{ReactionNotifications: providers.ReactionsAllowlist, ReactionAllowlist: []providers.ID{"*"}}, true, true},
	} {
		p := &Provider{cfg: tt.config}
		p.me.Store(&identity{user: slackfake.BotUser})
		if got, got2 := p.wantsReaction(e), p.wantsReaction(others); got != tt.toUs || got2 != tt.toOthers {
			t.Errorf("%+v: %v, %v", tt.config, got, got2)
		}
	}
}
