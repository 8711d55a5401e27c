package tui

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// entry is one piece of the conversation. Its texts are clean.
type entry struct {
	kind  string // "user", "assistant", "tool", "thinking", "note"
	text  string
	runID string // of a message of a person, where history has it
	at    time.Time

	tool  string // name of the tool
	call  string // id of the call
	args  string
	state string // running, done, failed; of a message of ours: sending, waiting, taken, refused
	open  bool   // a tool's arguments and result are shown

	lines []string // drawn for width
	width int
}

// message is a line of chat.history, as far as the screen shows it (protocol 7.7).
type message struct {
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content"`
	Timestamp int64           `json:"timestamp"`
	RunID     string          `json:"runId"`
	CallID    string          `json:"toolCallId"`
	IsError   bool            `json:"isError"`
	Error     string          `json:"errorMessage"`
	Stop      string          `json:"stopReason"`
}

// part is one part of a message's content.
type part struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	Thinking  string          `json:"thinking"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
	MimeType  string          `json:"mimeType"`
}

// history turns what the gateway keeps into entries.
func history(raw []json.RawMessage) (all []*entry) {
	calls := map[string]*entry{}
	for _, r := range raw {
		var m message
		if json.Unmarshal(r, &m) != nil {
			continue
		}
		parts := partsOf(m.Content)
		at := time.UnixMilli(m.Timestamp)
		if m.Role == "toolResult" {
			if e := calls[m.CallID]; e != nil {
				e.text, e.state = textOf(parts), map[bool]string{true: "failed", false: "done"}[m.IsError]
			}
			continue
		}
		for _, p := range parts {
			e := &entry{kind: "assistant", at: at, text: clean(strings.TrimSpace(p.Text))}
			switch {
			case p.Type == "thinking":
				e.kind, e.text = "thinking", clean(strings.TrimSpace(p.Thinking))
			case p.Type == "toolCall":
				e.kind, e.tool, e.call, e.args, e.state, e.text = "tool", oneLine(p.Name), p.ID, clean(pretty(p.Arguments)), "done", ""
				calls[p.ID] = e
			case p.Type == "image":
				e.text = "[picture " + oneLine(p.MimeType) + "]"
			}
			if m.Role == "user" {
				e.kind, e.runID, e.text = "user", m.RunID, withoutPictures(e.text)
			}
			if m.Role != "user" && m.Role != "assistant" && e.kind == "assistant" {
				e.kind = "note"
			}
			if e.text != "" || e.kind == "tool" {
				all = append(all, e)
			}
		}
		if m.Error != "" {
			all = append(all, &entry{kind: "note", state: "failed", text: "Failed: " + oneLine(m.Error), at: at})
		} else if m.Stop == "aborted" {
			all = append(all, &entry{kind: "note", text: "Stopped", at: at})
		}
	}
	return all
}

// partsOf reads content, which is a string or a list of parts.
func partsOf(raw json.RawMessage) (parts []part) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return []part{{Type: "text", Text: text}}
	}
	_ = json.Unmarshal(raw, &parts) // anything else has nothing to show
	return parts
}

func textOf(parts []part) string {
	var all []string
	for _, p := range parts {
		switch p.Type {
		case "text":
			all = append(all, clean(p.Text))
		case "image":
			all = append(all, "[picture "+oneLine(p.MimeType)+"]")
		}
	}
	return strings.Join(all, "\n")
}

// withoutPictures takes pictures out of a text that has them inside (protocol 3.8).
func withoutPictures(text string) string {
	for {
		from := strings.Index(text, "](data:image/")
		if from < 0 {
			return strings.TrimSpace(text)
		}
		start, end := strings.LastIndex(text[:from], "!["), strings.IndexByte(text[from:], ')')
		if start < 0 || end < 0 {
			return strings.TrimSpace(text[:from])
		}
		text = text[:start] + "[picture]" + text[from+end+1:]
	}
}

// pretty is JSON as people read it; a string is its text.
func pretty(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	b, err := json.MarshalIndent(raw, "", "  ")
	if err != nil {
		return string(raw)
	}
	return string(b)
}

// result is a tool's result as text: of its parts where it has some.
func result(raw json.RawMessage) string {
	var object struct {
		Content []part `json:"content"`
	}
	if json.Unmarshal(raw, &object) == nil && len(object.Content) > 0 {
		return textOf(object.Content)
	}
	return clean(pretty(raw))
}

// gist is a call in a few words.
func gist(args string) string {
	var object map[string]any
	if json.Unmarshal([]byte(args), &object) != nil {
		return oneLine(args)
	}
	for _, key := range []string{"command", "path", "file_path", "pattern", "url", "query", "message", "text", "action"} {
		if v, ok := object[key].(string); ok {
			return oneLine(v)
		}
	}
	var b strings.Builder
	for _, field := range strings.Fields(args) {
		if field != "{" && field != "}" {
			b.WriteString(field + " ")
		}
	}
	return b.String()
}

const (
	openLines = 200 // of a tool's result that are shown when it is open
	column    = 100 // the widest a text is set
)

// draw is the entry in lines of at most width columns. It is kept until the entry changes.
func (e *entry) draw(width int) []string {
	if e.width == width && e.lines != nil {
		return e.lines
	}
	var lines []string
	inner := min(width, column)
	switch e.kind {
	case "user":
		lines = append(lines, "", bold+cyan+"You"+reset+dim+clock(e.at)+reset+mark(e.state))
		lines = append(lines, wrap(e.text, inner)...)
	case "assistant":
		lines = append(lines, "")
		lines = append(lines, wrap(e.text, inner)...)
	case "thinking":
		for _, l := range wrap(e.text, inner-2) {
			lines = append(lines, dim+"  "+l+reset)
		}
	case "tool":
		lines = e.drawTool(width, inner)
	default:
		style := dim
		if e.state == "failed" {
			style = red
		}
		for _, l := range wrap(e.text, inner) {
			lines = append(lines, style+l+reset)
		}
	}
	e.width, e.lines = width, lines
	return lines
}

func (e *entry) drawTool(width, inner int) (lines []string) {
	style, word := map[string]string{"running": blue, "failed": red}[e.state], e.state
	head := fmt.Sprintf("%s %s", map[bool]string{true: "▾", false: "▸"}[e.open], e.tool)
	room := width - ansi.StringWidth(head) - len(word) - 4
	if g := gist(e.args); g != "" && room > 4 {
		head += dim + "  " + cut(g, room) + reset + style
	}
	lines = append(lines, style+head+"  "+cmp.Or(style, dim)+word+reset)
	if !e.open {
		return lines
	}
	for _, block := range []struct{ name, text string }{{"arguments", e.args}, {"result", e.text}} {
		if block.text == "" {
			continue
		}
		lines = append(lines, dim+"  "+block.name+reset)
		rows := wrap(block.text, inner-4)
		for _, l := range rows[:min(len(rows), openLines)] {
			lines = append(lines, "    "+l)
		}
		if over := len(rows) - openLines; over > 0 {
			lines = append(lines, dim+fmt.Sprintf("    … %d more lines", over)+reset)
		}
	}
	return lines
}

// changed has it drawn anew.
func (e *entry) changed() { e.lines = nil }

func clock(at time.Time) string {
	if at.IsZero() || at.UnixMilli() == 0 {
		return ""
	}
	if time.Since(at) > 20*time.Hour {
		return at.Format("  2 Jan 15:04")
	}
	return at.Format("  15:04")
}

// mark is how a message of ours stands, in words.
func mark(state string) string {
	switch state {
	case "sending":
		return dim + "  sending" + reset
	case "offline":
		return yellow + "  not sent yet: waits for the connection" + reset
	case "waiting":
		return dim + "  waits for its turn" + reset
	case "steering":
		return blue + "  offered to the answer in progress" + reset
	case "taken":
		return green + "  taken into the answer in progress" + reset
	case "refused":
		return red + "  not sent" + reset
	}
	return ""
}
