package router

import (
	"slices"
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

// Policy is what the configuration says about the inbound messages of one account.
type Policy struct {
	// AllowFrom lists platform ids, with or without the surface as a prefix ("telegram:123"), or "*". Names in it let
	// nobody in: their owners can change them. Empty = unknown senders get a pairing code.
	AllowFrom []string
	// RequireMention says, per group id or "*", whether a group message must address us. Nothing said = yes.
	RequireMention map[string]bool
	// Global: all messages share one session (session.scope "global").
	Global bool

	// ResetTriggers are the words that begin a conversation anew.
	ResetTriggers []string
	// ElevatedFrom lists who may switch elevated mode on and off, in the form of AllowFrom. Empty = nobody.
	ElevatedFrom []string
	// Verbose and Elevated are what holds for sessions without settings of their own.
	Verbose, Elevated string
}

// ParsePolicy reads allowFrom and groups of a surface's config section. What has another shape is ignored: the
// configuration was validated where it came in.
func ParsePolicy(section []byte) Policy {
	var doc struct {
		AllowFrom []wire.Raw `json:"allowFrom"`
		Groups    map[string]struct {
			RequireMention *bool `json:"requireMention"`
		} `json:"groups"`
	}
	p := Policy{RequireMention: map[string]bool{}}
	if len(section) == 0 || wire.Unmarshal(section, &doc) != nil {
		return p
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
