package modelrun

import (
	"encoding/json"

	"github.com/clawdbot/gateway/actors/models"
	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/transport/wire"
)

// Line is a message of a transcript (protocol 7.7). Content may be a text instead of parts.
type Line struct {
	Role       string          `json:"role"`
	Content    json.RawMessage `json:"content"`
	Provider   string          `json:"provider,omitempty"`
	Model      string          `json:"model,omitempty"`
	StopReason string          `json:"stopReason,omitempty"`
	Resume     string          `json:"resume,omitempty"` // agent.Answer.Resume
	ToolCallID string          `json:"toolCallId,omitempty"`
	ToolName   string          `json:"toolName,omitempty"`
	IsError    bool            `json:"isError,omitempty"`
	Summary    string          `json:"summary,omitempty"`
	Timestamp  int64           `json:"timestamp,omitempty"`
}

// Piece is a part of its content.
type Piece struct {
	Type              string          `json:"type"`
	Text              string          `json:"text,omitempty"`
	TextSignature     string          `json:"textSignature,omitempty"`
	Thinking          string          `json:"thinking,omitempty"`
	ThinkingSignature string          `json:"thinkingSignature,omitempty"`
	Data              []byte          `json:"data,omitempty"`
	MimeType          string          `json:"mimeType,omitempty"`
	ID                string          `json:"id,omitempty"`
	Name              string          `json:"name,omitempty"`
	Arguments         json.RawMessage `json:"arguments,omitempty"`
	ThoughtSignature  string          `json:"thoughtSignature,omitempty"`
}

// MarshalJSON writes a piece. One of text has its text also where that is empty, as after a command that says nothing.
func (p Piece) MarshalJSON() ([]byte, error) {
	type plain Piece
	if p.Type != "text" {
		return json.Marshal(plain(p))
	}
	return json.Marshal(struct {
		Type          string `json:"type"`
		Text          string `json:"text"`
		TextSignature string `json:"textSignature,omitempty"`
	}{p.Type, p.Text, p.TextSignature})
}

// entry is a message of the conversation.
type entry struct {
	message model.Message
	from    string // the model that said it, "" = no model
	line    int    // how many messages of the history are used up with it
}

// history makes a conversation of a transcript. What models would not take is mended by messages.
func history(raw []wire.Raw) (all []entry) {
	for i, r := range raw {
		var l Line
		if json.Unmarshal(r, &l) != nil {
			continue
		}
		m, ok := l.message()
		if !ok {
			continue
		}
		e := entry{message: m, line: i + 1}
		if m.Role == model.Assistant && l.Provider != "" {
			e.from = l.Provider + "/" + l.Model
		}
		if n := len(all); n > 0 && m.Role == model.Results && all[n-1].message.Role == model.Results {
			all[n-1].message.Parts = append(all[n-1].message.Parts, m.Parts...)
			all[n-1].line = i + 1
			continue
		}
		all = append(all, e)
	}
	return all
}

// Pieces are the parts of its content.
func (l Line) Pieces() (all []Piece) {
	var text string
	if json.Unmarshal(l.Content, &text) == nil {
		return []Piece{{Type: "text", Text: text}}
	}
	_ = json.Unmarshal(l.Content, &all) // what is neither has nothing to say
	return all
}

func (l Line) message() (m model.Message, ok bool) {
	switch l.Role {
	case "user":
		m.Role = model.User
	case "assistant":
		m.Role = model.Assistant
	case "toolResult":
		return model.Message{Role: model.Results, Parts: []model.Part{l.result()}}, l.ToolCallID != ""
	case "compactionSummary":
		return userMessage(summaryIntro + l.Summary), l.Summary != ""
	default:
		return m, false
	}
	for _, p := range l.Pieces() {
		if part := p.part(); part != nil {
			m.Parts = append(m.Parts, part)
		}
	}
	if m.Role == model.User {
		m = withPictures(m)
	}
	return m, len(m.Parts) > 0
}

func (p Piece) part() model.Part {
	switch p.Type {
	case "text":
		if p.Text != "" {
			return model.Text{Text: p.Text, Signature: p.TextSignature}
		}
	case "thinking":
		return model.Thinking{Text: p.Thinking, Signature: p.ThinkingSignature}
	case "image":
		return model.Image{MIME: p.MimeType, Data: p.Data}
	case "toolCall":
		return model.Call{ID: p.ID, Name: p.Name, Args: p.Arguments, Signature: p.ThoughtSignature}
	}
	return nil
}

func (l Line) result() model.Result {
	r := model.Result{ID: l.ToolCallID, Name: l.ToolName, IsError: l.IsError}
	for _, p := range l.Pieces() {
		switch p.Type {
		case "text":
			r.Text += p.Text
		case "image":
			r.Images = append(r.Images, model.Image{MIME: p.MimeType, Data: p.Data})
		}
	}
	return r
}

// content is the content of a message as a transcript has it.
func content(m model.Message) wire.Raw {
	all := []Piece{}
	for _, p := range m.Parts {
		switch p := p.(type) {
		case model.Text:
			all = append(all, Piece{Type: "text", Text: p.Text, TextSignature: p.Signature})
		case model.Thinking:
			all = append(all, Piece{Type: "thinking", Thinking: p.Text, ThinkingSignature: p.Signature})
		case model.Call:
			all = append(all, Piece{Type: "toolCall", ID: p.ID, Name: p.Name, Arguments: p.Object(), ThoughtSignature: p.Signature})
		}
	}
	if len(all) == 0 { // a message has at least one part
		all = append(all, Piece{Type: "text"})
	}
	return encode(all)
}

// ResultLine is the line of a tool's result.
func ResultLine(r model.Result, at int64) wire.Raw {
	parts := []Piece{{Type: "text", Text: r.Text}}
	for _, img := range r.Images {
		parts = append(parts, Piece{Type: "image", MimeType: img.MIME, Data: img.Data})
	}
	return encode(Line{Role: "toolResult", ToolCallID: r.ID, ToolName: r.Name, Content: json.RawMessage(encode(parts)), IsError: r.IsError, Timestamp: at})
}

// encode cannot fail for the types of this file.
func encode(v any) wire.Raw {
	b, err := json.Marshal(v)
	if err != nil {
		return wire.Raw("{}")
	}
	return b
}

// messages is the conversation as a target takes it: what another model signed stays here, calls have results, results have
// calls, and the first word is the user's.
func messages(entries []entry, to models.Target) (all []model.Message) {
	var open []model.Call // of the message before
	for _, e := range entries {
		m := e.message
		if m.Role == model.Results {
			if m = answering(m, open); len(m.Parts) > 0 {
				all = append(all, m)
			}
			open = nil
			continue
		}
		if len(open) > 0 {
			all = append(all, answering(model.Message{}, open))
			open = nil
		}
		if m.Role == model.Assistant {
			m = forTarget(m, e.from == to.Name())
			open = m.Calls()
		} else if !to.Pictures {
			m = withoutPictures(m)
		}
		if len(m.Parts) > 0 && (len(all) > 0 || m.Role == model.User) {
			all = append(all, m)
		} else {
			open = nil
		}
	}
	if len(open) > 0 {
		all = append(all, answering(model.Message{}, open))
	}
	return all
}

// answering is the results that belong to calls, in their order, with one for each call that has none.
func answering(m model.Message, calls []model.Call) model.Message {
	out := model.Message{Role: model.Results}
	for _, c := range calls {
		r := model.Result{ID: c.ID, Name: c.Name, Text: "There is no result: the run ended before.", IsError: true}
		for _, p := range m.Parts {
			if have, ok := p.(model.Result); ok && have.ID == c.ID {
				r = have
				r.Name = c.Name
			}
		}
		out.Parts = append(out.Parts, r)
	}
	return out
}

// forTarget leaves out of an answer what only the model that gave it understands.
func forTarget(m model.Message, own bool) model.Message {
	out := model.Message{Role: m.Role}
	for _, p := range m.Parts {
		if !own {
			switch q := p.(type) {
			case model.Thinking:
				continue
			case model.Text:
				q.Signature = ""
				p = q
			case model.Call:
				q.Signature = ""
				p = q
			}
		}
		out.Parts = append(out.Parts, p)
	}
	return out
}
