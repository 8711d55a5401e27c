package router

import (
	"cmp"
	"strings"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// envelope is the text that the agent reads: who wrote where and when, the text, and what it replies to.
func envelope(surface string, m providers.Incoming, zone *time.Location) string {
	parts := []string{label(surface)}
	late := ""
	if m.Late {
		late = "(arrived late)"
	}
	for _, p := range []string{from(surface, m), stamp(m.Time, zone), late} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return "[" + strings.Join(parts, " ") + "] " + forwarded(m) + quoted(m.ReplyTo)
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

// from is where a message comes from, as each surface has it (providers part a): for a direct chat the person, for a
// shared one the chat. Names are labels; the ids beside them are what counts.
func from(surface string, m providers.Incoming) string {
	if m.Kind == providers.Direct {
		return fromPerson(surface, m)
	}
	switch title, room := inLine(m.Title), strings.TrimPrefix(inLine(m.Room), "#"); {
	case surface == "whatsapp":
		return inLine(m.Chat)
	case surface == "slack":
		return speaker(m.Sender)
	case surface == "discord" && room != "":
		return strings.TrimSpace(inLine(m.Space) + " #" + room + " channel id:" + inLine(m.Chat))
	case title != "":
		return title + " id:" + inLine(m.Chat)
	case surface == "signal", surface == "imessage":
		return label(surface) + " Group id:" + inLine(m.Chat)
	default:
		return "group:" + inLine(m.Chat)
	}
}

func fromPerson(surface string, m providers.Incoming) string {
	name, user, id := inLine(m.Sender.Name), inLine(strings.TrimPrefix(m.Sender.Username, "@")), inLine(m.Sender.ID)
	switch surface {
	case "whatsapp":
		return cmp.Or(id, inLine(m.Chat))
	case "slack":
		return cmp.Or(name, user, id)
	case "discord":
		return strings.TrimSpace(cmp.Or(user, name) + " user id:" + id)
	case "signal", "imessage":
		return cmp.Or(name, id) + " id:" + id
	}
	if user != "" && name == "" {
		name = "@" + user
	} else if user != "" {
		name += " (@" + user + ")"
	}
	return strings.TrimSpace(name + " id:" + inLine(m.Chat))
}

// speaker is how a group knows somebody.
func speaker(s providers.Sender) string {
	return cmp.Or(inLine(s.Name), inLine(s.Username), inLine(s.ID), "Someone")
}

// fromLine is the last line of a group message: who wrote it.
func fromLine(surface string, s providers.Sender) string {
	name, user, id := inLine(s.Name), inLine(strings.TrimPrefix(s.Username, "@")), inLine(s.ID)
	who := name
	switch {
	case surface == "whatsapp" && name != "" && id != "":
		who = name + " (" + id + ")"
	case surface == "whatsapp":
		who = cmp.Or(name, id, "Unknown")
	case surface == "discord":
		who = strings.TrimSpace(cmp.Or(user, name) + " user id:" + id)
	default:
		if user != "" {
			who = strings.TrimSpace(name + " (@" + user + ")")
		}
		if id != "" {
			who = strings.TrimSpace(who + " id:" + id)
		}
		who = cmp.Or(who, "Unknown")
	}
	return "\n[from: " + who + "]"
}

// idLine names the message for the agent's tools.
func idLine(surface string, m providers.Incoming) string {
	if m.ID == "" {
		return ""
	}
	if surface == "slack" {
		return "\n[slack message id: " + inLine(m.ID) + " channel: " + inLine(m.Chat) + "]"
	}
	return "\n[message_id: " + inLine(m.ID) + "]"
}

// forwarded is the text of a message, marked when somebody else wrote it.
func forwarded(m providers.Incoming) string {
	if m.Forwarded == nil {
		return m.Text
	}
	text := cmp.Or(m.Text, m.Forwarded.Text)
	return "[Forwarded message from " + cmp.Or(inLine(m.Forwarded.Sender), "unknown sender") + "]\n" + text + "\n[/Forwarded]"
}

const maxLabel = 1000 // bytes of a name

// inLine keeps a name that its owner chose from looking like an envelope of its own, and like another's name by
// characters that nobody sees.
func inLine(s string) string {
	s = strings.NewReplacer("[", "(", "]", ")").Replace(strings.Map(seen, s))
	return clip(strings.Join(strings.Fields(s), " "), maxLabel)
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
