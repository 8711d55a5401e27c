package tui

import (
	"encoding/json"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// agentEvent is an event of a run (protocol 4.1), as far as the screen shows it.
type agentEvent struct {
	RunID      string `json:"runId"`
	SessionKey string `json:"sessionKey"`
	Stream     string `json:"stream"`
	Data       struct {
		State      string          `json:"state"`
		Phase      string          `json:"phase"`
		Name       string          `json:"name"`
		ToolCallID string          `json:"toolCallId"`
		Args       json.RawMessage `json:"args"`
		Partial    json.RawMessage `json:"partialResult"`
		Result     json.RawMessage `json:"result"`
		IsError    bool            `json:"isError"`
		RunID      string          `json:"runId"` // of a message that was taken
	} `json:"data"`
}

// chatEvent is the chat view of a run (protocol 4.2).
type chatEvent struct {
	RunID      string `json:"runId"`
	SessionKey string `json:"sessionKey"`
	State      string `json:"state"`
	Error      string `json:"errorMessage"`
	Message    struct {
		Content json.RawMessage `json:"content"`
	} `json:"message"`
}

func (m *model) onEvent(e client.Event) tea.Cmd {
	switch e.Name {
	case wire.EventChat:
		var ev chatEvent
		if e.Decode(&ev) == nil {
			return m.onChat(ev)
		}
	case wire.EventAgent:
		var ev agentEvent
		if e.Decode(&ev) == nil && ev.SessionKey == m.key {
			m.onAgent(ev)
		}
	case approvalRequested, approvalResolved:
		return m.lookForApprovals()
	case wire.EventShutdown:
		m.why = "the gateway is restarting"
	}
	return nil
}

func (m *model) onChat(ev chatEvent) tea.Cmd {
	over := ev.State != wire.ChatDelta
	if ev.SessionKey != m.key {
		if over {
			m.unread[ev.SessionKey] = true
		}
		return nil
	}
	own := m.turnByID(ev.RunID)
	var look tea.Cmd
	switch {
	case own != nil:
		m.begin(own)
	case !over && !m.runs[ev.RunID] && m.active() == nil:
		m.runs[ev.RunID] = true
		look = m.load() // whoever wrote it, their message is there
	}
	if text := strings.TrimSpace(textOf(partsOf(ev.Message.Content))); text != "" {
		m.stream(text)
	}
	if !over {
		return look
	}
	delete(m.runs, ev.RunID)
	m.endTools()
	switch {
	case ev.State == wire.ChatError && own == nil: // ours is told by the answer of its call
		m.note("Failed: "+oneLine(ev.Error), "failed")
	case ev.State == wire.ChatAborted:
		m.notice = "Stopped"
	}
	return tea.Batch(m.load(), m.list())
}

// stream shows the text so far. One that does not go on with the last one begins the next message of the run.
func (m *model) stream(text string) {
	if n := len(m.entries); n > 0 {
		last := m.entries[n-1]
		if last.kind == "assistant" && strings.HasPrefix(text, last.text) {
			if last.text != text {
				last.text = text
				last.changed()
			}
			return
		}
	}
	m.entries = append(m.entries, &entry{kind: "assistant", text: text, at: time.Now()})
}

func (m *model) onAgent(ev agentEvent) {
	switch ev.Stream {
	case wire.StreamJob:
		if ev.Data.State == "started" {
			m.begin(m.waiting())
		}
	case wire.StreamTool:
		m.onTool(ev)
	case wire.StreamSteer:
		if t := m.turnByID(ev.Data.RunID); t != nil {
			m.mark(t, "taken")
		}
	}
}

// begin notes that a turn of ours is being answered.
func (m *model) begin(t *turn) {
	if t == nil || t.begun {
		return
	}
	t.begun, t.steer = true, false
	m.mark(t, "")
}

// waiting is the turn of ours that begins next.
func (m *model) waiting() *turn {
	for _, t := range m.turns {
		if !t.begun && t.entry.state != "taken" {
			return t
		}
	}
	return nil
}

func (m *model) turnByID(id string) *turn {
	for _, t := range m.turns {
		if t.id == id {
			return t
		}
	}
	return nil
}

// onTool shows a call of a tool.
func (m *model) onTool(ev agentEvent) {
	d := ev.Data
	var e *entry
	for i := len(m.entries) - 1; i >= 0 && e == nil; i-- {
		if m.entries[i].kind == "tool" && m.entries[i].call == d.ToolCallID {
			e = m.entries[i]
		}
	}
	if e == nil {
		e = &entry{kind: "tool", tool: oneLine(d.Name), call: d.ToolCallID, state: "running", at: time.Now(), open: m.open}
		m.entries = append(m.entries, e)
	}
	if len(d.Args) > 0 {
		e.args = clean(pretty(d.Args))
	}
	if len(d.Partial) > 0 {
		e.text = result(d.Partial)
	}
	if len(d.Result) > 0 {
		e.text = result(d.Result)
	}
	if d.Phase == "result" {
		e.state = map[bool]string{true: "failed", false: "done"}[d.IsError]
	}
	e.changed()
}

// endTools: a run that has ended calls nothing any more.
func (m *model) endTools() {
	for _, e := range m.entries {
		if e.kind == "tool" && e.state == "running" {
			e.state = "done"
			e.changed()
		}
	}
}
