package router

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// Limits of what the agent is shown of messages that were not for it.
const (
	maxHistory      = 200       // messages
	maxHistoryEntry = 2 << 10   // bytes of one
	maxHistoryBytes = 16 << 10  // bytes of all
	maxNote         = 500       // bytes of a line about something that happened
	historyBucket   = "history" // of the store: up to which message of a chat the agent has been shown
)

// Marks around the history (providers a.1).
const (
	historyMark = "[Chat messages since your last reply - for context]"
	currentMark = "[Current message - respond to this]"
)

// entry is one message of the history.
type entry struct {
	from string
	in   providers.Incoming
}

// unanswered reads what was said in the group since the agent's last turn there, oldest first. What it read last is cut
// to size; where there is too much the oldest go.
func (r *route) unanswered(tx *store.Tx) ([]entry, error) {
	limit := r.policy.History
	switch rule := r.policy.rule(r.in); {
	case rule.History < 0, r.in.Kind == providers.Direct, r.in.Command:
		return nil, nil
	case rule.History > 0:
		limit = rule.History
	}
	if limit <= 0 {
		return nil, nil
	}
	after, err := r.shown(tx)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Unaddressed(r.row.Account, r.row.Chat, after, r.row.Seq, min(limit, maxHistory))
	if err != nil {
		return nil, err
	}
	var all []entry
	room := maxHistoryBytes
	for _, row := range rows { // the newest first
		var in providers.Incoming
		if wire.Unmarshal(row.Payload, &in) != nil || in.Thread != r.in.Thread {
			continue
		}
		in.Text = clip(in.Text, maxHistoryEntry)
		if room -= len(in.Text); room < 0 {
			break
		}
		all = append([]entry{{speaker(in.Sender), in}}, all...)
	}
	return all, nil
}

// shown is the last message of the chat that the agent has been shown.
func (r *route) shown(tx *store.Tx) (int64, error) {
	b, found, err := tx.Get(historyBucket, r.historyKey())
	if err != nil || !found {
		return 0, err
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		n = 0 // shown once more, then
	}
	return n, nil
}

// answered notes that the agent has a turn of this message and of what was said before it.
func (r *route) answered(tx *store.Tx) error {
	if len(r.history) == 0 {
		return nil
	}
	return tx.Put(historyBucket, r.historyKey(), strconv.AppendInt(nil, r.row.Seq, 10))
}

func (r *route) historyKey() string {
	return r.row.Account + "\x00" + r.row.Chat + "\x00" + r.in.Thread
}

// withHistory puts what was said before in front of a message.
func withHistory(surface, current string, history []entry, zone *time.Location) string {
	if len(history) == 0 {
		return current
	}
	lines := []string{historyMark}
	for _, e := range history {
		m := e.in
		m.ReplyTo, m.Forwarded = nil, nil
		m.Text = e.from + ": " + m.Text
		if surface == "discord" {
			m.Text += " [id:" + inLine(m.ID) + " channel:" + inLine(m.Chat) + "]"
		}
		lines = append(lines, envelope(surface, m, zone))
	}
	return strings.Join(append(lines, "", currentMark, current), "\n")
}

// applyNote queues a line about something that happened for the session's next turn.
func (r *route) applyNote(tx *store.Tx) error {
	line := clip(inLine(r.in.Text), maxNote)
	if err := tx.AddNote(r.decision.session, line, ""); err != nil {
		return err
	}
	return r.end(tx, store.InboundRouted, "note")
}

// clip cuts a text to a number of bytes, between characters.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}
