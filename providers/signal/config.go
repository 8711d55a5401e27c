package signal

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/clawdbot/gateway/providers"
)

// Config is the "signal" section of the configuration. The zero value means the defaults.
type Config struct {
	Account   string `json:"account"`  // E.164 number of the account; "" = the only one that the daemon has
	HTTPURL   string `json:"httpUrl"`  // a daemon that runs already; "" = http://HTTPHost:HTTPPort
	HTTPHost  string `json:"httpHost"` // "" = 127.0.0.1
	HTTPPort  int    `json:"httpPort"` // 0 = 8080
	CLIPath   string `json:"cliPath"`  // "" = signal-cli
	AutoStart *bool  `json:"autoStart"`
	// ReceiveMode is handed to a daemon that we start: "on-start" (its own default) or "manual", in which messages wait at
	// Signal while nobody reads the stream.
	ReceiveMode       string   `json:"receiveMode"`
	IgnoreAttachments bool     `json:"ignoreAttachments"`
	IgnoreStories     bool     `json:"ignoreStories"`
	SendReadReceipts  bool     `json:"sendReadReceipts"`
	AllowFrom         []string `json:"allowFrom"` // for direct chats and groups
	Groups            map[string]struct {
		RequireMention *bool `json:"requireMention"`
	} `json:"groups"` // by group id, "*" for the rest
	TextChunkLimit int     `json:"textChunkLimit"` // longest message in UTF-16 units; 0 = 4000
	MediaMaxMB     float64 `json:"mediaMaxMb"`     // largest inbound attachment; 0 = 8

	Actions providers.Switches `json:"actions"` // what the agent may do besides writing; what is not named is on
}

const (
	defaultHost      = "127.0.0.1"
	defaultPort      = 8080
	defaultCLI       = "signal-cli"
	defaultTextLimit = 4000
	defaultMediaMB   = 8
)

// ParseConfig decodes the section, fills in the defaults and checks every field. Keys it does not know are not its
// business: the configuration's schema has refused them before.
func ParseConfig(raw json.RawMessage) (Config, error) {
	var c Config
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &c); err != nil {
			return Config{}, fmt.Errorf("signal: %w", err)
		}
	}
	if c.Account = strings.TrimSpace(c.Account); c.Account != "" {
		n := normal(c.Account)
		if !isUUID(n) && len(n) < 4 {
			return Config{}, fmt.Errorf("signal.account: %q is no phone number: write it like +15555550123", c.Account)
		}
		c.Account = n
	}
	if c.HTTPHost = strings.TrimSpace(c.HTTPHost); c.HTTPHost == "" {
		c.HTTPHost = defaultHost
	}
	if c.HTTPPort < 0 || c.HTTPPort > 65535 {
		return Config{}, errors.New("signal.httpPort: must be from 1 to 65535")
	}
	if c.HTTPPort == 0 {
		c.HTTPPort = defaultPort
	}
	if c.CLIPath = strings.TrimSpace(c.CLIPath); c.CLIPath == "" {
		c.CLIPath = defaultCLI
	}
	switch c.ReceiveMode {
	case "", "on-start", "manual":
	default:
		return Config{}, fmt.Errorf("signal.receiveMode: %q is not one of on-start, manual", c.ReceiveMode)
	}
	var err error
	if c.TextChunkLimit, err = providers.TextLimit(surface, c.TextChunkLimit, defaultTextLimit, 0); err != nil {
		return Config{}, err
	}
	if c.MediaMaxMB, err = providers.MediaLimit(surface, c.MediaMaxMB, defaultMediaMB); err != nil {
		return Config{}, err
	}
	_, err = c.base()
	return c, err
}

// ours says whether the daemon is ours to start (providers a.5).
func (c Config) ours() bool {
	if c.AutoStart != nil {
		return *c.AutoStart
	}
	return strings.TrimSpace(c.HTTPURL) == ""
}

// base is the daemon's address. Its errors never repeat the address, which may hold a password.
func (c Config) base() (*url.URL, error) {
	raw := strings.TrimSpace(c.HTTPURL)
	if raw == "" {
		host := strings.Trim(c.HTTPHost, "[]")
		if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
			host = defaultHost // that is where to listen, not where to find it
		}
		return &url.URL{Scheme: "http", Host: net.JoinHostPort(host, strconv.Itoa(c.HTTPPort))}, nil
	}
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	u, err := url.Parse(strings.TrimRight(raw, "/"))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("signal.httpUrl: must be an address like http://127.0.0.1:8080")
	}
	return u, nil
}

// loopback says whether the daemon's address is on this machine only.
func loopback(u *url.URL) bool {
	host := u.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// argv are the arguments of a daemon that we start (providers a.5).
func (c Config) argv() []string {
	var args []string
	if c.Account != "" {
		args = append(args, "-a", c.Account)
	}
	args = append(args, "daemon", "--http", net.JoinHostPort(strings.Trim(c.HTTPHost, "[]"), strconv.Itoa(c.HTTPPort)), "--no-receive-stdout")
	if c.ReceiveMode != "" {
		args = append(args, "--receive-mode", c.ReceiveMode)
	}
	for _, f := range []struct {
		on   bool
		flag string
	}{
		{c.IgnoreAttachments, "--ignore-attachments"}, {c.IgnoreStories, "--ignore-stories"}, {c.SendReadReceipts, "--send-read-receipts"},
	} {
		if f.on {
			args = append(args, f.flag)
		}
	}
	return args
}

// normal brings the ways to write a person into one: a phone number as + and digits, a Signal account id in lower case.
// It is the form of Sender.ID.
func normal(s string) string {
	s = strings.TrimSpace(s)
	if before, after, ok := strings.Cut(s, ":"); ok {
		switch strings.ToLower(before) {
		case "signal", "uuid":
			return normal(after)
		}
	}
	if isUUID(s) {
		return strings.ToLower(s)
	}
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
	if digits == "" {
		return ""
	}
	return "+" + digits
}

// isUUID tells a Signal account id, which some people have instead of a number that others may see.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, r := range s {
		switch i {
		case 8, 13, 18, 23:
			if r != '-' {
				return false
			}
		default:
			if !strings.ContainsRune("0123456789abcdefABCDEF", r) {
				return false
			}
		}
	}
	return true
}

// rules judge by the section: the allowlist holds for direct chats and groups. A group that anybody may write in is
// answered only when it addresses us; one with an allowlist always, unless signal.groups says otherwise.
func rules(raw json.RawMessage) providers.Rules {
	c, err := ParseConfig(raw)
	if err != nil {
		return func(providers.Incoming) providers.Ruling {
			return providers.Ruling{Refused: "the signal section cannot be read"}
		}
	}
	var from []string
	for _, entry := range c.AllowFrom {
		if strings.TrimSpace(entry) == "*" {
			from = append(from, "*")
		} else if n := normal(entry); n != "" {
			from = append(from, n)
		}
	}
	return func(m providers.Incoming) providers.Ruling {
		r := providers.Ruling{From: from, Patterns: true}
		if m.Kind == providers.Direct {
			return r
		}
		r.Mention = len(from) == 0
		id := strings.TrimPrefix(m.Chat, groupPrefix)
		for _, key := range []string{id, m.Chat, "*"} {
			if g, ok := c.Groups[key]; ok && g.RequireMention != nil {
				r.Mention = *g.RequireMention
				break
			}
		}
		return r
	}
}
