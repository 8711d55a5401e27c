package router

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// Texts for people and for the agent.
const (
	noText   = "There was no text in your message. Please send it again, with text or a caption."
	greeting = "The person has just begun a new conversation. Greet them in one or two short sentences and ask what they would like to do."
	resumed  = "Note: the person stopped your last run before it was done. Go on with care, or ask what they want."
)

const maxMembers = 1000 // bytes of the names of a group's members

// turn makes the agent's turn of a message. text is the message without directives; greet: there is nothing but the wish
// for a new conversation.
func (r *route) turn(text string, greet bool, e *wire.SessionEntry) Turn {
	m := r.in
	m.Text = text
	if r.row.Surface == "whatsapp" && m.Kind != providers.Direct { // its envelope names the group only
		m.Text = speaker(m.Sender) + ": " + m.Text
	}
	if p := r.policy.Prefix; p != "" {
		m.Text = p + " " + m.Text
	}
	current := withHistory(r.row.Surface, envelope(r.row.Surface, m, r.o.Zone), r.history, r.o.Zone)
	if m.Kind != providers.Direct {
		current += fromLine(r.row.Surface, m.Sender)
	}
	t := Turn{Plain: text, Message: mediaNote(m.Media) + current}
	if greet {
		t = Turn{Plain: r.in.Text, Message: greeting}
	}
	if e.AbortedLastRun != nil && *e.AbortedLastRun {
		t.Message = resumed + "\n\n" + t.Message
		e.AbortedLastRun = new(false)
	}
	t.Message += idLine(r.row.Surface, r.in)
	t.Sender, t.Owner, t.Elevated = r.in.Sender.ID, r.owner(), r.elevated(e) == "on"
	t.Audio, t.Images = files(r.in.Media, "audio"), files(r.in.Media, "image/")
	t.ReceivedAt = r.row.ReceivedAt
	t.Unasked = r.in.Kind != providers.Direct && !r.in.Mentioned && !r.in.Command
	if r.in.Kind != providers.Direct && (!set(e.SystemSent) || set(e.GroupActivationNeedsSysIntr)) {
		t.System = groupIntro(r.row.Surface, r.activation(e))
		t.Message = groupNote(r.row.Surface, r.in) + t.Message
		e.GroupActivationNeedsSysIntr = nil
	}
	e.SystemSent = new(true)
	return t
}

func set(b *bool) bool { return b != nil && *b }

// groupIntro tells the agent that it is not alone with the person. It is system text: nothing that somebody chose is in it.
func groupIntro(surface, activation string) string {
	when := "You are given a message only when somebody addresses you."
	if activation == "always" {
		when = "You are given every message, also those that are not for you. Where you have nothing to add, answer with NO_REPLY and nothing else."
	}
	return "You are taking part in a group on " + label(surface) + ". " + when + " Several people read what you write: keep it short and say nothing that was told to you elsewhere."
}

// groupNote says, in front of a message, who is in the group, and what it is called where the envelope does not. People choose
// these names: they are part of what is read, and no instructions.
func groupNote(surface string, m providers.Incoming) string {
	title, who := "", ""
	if surface == "whatsapp" || surface == "slack" {
		title = cmp.Or(inLine(m.Title), inLine(m.Room))
	}
	if len(m.Members) > 0 {
		who = clip(inLine(strings.Join(m.Members, ", ")), maxMembers)
	}
	switch {
	case title != "" && who != "":
		return fmt.Sprintf("[group: %s; members: %s]\n", title, who)
	case title != "":
		return fmt.Sprintf("[group: %s]\n", title)
	case who != "":
		return fmt.Sprintf("[group members: %s]\n", who)
	}
	return ""
}

// files are those of a kind among what came with a message.
func files(media []providers.Media, kind string) (paths []string) {
	for _, m := range media {
		if m.Path != "" && strings.HasPrefix(m.MIME, kind) {
			paths = append(paths, m.Path)
		}
	}
	return paths
}

// mediaNote says what came with a message, one line each.
func mediaNote(media []providers.Media) string {
	var b strings.Builder
	for _, m := range media {
		if m.Path == "" {
			continue
		}
		b.WriteString("[media attached: " + inLine(m.Path))
		if m.MIME != "" {
			b.WriteString(" (" + inLine(m.MIME) + ")")
		}
		b.WriteString("]\n")
	}
	if b.Len() == 0 {
		return ""
	}
	return b.String() + "To send a file back, put a line \"MEDIA:<path or address>\" into your answer.\n"
}
