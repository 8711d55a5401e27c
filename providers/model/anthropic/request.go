package anthropic

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strconv"

	sdk "github.com/anthropics/anthropic-sdk-go"

	"github.com/clawdbot/gateway/providers/model"
)

// defaultMax is the most tokens of an answer when nobody says; the API wants a number.
const defaultMax = 8192

// budgets are tokens for thinking.
var budgets = map[model.Level]int64{model.Minimal: 1024, model.Low: 2048, model.Medium: 8192, model.High: 16384}

var efforts = map[model.Level]sdk.OutputConfigEffort{
	model.Minimal: sdk.OutputConfigEffortLow, model.Low: sdk.OutputConfigEffortLow,
	model.Medium: sdk.OutputConfigEffortMedium, model.High: sdk.OutputConfigEffortHigh,
}

// params is a request in the words of the API.
func params(r model.Request) sdk.MessageNewParams {
	p := sdk.MessageNewParams{Model: r.Model, MaxTokens: r.MaxTokens}
	if p.MaxTokens <= 0 {
		p.MaxTokens = defaultMax
	}
	if r.System != "" {
		p.System = []sdk.TextBlockParam{{Text: r.System, CacheControl: sdk.NewCacheControlEphemeralParam()}}
	}
	if r.Thinking.On() {
		think(&p, r)
	}
	for _, t := range r.Tools {
		p.Tools = append(p.Tools, sdk.ToolUnionParam{OfTool: tool(t)})
	}
	for i, m := range r.Messages {
		role := sdk.MessageParamRoleUser
		if m.Role == model.Assistant {
			role = sdk.MessageParamRoleAssistant
		}
		out := sdk.MessageParam{Role: role, Content: blocks(m)}
		if i == len(r.Messages)-1 {
			mark(out.Content)
		}
		p.Messages = append(p.Messages, out)
	}
	return p
}

// think asks for thinking, in the way that the model takes.
func think(p *sdk.MessageNewParams, r model.Request) {
	if adaptive(r.Model) {
		p.Thinking = sdk.ThinkingConfigParamUnion{OfAdaptive: &sdk.ThinkingConfigAdaptiveParam{Display: sdk.ThinkingConfigAdaptiveDisplaySummarized}}
		p.OutputConfig = sdk.OutputConfigParam{Effort: efforts[r.Thinking]}
		return
	}
	budget := budgets[r.Thinking]
	if p.MaxTokens <= budget+1024 { // the budget is part of the whole
		p.MaxTokens = budget + 4096
	}
	p.Thinking = sdk.ThinkingConfigParamOfEnabled(budget)
}

var version = regexp.MustCompile(`^claude-[a-z]+-(\d+)(?:-(\d{1,2}))?(?:-|$)`)

// adaptive tells whether a model decides by itself how much it thinks: from Claude 4.6 on a budget is not welcome.
func adaptive(name string) bool {
	v := version.FindStringSubmatch(name)
	if v == nil {
		return false
	}
	major, _ := strconv.Atoi(v[1]) // digits
	minor, _ := strconv.Atoi(v[2]) // digits or nothing
	return major > 4 || major == 4 && minor >= 6
}

func tool(t model.Tool) *sdk.ToolParam {
	out := &sdk.ToolParam{Name: t.Name, InputSchema: sdk.ToolInputSchemaParam{Properties: map[string]any{}}}
	if t.Description != "" {
		out.Description = sdk.String(t.Description)
	}
	var schema map[string]any
	if json.Unmarshal(t.Schema, &schema) != nil || schema == nil {
		return out
	}
	for k, v := range schema {
		switch k {
		case "type":
		case "properties":
			out.InputSchema.Properties = v
		default:
			if out.InputSchema.ExtraFields == nil {
				out.InputSchema.ExtraFields = map[string]any{}
			}
			out.InputSchema.ExtraFields[k] = v
		}
	}
	return out
}

func blocks(m model.Message) (all []sdk.ContentBlockParamUnion) {
	for _, p := range m.Parts {
		switch p := p.(type) {
		case model.Text:
			if p.Text != "" {
				all = append(all, sdk.NewTextBlock(p.Text))
			}
		case model.Image:
			all = append(all, image(p))
		case model.Thinking:
			switch {
			case p.Signature == "":
			case p.Text == "":
				all = append(all, sdk.NewRedactedThinkingBlock(p.Signature))
			default:
				all = append(all, sdk.NewThinkingBlock(p.Signature, p.Text))
			}
		case model.Call:
			all = append(all, sdk.NewToolUseBlock(p.ID, p.Object(), p.Name))
		case model.Result:
			all = append(all, sdk.ContentBlockParamUnion{OfToolResult: result(p)})
		}
	}
	return all
}

func image(p model.Image) sdk.ContentBlockParamUnion {
	return sdk.NewImageBlockBase64(p.MIME, base64.StdEncoding.EncodeToString(p.Data))
}

func result(p model.Result) *sdk.ToolResultBlockParam {
	out := &sdk.ToolResultBlockParam{ToolUseID: p.ID, IsError: sdk.Bool(p.IsError)}
	if p.Text != "" || len(p.Images) == 0 {
		text := p.Text
		if text == "" {
			text = "(nothing)" // a text must not be empty
		}
		out.Content = append(out.Content, sdk.ToolResultBlockParamContentUnion{OfText: &sdk.TextBlockParam{Text: text}})
	}
	for _, img := range p.Images {
		out.Content = append(out.Content, sdk.ToolResultBlockParamContentUnion{OfImage: image(img).OfImage})
	}
	return out
}

// mark has the conversation kept up to here: the next request begins alike.
func mark(content []sdk.ContentBlockParamUnion) {
	if len(content) == 0 {
		return
	}
	switch last := &content[len(content)-1]; {
	case last.OfText != nil:
		last.OfText.CacheControl = sdk.NewCacheControlEphemeralParam()
	case last.OfImage != nil:
		last.OfImage.CacheControl = sdk.NewCacheControlEphemeralParam()
	case last.OfToolResult != nil:
		last.OfToolResult.CacheControl = sdk.NewCacheControlEphemeralParam()
	}
}
