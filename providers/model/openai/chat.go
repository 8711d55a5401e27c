package openai

import (
	"encoding/base64"

	sdk "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/shared"

	"github.com/clawdbot/gateway/providers/model"
)

type chat struct {
	catalogue
	completions sdk.ChatCompletionService
}

func newChat(e model.Endpoint) *chat {
	opts := options(e)
	return &chat{catalogue{e, sdk.NewModelService(opts...)}, sdk.NewChatCompletionService(opts...)}
}

// params is a request in the words of the API.
func (c *chat) params(r model.Request) sdk.ChatCompletionNewParams {
	p := sdk.ChatCompletionNewParams{Model: r.Model, StreamOptions: sdk.ChatCompletionStreamOptionsParam{IncludeUsage: sdk.Bool(true)}}
	switch {
	case r.MaxTokens <= 0:
	case official(c.e):
		p.MaxCompletionTokens = sdk.Int(r.MaxTokens)
	default: // what older servers know
		p.MaxTokens = sdk.Int(r.MaxTokens)
	}
	if official(c.e) && r.Session != "" {
		p.PromptCacheKey = sdk.String(r.Session)
	}
	if r.Thinking.On() {
		p.ReasoningEffort = shared.ReasoningEffort(r.Thinking)
	}
	for _, t := range r.Tools {
		f := shared.FunctionDefinitionParam{Name: t.Name, Parameters: schema(t)}
		if t.Description != "" {
			f.Description = sdk.String(t.Description)
		}
		p.Tools = append(p.Tools, sdk.ChatCompletionFunctionTool(f))
	}
	if r.System != "" {
		p.Messages = append(p.Messages, sdk.SystemMessage(r.System))
	}
	for _, m := range r.Messages {
		switch m.Role {
		case model.User:
			p.Messages = append(p.Messages, userMessage(m.Parts))
		case model.Assistant:
			p.Messages = append(p.Messages, assistantMessage(m))
		case model.Results:
			p.Messages = append(p.Messages, resultMessages(m)...)
		}
	}
	return p
}

func userMessage(parts []model.Part) sdk.ChatCompletionMessageParamUnion {
	if len(parts) == 1 { // not every server takes a list
		if t, ok := parts[0].(model.Text); ok {
			return sdk.UserMessage(t.Text)
		}
	}
	var content []sdk.ChatCompletionContentPartUnionParam
	for _, p := range parts {
		switch p := p.(type) {
		case model.Text:
			content = append(content, sdk.TextContentPart(p.Text))
		case model.Image:
			content = append(content, sdk.ImageContentPart(sdk.ChatCompletionContentPartImageImageURLParam{URL: dataURL(p)}))
		}
	}
	return sdk.UserMessage(content)
}

func assistantMessage(m model.Message) sdk.ChatCompletionMessageParamUnion {
	var out sdk.ChatCompletionAssistantMessageParam
	if text := m.TextOf(); text != "" {
		out.Content.OfString = sdk.String(text)
	}
	for _, c := range m.Calls() {
		out.ToolCalls = append(out.ToolCalls, sdk.ChatCompletionMessageToolCallUnionParam{OfFunction: &sdk.ChatCompletionMessageFunctionToolCallParam{
			ID: c.ID, Function: sdk.ChatCompletionMessageFunctionToolCallFunctionParam{Name: c.Name, Arguments: string(c.Object())},
		}})
	}
	return sdk.ChatCompletionMessageParamUnion{OfAssistant: &out}
}

// resultMessages gives each result a message. Results have no pictures in this format: those come after them.
func resultMessages(m model.Message) (all []sdk.ChatCompletionMessageParamUnion) {
	var pictures []model.Part
	for _, p := range m.Parts {
		r, ok := p.(model.Result)
		if !ok {
			continue
		}
		text := r.Text
		if text == "" {
			text = "(nothing)"
		}
		if len(r.Images) > 0 {
			text += "\n(The pictures of this result follow.)"
		}
		all = append(all, sdk.ToolMessage(text, r.ID))
		for _, img := range r.Images {
			pictures = append(pictures, img)
		}
	}
	if len(pictures) > 0 {
		all = append(all, userMessage(append([]model.Part{model.Text{Text: "The pictures of the results above:"}}, pictures...)))
	}
	return all
}

func dataURL(i model.Image) string {
	return "data:" + i.MIME + ";base64," + base64.StdEncoding.EncodeToString(i.Data)
}
