package discord

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers"
)

func TestRules(t *testing.T) {
	t.Parallel()
	direct := providers.Incoming{Kind: providers.Direct, Chat: "1", Sender: providers.Sender{ID: "7"}}
	groupDM := providers.Incoming{Kind: providers.Group, Chat: "2"}
	room := providers.Incoming{Kind: providers.Group, Chat: "3", SpaceID: "10", Space: "home", Room: "general"}
	thread := providers.Incoming{Kind: providers.Group, Chat: "4", RoomID: "3", SpaceID: "10"}
	for _, c := range []struct {
		name, config string
		m            providers.Incoming
		refused      string
		from         []string
		mention      bool
		history      int
	}{
		{"nothing configured, direct", `{}`, direct, "", nil, false, 20},
		{"nothing configured, guild", `{}`, room, "", nil, true, 20},
		{"nothing configured, group", `{}`, groupDM, "group DMs are off", nil, false, 20},
		{"direct off", `{"dm":{"enabled":false}}`, direct, "direct messages are off", nil, false, 20},
		{"direct list", `{"dm":{"allowFrom":["<@7>","discord:8","user:9",5,"*"]}}`, direct, "", []string{"7", "8", "9", "5", "*"}, false, 20},
		{"names are no ids", `{"dm":{"allowFrom":["ann","ann#1234"]}}`, direct, "", []string{"ann", "ann#1234"}, false, 20},
		{"group on", `{"dm":{"groupEnabled":true}}`, groupDM, "", nil, true, 20},
		{"group listed", `{"dm":{"groupEnabled":true,"groupChannels":["channel:2"]}}`, groupDM, "", nil, true, 20},
		{"group not listed", `{"dm":{"groupEnabled":true,"groupChannels":["5"]}}`, groupDM, "not in discord.dm.groupChannels", nil, false, 20},
		{"guild listed", `{"guilds":{"10":{"users":["7"]}}}`, room, "", []string{"7"}, true, 20},
		{"guild not listed", `{"guilds":{"11":{}}}`, room, "not in discord.guilds", nil, false, 20},
		{"guild by name", `{"guilds":{"home":{}}}`, room, "not in discord.guilds", nil, false, 20},
		{"guild by slug", `{"guilds":{"11":{"slug":"home"}}}`, room, "not in discord.guilds", nil, false, 20},
		{"every guild", `{"guilds":{"*":{"requireMention":false}}}`, room, "", nil, false, 20},
		{"own rule before every guild's", `{"guilds":{"*":{"requireMention":false},"10":{}}}`, room, "", nil, true, 20},
		{"channel listed", `{"guilds":{"10":{"channels":{"3":{"requireMention":false}}}}}`, room, "", nil, false, 20},
		{"channel by name", `{"guilds":{"10":{"channels":{"general":{}}}}}`, room, "not in the guild's channels", nil, true, 20},
		{"channel not listed", `{"guilds":{"10":{"channels":{"5":{}}}}}`, room, "not in the guild's channels", nil, true, 20},
		{"channel denied", `{"guilds":{"10":{"channels":{"3":{"allow":false},"*":{}}}}}`, room, "not allowed", nil, true, 20},
		{"thread of a listed channel", `{"guilds":{"10":{"channels":{"3":{"requireMention":false}}}}}`, thread, "", nil, false, 20},
		{"thread with its own rule", `{"guilds":{"10":{"channels":{"3":{},"4":{"allow":false}}}}}`, thread, "not allowed", nil, true, 20},
		{"mention off by guild, on by channel", `{"guilds":{"10":{"requireMention":false,"channels":{"3":{"requireMention":true}}}}}`, room, "", nil, true, 20},
		{"no history", `{"historyLimit":0}`, room, "", nil, true, -1},
		{"some history", `{"historyLimit":5}`, room, "", nil, true, 5},
		{"broken", `{"replyToMode":"maybe"}`, room, "cannot be read", nil, false, 0},
	} {
		r := Rules(json.RawMessage(c.config))(c.m)
		if (r.Refused == "") != (c.refused == "") || !strings.Contains(r.Refused, c.refused) || !slices.Equal(r.From, c.from) || r.Mention != c.mention || r.History != c.history {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
	// A list of names must not be an empty list: that would mean everybody.
	r := Rules(json.RawMessage(`{"guilds":{"10":{"users":["bob"]}}}`))(room)
	if !slices.Equal(r.From, []string{"bob"}) {
		t.Errorf("a list of names became %v", r.From)
	}
}

func TestConfigMistakes(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]string{
		`[]`:                                    "discord",
		`{"replyToMode":"x"}`:                   "replyToMode",
		`{"textChunkLimit":-1}`:                 "textChunkLimit",
		`{"mediaMaxMb":-1}`:                     "mediaMaxMb",
		`{"historyLimit":-1}`:                   "historyLimit",
		`{"dm":{"allowFrom":[{}]}}`:             "an id must be",
		`{"slashCommand":{"name":"No Spaces"}}`: "slashCommand.name",
		`{"guilds":{"1":{"reactionNotifications":"some"}}}`: "reactionNotifications",
		`{}`:               "DISCORD_BOT_TOKEN",
		`{"token":"Bot "}`: "DISCORD_BOT_TOKEN",
		`{"token":"a b"}`:  "no token has",
	} {
		_, err := newProvider(providers.Env{Config: json.RawMessage(config)}, quick())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error about %s", config, err, want)
		}
	}
	env := func(string) string { return "Bot from-env" }
	if token, source, err := Token(Config{Token: "from-config"}, env); token != "from-env" || source != SourceEnv || err != nil {
		t.Errorf("Token = %q, %q, %v", token, source, err)
	}
	if token, source, err := Token(Config{Token: "Bot from-config"}, nil); token != "from-config" || source != SourceConfig || err != nil {
		t.Errorf("Token = %q, %q, %v", token, source, err)
	}
}
