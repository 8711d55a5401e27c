package gateway

import (
	"encoding/json"
	"net/url"
	"os"
	"strings"

	"github.com/clawdbot/gateway/actors/account"
	"github.com/clawdbot/gateway/transport/wire"
)

// token is where a surface's credential may be. The first place that has it counts; a file that the section names
// decides, also when it is missing or empty.
type token struct{ env, file, key string }

// tokens are the credentials without which a surface does not start (providers 0.4).
var tokens = map[string][]token{
	"telegram": {{env: "TELEGRAM_BOT_TOKEN", file: "tokenFile", key: "botToken"}},
	"discord":  {{env: "DISCORD_BOT_TOKEN", key: "token"}},
	"slack":    {{env: "SLACK_BOT_TOKEN", key: "botToken"}, {env: "SLACK_APP_TOKEN", key: "appToken"}},
}

// askedFor are the keys of which a section must have one to start; nil = the section alone is enough.
var askedFor = map[string][]string{
	"signal":   {"account", "httpUrl", "cliPath", "httpHost", "httpPort", "autoStart"},
	"imessage": nil,
}

// raw is the section of an account as it is in force.
func (g *Gateway) raw(name string) json.RawMessage { return g.setting().raw(name) }

// section is a surface's section with what it takes to see whether it starts.
type section struct {
	surface string
	there   bool // the configuration has it, be it empty
	keys    map[string]json.RawMessage
	getenv  func(string) string
	home    func(string) string // expands "~"
}

func (g *Gateway) section(name string) section { return g.setting().section(name) }

// disabled: WhatsApp's switch is that of its link.
func (s section) disabled() bool {
	keys := s.keys
	if s.surface == "whatsapp" {
		keys = nil
		_ = wire.Unmarshal(s.keys["web"], &keys)
	}
	return string(keys["enabled"]) == "false"
}

// idle says why the surface does not start; "" = it does. A surface of an embedder's own starts when it is there, and
// WhatsApp does: it finds out by itself whether it is linked, and must run to be.
func (s section) idle() string {
	if s.disabled() {
		return "disabled"
	}
	for _, source := range s.sources() {
		if source == "none" {
			return "not configured"
		}
	}
	if keys, ok := askedFor[s.surface]; ok && !s.asks(keys) {
		return "not configured"
	}
	return ""
}

// asks tells whether one of the keys is set to something.
func (s section) asks(keys []string) bool {
	for _, key := range keys {
		if v := string(s.keys[key]); v != "" && v != "null" && strings.Trim(v, "\" ") != "" {
			return true
		}
	}
	return keys == nil && s.there
}

// sources says where each of the surface's tokens comes from: "env", "tokenFile", "config" or "none".
func (s section) sources() []string {
	var all []string
	for _, t := range tokens[s.surface] {
		_, source := s.token(t)
		all = append(all, source)
	}
	return all
}

func (s section) token(t token) (value, source string) {
	if v := strings.TrimSpace(s.getenv(t.env)); v != "" {
		return v, "env"
	}
	if path := s.text(t.file); path != "" {
		b, _ := os.ReadFile(s.home(path))
		if v := strings.TrimSpace(string(b)); v != "" {
			return v, "tokenFile"
		}
		return "", "none"
	}
	if v := strings.TrimSpace(s.text(t.key)); v != "" {
		return v, "config"
	}
	return "", "none"
}

// text is a value that is a string.
func (s section) text(key string) string {
	var v string
	if wire.Unmarshal(s.keys[key], &v) != nil {
		return ""
	}
	return v
}

// tokenThere says whether a surface has all its tokens, whatever else its section says.
func (s section) tokenThere() bool {
	for _, source := range s.sources() {
		if source == "none" {
			return false
		}
	}
	return true
}

// configured answers providers.status. Unlike for a start, a token from the environment alone is no configuration.
func (g *Gateway) configured(surface string) account.Setup {
	s := g.section(g.setting().accounts(surface)[0])
	setup := account.Setup{
		Configured: s.there && s.idle() == "", Sources: s.sources(),
		CLIPath: s.text("cliPath"), DBPath: s.text("dbPath"),
	}
	if surface == "signal" {
		setup.BaseURL = s.signalURL()
	}
	return setup
}

// signalURL is where signal-cli's daemon is asked for.
func (s section) signalURL() string {
	if u := strings.TrimRight(strings.TrimSpace(s.text("httpUrl")), "/"); u != "" {
		if !strings.Contains(u, "://") {
			u = "http://" + u
		}
		parsed, err := url.Parse(u)
		if err != nil {
			return "" // not to be shown: it may hold a password
		}
		return parsed.Redacted()
	}
	host, port := s.text("httpHost"), string(s.keys["httpPort"])
	if host == "" {
		host = "127.0.0.1"
	}
	if port == "" {
		port = "8080"
	}
	return "http://" + host + ":" + port
}

// endpoint replaces a platform's address in tests (dev.endpoints, loopback only). WhatsApp's is a JSON object: it has
// several addresses, and a key.
func (g *Gateway) endpoint(surface string) string {
	e := g.o.Config.Config.Dev.Endpoints
	switch surface {
	case "telegram":
		return e.Telegram
	case "slack":
		return e.Slack
	case "discord":
		return e.Discord
	case "whatsapp":
		if e.WhatsApp.URL == "" {
			return ""
		}
		b, _ := wire.Marshal(e.WhatsApp) // three strings
		return string(b)
	}
	return ""
}
