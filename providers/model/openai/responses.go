package openai

import (
	"encoding/json"

	sdk "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"

	"github.com/clawdbot/gateway/providers/model"
)

type responsesAPI struct {
	catalogue
	responses responses.ResponseService
}

func newResponses(e model.Endpoint) *responsesAPI {
	opts := options(e)
	return &responsesAPI{catalogue{e, sdk.NewModelService(opts...)}, responses.NewResponseService(opts...)}
}

// params is a request in the words of the API.
func (a *responsesAPI) params(r model.Request) responses.ResponseNewParams {
	p := responses.ResponseNewParams{Model: r.Model, Store: sdk.Bool(false)}
	if r.System != "" {
		p.Instructions = sdk.String(r.System)
	}
	if r.MaxTokens > 0 {
		p.MaxOutputTokens = sdk.Int(r.MaxTokens)
	}
	if r.Session != "" {
		p.PromptCacheKey = sdk.String(r.Session)
	}
	if r.Thinking.On() {
		p.Reasoning = shared.ReasoningParam{Effort: shared.ReasoningEffort(r.Thinking), Summary: shared.ReasoningSummaryAuto}
		p.Include = []responses.ResponseIncludable{responses.ResponseIncludableReasoningEncryptedContent}
	}
	for _, t := range r.Tools {
		f := &responses.FunctionToolParam{Name: t.Name, Parameters: schema(t), Strict: sdk.Bool(false)}
		if t.Description != "" {
			f.Description = sdk.String(t.Description)
		}
		p.Tools = append(p.Tools, responses.ToolUnionParam{OfFunction: f})
	}
	for _, m := range r.Messages {
		p.Input.OfInputItemList = append(p.Input.OfInputItemList, items(m)...)
	}
	return p
}

// items are a message as the API has it: a call, a result and a thought are items of their own.
func items(m model.Message) (all responses.ResponseInputParam) {
	var said responses.ResponseInputMessageContentListParam
	flush := func() {
		if len(said) > 0 {
			all = append(all, responses.ResponseInputItemParamOfMessage(said, responses.EasyInputMessageRoleUser))
			said = nil
		}
	}
	for _, p := range m.Parts {
		switch p := p.(type) {
		case model.Text:
			if m.Role == model.Assistant {
				all = append(all, responses.ResponseInputItemParamOfMessage(p.Text, responses.EasyInputMessageRoleAssistant))
			} else {
				said = append(said, responses.ResponseInputContentParamOfInputText(p.Text))
			}
		case model.Image:
			said = append(said, picture(p))
		case model.Thinking:
			if item, ok := reasoning(p); ok {
				all = append(all, item)
			}
		case model.Call:
			all = append(all, responses.ResponseInputItemParamOfFunctionCall(string(p.Object()), p.ID, p.Name))
		case model.Result:
			all = append(all, result(p))
		}
	}
	flush()
	return all
}

func picture(p model.Image) responses.ResponseInputContentUnionParam {
	c := responses.ResponseInputContentParamOfInputImage(responses.ResponseInputImageDetailAuto)
	c.OfInputImage.ImageURL = sdk.String(dataURL(p))
	return c
}

func result(p model.Result) responses.ResponseInputItemUnionParam {
	text := p.Text
	if text == "" && len(p.Images) == 0 {
		text = "(nothing)"
	}
	out := responses.ResponseInputItemFunctionCallOutputParam{CallID: sdk.String(p.ID)}
	if len(p.Images) == 0 {
		out.Output.OfString = sdk.String(text)
		return responses.ResponseInputItemUnionParam{OfFunctionCallOutput: &out}
	}
	list := responses.ResponseFunctionCallOutputItemListParam{}
	if text != "" {
		list = append(list, responses.ResponseFunctionCallOutputItemParamOfInputText(text))
	}
	for _, img := range p.Images {
		list = append(list, responses.ResponseFunctionCallOutputItemUnionParam{OfInputImage: &responses.ResponseInputImageContentParam{
			ImageURL: sdk.String(dataURL(img)), Detail: responses.ResponseInputImageContentDetailAuto,
		}})
	}
	out.Output.OfResponseFunctionCallOutputItemArray = list
	return responses.ResponseInputItemUnionParam{OfFunctionCallOutput: &out}
}

// sealed is what a thought's signature holds: the item's id, and its contents as the vendor wants them back.
type sealed struct {
	ID        string `json:"id"`
	Encrypted string `json:"encrypted"`
}

func reasoning(t model.Thinking) (item responses.ResponseInputItemUnionParam, ok bool) {
	var s sealed
	if json.Unmarshal([]byte(t.Signature), &s) != nil || s.Encrypted == "" {
		return item, false
	}
	summary := []responses.ResponseReasoningItemSummaryParam{}
	if t.Text != "" {
		summary = append(summary, responses.ResponseReasoningItemSummaryParam{Text: t.Text})
	}
	item = responses.ResponseInputItemParamOfReasoning(s.ID, summary)
	item.OfReasoning.EncryptedContent = sdk.String(s.Encrypted)
	return item, true
}
