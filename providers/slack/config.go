package slack

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/providers"
)

// Config is the "slack" section of the configuration (providers a.3). The zero value means the defaults.
type Config struct {
	Enabled        *bool   `json:"enabled"` // nil = true
	BotToken       string  `json:"botToken"`
	AppToken       string  `json:"appToken"`
	TextChunkLimit int     `json:"textChunkLimit"` // longest message in UTF-16 units; 0 = 4000, at most 4000
	MediaMaxMB     float64 `json:"mediaMaxMb"`     // largest inbound attachment; 0 = 20
	// ReactionNotifications says which reactions the agent is told of: "off", "own" (default: to our messages), "all",
	// "allowlist" (by people in ReactionAllowlist).
	ReactionNotifications string             `json:"reactionNotifications"`
	ReactionAllowlist     []providers.ID     `json:"reactionAllowlist"`
	Actions               providers.Switches `json:"actions"` // what is not named is on
	SlashCommand          SlashCommand       `json:"slashCommand"`
	DM                    DM                 `json:"dm"`
	Channels              map[string]Channel `json:"channels"` // by channel id, "*" for the rest
}

// SlashCommand is the command under which the app answers.
type SlashCommand struct {
	Enabled       bool   `json:"enabled"`
	Name          string `json:"name"`          // "" = clawd
	SessionPrefix string `json:"sessionPrefix"` // "" = slack:slash
	Ephemeral     *bool  `json:"ephemeral"`     // nil = true: only the person sees the answer
}

// DM is who may write directly.
type DM struct {
	Enabled       *bool          `json:"enabled"` // nil = true
	AllowFrom     []providers.ID `json:"allowFrom"`
	GroupEnabled  bool           `json:"groupEnabled"`
	GroupChannels []providers.ID `json:"groupChannels"` // empty = all
}

// Channel is the rule of one channel.
type Channel struct {
	Allow          *bool `json:"allow"`          // nil = true
	RequireMention *bool `json:"requireMention"` // nil = as "*" has it, true there
}

const (
	maxText        = 4000
	defaultMediaMB = 20
)

// ParseConfig decodes the section, fills in the defaults and checks every field. Keys it does not know are not its
// business: the configuration's schema has refused them before.
func ParseConfig(raw json.RawMessage) (Config, error) {
	var c Config
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &c); err != nil {
			return Config{}, fmt.Errorf("slack: %w", err)
		}
	}
	var err error
	if c.TextChunkLimit, err = providers.TextLimit(surface, c.TextChunkLimit, maxText, maxText); err != nil {
		return Config{}, err
	}
	if c.MediaMaxMB, err = providers.MediaLimit(surface, c.MediaMaxMB, defaultMediaMB); err != nil {
		return Config{}, err
	}
	if c.ReactionNotifications, err = providers.ReactionMode(surface, c.ReactionNotifications); err != nil {
		return Config{}, err
	}
	if c.SlashCommand.Name = strings.TrimPrefix(strings.TrimSpace(c.SlashCommand.Name), "/"); c.SlashCommand.Name == "" {
		c.SlashCommand.Name = "clawd"
	}
	if c.SlashCommand.SessionPrefix = strings.TrimSpace(c.SlashCommand.SessionPrefix); c.SlashCommand.SessionPrefix == "" {
		c.SlashCommand.SessionPrefix = "slack:slash"
	}
	return c, nil
}

func (c Config) ephemeral() bool { return c.SlashCommand.Ephemeral == nil || *c.SlashCommand.Ephemeral }

// names lists the settings that hold a name where only an id lets somebody in.
func (c Config) names() (out []string) {
	for key := range c.Channels {
		if key != "*" && !isChannel(channelID(key)) {
			out = append(out, fmt.Sprintf("slack.channels: %q", key))
		}
	}
	for _, id := range c.DM.AllowFrom {
		if id != "*" && !isUser(userID(string(id))) {
			out = append(out, fmt.Sprintf("slack.dm.allowFrom: %q", id))
		}
	}
	for _, id := range c.DM.GroupChannels {
		if id != "*" && !isChannel(channelID(string(id))) {
			out = append(out, fmt.Sprintf("slack.dm.groupChannels: %q", id))
		}
	}
	slices.Sort(out)
	return out
}

// Where a token was found.
const (
	SourceEnv    = "env"
	SourceConfig = "config"
	SourceNone   = "none"
)

const (
	envBot = "SLACK_BOT_TOKEN"
	envApp = "SLACK_APP_TOKEN"
)

// tokens are the two credentials, and where a person finds each.
type tokens struct{ bot, app, botPlace, appPlace string }

func (t tokens) redactor() *strings.Replacer {
	var pairs []string
	for _, token := range []string{t.bot, t.app} {
		pairs = append(pairs, token, "[redacted]")
		if _, secret, ok := strings.Cut(token, "-"); ok && len(secret) >= 8 {
			pairs = append(pairs, secret, "[redacted]")
		}
		if half := token[len(token)/2:]; len(half) >= 8 {
			pairs = append(pairs, half, "[redacted]")
		}
	}
	return strings.NewReplacer(pairs...)
}

// TokenSource says where a token comes from: "env", "config" or "none". An account with a name of its own takes nothing from
// the environment, where there is only one.
func TokenSource(c Config, getenv func(string) string) (bot, app string) {
	source := func(name, configured string) string {
		switch {
		case getenv != nil && strings.TrimSpace(getenv(name)) != "":
			return SourceEnv
		case strings.TrimSpace(configured) != "":
			return SourceConfig
		}
		return SourceNone
	}
	return source(envBot, c.BotToken), source(envApp, c.AppToken)
}

func findTokens(c Config, env providers.Env) (t tokens, err error) {
	getenv := env.Getenv
	if env.Account != "" && env.Account != surface {
		getenv = nil
	}
	find := func(name, field, configured, prefix string) (token, place string, err error) {
		place = "slack." + field
		token = strings.TrimSpace(configured)
		if getenv != nil {
			if s := strings.TrimSpace(getenv(name)); s != "" {
				token, place = s, "the environment variable "+name
			}
		}
		switch {
		case token == "":
			return "", "", fmt.Errorf("slack.%s: no token; copy the one that begins with %s from the app's page at api.slack.com/apps and set it here or in %s", field, prefix, name)
		case !strings.HasPrefix(token, prefix) && !strings.HasPrefix(token, "xoxe."+prefix):
			return "", "", fmt.Errorf("%s: this is another kind of token: the one needed here begins with %s", place, prefix)
		case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7F }):
			return "", "", fmt.Errorf("%s: this is no token: it holds a character that no token has", place)
		}
		return token, place, nil
	}
	if t.bot, t.botPlace, err = find(envBot, "botToken", c.BotToken, "xoxb-"); err != nil {
		return t, err
	}
	t.app, t.appPlace, err = find(envApp, "appToken", c.AppToken, "xapp-")
	return t, err
}
