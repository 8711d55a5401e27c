package router

import (
	"strings"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// envelope is the text that the agent reads: who wrote where and when, the text, and what it replies to.
func envelope(surface string, m providers.Incoming, zone *time.Location) string {
	parts := []string{label(surface)}
	for _, p := range []string{from(m), stamp(m.Time, zone)} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return "[" + strings.Join(parts, " ") + "] " + m.Text + quoted(m.ReplyTo)
}

// label is the surface as people write it.
func label(surface string) string {
	switch surface {
	case "":
		return "Surface"
	case "whatsapp":
		return "WhatsApp"
	case "imessage":
		return "iMessage"
	case "webchat":
		return "WebChat"
	}
	return strings.ToUpper(surface[:1]) + surface[1:]
}

func from(m providers.Incoming) string {
	if m.Kind != providers.Direct {
		if m.Title != "" {
			return inLine(m.Title) + " id:" + m.Chat
		}
		return "group:" + m.Chat
	}
	name := inLine(m.Sender.Name)
	if user := inLine(strings.TrimPrefix(m.Sender.Username, "@")); user != "" {
		if name == "" {
			name = "@" + user
		} else {
			name += " (@" + user + ")"
		}
	}
	return strings.TrimSpace(name + " id:" + m.Chat)
}

// inLine keeps a name that its owner chose from looking like an envelope of its own.
func inLine(s string) string {
	s = strings.NewReplacer("[", "(", "]", ")").Replace(s)
	return strings.Join(strings.Fields(s), " ")
}

// stamp is wall time to the minute, with offset and, where it is known, the zone's name.
func stamp(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	s := t.In(zone).Format("2006-01-02T15:04-07:00")
	if name := zone.String(); name != "" && name != "Local" {
		s += "{" + name + "}"
	}
	return s
}

func quoted(q *providers.Quoted) string {
	if q == nil {
		return ""
	}
	sender := inLine(q.Sender)
	if sender == "" {
		sender = "unknown sender"
	}
	if q.ID != "" {
		sender += " id:" + q.ID
	}
	return "\n\n[Replying to " + sender + "]\n" + q.Text + "\n[/Replying]"
}
