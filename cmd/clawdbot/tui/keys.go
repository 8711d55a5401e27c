package tui

import (
	"encoding/json"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/clawdbot/gateway/transport/wire"
)

// Titles of the pickers.
const (
	sessionsTitle = "Sessions"
	modelsTitle   = "Model of this session"
	thinkingTitle = "Thinking of this session"
	helpTitle     = "Keys"
)

// onKey takes a key: the picker's, the program's, or the text's.
func (m *model) onKey(msg tea.KeyPressMsg) tea.Cmd {
	name := msg.String()
	if name != "ctrl+c" {
		m.quit = false
	}
	if m.picker != nil {
		return m.picker.key(m, name, msg.Text)
	}
	switch name {
	case "ctrl+c":
		return m.interrupt()
	case "ctrl+d":
		if len(m.in.text) == 0 {
			return tea.Quit
		}
		m.in.key("delete")
	case "esc":
		m.notice = ""
		return m.abort()
	case "enter":
		return m.enter()
	case "ctrl+o":
		return m.pickSession()
	case "ctrl+p":
		return m.pickModel()
	case "ctrl+t":
		m.pickThinking()
	case "ctrl+y":
		m.approve()
	case "ctrl+r":
		m.toggleTools()
	case "f1":
		m.help()
	case "pgup":
		m.scroll += max(1, m.height/2)
	case "pgdown":
		m.scroll = max(0, m.scroll-max(1, m.height/2))
	case "ctrl+l":
		return tea.ClearScreen
	default:
		if !m.in.key(name) && msg.Text != "" {
			m.paste(msg.Text)
		}
	}
	return nil
}

// interrupt stops the run, or empties the text, or leaves: the second time at the latest.
func (m *model) interrupt() tea.Cmd {
	switch {
	case m.quit:
		return tea.Quit
	case m.running():
		m.quit = true
		return m.abort()
	case len(m.in.text) > 0:
		m.in.take()
		m.notice = "↑ brings the text back."
		return nil
	}
	m.quit, m.notice = true, ""
	return nil
}

// enter sends the text, or does what a word of ours says.
func (m *model) enter() tea.Cmd {
	text := strings.TrimSpace(m.in.value())
	if text == "" {
		return nil
	}
	m.in.take()
	word, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	switch word {
	case "/quit", "/exit":
		return tea.Quit
	case "/help":
		m.help()
		return nil
	case "/sessions", "/session":
		if rest != "" {
			return m.openSession(rest)
		}
		return m.pickSession()
	case "/model":
		if rest != "" {
			return m.setModel(rest)
		}
		return m.pickModel()
	case "/think":
		if rest != "" {
			return m.patch(map[string]any{"thinkingLevel": rest})
		}
		m.pickThinking()
		return nil
	case "/approve":
		m.approve()
		return nil
	}
	return m.say(text) // other words with a slash are the gateway's
}

func (m *model) toggleTools() {
	m.open = !m.open
	for _, e := range m.entries {
		if e.kind == "tool" {
			e.open = m.open
			e.changed()
		}
	}
}

func (m *model) help() {
	m.picker = &picker{title: helpTitle, picked: func(*model, string) command { return nil }}
	for _, k := range [][2]string{
		{"Enter", "send; while an answer is being given, the message is offered to it"},
		{"Alt+Enter, Ctrl+J", "new line"},
		{"Esc", "stop the run"},
		{"Ctrl+C", "stop the run, or empty the text; twice leaves"},
		{"Ctrl+O, /sessions", "another session, or a new one"},
		{"Ctrl+P, /model", "model of this session"},
		{"Ctrl+T, /think", "how much it thinks"},
		{"Ctrl+Y, /approve", "answer a command that waits"},
		{"Ctrl+R", "show what tools were given and gave"},
		{"PgUp, PgDn", "scroll"},
		{"↑ ↓", "what was written before"},
		{"Ctrl+D, /quit", "leave"},
	} {
		m.picker.all = append(m.picker.all, choice{k[0], k[0], k[1]})
	}
}

func (m *model) pickSession() tea.Cmd {
	m.picker = &picker{
		title: sessionsTitle, typing: true, waits: true, asked: "Loading",
		picked:  func(m *model, key string) command { return m.openSession(key) },
		another: func(m *model, typed string) command { return m.openSession(typed) },
	}
	return m.list()
}

func (m *model) sessionChoices(rows []wire.SessionRow) (all []choice) {
	for _, r := range rows {
		c := choice{value: r.Key, label: oneLine(r.Key), hint: oneLine(r.DisplayName)}
		if r.DisplayName == "" || r.DisplayName == r.Key {
			c.hint = oneLine(r.Surface)
		}
		if m.unread[r.Key] {
			c.hint = strings.TrimSpace("new  " + c.hint)
		}
		if r.Key == m.key {
			c.hint = strings.TrimSpace("this one  " + c.hint)
		}
		all = append(all, c)
	}
	if !slices.ContainsFunc(all, func(c choice) bool { return c.value == "main" }) {
		all = append([]choice{{"main", "main", "the session of direct chats"}}, all...)
	}
	return all
}

// openSession shows another session. What was not answered in this one is answered all the same.
func (m *model) openSession(key string) tea.Cmd {
	if key == m.key {
		return nil
	}
	m.key, m.entries, m.loaded, m.row, m.scroll, m.notice = key, nil, false, nil, 0, ""
	m.turns, m.runs = nil, map[string]bool{}
	delete(m.unread, key)
	return tea.Batch(m.load(), m.list())
}

func (m *model) pickModel() tea.Cmd {
	m.picker = &picker{
		title: modelsTitle, typing: true, waits: true, asked: "Asking the gateway what there is",
		picked:  func(m *model, name string) command { return m.setModel(name) },
		another: func(m *model, typed string) command { return m.setModel(typed) },
	}
	m.onCatalog(catalog{models: m.models})
	m.picker.waits = true
	return m.call("models.list", struct{}{}, func(b json.RawMessage, err error) tea.Msg {
		var r wire.ModelsListResult
		if err == nil {
			err = wire.Unmarshal(b, &r)
		}
		return catalog{r.Models, err}
	})
}

func (m *model) onCatalog(msg catalog) tea.Cmd {
	p := m.picker
	if p == nil || p.title != modelsTitle {
		return nil
	}
	if msg.err != nil {
		m.notice = "The models could not be listed: " + oneLine(refusalText(msg.err))
		return p.filled(m)
	}
	m.models = msg.models
	p.all = []choice{{"default", "default", "what the configuration says: " + oneLine(m.defaultModel())}}
	for _, i := range msg.models {
		hint := oneLine(i.Name)
		if i.Reasoning != nil && *i.Reasoning {
			hint += ", thinks"
		}
		p.all = append(p.all, choice{i.Provider + "/" + i.ID, oneLine(i.Provider + "/" + i.ID), hint})
	}
	return p.filled(m)
}

func (m *model) setModel(name string) tea.Cmd {
	if name == "default" {
		return m.patch(map[string]any{"model": nil})
	}
	return m.patch(map[string]any{"model": name})
}

func (m *model) pickThinking() {
	m.picker = &picker{title: thinkingTitle, picked: func(m *model, level string) command {
		if level == "default" {
			return m.patch(map[string]any{"thinkingLevel": nil})
		}
		return m.patch(map[string]any{"thinkingLevel": level})
	}}
	for i, level := range []string{"default", "off", "minimal", "low", "medium", "high"} {
		hint := ""
		if level == m.thinking {
			hint, m.picker.at = "now", i
		}
		m.picker.all = append(m.picker.all, choice{level, level, hint})
	}
}

// patch changes the session's settings.
func (m *model) patch(change map[string]any) tea.Cmd {
	change["key"] = m.key
	done := m.call("sessions.patch", change, func(_ json.RawMessage, err error) tea.Msg {
		if err != nil {
			return told{"Not changed: " + oneLine(refusalText(err))}
		}
		return told{"Changed."}
	})
	return tea.Sequence(done, tea.Batch(m.list(), m.load()))
}
