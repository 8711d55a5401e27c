package discord

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/clawdbot/gateway/providers"
)

// Config is the "discord" section of the configuration. Keys it does not know are not its business: the configuration's
// schema has refused them before.
type Config struct {
	Enabled        *bool            `json:"enabled"`        // nil = true
	Token          string           `json:"token"`          // the bot's; DISCORD_BOT_TOKEN comes first
	TextChunkLimit int              `json:"textChunkLimit"` // longest message in UTF-16 units; 0 = 2000, at most 2000
	MediaMaxMB     float64          `json:"mediaMaxMb"`     // largest inbound attachment; 0 = 8
	HistoryLimit   *int             `json:"historyLimit"`   // nil = 20, 0 = none
	ReplyToMode    string           `json:"replyToMode"`    // "off" (default), "first", "all"
	Actions        map[string]bool  `json:"actions"`        // by gate; what is not named has its default
	SlashCommand   SlashCommand     `json:"slashCommand"`
	DM             DM               `json:"dm"`
	Guilds         map[string]Guild `json:"guilds"` // by guild id, "*" for the rest; empty = every guild
}

// SlashCommand is the command that people can call instead of writing a message.
type SlashCommand struct {
	Enabled       bool   `json:"enabled"`
	Name          string `json:"name"`          // "" = "clawd"
	SessionPrefix string `json:"sessionPrefix"` // "" = "discord:slash"
	Ephemeral     *bool  `json:"ephemeral"`     // only the caller sees the answer; nil = true
}

// DM says who may write outside of guilds.
type DM struct {
	Enabled       *bool          `json:"enabled"`       // nil = true
	AllowFrom     []providers.ID `json:"allowFrom"`     // user ids, "*"
	GroupEnabled  bool           `json:"groupEnabled"`  // group DMs
	GroupChannels []providers.ID `json:"groupChannels"` // their channel ids; empty = all
}

// Guild is the rule of one server.
type Guild struct {
	Slug                  string          `json:"slug"` // a name for people; decides nothing
	RequireMention        *bool           `json:"requireMention"`
	ReactionNotifications string          `json:"reactionNotifications"` // off, own (default), all, allowlist
	Users                 []providers.ID  `json:"users"`                 // user ids; empty = everybody
	Channels              map[string]Room `json:"channels"`              // by channel id; empty = every channel
}

// Room is the rule of one channel.
type Room struct {
	Allow          *bool `json:"allow"` // nil = true
	RequireMention *bool `json:"requireMention"`
}

const (
	platformMaxText = 2000 // the API refuses more
	defaultMediaMB  = 8
	defaultHistory  = 20
)

// ParseConfig decodes the section, fills in the defaults and checks every field.
func ParseConfig(raw json.RawMessage) (Config, error) {
	var c Config
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &c); err != nil {
			return Config{}, fmt.Errorf("discord: %w", err)
		}
	}
	var err error
	if c.ReplyToMode, err = providers.ReplyMode(surface, c.ReplyToMode); err != nil {
		return Config{}, err
	}
	if c.TextChunkLimit, err = providers.TextLimit(surface, c.TextChunkLimit, platformMaxText, platformMaxText); err != nil {
		return Config{}, err
	}
	if c.MediaMaxMB, err = providers.MediaLimit(surface, c.MediaMaxMB, defaultMediaMB); err != nil {
		return Config{}, err
	}
	if c.HistoryLimit != nil && *c.HistoryLimit < 0 {
		return Config{}, errors.New("discord.historyLimit: must be 0 or greater")
	}
	for name, g := range c.Guilds {
		if _, err := providers.ReactionMode("discord.guilds."+name, g.ReactionNotifications); err != nil {
			return Config{}, err
		}
	}
	return c, c.SlashCommand.check()
}

func (s *SlashCommand) check() error {
	if s.Name == "" {
		s.Name = "clawd"
	}
	if s.SessionPrefix == "" {
		s.SessionPrefix = "discord:slash"
	}
	s.Name = strings.TrimPrefix(s.Name, "/")
	if len(s.Name) < 1 || len(s.Name) > 32 || strings.Trim(s.Name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
		return errors.New("discord.slashCommand.name: a command's name is 1 to 32 lower-case letters, digits, - or _")
	}
	return nil
}

func (s SlashCommand) ephemeral() bool { return s.Ephemeral == nil || *s.Ephemeral }

// Where a token was found.
const (
	SourceEnv    = "env"
	SourceConfig = "config"
	SourceNone   = "none"
)

const envToken = "DISCORD_BOT_TOKEN"

// Token finds the bot's token: the environment first, then the configuration. The error explains a source of "none".
func Token(c Config, getenv func(string) string) (token, source string, err error) {
	source = SourceConfig
	if getenv != nil {
		token = bare(getenv(envToken))
	}
	if token != "" {
		source = SourceEnv
	} else if token = bare(c.Token); token == "" {
		return "", SourceNone, errors.New("discord.token: no bot token; make one at discord.com/developers/applications (Bot, Reset Token) and set it here or in " + envToken)
	}
	for _, r := range token {
		if r <= ' ' || r >= 0x7F {
			return "", SourceNone, fmt.Errorf("%s: this is not a bot token: it holds a character that no token has", place(source))
		}
	}
	return token, source, nil
}

// bare is a token without the word that some people copy with it.
func bare(s string) string {
	s = strings.TrimSpace(s)
	if s == "Bot" {
		return ""
	}
	return strings.TrimSpace(strings.TrimPrefix(s, "Bot "))
}

// place names where a person finds the token that came from source.
func place(source string) string {
	if source == SourceEnv {
		return "the environment variable " + envToken
	}
	return "discord.token"
}
