package tui

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// View implements tea.Model.
func (m *model) View() tea.View {
	v := tea.NewView("")
	v.AltScreen = true
	v.MouseMode = tea.MouseModeCellMotion
	v.WindowTitle = "clawdbot"
	if m.width < 20 || m.height < 6 {
		v.Content = cut("The window is too small.", max(m.width, 1))
		return v
	}
	rows, x, y := m.in.rows(m.width - 2)
	body := m.height - len(rows) - 3
	waits := m.approvalLine()
	if waits != "" {
		body--
	}
	lines := []string{m.title()}
	if m.picker != nil {
		lines = append(lines, m.picker.view(m.width, body)...)
	} else {
		lines = append(lines, m.conversation(body)...)
	}
	for len(lines) < body+1 {
		lines = append(lines, "")
	}
	if waits != "" {
		lines = append(lines, waits)
	}
	lines = append(lines, m.status())
	top := len(lines)
	for i, row := range rows {
		head := "  "
		if i == 0 {
			head = cyan + "› " + reset
		}
		lines = append(lines, head+row)
	}
	if len(m.in.text) == 0 {
		hint := "Message"
		if m.running() {
			hint = "Say something to the answer in progress"
		}
		lines[top] += dim + cut(hint+" · F1 keys", m.width-3) + reset
	}
	v.Content = strings.Join(lines, "\n")
	if m.picker == nil {
		v.Cursor = tea.NewCursor(x+2, top+y)
	}
	return v
}

// title is the session, its model, and what it has taken.
func (m *model) title() string {
	left := " " + oneLine(m.key)
	var right []string
	right = append(right, oneLine(m.modelName()))
	if m.thinking != "" && m.thinking != "off" {
		right = append(right, "thinks "+oneLine(m.thinking))
	}
	if s := m.spent(); s != "" {
		right = append(right, s)
	}
	if n := len(m.unread); n > 0 {
		right = append(right, fmt.Sprintf("%d new elsewhere", n))
	}
	text := strings.Join(right, " · ") + " "
	room := m.width - ansi.StringWidth(text)
	if room < 8 {
		text = cut(text, max(m.width-8, 1))
		room = m.width - ansi.StringWidth(text)
	}
	return reverse + pad(cut(left, room), room) + text + reset
}

// modelName is who answers here.
func (m *model) modelName() string {
	if m.row != nil && m.row.ModelOverride != "" {
		return m.row.ModelOverride
	}
	return m.defaultModel()
}

func (m *model) defaultModel() string {
	if m.def.Model == nil {
		return "builtin"
	}
	if m.def.ModelProvider != "" {
		return m.def.ModelProvider + "/" + *m.def.Model
	}
	return *m.def.Model
}

// spent is what the session has taken: tokens, and what they cost as far as that is known.
func (m *model) spent() string {
	if m.row == nil || m.row.Spent == nil {
		return ""
	}
	s := m.row.Spent
	tokens := s.Input + s.Output + s.CacheRead + s.CacheWrite
	if tokens == 0 {
		return ""
	}
	cost := fmt.Sprintf("$%.4f", s.CostUSD)
	switch {
	case s.Unpriced && s.CostUSD == 0:
		cost = "cost unknown"
	case s.Unpriced:
		cost = "at least " + cost
	}
	return short(tokens) + " tokens, " + cost
}

func short(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprint(n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1fk", float64(n)/1000)
	}
	return fmt.Sprintf("%.1fM", float64(n)/1e6)
}

// conversation is the part of it that is looked at, in so many rows.
func (m *model) conversation(rows int) []string {
	if len(m.entries) == 0 {
		text := "Loading"
		switch {
		case m.cli == nil:
			text = ""
		case m.loaded:
			text = "Nothing was said here yet. Write something; " + oneLine(m.modelName()) + " answers."
		}
		return []string{"", dim + cut(" "+text, m.width) + reset}
	}
	// From the end, no more than is needed: a conversation may be long.
	var lines []string
	for i := len(m.entries) - 1; i >= 0 && len(lines) < rows+m.scroll; i-- {
		drawn := m.entries[i].draw(m.width - 2)
		if i > 0 && drawn[0] != "" && m.entries[i-1].kind != m.entries[i].kind {
			drawn = append([]string{""}, drawn...)
		}
		lines = append(append([]string(nil), drawn...), lines...)
	}
	m.scroll = max(0, min(m.scroll, len(lines)-rows))
	end := len(lines) - m.scroll
	lines = lines[max(0, end-rows):end]
	for i, l := range lines {
		lines[i] = " " + l
	}
	for len(lines) < rows { // what there is stands at the bottom, where it goes on
		lines = append([]string{""}, lines...)
	}
	return lines
}

// approvalLine says that commands wait.
func (m *model) approvalLine() string {
	if len(m.approvals) == 0 {
		return ""
	}
	a := m.approvals[0]
	more := ""
	if n := len(m.approvals) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	return yellow + reverse + pad(cut(" Ctrl+Y answers"+more+": may this be run?  "+oneLine(a.text()), m.width), m.width) + reset
}

// status is the line over the text: the connection, the run, or what was just done.
func (m *model) status() string {
	rule := func(style, text string) string {
		text = " " + text + " "
		return dim + "──" + reset + style + cut(text, m.width-4) + reset + dim +
			strings.Repeat("─", max(0, m.width-2-ansi.StringWidth(cut(text, m.width-4)))) + reset
	}
	switch {
	case !m.live && m.cli == nil && m.why == "":
		return rule(dim, "Connecting")
	case !m.live:
		text := "Not connected: " + cmp.Or(m.why, "trying again")
		if left := time.Until(m.again).Round(time.Second); left > 0 {
			text = fmt.Sprintf("Trying again in %d s: %s", int(left.Seconds()), m.why)
		}
		return rule(yellow, text)
	case m.quit: // for as long as it does
		return rule("", strings.TrimPrefix(m.notice+" · Ctrl-C again leaves", " · "))
	case m.notice != "":
		return rule("", m.notice)
	case m.running():
		return rule(blue, m.doing()+" · Esc stops")
	case m.scroll > 0:
		return rule(dim, fmt.Sprintf("%d lines below · PgDn", m.scroll))
	}
	for _, t := range m.turns {
		if t.entry.state == "sending" {
			return rule(dim, "Sent, waits for its turn")
		}
	}
	return rule(dim, "Live")
}

// doing is what the run does now.
func (m *model) doing() string {
	if n := len(m.entries); n > 0 {
		last := m.entries[n-1]
		switch {
		case last.kind == "tool" && last.state == "running":
			return "Calling " + last.tool
		case last.kind == "assistant":
			return "Writing"
		}
	}
	return "Thinking"
}
