package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

const (
	maxInput     = 200_000 // characters that may be typed or pasted
	maxInputRows = 8       // of the screen
	keptInputs   = 100
)

// input is the text that is being written.
type input struct {
	text    []rune
	at      int      // of the cursor
	earlier []string // what was sent, oldest first
	look    int      // in earlier; len(earlier) = the text itself
	draft   string   // the text while an earlier one is looked at
}

func (in *input) value() string { return string(in.text) }

func (in *input) set(text string) {
	in.text = []rune(text)
	in.at = len(in.text)
}

// insert puts text at the cursor; what does not fit is left out and ok is false.
func (in *input) insert(text string) (ok bool) {
	r := []rune(clean(text))
	if room := maxInput - len(in.text); len(r) > room {
		r = r[:max(room, 0)]
		defer func() { ok = false }()
	}
	in.text = slices.Insert(in.text, in.at, r...)
	in.at += len(r)
	return true
}

// take empties the input and remembers what it had.
func (in *input) take() string {
	text := in.value()
	if in.earlier = append(in.earlier, text); len(in.earlier) > keptInputs {
		in.earlier = in.earlier[1:]
	}
	in.set("")
	in.look = len(in.earlier)
	return text
}

// key edits; false = the key is none of editing.
func (in *input) key(name string) bool {
	switch name {
	case "left", "ctrl+b":
		in.at = max(0, in.at-1)
	case "right", "ctrl+f":
		in.at = min(len(in.text), in.at+1)
	case "home", "ctrl+a":
		in.at = in.rowStart(in.at)
	case "end", "ctrl+e":
		in.at = in.rowEnd(in.at)
	case "ctrl+left", "alt+left", "alt+b":
		in.at = in.wordBefore()
	case "ctrl+right", "alt+right", "alt+f":
		in.at = in.wordAfter()
	case "backspace", "ctrl+h":
		in.drop(max(0, in.at-1), in.at)
	case "delete":
		in.drop(in.at, min(len(in.text), in.at+1))
	case "ctrl+w", "alt+backspace":
		in.drop(in.wordBefore(), in.at)
	case "ctrl+u":
		in.drop(in.rowStart(in.at), in.at)
	case "ctrl+k":
		in.drop(in.at, in.rowEnd(in.at))
	case "shift+enter", "alt+enter", "ctrl+j":
		in.insert("\n")
	case "up":
		in.up()
	case "down":
		in.down()
	default:
		return false
	}
	return true
}

func (in *input) drop(from, to int) {
	in.text = slices.Delete(in.text, from, to)
	in.at = from
}

func (in *input) rowStart(at int) int {
	for at > 0 && in.text[at-1] != '\n' {
		at--
	}
	return at
}

func (in *input) rowEnd(at int) int {
	for at < len(in.text) && in.text[at] != '\n' {
		at++
	}
	return at
}

func (in *input) wordBefore() int {
	at := in.at
	for at > 0 && (in.text[at-1] == ' ' || in.text[at-1] == '\n') {
		at--
	}
	for at > 0 && in.text[at-1] != ' ' && in.text[at-1] != '\n' {
		at--
	}
	return at
}

func (in *input) wordAfter() int {
	at := in.at
	for at < len(in.text) && (in.text[at] == ' ' || in.text[at] == '\n') {
		at++
	}
	for at < len(in.text) && in.text[at] != ' ' && in.text[at] != '\n' {
		at++
	}
	return at
}

// up goes to the row above, or in the first one to what was sent before.
func (in *input) up() {
	if start := in.rowStart(in.at); start > 0 {
		above := in.rowStart(start - 1)
		in.at = min(above+in.at-start, start-1)
		return
	}
	if in.look == 0 {
		return
	}
	if in.look == len(in.earlier) {
		in.draft = in.value()
	}
	in.look--
	in.set(in.earlier[in.look])
}

func (in *input) down() {
	if end := in.rowEnd(in.at); end < len(in.text) {
		column := in.at - in.rowStart(in.at)
		in.at = min(end+1+column, in.rowEnd(end+1))
		return
	}
	if in.look >= len(in.earlier) {
		return
	}
	if in.look++; in.look == len(in.earlier) {
		in.set(in.draft)
	} else {
		in.set(in.earlier[in.look])
	}
}

// rows are the rows of the screen that show the text, and where the cursor is in them.
func (in *input) rows(width int) (rows []string, x, y int) {
	width = max(width, 4)
	row, col := strings.Builder{}, 0
	next := func() {
		rows = append(rows, row.String())
		row.Reset()
		col = 0
	}
	for i, r := range in.text {
		w := ansi.StringWidth(string(r))
		if r != '\n' && col+w >= width {
			next()
		}
		if i == in.at {
			x, y = col, len(rows)
		}
		if r == '\n' {
			next()
			continue
		}
		row.WriteRune(r)
		col += w
	}
	if in.at == len(in.text) {
		x, y = col, len(rows)
	}
	next()
	if over := len(rows) - maxInputRows; over > 0 {
		from := min(max(0, y-maxInputRows+1), over)
		rows, y = rows[from:from+maxInputRows], y-from
	}
	return rows, x, y
}
