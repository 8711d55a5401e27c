package router

import (
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// Policy is what the configuration says about the inbound messages of one account.
type Policy struct {
	// AllowFrom lists platform ids, with or without the surface as a prefix ("telegram:123"), or "*". Names in it let
	// nobody in: their owners can change them. Empty = unknown senders get a pairing code.
	AllowFrom []string
	// RequireMention says, per group id or "*", whether a group message must address us. Nothing said = yes.
	RequireMention map[string]bool
	// Rules are the surface's own reading of its section; nil = AllowFrom for direct messages, RequireMention for groups.
	Rules providers.Rules
	// Patterns count as addressing us in a group, where the rules say so. They are matched against small letters.
	Patterns []*regexp.Regexp
	// History is how many messages that were not for us the agent is shown with the next one that is; 0 = none.
	History int
	// MaxAge: an older message is not answered; 0 = a day.
	MaxAge time.Duration
	// Prefix stands before what the agent reads of a message; "" = nothing.
	Prefix string
	// Global: all messages share one session (session.scope "global").
	Global bool

	// ResetTriggers are the words that begin a conversation anew.
	ResetTriggers []string
	// ElevatedFrom lists who may switch elevated mode on and off, in the form of AllowFrom. Empty = nobody.
	ElevatedFrom []string
	// Verbose and Elevated are what holds for sessions without settings of their own.
	Verbose, Elevated string
}

// ParsePolicy reads allowFrom (else dm.allowFrom) and groups of a surface's config section. What has another shape is ignored: the
// configuration was validated where it came in.
func ParsePolicy(section []byte) Policy {
	var doc struct {
		AllowFrom []wire.Raw `json:"allowFrom"`
		DM        struct {
			AllowFrom []wire.Raw `json:"allowFrom"`
		} `json:"dm"`
		Groups map[string]struct {
			RequireMention *bool `json:"requireMention"`
		} `json:"groups"`
	}
	p := Policy{RequireMention: map[string]bool{}}
	if len(section) == 0 || wire.Unmarshal(section, &doc) != nil {
		return p
	}
	if doc.AllowFrom == nil {
		doc.AllowFrom = doc.DM.AllowFrom
	}
	for _, raw := range doc.AllowFrom { // numbers keep all their digits
		entry := string(raw)
		if raw[0] == '"' && wire.Unmarshal(raw, &entry) != nil {
			continue
		}
		if entry = strings.TrimSpace(entry); entry != "" {
			p.AllowFrom = append(p.AllowFrom, entry)
		}
	}
	for id, g := range doc.Groups {
		if g.RequireMention != nil {
			p.RequireMention[id] = *g.RequireMention
		}
	}
	return p
}

// lists says whether a platform id is on the list.
func (p Policy) lists(surface, id string) bool { return listed(p.AllowFrom, surface, id) }

func listed(list []string, surface, id string) bool {
	return id != "" && slices.ContainsFunc(list, func(entry string) bool {
		if entry == "*" {
			return true
		}
		if before, after, ok := strings.Cut(entry, ":"); ok && strings.EqualFold(before, surface) {
			entry = after
		}
		return entry == id
	})
}

func (p Policy) mentionNeeded(group string) bool {
	for _, id := range []string{group, "*"} {
		if need, ok := p.RequireMention[id]; ok {
			return need
		}
	}
	return true
}

// rule is what the configuration says of one message. Rules that fail let nobody in.
func (p Policy) rule(m providers.Incoming) (r providers.Ruling) {
	if p.Rules == nil {
		r.Mention = p.mentionNeeded(m.Chat)
		if m.Kind == providers.Direct {
			r.From = p.AllowFrom
		}
		return r
	}
	defer func() {
		if v := recover(); v != nil {
			slog.Error("the rules of a surface failed", "panic", v)
			r = providers.Ruling{Refused: "the rules of this surface failed"}
		}
	}()
	return p.Rules(m)
}

// patterned says whether one of the mention patterns is in a text, hidden characters aside.
func (p Policy) patterned(text string) bool {
	text = visible(text)
	return slices.ContainsFunc(p.Patterns, func(re *regexp.Regexp) bool { return re.MatchString(text) })
}

// unmentioned is a text without the mention patterns at its beginning and its end: what a command is recognised in.
func (p Policy) unmentioned(text string) string {
	for _, re := range p.Patterns {
		rest := strings.TrimLeft(text, " \t\n")
		if at := re.FindStringIndex(strings.ToLower(rest)); len(strings.ToLower(rest)) == len(rest) && at != nil && (at[0] == 0 || at[1] == len(rest)) {
			text = strings.Trim(rest[:at[0]]+rest[at[1]:], " \t\n,:")
		}
	}
	return text
}

// visible is a text in small letters without the characters that nobody sees: they can be used to hide a name, or to
// break one up (providers a.1).
func visible(text string) string {
	return strings.ToLower(strings.Map(seen, text))
}

// seen maps a character that is not shown to none.
func seen(r rune) rune {
	if r >= 0x200B && r <= 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2060 && r <= 0x206F {
		return -1
	}
	return r
}

// MentionPatterns compiles routing.groupChat.mentionPatterns. One that is no regular expression is left out: the
// configuration's check has told of it.
func MentionPatterns(sources []string) (all []*regexp.Regexp) {
	for _, s := range sources {
		if re, err := regexp.Compile("(?i)" + s); err == nil {
			all = append(all, re)
		}
	}
	return all
}
