package pi

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/clawdbot/gateway/providers/codeagent"
)

// message is a line that pi says: a response, an event, or a request of an extension. Their keys are few and share names.
type message struct {
	Type    string          `json:"type"`
	ID      json.RawMessage `json:"id"`
	Success bool            `json:"success"`
	Error   string          `json:"error"`
	Data    json.RawMessage `json:"data"`

	// Of an extension.
	Method string `json:"method"`
	Title  string `json:"title"`

	Message json.RawMessage `json:"message"` // of the agent; or a text, of an extension
	Update  struct {
		Type  string `json:"type"`
		Delta string `json:"delta"`
	} `json:"assistantMessageEvent"`
	CallID    string          `json:"toolCallId"`
	Tool      string          `json:"toolName"`
	Args      json.RawMessage `json:"args"`
	Partial   json.RawMessage `json:"partialResult"`
	Result    json.RawMessage `json:"result"` // of a tool, or of making room
	IsError   bool            `json:"isError"`
	WillRetry bool            `json:"willRetry"`
	Problem   string          `json:"errorMessage"`
	Text      string          `json:"-"`
}

// UnmarshalJSON reads a line. Only lines of some types have a message that is looked at: those that stream have all of it each time.
func (m *message) UnmarshalJSON(b []byte) error {
	type plain message
	if err := json.Unmarshal(b, (*plain)(m)); err != nil {
		return err
	}
	if m.Type == "extension_ui_request" {
		_ = json.Unmarshal(m.Message, &m.Text) // it may have none
	}
	if m.Type != "message_end" {
		m.Message = nil
	}
	return nil
}

// id is that of the command which a response is for.
func (m message) id() (id string) {
	_ = json.Unmarshal(m.ID, &id) // a number is none of ours
	return id
}

// state is what a response says of pi.
func (m message) state() (s state) {
	_ = json.Unmarshal(m.Data, &s) // an answer to something else
	return s
}

type state struct {
	SessionFile string `json:"sessionFile"`
	Cancelled   bool   `json:"cancelled"`
	Streaming   bool   `json:"isStreaming"`
	Compacting  bool   `json:"isCompacting"`
	Pending     int    `json:"pendingMessageCount"`
}

type outcome struct {
	Content []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	} `json:"content"`
}

// text is what a result says. One of another form has nothing to say.
func text(raw json.RawMessage) string {
	var o outcome
	_ = json.Unmarshal(raw, &o)
	var parts []string
	for _, c := range o.Content {
		switch c.Type {
		case "text":
			parts = append(parts, c.Text)
		case "image":
			parts = append(parts, "(image)")
		}
	}
	return codeagent.Clip(strings.Join(parts, "\n"), codeagent.MaxResult)
}

// said is a message of the agent.
type said struct {
	Role  string `json:"role"`
	Stop  string `json:"stopReason"`
	Error string `json:"errorMessage"`
	Usage *struct {
		Input      int64 `json:"input"`
		Output     int64 `json:"output"`
		CacheRead  int64 `json:"cacheRead"`
		CacheWrite int64 `json:"cacheWrite"`
		Cost       *struct {
			Total float64 `json:"total"`
		} `json:"cost"`
	} `json:"usage"`
}

// view makes events of what pi says.
type view struct {
	hear       func(codeagent.Event)
	calls      map[string]string // names of those that have begun; "" = over
	text       int               // bytes
	thought    int
	failed     string // why the last message was none
	retrying   bool
	compacting bool
	unpriced   bool
	result     codeagent.Result
}

// idle: pi is neither about to try again, nor making room.
func (v *view) idle() bool { return !v.retrying && !v.compacting }

// take hears an event. The error ends the turn.
func (v *view) take(m message) error {
	switch m.Type {
	case "message_update":
		return v.stream(m.Update.Type, m.Update.Delta)
	case "message_end":
		v.message(m.Message)
	case "tool_execution_start", "tool_execution_update", "tool_execution_end":
		return v.tool(m)
	case "agent_end":
		v.retrying = m.WillRetry
	case "auto_retry_start":
		v.retrying = true
	case "auto_retry_end":
		v.retrying = false
	case "compaction_start", "auto_compaction_start":
		v.compacting = true
	case "compaction_end", "auto_compaction_end":
		v.compacting, v.retrying = false, m.WillRetry
		if m.Problem != "" {
			v.failed = m.Problem
		}
	case "agent_start":
		v.retrying = false
	}
	return nil
}

func (v *view) stream(kind, delta string) error {
	switch kind {
	case "text_delta":
		if v.text += len(delta); v.text > codeagent.MaxText {
			return fmt.Errorf("%w: more than %d MiB of text", codeagent.ErrFlood, codeagent.MaxText>>20)
		}
		v.hear(codeagent.Text(delta))
	case "thinking_delta":
		if v.thought += len(delta); v.thought <= codeagent.MaxText {
			v.hear(codeagent.Thought(delta))
		}
	}
	return nil
}

func (v *view) message(raw json.RawMessage) {
	var m said
	if json.Unmarshal(raw, &m) != nil || m.Role != "assistant" {
		return
	}
	v.failed = ""
	if m.Stop == "error" {
		if v.failed = m.Error; v.failed == "" {
			v.failed = "the model of the agent has failed"
		}
	}
	v.result.Stop = ""
	if m.Stop == "length" {
		v.result.Stop = m.Stop
	}
	u := m.Usage
	if u == nil {
		return
	}
	r := &v.result
	r.Usage.Input += u.Input
	r.Usage.Output += u.Output
	r.Usage.CacheRead += u.CacheRead
	r.Usage.CacheWrite += u.CacheWrite
	if now := u.Input + u.CacheRead + u.CacheWrite; now > 0 {
		r.Context = now
	}
	if u.Cost == nil {
		v.unpriced = true
	} else {
		r.Cost += u.Cost.Total
	}
	r.Priced = !v.unpriced
}

func (v *view) tool(m message) error {
	m.CallID = codeagent.Clip(m.CallID, 200)
	name, begun := v.calls[m.CallID]
	if m.CallID == "" || begun && name == "" {
		return nil
	}
	if !begun {
		if len(v.calls) >= codeagent.MaxCalls {
			return fmt.Errorf("%w: more than %d uses of tools in one turn", codeagent.ErrFlood, codeagent.MaxCalls)
		}
		if name = codeagent.Clip(m.Tool, 64); name == "" {
			name = "tool"
		}
		v.calls[m.CallID] = name
		if len(m.Args) > codeagent.MaxResult {
			m.Args = nil
		}
		v.hear(codeagent.Call{ID: m.CallID, Name: name, Args: m.Args})
	}
	switch m.Type {
	case "tool_execution_update":
		if t := text(m.Partial); t != "" {
			v.hear(codeagent.Progress{ID: m.CallID, Text: t})
		}
	case "tool_execution_end":
		v.calls[m.CallID] = ""
		v.hear(codeagent.Done{ID: m.CallID, Text: text(m.Result), Failed: m.IsError})
	}
	return nil
}

// end closes what pi has left open, and says what was wrong with the turn.
func (v *view) end() error {
	for id, name := range v.calls {
		if name != "" {
			v.calls[id] = ""
			v.hear(codeagent.Done{ID: id, Text: "The turn ended before there was a result.", Failed: true})
		}
	}
	if v.failed != "" {
		return errors.New(codeagent.Clip(v.failed, 500))
	}
	return nil
}

func quote(s string) json.RawMessage {
	b, err := json.Marshal(s)
	if err != nil {
		return nil
	}
	return b
}
