package anthropic

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/clawdbot/gateway/providers/model"
)

func (a api) Stream(ctx context.Context, r model.Request, emit func(model.Event)) (model.Reply, error) {
	in := &incoming{emit: emit, e: a.Endpoint, reply: model.Reply{Message: model.Message{Role: model.Assistant}}}
	err := a.Server.Stream(ctx, "v1/messages", newRequest(r), in.take, func() bool { return in.stopped })
	in.endBlock(false)
	if err != nil {
		return in.reply, err
	}
	if in.refusal != "" {
		return in.reply, &model.Error{Kind: model.Refused, Message: model.OneLine(a.Hide(in.refusal))}
	}
	if in.overflow {
		return in.reply, &model.Error{Kind: model.Overflow, Message: "the answer reached the end of the context window"}
	}
	return in.reply, nil
}

// incoming puts an answer together.
type incoming struct {
	emit     func(model.Event)
	reply    model.Reply
	e        model.Endpoint
	stopped  bool // the end has come
	refusal  string
	overflow bool

	kind     string // of the block that is open, "" = none
	text     strings.Builder
	sign     strings.Builder
	id, name string
}

// event is what is read of the events that are known.
type event struct {
	Message struct {
		Model model.LaxString `json:"model"`
		Usage json.RawMessage `json:"usage"`
	} `json:"message"`
	Block struct {
		Type      model.LaxString `json:"type"`
		ID        model.LaxString `json:"id"`
		Name      model.LaxString `json:"name"`
		Text      model.LaxString `json:"text"`
		Thinking  model.LaxString `json:"thinking"`
		Signature model.LaxString `json:"signature"`
		Data      model.LaxString `json:"data"`
	} `json:"content_block"`
	Delta delta           `json:"delta"`
	Usage json.RawMessage `json:"usage"`
}

type delta struct {
	Text       model.LaxString `json:"text"`
	Thinking   model.LaxString `json:"thinking"`
	Signature  model.LaxString `json:"signature"`
	JSON       model.LaxString `json:"partial_json"`
	StopReason model.LaxString `json:"stop_reason"`
	Details    json.RawMessage `json:"stop_details"`
}

// usage is read as far as it is in the format: an answer is not lost over it.
type usage struct {
	Input      model.LaxInt `json:"input_tokens"`
	Output     model.LaxInt `json:"output_tokens"`
	CacheRead  model.LaxInt `json:"cache_read_input_tokens"`
	CacheWrite model.LaxInt `json:"cache_creation_input_tokens"`
}

func (in *incoming) take(data []byte) error {
	var head struct {
		Type model.LaxString `json:"type"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return err
	}
	switch head.Type {
	case "message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop":
	case "error":
		p, _ := problemOf(data) // as much of it as is in the format
		return in.e.Answered(0, string(p.Type), string(p.Message), nil)
	default: // the fields of others may be anything
		return nil
	}
	var ev event
	if err := json.Unmarshal(data, &ev); err != nil {
		return err
	}
	switch head.Type {
	case "message_start":
		var u usage
		_ = json.Unmarshal(ev.Message.Usage, &u)
		in.reply.Model = string(ev.Message.Model)
		in.reply.Usage = model.Usage{Input: int64(u.Input), Output: int64(u.Output), CacheRead: int64(u.CacheRead), CacheWrite: int64(u.CacheWrite)}
	case "content_block_start":
		in.endBlock(false)
		b := ev.Block
		in.kind, in.id, in.name = string(b.Type), string(b.ID), string(b.Name)
		in.said(string(b.Text))
		in.thought(string(b.Thinking))
		in.sign.WriteString(string(b.Signature + b.Data))
	case "content_block_delta":
		in.said(string(ev.Delta.Text))
		in.thought(string(ev.Delta.Thinking))
		in.sign.WriteString(string(ev.Delta.Signature))
		if in.kind == "tool_use" {
			in.text.WriteString(string(ev.Delta.JSON))
		}
	case "content_block_stop":
		in.endBlock(true)
	case "message_delta":
		var u usage
		_ = json.Unmarshal(ev.Usage, &u)
		in.reply.Usage.Output = max(in.reply.Usage.Output, int64(u.Output))
		in.end(ev.Delta)
	case "message_stop":
		in.stopped = true
	}
	return nil
}

func (in *incoming) said(s string) {
	if s != "" && in.kind == "text" {
		in.text.WriteString(s)
		in.emit(model.Delta(s))
	}
}

func (in *incoming) thought(s string) {
	if s != "" && in.kind == "thinking" {
		in.text.WriteString(s)
		in.emit(model.Thought(s))
	}
}

func (in *incoming) end(d delta) {
	switch d.StopReason {
	case "tool_use":
		in.reply.Stop = model.Tools
	case "max_tokens":
		in.reply.Stop = model.Cut
	case "model_context_window_exceeded":
		in.overflow = true
	case "refusal":
		var details struct {
			Explanation model.LaxString `json:"explanation"`
		}
		_ = json.Unmarshal(d.Details, &details) // it may be missing, or only words
		if in.refusal = string(details.Explanation); in.refusal == "" {
			in.refusal = "the model declined to answer"
		}
	default:
		in.reply.Stop = model.Ended
	}
}

// endBlock makes a part of the block that was open. A call that is not whole is none.
func (in *incoming) endBlock(whole bool) {
	text, sign := in.text.String(), in.sign.String()
	switch in.kind {
	case "text":
		if text != "" {
			in.add(model.Text{Text: text})
		}
	case "thinking", "redacted_thinking":
		in.add(model.Thinking{Text: text, Signature: sign})
	case "tool_use":
		if !whole {
			break
		}
		if text == "" {
			text = "{}"
		}
		c := model.Call{ID: in.id, Name: in.name, Args: json.RawMessage(text)}
		in.add(c)
		in.emit(c)
	}
	in.kind = ""
	in.text.Reset()
	in.sign.Reset()
}

func (in *incoming) add(p model.Part) { in.reply.Message.Parts = append(in.reply.Message.Parts, p) }
