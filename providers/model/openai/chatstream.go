package openai

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"strings"

	"github.com/clawdbot/gateway/providers/model"
)

func (c chat) Stream(ctx context.Context, r model.Request, emit func(model.Event)) (model.Reply, error) {
	in := &chatIncoming{emit: emit, model: r.Model}
	err := c.stream(ctx, "chat/completions", c.request(r), in.take, func() bool { return in.finish != "" })
	reply := in.reply(err == nil)
	if err == nil && (in.finish == "content_filter" || in.refusal.Len() > 0) {
		why := in.refusal.String()
		if why == "" {
			why = "the server's content filter ended the answer"
		}
		return reply, &model.Error{Kind: model.Refused, Message: model.OneLine(c.Hide(why))}
	}
	return reply, err
}

// chatIncoming puts an answer together.
type chatIncoming struct {
	emit    func(model.Event)
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
	index    model.LaxInt
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

// chatChunk is what is read of an event.
type chatChunk struct {
	Model   model.LaxString `json:"model"`
	Choices []struct {
		Delta  chatDelta       `json:"delta"`
		Finish model.LaxString `json:"finish_reason"`
	} `json:"choices"`
	Usage json.RawMessage `json:"usage"`
}

type chatDelta struct {
	Content   chatContent     `json:"content"`
	Refusal   model.LaxString `json:"refusal"`
	Calls     []callDelta     `json:"tool_calls"`
	Reasoning json.RawMessage `json:"reasoning_content"`
	Thought   json.RawMessage `json:"reasoning"`
}

type callDelta struct {
	Index    model.LaxInt    `json:"index"`
	ID       model.LaxString `json:"id"`
	Function struct {
		Name model.LaxString `json:"name"`
		Args model.LaxString `json:"arguments"`
	} `json:"function"`
}

// chatContent is a text, which some servers send in parts.
type chatContent string

// UnmarshalJSON implements json.Unmarshaler.
func (c *chatContent) UnmarshalJSON(b []byte) error {
	var parts []chatText
	if b[0] == '[' {
		if err := json.Unmarshal(b, &parts); err != nil {
			return err
		}
		for _, p := range parts {
			*c += chatContent(p.Text)
		}
		return nil
	}
	return (*model.LaxString)(c).UnmarshalJSON(b)
}

func (in *chatIncoming) take(data []byte) error {
	var chunk chatChunk
	if err := json.Unmarshal(data, &chunk); err != nil {
		return err
	}
	if chunk.Model != "" {
		in.model = string(chunk.Model)
	}
	in.count(chunk.Usage)
	if len(chunk.Choices) == 0 {
		return nil
	}
	choice := chunk.Choices[0]
	for _, raw := range []json.RawMessage{choice.Delta.Reasoning, choice.Delta.Thought} {
		var s string
		if json.Unmarshal(raw, &s) == nil && s != "" {
			in.think(s)
			break // a server that sends both sends the same twice
		}
	}
	if d := string(choice.Delta.Content); d != "" {
		in.unthink.Feed(d, in.say, in.think)
	}
	in.refusal.WriteString(string(choice.Delta.Refusal))
	for _, t := range choice.Delta.Calls {
		in.call(t)
	}
	if choice.Finish != "" {
		in.finish = string(choice.Finish)
	}
	return nil
}

// count takes the usage, as far as it can be read: an answer is not lost over it.
func (in *chatIncoming) count(raw json.RawMessage) {
	var u struct {
		Prompt     model.LaxInt `json:"prompt_tokens"`
		Completion model.LaxInt `json:"completion_tokens"`
		Details    struct {
			Cached model.LaxInt `json:"cached_tokens"`
		} `json:"prompt_tokens_details"`
	}
	_ = json.Unmarshal(raw, &u) // what is not in the format stays zero
	if u.Prompt > 0 || u.Completion > 0 {
		cached := min(u.Details.Cached, u.Prompt)
		in.usage = model.Usage{Input: int64(u.Prompt - cached), Output: int64(u.Completion), CacheRead: int64(cached)}
	}
}

// call adds a piece of a call. Servers that know nothing of an index send whole calls, each with an id of its own.
func (in *chatIncoming) call(t callDelta) {
	var c *chatCall
	for _, have := range in.calls {
		if have.index == t.Index && (t.ID == "" || string(t.ID) == have.id) {
			c = have
		}
	}
	if c == nil {
		c = &chatCall{index: t.Index, id: string(t.ID)}
		in.calls = append(in.calls, c)
	}
	c.name += string(t.Function.Name)
	c.args.WriteString(string(t.Function.Args))
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
