package router

import (
	"cmp"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/command"
	"github.com/clawdbot/gateway/actors/store"
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
	tell         // something happened in the chat: a line for the agent's next turn
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
	switch m.Kind {
	case providers.Direct, providers.Group, providers.Channel:
	default:
		return decision{note: "unknown kind of chat: " + string(m.Kind)}
	}
	rule := f.policy.rule(m)
	switch {
	case rule.Refused != "":
		return decision{note: rule.Refused}
	case !m.Time.IsZero() && f.received.Sub(m.Time) > f.policy.maxAge():
		return decision{note: "stale"}
	}
	known := f.paired || m.Owner || f.policy.lists(f.surface, m.Sender.ID) || listed(rule.From, f.surface, m.Sender.ID)
	d := decision{action: run, session: f.session(m, rule), known: known}
	if m.Note {
		return f.decideNote(m, d)
	}
	if refused := f.refuse(m, rule, known); refused != nil {
		return *refused
	}
	if strings.TrimSpace(m.Text) == "" && len(m.Media) == 0 {
		d.action = empty
		return d
	}
	if known && command.Stop(f.forCommands(m)) {
		d.action = abort
	}
	return d
}

// refuse is why nobody is answered: the sender may not write, or a group message is not for us.
func (f facts) refuse(m providers.Incoming, rule providers.Ruling, known bool) *decision {
	switch {
	case m.Kind == providers.Direct && !known && len(rule.From) == 0:
		return &decision{action: pair}
	case !known && (m.Kind == providers.Direct || len(rule.From) > 0):
		return &decision{note: "sender not allowed"}
	case m.Kind == providers.Direct || m.Command || m.Mentioned || !f.mentionNeeded(rule):
		return nil
	case rule.Patterns && f.policy.patterned(m.Text):
		return nil
	case !m.HasMentions && known && command.Control(f.forCommands(m)):
		return nil
	}
	return &decision{note: store.NotAddressed}
}

// decideNote: what happened in a chat is told to the agent, unless a stranger would get a word in with it.
func (f facts) decideNote(m providers.Incoming, d decision) decision {
	if m.Kind == providers.Direct && !d.known && m.Sender.ID != "" {
		return decision{note: "sender not allowed"}
	}
	if strings.TrimSpace(m.Text) == "" {
		return decision{note: "empty"}
	}
	d.action = tell
	return d
}

// forCommands is the text in which commands are looked for.
func (f facts) forCommands(m providers.Incoming) string {
	if m.Kind == providers.Direct {
		return m.Text
	}
	return f.policy.unmentioned(m.Text)
}

func (p Policy) maxAge() time.Duration { return cmp.Or(p.MaxAge, staleAfter) }

// session is the key: the rules' own, that of the sender for a slash command, else by kind and chat.
func (f facts) session(m providers.Incoming, rule providers.Ruling) string {
	switch {
	case rule.Session != "":
		return rule.Session
	case m.Command:
		return f.surface + ":slash:" + m.Sender.ID
	}
	return sessionKey(m, f)
}

func (f facts) mentionNeeded(rule providers.Ruling) bool {
	switch f.activation {
	case "always":
		return false
	case "mention":
		return true
	}
	return rule.Mention
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
	default: // some surfaces call their groups "group:<id>", to tell them from people
		return f.surface + ":group:" + strings.TrimPrefix(m.Chat, "group:")
	}
}
