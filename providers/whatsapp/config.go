package whatsapp

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"go.mau.fi/whatsmeow/store"

	"github.com/clawdbot/gateway/providers"
)

// Config is the "whatsapp" section of the configuration, with the "web" section in its field of that name.
type Config struct {
	Web Web `json:"web"`
	// AllowFrom lists the phone numbers that may write directly, "*" for everybody. With our own number on it the phone
	// is shared: nothing is marked as read, and a mention of the number does not address the agent.
	AllowFrom []string `json:"allowFrom"`
	// Groups says by group id ("…@g.us") or "*" whether a message must address us; nothing said = it must.
	Groups         map[string]Group `json:"groups"`
	TextChunkLimit int              `json:"textChunkLimit"` // longest message in UTF-16 units; 0 = 4000
	// ReplyToMode says whether an answer quotes the message it answers: "off" (default), "first", "all".
	ReplyToMode string `json:"replyToMode"`
	// ClientVersion is the version that we give ourselves out as, like "2.3000.1031080782"; "" = the one that WhatsApp's
	// own page names at the time.
	ClientVersion string `json:"clientVersion"`
}

// Group is the configuration of one group.
type Group struct {
	RequireMention *bool `json:"requireMention"`
}

// Web is the link to WhatsApp.
type Web struct {
	HeartbeatSeconds int       `json:"heartbeatSeconds"` // between checks that the connection is alive; 0 = 60, at most 75
	Reconnect        Reconnect `json:"reconnect"`
}

// Reconnect is the wait before the next attempt to connect: initialMs·factor^n up to maxMs, jitter on top. What is not
// said has the default of the reference.
type Reconnect struct {
	InitialMs   *float64 `json:"initialMs"`   // 2000, at least 250
	MaxMs       *float64 `json:"maxMs"`       // 30000
	Factor      *float64 `json:"factor"`      // 1.8, from 1.1 to 10
	Jitter      *float64 `json:"jitter"`      // 0.25, a part of the wait
	MaxAttempts *int     `json:"maxAttempts"` // 12; 0 = no end
}

const (
	defaultTextLimit = 4000
	mostHeartbeat    = 75 * time.Second // with the wait for an answer a dead connection is noticed within 90 s
)

// ParseConfig decodes the section, fills in the defaults and checks what the configuration's schema cannot.
func ParseConfig(raw json.RawMessage) (Config, error) {
	var c Config
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &c); err != nil {
			return Config{}, fmt.Errorf("whatsapp: %w", err)
		}
	}
	var err error
	if c.ReplyToMode, err = providers.ReplyMode(surface, c.ReplyToMode); err != nil {
		return Config{}, err
	}
	if c.TextChunkLimit, err = providers.TextLimit(surface, c.TextChunkLimit, defaultTextLimit, 0); err != nil {
		return Config{}, err
	}
	if c.ClientVersion != "" {
		if _, err := store.ParseVersion(c.ClientVersion); err != nil {
			return Config{}, fmt.Errorf("whatsapp.clientVersion: %q is no version like 2.3000.1031080782", c.ClientVersion)
		}
	}
	return c, nil
}

func (w Web) heartbeat() time.Duration {
	if w.HeartbeatSeconds <= 0 {
		return 60 * time.Second
	}
	return min(time.Duration(w.HeartbeatSeconds)*time.Second, mostHeartbeat)
}

// policy is Reconnect within its bounds (providers a.1).
type policy struct {
	initial, max   time.Duration
	factor, jitter float64
	attempts       int
}

func (r Reconnect) policy() policy {
	or := func(p *float64, otherwise float64) float64 {
		if p == nil || math.IsNaN(*p) {
			return otherwise
		}
		return *p
	}
	ms := func(v float64) time.Duration { return time.Duration(min(v, 86_400_000) * float64(time.Millisecond)) }
	initial := max(or(r.InitialMs, 2000), 250)
	p := policy{
		initial: ms(initial), max: ms(max(or(r.MaxMs, 30_000), initial)),
		factor: min(max(or(r.Factor, 1.8), 1.1), 10), jitter: min(max(or(r.Jitter, 0.25), 0), 1), attempts: 12,
	}
	if r.MaxAttempts != nil {
		p.attempts = max(*r.MaxAttempts, 0)
	}
	return p
}

// delay is the wait after n failures in a row; random is in [0,1).
func (p policy) delay(n int, random float64) time.Duration {
	base := float64(p.initial) * math.Pow(p.factor, float64(min(max(n-1, 0), 100)))
	return time.Duration(min(float64(p.max), base+base*p.jitter*random))
}

// rules says who may write to the agent (providers a.1): the allowlist is for direct messages; in a group everybody may,
// whose message addresses us.
func rules(raw json.RawMessage) providers.Rules {
	c, err := ParseConfig(raw)
	if err != nil { // it was checked where it came in
		c = Config{}
	}
	from := allowed(c.AllowFrom)
	return func(m providers.Incoming) providers.Ruling {
		if m.Kind == providers.Direct {
			return providers.Ruling{From: from}
		}
		return providers.Ruling{Mention: c.mentionNeeded(m.Chat), Patterns: true}
	}
}

func (c Config) mentionNeeded(group string) bool {
	for _, id := range []string{group, "*"} {
		if g, ok := c.Groups[id]; ok && g.RequireMention != nil {
			return *g.RequireMention
		}
	}
	return true
}

// allowed brings an allowlist into the form of Sender.ID.
func allowed(list []string) []string {
	out := make([]string, 0, len(list))
	for _, entry := range list {
		entry = strings.TrimSpace(entry)
		switch {
		case entry == "*":
			out = append(out, entry)
		case entry == "":
		default:
			if to, err := target(entry); err == nil {
				out = append(out, address(to))
			}
		}
	}
	return out
}

// lists says whether the allowlist names a person.
func lists(from []string, id string) bool {
	return slices.Contains(from, id) || slices.Contains(from, "*")
}
