package openai

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/openai/openai-go/v3/responses"

	"github.com/clawdbot/gateway/providers/model"
)

func (a *responsesAPI) Stream(ctx context.Context, r model.Request, emit func(model.Event)) (model.Reply, error) {
	in := &responsesIncoming{emit: emit, e: a.e, out: model.Reply{Message: model.Message{Role: model.Assistant}, Model: r.Model, Stop: model.Ended}}
	stream := a.responses.NewStreaming(ctx, a.params(r))
	defer stream.Close()
	for in.err == nil && stream.Next() {
		in.begun = true
		in.take(stream.Current())
	}
	in.leftover()
	switch {
	case ctx.Err() != nil:
		return in.out, context.Cause(ctx)
	case in.err != nil:
		return in.out, in.err
	case stream.Err() != nil:
		return in.out, failed(ctx, a.e, stream.Err(), in.begun)
	case !in.ended:
		return in.out, failed(ctx, a.e, errEarly, in.begun)
	case in.refusal.Len() > 0:
		return in.out, &model.Error{Kind: model.Refused, Message: model.OneLine(a.e.Hide(in.refusal.String()))}
	}
	return in.out, nil
}

// responsesIncoming puts an answer together.
type responsesIncoming struct {
	emit    func(model.Event)
	e       model.Endpoint
	out     model.Reply
	begun   bool
	ended   bool
	err     error
	refusal strings.Builder
	text    strings.Builder // of the message that is open
	thought strings.Builder // of the reasoning that is open
}

func (in *responsesIncoming) add(p model.Part) {
	in.out.Message.Parts = append(in.out.Message.Parts, p)
}

func (in *responsesIncoming) take(ev responses.ResponseStreamEventUnion) {
	switch ev.Type {
	case "response.output_text.delta":
		in.text.WriteString(ev.Delta)
		in.emit(model.Delta(ev.Delta))
	case "response.reasoning_summary_text.delta", "response.reasoning_text.delta":
		in.think(ev.Delta)
	case "response.reasoning_summary_part.added":
		if in.thought.Len() > 0 {
			in.think("\n\n")
		}
	case "response.refusal.delta":
		in.refusal.WriteString(ev.Delta)
	case "response.output_item.done":
		in.item(ev.Item)
	case "response.completed", "response.incomplete":
		in.end(ev.Response)
	case "response.failed":
		in.err = in.e.Answered(0, string(ev.Response.Error.Code), ev.Response.Error.Message, nil)
	case "error":
		in.err = in.e.Answered(0, ev.Code, ev.Message, nil)
	}
}

func (in *responsesIncoming) think(s string) {
	in.thought.WriteString(s)
	in.emit(model.Thought(s))
}

// item takes a piece of the answer that is whole.
func (in *responsesIncoming) item(item responses.ResponseOutputItemUnion) {
	switch item.Type {
	case "message":
		if in.text.Len() > 0 {
			in.add(model.Text{Text: in.text.String()})
		}
		in.text.Reset()
	case "reasoning":
		t := model.Thinking{Text: in.thought.String()}
		if item.EncryptedContent != "" {
			if b, err := json.Marshal(sealed{item.ID, item.EncryptedContent}); err == nil {
				t.Signature = string(b)
			}
		}
		if t != (model.Thinking{}) {
			in.add(t)
		}
		in.thought.Reset()
	case "function_call":
		args := item.Arguments.OfString
		if strings.TrimSpace(args) == "" {
			args = "{}"
		}
		c := model.Call{ID: item.CallID, Name: item.Name, Args: json.RawMessage(args)}
		in.add(c)
		in.emit(c)
		in.out.Stop = model.Tools
	}
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

func (in *responsesIncoming) end(r responses.Response) {
	in.ended = true
	if r.Model != "" {
		in.out.Model = string(r.Model)
	}
	cached := min(r.Usage.InputTokensDetails.CachedTokens, r.Usage.InputTokens)
	in.out.Usage = model.Usage{Input: r.Usage.InputTokens - cached, Output: r.Usage.OutputTokens, CacheRead: cached}
	switch r.IncompleteDetails.Reason {
	case "max_output_tokens":
		in.out.Stop = model.Cut
	case "content_filter":
		in.refusal.WriteString("the server's content filter ended the answer")
	}
}
