package slack

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest"
)

func TestParseConfig(t *testing.T) {
	t.Parallel()
	c, err := ParseConfig(nil)
	if err != nil || c.TextChunkLimit != 4000 || c.MediaMaxMB != 20 || c.ReactionNotifications != "own" || c.SlashCommand.Name != "clawd" || !c.ephemeral() || !c.Actions.On("pins") {
		t.Errorf("defaults: %+v, %v", c, err)
	}
	c, err = ParseConfig(json.RawMessage(`{"textChunkLimit":9000,"slashCommand":{"name":"/bot","ephemeral":false},"actions":{"pins":false,"messages":true},"dm":{"allowFrom":[7]}}`))
	if err != nil || c.TextChunkLimit != 4000 || c.SlashCommand.Name != "bot" || c.ephemeral() || c.Actions.On("pins") || !c.Actions.On("messages") || c.DM.AllowFrom[0] != "7" {
		t.Errorf("%+v, %v", c, err)
	}
	for field, raw := range map[string]string{
		"slack.textChunkLimit":        `{"textChunkLimit":-1}`,
		"slack.mediaMaxMb":            `{"mediaMaxMb":-1}`,
		"slack.reactionNotifications": `{"reactionNotifications":"some"}`,
		"slack":                       `{"channels":[]}`,
	} {
		if _, err := ParseConfig(json.RawMessage(raw)); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	env := func(values map[string]string) func(string) string { return func(k string) string { return values[k] } }
	both := map[string]string{envBot: "xoxb-env", envApp: "xapp-env"}
	for name, tt := range map[string]struct {
		account, config string
		env             map[string]string
		bot, wrong      string
	}{
		"config":           {"slack", `{"botToken":" xoxb-1 ","appToken":"xapp-1"}`, nil, "xoxb-1", ""},
		"environment":      {"slack", `{"botToken":"xoxb-1","appToken":"xapp-1"}`, both, "xoxb-env", ""},
		"a second account": {"work", `{"botToken":"xoxb-1","appToken":"xapp-1"}`, both, "xoxb-1", ""},
		"rotated":          {"slack", `{"botToken":"xoxe.xoxb-1","appToken":"xapp-1"}`, nil, "xoxe.xoxb-1", ""},
		"second, none":     {"work", `{}`, both, "", "slack.botToken: no token"},
		"none":             {"slack", `{}`, nil, "", "slack.botToken: no token"},
		"no app token":     {"slack", `{"botToken":"xoxb-1"}`, nil, "", "slack.appToken: no token"},
		"mixed up":         {"slack", `{"botToken":"xapp-1","appToken":"xoxb-1"}`, nil, "", "slack.botToken: this is another kind of token"},
		"a person's":       {"slack", `{"botToken":"xoxp-1","appToken":"xapp-1"}`, nil, "", "begins with xoxb-"},
		"wrong in env":     {"slack", `{}`, map[string]string{envBot: "hunter2", envApp: "xapp-1"}, "", "the environment variable " + envBot},
		"a line break":     {"slack", `{"botToken":"xoxb-1\n2","appToken":"xapp-1"}`, nil, "", "slack.botToken: this is no token"},
	} {
		c, err := ParseConfig(json.RawMessage(tt.config))
		if err != nil {
			t.Fatal(err)
		}
		got, err := findTokens(c, providers.Env{Account: tt.account, Getenv: env(tt.env)})
		switch {
		case tt.wrong == "" && (err != nil || got.bot != tt.bot):
			t.Errorf("%s: %+v, %v", name, got, err)
		case tt.wrong != "" && (err == nil || !strings.Contains(err.Error(), tt.wrong) || strings.Contains(err.Error(), "hunter2")):
			t.Errorf("%s: %v", name, err)
		}
	}
	if bot, app := TokenSource(Config{BotToken: "x"}, env(map[string]string{envApp: "y"})); bot != SourceConfig || app != SourceEnv {
		t.Errorf("sources %s, %s", bot, app)
	}
}

func TestNew_warnsOfNames(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	_, err := Factory().New(providers.Env{
		Config: json.RawMessage(`{"botToken":"xoxb-1","appToken":"xapp-1","channels":{"#general":{},"C0GENERAL1":{},"*":{}},"dm":{"allowFrom":["ann","U0ANN00001"],"groupChannels":["trio"]}}`),
		Log:    slog.New(slog.NewTextHandler(&log, nil)), Cursor: providertest.NewCursor(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"#general", "ann", "trio"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no warning of %s:\n%s", want, log.String())
		}
	}
	if n := strings.Count(log.String(), "a name lets nobody in"); n != 3 {
		t.Errorf("%d warnings", n)
	}
}
