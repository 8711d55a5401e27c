package anthropic

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	sdk "github.com/anthropics/anthropic-sdk-go"

	"github.com/clawdbot/gateway/providers/model"
)

// errEarly is a stream that ends before its end.
var errEarly = errors.New("the answer ended before its end")

func (a *api) Stream(ctx context.Context, r model.Request, emit func(model.Event)) (model.Reply, error) {
	in := &incoming{emit: emit, reply: model.Reply{Message: model.Message{Role: model.Assistant}}}
	stream := a.messages.NewStreaming(ctx, params(r))
	defer stream.Close()
	for stream.Next() {
		in.begun = true
		in.take(stream.Current())
	}
	in.endBlock(false)
	err := stream.Err()
	if err == nil && !in.stopped {
		err = errEarly
	}
	if err != nil {
		return in.reply, a.failed(ctx, err, in.begun)
	}
	if in.refusal != "" {
		return in.reply, &model.Error{Kind: model.Refused, Message: model.OneLine(a.e.Hide(in.refusal))}
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
	begun    bool
	stopped  bool // the end has come
	refusal  string
	overflow bool

	kind     string // of the block that is open, "" = none
	text     strings.Builder
	sign     strings.Builder
	id, name string
}

func (in *incoming) take(ev sdk.MessageStreamEventUnion) {
	switch ev.Type {
	case "message_start":
		u := ev.Message.Usage
		in.reply.Model = string(ev.Message.Model)
		in.reply.Usage = model.Usage{Input: u.InputTokens, Output: u.OutputTokens, CacheRead: u.CacheReadInputTokens, CacheWrite: u.CacheCreationInputTokens}
	case "content_block_start":
		in.endBlock(false)
		b := ev.ContentBlock
		in.kind, in.id, in.name = b.Type, b.ID, b.Name
		in.said(b.Text)
		in.thought(b.Thinking)
		in.sign.WriteString(b.Signature + b.Data)
	case "content_block_delta":
		in.said(ev.Delta.Text)
		in.thought(ev.Delta.Thinking)
		in.sign.WriteString(ev.Delta.Signature)
		if in.kind == "tool_use" {
			in.text.WriteString(ev.Delta.PartialJSON)
		}
	case "content_block_stop":
		in.endBlock(true)
	case "message_delta":
		in.reply.Usage.Output = max(in.reply.Usage.Output, ev.Usage.OutputTokens)
		in.end(ev)
	case "message_stop":
		in.stopped = true
	}
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

func (in *incoming) end(ev sdk.MessageStreamEventUnion) {
	switch ev.Delta.StopReason {
	case sdk.StopReasonToolUse:
		in.reply.Stop = model.Tools
	case sdk.StopReasonMaxTokens:
		in.reply.Stop = model.Cut
	case sdk.StopReasonModelContextWindowExceeded:
		in.overflow = true
	case sdk.StopReasonRefusal:
		if in.refusal = ev.Delta.StopDetails.Explanation; in.refusal == "" {
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
