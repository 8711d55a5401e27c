package router

import (
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/command"
	"github.com/clawdbot/gateway/providers"
)

// staleAfter: a platform that hands over older messages is catching up after a long time; nobody waits for an answer.
const staleAfter = 24 * time.Hour

// action is what to do with an inbound message.
type action int

const (
	drop  action = iota
	run          // a turn of the agent
	abort        // a stop word: end the session's runs
	pair         // an unknown sender: answer with a code
	empty        // there is nothing to answer: say so
)

// decision is the action, the session it concerns, and the note of a drop.
type decision struct {
	action  action
	session string
	known   bool // the sender may give commands
	note    string
}

// facts are what a decision rests on besides the message.
type facts struct {
	surface    string
	policy     Policy
	paired     bool   // the sender is on the store's allowlist
	activation string // what the group's session says of when we speak: mention, always, "" = nothing
	received   time.Time
}

// decide is pure: the same message and facts, the same decision.
func decide(m providers.Incoming, f facts) decision {
	if !m.Time.IsZero() && f.received.Sub(m.Time) > staleAfter {
		return decision{note: "stale"}
	}
	known := f.paired || f.policy.lists(f.surface, m.Sender.ID)
	d := decision{action: run, session: sessionKey(m, f), known: known}
	if m.Kind == providers.Direct {
		switch {
		case known:
		case len(f.policy.AllowFrom) == 0:
			return decision{action: pair}
		default:
			return decision{note: "sender not allowed"}
		}
	} else if f.mentionNeeded(m.Chat) && !m.Mentioned {
		if m.HasMentions || !known || !command.Control(m.Text) {
			return decision{note: "not addressed"}
		}
	}
	if strings.TrimSpace(m.Text) == "" && len(m.Media) == 0 {
		d.action = empty
		return d
	}
	if known && command.Stop(m.Text) {
		d.action = abort
	}
	return d
}

func (f facts) mentionNeeded(group string) bool {
	switch f.activation {
	case "always":
		return false
	case "mention":
		return true
	}
	return f.policy.mentionNeeded(group)
}

// sessionKey: all direct messages of all surfaces share one session, each group has its own.
func sessionKey(m providers.Incoming, f facts) string {
	switch {
	case f.policy.Global:
		return "global"
	case m.Kind == providers.Direct:
		return "main"
	case m.Kind == providers.Channel:
		return f.surface + ":channel:" + m.Chat
	default:
		return f.surface + ":group:" + m.Chat
	}
}
