package telegram

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"strings"

	"github.com/clawdbot/gateway/providers"
)

// Config is the "telegram" section of the configuration. The zero value means the defaults.
// The router reads Groups and AllowFrom; the provider itself admits everybody.
type Config struct {
	Enabled   *bool  `json:"enabled"`   // nil = true
	BotToken  string `json:"botToken"`  // from @BotFather; the last place that is looked at
	TokenFile string `json:"tokenFile"` // a file with the token; when set, BotToken is not looked at
	// ReplyToMode says whether an answer quotes the message it answers: "off" (default), "first" (of several
	// messages only the first one), "all".
	ReplyToMode    string           `json:"replyToMode"`
	Groups         map[string]Group `json:"groups"`         // by chat id, "*" for the rest
	AllowFrom      []providers.ID   `json:"allowFrom"`      // senders of direct messages
	TextChunkLimit int              `json:"textChunkLimit"` // longest message in UTF-16 units; 0 = 4000, at most 4096
	MediaMaxMB     float64          `json:"mediaMaxMb"`     // largest inbound attachment; 0 = 5
	Proxy          string           `json:"proxy"`          // URL of an HTTP proxy, "" = none
	// WebhookURL is the public address at which Telegram posts messages, "" = they are polled. Whatever is there passes
	// them on to WebhookPath on the gateway's port, "" = /telegram-webhook.
	WebhookURL    string `json:"webhookUrl"`
	WebhookPath   string `json:"webhookPath"`
	WebhookSecret string `json:"webhookSecret"` // what the posts must carry; "" = one of the process's own
	// ReactionNotifications says which reactions the agent is told of: "off", "own" (default: to our messages), "all",
	// "allowlist" (by people in ReactionAllowlist).
	ReactionNotifications string             `json:"reactionNotifications"`
	ReactionAllowlist     []providers.ID     `json:"reactionAllowlist"`
	Actions               providers.Switches `json:"actions"` // what the agent may do besides writing; what is not named is on
}

// Group is the configuration of one group chat.
type Group struct {
	RequireMention *bool `json:"requireMention"` // nil = true
}

const (
	defaultTextLimit = 4000
	platformMaxText  = 4096 // the Bot API refuses more
	defaultMediaMB   = 5
)

// ParseConfig decodes the section, fills in the defaults and checks every field. Keys it does not know are not its
// business: the configuration's schema has refused them before.
func ParseConfig(raw json.RawMessage) (Config, error) {
	var c Config
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &c); err != nil {
			return Config{}, fmt.Errorf("telegram: %w", err)
		}
	}
	var err error
	if c.ReplyToMode, err = providers.ReplyMode(surface, c.ReplyToMode); err != nil {
		return Config{}, err
	}
	if c.TextChunkLimit, err = providers.TextLimit(surface, c.TextChunkLimit, defaultTextLimit, platformMaxText); err != nil {
		return Config{}, err
	}
	if c.MediaMaxMB, err = providers.MediaLimit(surface, c.MediaMaxMB, defaultMediaMB); err != nil {
		return Config{}, err
	}
	if c.ReactionNotifications, err = providers.ReactionMode(surface, c.ReactionNotifications); err != nil {
		return Config{}, err
	}
	if _, err := c.proxyURL(); err != nil {
		return Config{}, err
	}
	if err := c.checkWebhook(); err != nil {
		return Config{}, err
	}
	if c.WebhookPath == "" {
		c.WebhookPath = "/telegram-webhook"
	}
	return c, nil
}

// proxyURL is nil without a proxy. Its errors never repeat the URL, which may hold a password.
func (c Config) proxyURL() (*url.URL, error) {
	if c.Proxy == "" {
		return nil, nil
	}
	u, err := url.Parse(c.Proxy)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("telegram.proxy: must be a URL like http://host:port")
	}
	return u, nil
}

// checkWebhook judges the webhook* fields. Its errors repeat neither the secret nor the URL, which may be one.
func (c Config) checkWebhook() error {
	if p := c.WebhookPath; p != "" && (p[0] != '/' || p == "/" || path.Clean(p) != p) {
		return errors.New("telegram.webhookPath: must be a path like /telegram-webhook")
	}
	if c.WebhookURL != "" {
		u, err := url.Parse(c.WebhookURL)
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			return errors.New("telegram.webhookUrl: must be a URL like https://host/path")
		}
	}
	if len(c.WebhookSecret) > 256 {
		return errors.New("telegram.webhookSecret: must have at most 256 characters")
	}
	for _, r := range c.WebhookSecret {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-' {
			return errors.New("telegram.webhookSecret: Telegram allows only A-Z, a-z, 0-9, _ and -")
		}
	}
	return nil
}

// webhookFits says why this program cannot be posted to.
func webhookFits(c Config, env providers.Env) error {
	switch {
	case c.WebhookURL == "":
		return nil
	case env.Mount == nil:
		return errors.New("telegram.webhookUrl: this program has no HTTP port for it; remove it to poll")
	case env.Endpoint == "" && !strings.HasPrefix(strings.ToLower(c.WebhookURL), "https:"):
		return errors.New("telegram.webhookUrl: Telegram posts to https addresses only")
	}
	return nil
}

// Where a token was found.
const (
	SourceEnv    = "env"
	SourceFile   = "tokenFile"
	SourceConfig = "config"
	SourceNone   = "none"
)

const envToken = "TELEGRAM_BOT_TOKEN"

// TokenSource says where the account's token comes from: "env", "tokenFile", "config" or "none".
func TokenSource(c Config, getenv func(string) string) string {
	_, source, _ := Token(c, getenv)
	return source
}

// Token finds the token: the environment, then tokenFile (which decides when set, even if it is missing or empty),
// then botToken. The error explains a source of "none" and names the field to change.
func Token(c Config, getenv func(string) string) (token, source string, err error) {
	if getenv != nil {
		if token = strings.TrimSpace(getenv(envToken)); token != "" {
			return checked(token, SourceEnv)
		}
	}
	if c.TokenFile != "" {
		b, err := os.ReadFile(c.TokenFile)
		if err != nil {
			return "", SourceNone, fmt.Errorf("telegram.tokenFile: %w", err)
		}
		if token = strings.TrimSpace(string(b)); token == "" {
			return "", SourceNone, fmt.Errorf("telegram.tokenFile: %s is empty", c.TokenFile)
		}
		return checked(token, SourceFile)
	}
	if token = strings.TrimSpace(c.BotToken); token != "" {
		return checked(token, SourceConfig)
	}
	return "", SourceNone, errors.New("telegram.botToken: no bot token; ask @BotFather for one and set it here, in telegram.tokenFile or in " + envToken)
}

// checked refuses what cannot stand in a URL path: it would address something else than the Bot API.
func checked(token, source string) (string, string, error) {
	for _, r := range token {
		if r <= ' ' || r >= 0x7F || strings.ContainsRune(`/\?#%"`, r) {
			return "", SourceNone, fmt.Errorf("%s: this is not a bot token: it holds a character that no token has", place(source))
		}
	}
	return token, source, nil
}

// place names where a person finds the token that came from source.
func place(source string) string {
	switch source {
	case SourceEnv:
		return "the environment variable " + envToken
	case SourceFile:
		return "the file named by telegram.tokenFile"
	default:
		return "telegram.botToken"
	}
}
