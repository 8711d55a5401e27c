package tui

import (
	"fmt"
	"strings"
)

// choice is one line of a picker.
type choice struct {
	value, label, hint string
}

// picker is a list to choose from, over the conversation.
type picker struct {
	title   string
	above   []string // lines between the title and the list
	all     []choice
	find    string
	at      int
	waits   bool   // the list is on its way: what was typed is not taken for something else
	entered bool   // Enter was pressed meanwhile
	asked   string // what is told while there is nothing yet
	picked  func(m *model, value string) command
	typing  bool                                 // letters narrow the list down
	another func(m *model, typed string) command // Enter with nothing found; nil = nothing happens
}

// shown are the lines that what was typed leaves.
func (p *picker) shown() (left []choice) {
	words := strings.Fields(strings.ToLower(p.find))
next:
	for _, c := range p.all {
		for _, w := range words {
			if !strings.Contains(strings.ToLower(c.value+" "+c.label), w) {
				continue next
			}
		}
		left = append(left, c)
	}
	return left
}

func (p *picker) key(m *model, name, text string) command {
	left := p.shown()
	switch name {
	case "up", "ctrl+p":
		p.at = max(0, p.at-1)
	case "down", "ctrl+n", "tab":
		p.at = max(0, min(len(left)-1, p.at+1))
	case "pgup", "home":
		p.at = 0
	case "pgdown", "end":
		p.at = max(0, len(left)-1)
	case "backspace":
		if r := []rune(p.find); len(r) > 0 {
			p.find, p.at = string(r[:len(r)-1]), 0
		}
	case "enter":
		switch {
		case p.at < len(left):
			m.picker = nil
			return p.picked(m, left[p.at].value)
		case p.another != nil && !p.waits && strings.TrimSpace(p.find) != "":
			m.picker = nil
			return p.another(m, strings.TrimSpace(p.find))
		}
		p.entered = p.waits
	case "esc", "ctrl+c":
		m.picker = nil
	default:
		if p.typing && text != "" {
			p.find, p.at, p.entered = p.find+oneSpace(text), 0, false
		}
	}
	return nil
}

// filled is told when the list is there, and does what Enter was pressed for.
func (p *picker) filled(m *model) command {
	if p.waits = false; !p.entered {
		return nil
	}
	return p.key(m, "enter", "")
}

// oneSpace is a typed text as it may stand in a line: a space stays one.
func oneSpace(text string) string { return strings.ReplaceAll(clean(text), "\n", " ") }

// view is the picker in so many rows.
func (p *picker) view(width, rows int) []string {
	lines := []string{bold + cut(p.title, width) + reset}
	for _, line := range p.above {
		lines = append(lines, cut(line, width))
	}
	if p.typing {
		lines = append(lines, dim+"Find: "+reset+cut(p.find, width-6))
	}
	left := p.shown()
	room := max(1, rows-len(lines)-1)
	from := max(0, min(p.at-room/2, len(left)-room))
	for i := from; i < len(left) && i < from+room; i++ {
		c := left[i]
		line := pad(cut("  "+c.label, width), min(width, 28))
		if c.hint != "" {
			line = cut(line+"  "+c.hint, width)
		}
		if i == p.at {
			line = reverse + pad(cut("› "+strings.TrimPrefix(line, "  "), width), width) + reset
		}
		lines = append(lines, line)
	}
	if len(left) == 0 {
		what := "Nothing of that name."
		if len(p.all) == 0 || p.waits {
			what = p.asked
		}
		lines = append(lines, dim+cut(what, width)+reset)
	}
	more := ""
	if len(left) > room {
		more = fmt.Sprintf("%d of %d · ", p.at+1, len(left))
	}
	for len(lines) < rows-1 {
		lines = append(lines, "")
	}
	return append(lines[:max(0, min(len(lines), rows-1))], dim+cut(more+"↑↓ choose · Enter takes it · Esc goes back", width)+reset)
}
