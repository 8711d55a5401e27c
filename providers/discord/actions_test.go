package discord

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/discordfake"
)

func (b *bot) perform(name string, args object) (map[string]any, error) {
	b.t.Helper()
	raw, err := json.Marshal(args)
	if err != nil {
		b.t.Fatal(err)
	}
	result, err := b.Perform(b.ctx, name, raw)
	if err != nil {
		var se *providers.SendError
		if !errors.As(err, &se) {
			b.t.Fatalf("%s failed with a %T: %v", name, err, err)
		}
		return nil, err
	}
	var out map[string]any
	if raw, err = json.Marshal(result); err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil || out["ok"] != true {
		b.t.Fatalf("%s: result %s, %v", name, raw, err)
	}
	return out, nil
}

var everything = object{"actions": object{"roles": true, "moderation": true}}

// Each action reaches the platform with the call that it stands for.
func TestActions(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, everything, nil)
	b.setMe(identity{ID: discordfake.BotID, Username: discordfake.BotName})
	theirs := s.Say(bob, general, "find the needle", nil)
	r, err := b.perform("sendMessage", object{"to": "channel:" + general, "content": "ours", "replyTo": theirs})
	if err != nil {
		t.Fatal(err)
	}
	ours := r["messageId"].(string)
	picture := s.Host(providertest.File{Name: "e.png", MIME: "image/png", Data: append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), make([]byte, 50)...)})
	in, user := object{"channelId": general}, object{"guildId": guild, "userId": bob}
	with := func(o object, more ...any) object {
		out := object{}
		for k, v := range o {
			out[k] = v
		}
		for i := 0; i < len(more); i += 2 {
			out[more[i].(string)] = more[i+1]
		}
		return out
	}
	for _, c := range []struct {
		name string
		args object
		want string // method and path
	}{
		{"react", with(in, "messageId", theirs, "emoji", "👍"), "PUT channels/" + general + "/messages/" + theirs + "/reactions/👍/@me"},
		{"reactions", with(in, "messageId", theirs), "GET channels/" + general + "/messages/" + theirs + "/reactions/👍"},
		{"react", with(in, "messageId", theirs, "remove", true), "DELETE channels/" + general + "/messages/" + theirs + "/reactions/👍/@me"},
		{"emojiList", object{"guildId": guild}, "GET guilds/" + guild + "/emojis"},
		{"sticker", with(in, "stickerIds", []string{"1", "2", "3"}), "POST channels/" + general + "/messages"},
		{"poll", with(in, "question", "tea?", "answers", []string{"yes", "no"}), "POST channels/" + general + "/messages"},
		{"permissions", in, "GET guilds/" + guild + "/members/" + discordfake.BotID},
		{"readMessages", with(in, "limit", 500), "GET channels/" + general + "/messages"},
		{"fetchMessage", with(in, "messageId", ours), "GET channels/" + general + "/messages/" + ours},
		{"editMessage", with(in, "messageId", ours, "content", "better"), "PATCH channels/" + general + "/messages/" + ours},
		{"threadCreate", with(in, "messageId", theirs, "name", "aside"), "POST channels/" + general + "/messages/" + theirs + "/threads"},
		{"threadList", object{"guildId": guild}, "GET guilds/" + guild + "/threads/active"},
		{"threadList", with(in, "includeArchived", true), "GET channels/" + general + "/threads/archived/public"},
		{"threadReply", object{"channelId": thread, "content": "here"}, "POST channels/" + thread + "/messages"},
		{"pinMessage", with(in, "messageId", theirs), "PUT channels/" + general + "/pins/" + theirs},
		{"listPins", in, "GET channels/" + general + "/pins"},
		{"unpinMessage", with(in, "messageId", theirs), "DELETE channels/" + general + "/pins/" + theirs},
		{"searchMessages", object{"guildId": guild, "content": "needle", "limit": 99}, "GET guilds/" + guild + "/messages/search"},
		{"memberInfo", user, "GET guilds/" + guild + "/members/" + bob},
		{"roleInfo", object{"guildId": guild}, "GET guilds/" + guild + "/roles"},
		{"channelInfo", in, "GET channels/" + general},
		{"channelList", object{"guildId": guild}, "GET guilds/" + guild + "/channels"},
		{"voiceStatus", user, "GET guilds/" + guild + "/voice-states/" + bob},
		{"eventCreate", object{"guildId": guild, "name": "party", "startTime": "2030-01-01T18:00:00Z", "endTime": "2030-01-01T20:00:00Z", "location": "here"}, "POST guilds/" + guild + "/scheduled-events"},
		{"eventList", object{"guildId": guild}, "GET guilds/" + guild + "/scheduled-events"},
		{"emojiUpload", object{"guildId": guild, "name": "smile", "mediaUrl": picture}, "POST guilds/" + guild + "/emojis"},
		{"stickerUpload", object{"guildId": guild, "name": "smile", "description": "d", "tags": "t", "mediaUrl": picture}, "POST guilds/" + guild + "/stickers"},
		{"roleAdd", with(user, "roleId", "5"), "PUT guilds/" + guild + "/members/" + bob + "/roles/5"},
		{"roleRemove", with(user, "roleId", "5"), "DELETE guilds/" + guild + "/members/" + bob + "/roles/5"},
		{"timeout", with(user, "durationMinutes", 5, "reason", "noise é"), "PATCH guilds/" + guild + "/members/" + bob},
		{"kick", user, "DELETE guilds/" + guild + "/members/" + bob},
		{"ban", with(user, "deleteMessageDays", 7), "PUT guilds/" + guild + "/bans/" + bob},
		{"deleteMessage", with(in, "messageId", ours), "DELETE channels/" + general + "/messages/" + ours},
	} {
		if _, err := b.perform(c.name, c.args); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		calls := s.Requests()
		if last := calls[len(calls)-1]; last.Method+" "+last.Path != c.want {
			t.Errorf("%s made the call %s %s, want %s", c.name, last.Method, last.Path, c.want)
		}
	}
	covered := b.Actions()
	if len(covered) != len(actions) {
		t.Errorf("%d of %d actions are open", len(covered), len(actions))
	}
	for _, r := range s.Requests() {
		if r.Path == "channels/"+general+"/messages" && r.Method == "GET" && !strings.Contains(r.Query, "limit=100") {
			t.Errorf("messages were read with %q", r.Query)
		}
		if strings.HasSuffix(r.Path, "/search") && !strings.Contains(r.Query, "limit=25") {
			t.Errorf("searched with %q", r.Query)
		}
		if r.Method == "PATCH" && strings.HasSuffix(r.Path, "members/"+bob) && r.Reason != "noise%20%C3%A9" {
			t.Errorf("reason %q", r.Reason)
		}
	}
}

func TestActionGates(t *testing.T) {
	t.Parallel()
	b := newBot(t, fake(t), object{"actions": object{"polls": false}}, nil)
	open := b.Actions()
	for name, want := range map[string]bool{"react": true, "poll": false, "ban": false, "roleAdd": false, "sendMessage": true, "emojiUpload": true} {
		if slices.Contains(open, name) != want {
			t.Errorf("action %s is open: %v", name, !want)
		}
	}
	for _, name := range []string{"poll", "ban", "roleAdd", "noSuchThing"} {
		if _, err := b.perform(name, object{"guildId": guild, "userId": bob}); err == nil {
			t.Errorf("%s was done", name)
		}
	}
	if n := len(b.s.Requests()); n != 0 {
		t.Errorf("%d calls were made", n)
	}
}

// Mistakes in the params are told before anything is sent.
func TestActionMistakes(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, everything, nil)
	page := s.Host(providertest.File{Name: "e.png", MIME: "image/png", Data: []byte("<!DOCTYPE html><html></html>")})
	for _, c := range []struct {
		name string
		args object
		want string
	}{
		{"react", object{"channelId": "general"}, "channelId"},
		{"react", object{"channelId": general, "messageId": "1"}, "emoji"},
		{"sendMessage", object{"to": dm}, "content"},
		{"sendMessage", object{"content": "x"}, "to:"},
		{"sendMessage", object{"to": "../x", "content": "x"}, "no Discord chat"},
		{"sendMessage", object{"to": dm, "content": strings.Repeat("x", 2001)}, "2000"},
		{"sendMessage", object{"to": dm, "content": "x", "mediaUrl": "/etc/passwd"}, "http"},
		{"sendMessage", object{"to": dm, "content": "x", "mediaUrl": "http://169.254.169.254/latest"}, "mediaUrl"},
		{"sticker", object{"channelId": general, "stickerIds": []string{"1", "2", "3", "4"}}, "stickerIds"},
		{"poll", object{"channelId": general, "question": "?", "answers": []string{"1"}}, "answers"},
		{"poll", object{"channelId": general, "question": "?", "answers": []string{"1", "2"}, "durationHours": 769}, "durationHours"},
		{"poll", object{"channelId": general, "question": "?", "answers": []string{"1", "2"}, "durationHours": 0}, "durationHours"},
		{"threadCreate", object{"channelId": general, "name": "x", "autoArchiveMinutes": 7}, "autoArchiveMinutes"},
		{"emojiUpload", object{"guildId": guild, "name": "x", "mediaUrl": page}, "image/png"},
		{"eventCreate", object{"guildId": guild, "name": "x", "startTime": "soon"}, "startTime"},
		{"ban", object{"guildId": guild, "userId": bob, "deleteMessageDays": 8}, "deleteMessageDays"},
		{"timeout", object{"guildId": guild, "userId": bob, "durationMinutes": 60 * 24 * 29}, "28 days"},
		{"roleAdd", object{"guildId": guild, "userId": bob, "roleId": "@everyone"}, "roleId"},
		{"searchMessages", object{"guildId": guild}, "content"},
	} {
		_, err := b.perform(c.name, c.args)
		var se *providers.SendError
		if !errors.As(err, &se) || se.Class != providers.Permanent || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %v: %v, want a permanent error about %s", c.name, c.args, err, c.want)
		}
	}
	if _, err := b.Perform(b.ctx, "react", json.RawMessage(`{"limit":"x"`)); err == nil {
		t.Error("broken JSON was taken")
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d calls were made", n)
	}
}
