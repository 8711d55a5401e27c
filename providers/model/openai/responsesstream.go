package openai

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/clawdbot/gateway/providers/model"
)

func (a responses) Stream(ctx context.Context, r model.Request, emit func(model.Event)) (model.Reply, error) {
	in := &responsesIncoming{emit: emit, e: a.Endpoint, out: model.Reply{Message: model.Message{Role: model.Assistant}, Model: r.Model, Stop: model.Ended}}
	err := a.stream(ctx, "responses", a.request(r), in.take, func() bool { return in.ended })
	in.leftover()
	if err == nil && in.refusal.Len() > 0 {
		return in.out, &model.Error{Kind: model.Refused, Message: model.OneLine(a.Hide(in.refusal.String()))}
	}
	return in.out, err
}

// responsesIncoming puts an answer together.
type responsesIncoming struct {
	emit    func(model.Event)
	e       model.Endpoint
	out     model.Reply
	ended   bool
	refusal strings.Builder
	text    strings.Builder // of the message that is open
	thought strings.Builder // of the reasoning that is open
}

func (in *responsesIncoming) add(p model.Part) {
	in.out.Message.Parts = append(in.out.Message.Parts, p)
}

// responsesEvent is what is read of an event. Item and Response are only read of events that are known: of others they may be anything.
type responsesEvent struct {
	Type     model.LaxString `json:"type"`
	Delta    model.LaxString `json:"delta"`
	Item     json.RawMessage `json:"item"`
	Response json.RawMessage `json:"response"`
}

func (in *responsesIncoming) take(data []byte) error {
	var ev responsesEvent
	if err := json.Unmarshal(data, &ev); err != nil {
		return err
	}
	switch d := string(ev.Delta); ev.Type {
	case "response.output_text.delta":
		in.text.WriteString(d)
		in.emit(model.Delta(d))
	case "response.reasoning_summary_text.delta", "response.reasoning_text.delta":
		in.think(d)
	case "response.reasoning_summary_part.added":
		if in.thought.Len() > 0 {
			in.think("\n\n")
		}
	case "response.refusal.delta":
		in.refusal.WriteString(d)
	case "response.output_item.done":
		return in.item(ev.Item)
	case "response.completed", "response.incomplete":
		return in.end(ev.Response)
	case "response.failed":
		var r struct {
			Error json.RawMessage `json:"error"`
		}
		if err := part(ev.Response, &r); err != nil {
			return err
		}
		return in.failed(r.Error)
	case "error":
		return in.failed(data)
	}
	return nil
}

// part reads a part of an event, which may be missing.
func part(data json.RawMessage, to any) error {
	if len(data) == 0 {
		return nil
	}
	return json.Unmarshal(data, to)
}

func (in *responsesIncoming) failed(raw json.RawMessage) error {
	p := problemOf(raw)
	return in.e.Answered(0, string(p.Code), string(p.Message), nil)
}

func (in *responsesIncoming) think(s string) {
	in.thought.WriteString(s)
	in.emit(model.Thought(s))
}

// item takes a piece of the answer that is whole.
func (in *responsesIncoming) item(data json.RawMessage) error {
	var item struct {
		Type      model.LaxString `json:"type"`
		ID        model.LaxString `json:"id"`
		CallID    model.LaxString `json:"call_id"`
		Name      model.LaxString `json:"name"`
		Args      model.LaxString `json:"arguments"`
		Encrypted model.LaxString `json:"encrypted_content"`
	}
	if err := part(data, &item); err != nil {
		return err
	}
	switch item.Type {
	case "message":
		if in.text.Len() > 0 {
			in.add(model.Text{Text: in.text.String()})
		}
		in.text.Reset()
	case "reasoning":
		t := model.Thinking{Text: in.thought.String()}
		if item.Encrypted != "" {
			if b, err := json.Marshal(sealed{string(item.ID), string(item.Encrypted)}); err == nil {
				t.Signature = string(b)
			}
		}
		if t != (model.Thinking{}) {
			in.add(t)
		}
		in.thought.Reset()
	case "function_call":
		args := string(item.Args)
		if strings.TrimSpace(args) == "" {
			args = "{}"
		}
		c := model.Call{ID: string(item.CallID), Name: string(item.Name), Args: json.RawMessage(args)}
		in.add(c)
		in.emit(c)
		in.out.Stop = model.Tools
	}
	return nil
}

// leftover keeps what was said of an answer that broke off.
func (in *responsesIncoming) leftover() {
	if in.thought.Len() > 0 {
		in.add(model.Thinking{Text: in.thought.String()})
	}
	if in.text.Len() > 0 {
		in.add(model.Text{Text: in.text.String()})
	}
}

func (in *responsesIncoming) end(data json.RawMessage) error {
	var r struct {
		Model      model.LaxString `json:"model"`
		Usage      json.RawMessage `json:"usage"`
		Incomplete struct {
			Reason model.LaxString `json:"reason"`
		} `json:"incomplete_details"`
	}
	if err := part(data, &r); err != nil {
		return err
	}
	in.ended = true
	if r.Model != "" {
		in.out.Model = string(r.Model)
	}
	in.count(r.Usage)
	switch r.Incomplete.Reason {
	case "max_output_tokens":
		in.out.Stop = model.Cut
	case "content_filter":
		in.refusal.WriteString("the server's content filter ended the answer")
	}
	return nil
}

// count takes the usage, as far as it can be read: an answer is not lost over it.
func (in *responsesIncoming) count(raw json.RawMessage) {
	var u struct {
		Input   model.LaxInt `json:"input_tokens"`
		Output  model.LaxInt `json:"output_tokens"`
		Details struct {
			Cached model.LaxInt `json:"cached_tokens"`
		} `json:"input_tokens_details"`
	}
	_ = json.Unmarshal(raw, &u) // what is not in the format stays zero
	cached := min(u.Details.Cached, u.Input)
	in.out.Usage = model.Usage{Input: int64(u.Input - cached), Output: int64(u.Output), CacheRead: int64(cached)}
}
