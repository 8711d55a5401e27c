package session

import (
	"cmp"
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

// Policy says in which sessions a run may be started by agent and chat.send (protocol 7.5).
type Policy struct {
	Default string // allow or deny; "" = allow
	Rules   []PolicyRule
}

// PolicyRule applies where each of its fields that is set matches.
type PolicyRule struct {
	Action    string // allow or deny
	Surface   string
	ChatType  string // direct, group, room
	KeyPrefix string
}

// Denies: the session's own setting wins; else any deny that matches; else an allow that matches; else the default.
func (p Policy) Denies(key string, e wire.SessionEntry) bool {
	if e.SendPolicy != "" {
		return e.SendPolicy == "deny"
	}
	surface := strings.ToLower(cmp.Or(e.Surface, e.LastChannel, surfaceOf(key, e)))
	chatType := cmp.Or(e.ChatType, kindOf(key, e))
	allowed := false
	for _, r := range p.Rules {
		if !r.matches(key, surface, chatType) {
			continue
		}
		if r.Action == "deny" {
			return true
		}
		allowed = true
	}
	return !allowed && p.Default == "deny"
}

func (r PolicyRule) matches(key, surface, chatType string) bool {
	return (r.Surface == "" || strings.ToLower(r.Surface) == surface) &&
		(r.ChatType == "" || strings.ToLower(r.ChatType) == chatType) &&
		(r.KeyPrefix == "" || strings.HasPrefix(key, strings.ToLower(r.KeyPrefix)))
}
