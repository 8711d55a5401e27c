package openai

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"strings"

	sdk "github.com/openai/openai-go/v3"

	"github.com/clawdbot/gateway/providers/model"
)

func (c *chat) Stream(ctx context.Context, r model.Request, emit func(model.Event)) (model.Reply, error) {
	in := &chatIncoming{emit: emit, model: r.Model}
	stream := c.completions.NewStreaming(ctx, c.params(r))
	defer stream.Close()
	for stream.Next() {
		in.take(stream.Current())
	}
	whole := stream.Err() == nil && in.finish != ""
	reply := in.reply(whole)
	switch {
	case whole && (in.finish == "content_filter" || in.refusal.Len() > 0):
		why := in.refusal.String()
		if why == "" {
			why = "the server's content filter ended the answer"
		}
		return reply, &model.Error{Kind: model.Refused, Message: model.OneLine(c.e.Hide(why))}
	case whole:
		return reply, nil
	case stream.Err() == nil:
		return reply, failed(ctx, c.e, errEarly, in.begun)
	}
	return reply, failed(ctx, c.e, stream.Err(), in.begun)
}

// chatIncoming puts an answer together.
type chatIncoming struct {
	emit    func(model.Event)
	begun   bool
	model   string
	finish  string
	usage   model.Usage
	unthink model.Unthink
	text    strings.Builder
	thought strings.Builder
	refusal strings.Builder
	calls   []*chatCall
}

type chatCall struct {
	index    int64
	id, name string
	args     strings.Builder
}

func (in *chatIncoming) say(s string) {
	in.text.WriteString(s)
	in.emit(model.Delta(s))
}

func (in *chatIncoming) think(s string) {
	in.thought.WriteString(s)
	in.emit(model.Thought(s))
}

func (in *chatIncoming) take(chunk sdk.ChatCompletionChunk) {
	in.begun = true
	if chunk.Model != "" {
		in.model = chunk.Model
	}
	if u := chunk.Usage; u.TotalTokens > 0 || u.PromptTokens > 0 {
		cached := min(u.PromptTokensDetails.CachedTokens, u.PromptTokens)
		in.usage = model.Usage{Input: u.PromptTokens - cached, Output: u.CompletionTokens, CacheRead: cached}
	}
	if len(chunk.Choices) == 0 {
		return
	}
	choice := chunk.Choices[0]
	d := choice.Delta
	for _, name := range []string{"reasoning_content", "reasoning"} {
		var s string
		if json.Unmarshal([]byte(d.JSON.ExtraFields[name].Raw()), &s) == nil && s != "" {
			in.think(s)
			break // a server that sends both sends the same twice
		}
	}
	if d.Content != "" {
		in.unthink.Feed(d.Content, in.say, in.think)
	}
	in.refusal.WriteString(d.Refusal)
	for _, t := range d.ToolCalls {
		in.call(t)
	}
	if choice.FinishReason != "" {
		in.finish = choice.FinishReason
	}
}

// call adds a piece of a call. Servers that know nothing of an index send whole calls, each with an id of its own.
func (in *chatIncoming) call(t sdk.ChatCompletionChunkChoiceDeltaToolCall) {
	var c *chatCall
	for _, have := range in.calls {
		if have.index == t.Index && (t.ID == "" || t.ID == have.id) {
			c = have
		}
	}
	if c == nil {
		c = &chatCall{index: t.Index, id: t.ID}
		in.calls = append(in.calls, c)
	}
	c.name += t.Function.Name
	c.args.WriteString(t.Function.Arguments)
}

// reply is the answer so far. Calls count only when it is whole.
func (in *chatIncoming) reply(whole bool) model.Reply {
	in.unthink.End(in.say, in.think)
	r := model.Reply{Message: model.Message{Role: model.Assistant}, Usage: in.usage, Model: in.model, Stop: model.Ended}
	if in.thought.Len() > 0 {
		r.Message.Parts = append(r.Message.Parts, model.Thinking{Text: in.thought.String()})
	}
	if in.text.Len() > 0 {
		r.Message.Parts = append(r.Message.Parts, model.Text{Text: in.text.String()})
	}
	if !whole {
		return r
	}
	for _, c := range in.calls {
		args := c.args.String()
		if strings.TrimSpace(args) == "" {
			args = "{}"
		}
		if c.id == "" {
			c.id = "call_" + rand.Text()
		}
		call := model.Call{ID: c.id, Name: c.name, Args: json.RawMessage(args)}
		r.Message.Parts = append(r.Message.Parts, call)
		in.emit(call)
	}
	switch {
	case len(in.calls) > 0:
		r.Stop = model.Tools
	case in.finish == "length":
		r.Stop = model.Cut
	}
	return r
}
