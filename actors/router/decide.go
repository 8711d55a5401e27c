package router

import (
	"regexp"
	"strings"
	"time"

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
)

// decision is the action, the session it concerns, and the note of a drop.
type decision struct {
	action  action
	session string
	note    string
}

// facts are what a decision rests on besides the message.
type facts struct {
	surface  string
	policy   Policy
	paired   bool // the sender is on the store's allowlist
	received time.Time
}

// decide is pure: the same message and facts, the same decision.
func decide(m providers.Incoming, f facts) decision {
	if !m.Time.IsZero() && f.received.Sub(m.Time) > staleAfter {
		return decision{note: "stale"}
	}
	known := f.paired || f.policy.lists(f.surface, m.Sender.ID)
	d := decision{action: run, session: sessionKey(m, f)}
	if m.Kind == providers.Direct {
		switch {
		case known:
		case len(f.policy.AllowFrom) == 0:
			return decision{action: pair}
		default:
			return decision{note: "sender not allowed"}
		}
	} else if f.policy.mentionNeeded(m.Chat) && !m.Mentioned {
		if m.HasMentions || !known || !controlCommand(m.Text) {
			return decision{note: "not addressed"}
		}
	}
	if strings.TrimSpace(m.Text) == "" && len(m.Media) == 0 {
		return decision{note: "empty"}
	}
	if known && stopWord(m.Text) {
		d.action = abort
	}
	return d
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

var mention = regexp.MustCompile(`(^|\s)@\w+`)

// stopWord: the whole message is one of five words, mentions aside.
func stopWord(text string) bool {
	switch strings.ToLower(strings.TrimSpace(mention.ReplaceAllString(text, ""))) {
	case "stop", "esc", "abort", "wait", "exit":
		return true
	}
	return false
}

var (
	wholeCommand = regexp.MustCompile(`(?i)^/?(status|restart|activation|send|reset|new)$`)
	wordCommand  = regexp.MustCompile(`(?i)(^|\s)/(status|thinking|think|t|verbose|v|elevated|elev|model|queue|activation|send|restart|reset|new)(\s|:|$)`)
)

// controlCommand says whether a text is a command that needs no mention.
func controlCommand(text string) bool {
	text = strings.TrimSpace(text)
	return wholeCommand.MatchString(text) || wordCommand.MatchString(text)
}
