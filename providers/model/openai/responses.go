package openai

import (
	"encoding/json"

	"github.com/clawdbot/gateway/providers/model"
)

type responses struct{ server }

func newResponses(e model.Endpoint) responses { return responses{newServer(e)} }

// responsesRequest is what is sent of the API's request.
type responsesRequest struct {
	Model        string           `json:"model"`
	Instructions string           `json:"instructions,omitempty"`
	Input        []any            `json:"input,omitempty"` // of the types below
	Tools        []responsesTool  `json:"tools,omitempty"`
	MaxTokens    int64            `json:"max_output_tokens,omitempty"`
	CacheKey     string           `json:"prompt_cache_key,omitempty"`
	Reasoning    *reasoningEffort `json:"reasoning,omitempty"`
	Include      []string         `json:"include,omitempty"`
	Store        bool             `json:"store"`
	Stream       bool             `json:"stream"`
}

type reasoningEffort struct {
	Effort  model.Level `json:"effort"`
	Summary string      `json:"summary"`
}

type responsesTool struct {
	Type string `json:"type"` // function
	function
	Strict bool `json:"strict"`
}

type inputMessage struct {
	Role    model.Role `json:"role"`
	Content any        `json:"content"` // a string, or a list of inputText and inputImage
}

type inputText struct {
	Type string `json:"type"` // input_text, or summary_text
	Text string `json:"text"`
}

type inputImage struct {
	Type   string `json:"type"` // input_image
	Detail string `json:"detail"`
	URL    string `json:"image_url"`
}

type inputReasoning struct {
	Type      string      `json:"type"` // reasoning
	ID        string      `json:"id"`
	Summary   []inputText `json:"summary"` // must be there, if empty
	Encrypted string      `json:"encrypted_content"`
}

type inputCall struct {
	Type   string `json:"type"` // function_call
	CallID string `json:"call_id"`
	Name   string `json:"name"`
	Args   string `json:"arguments"`
}

type inputResult struct {
	Type   string `json:"type"` // function_call_output
	CallID string `json:"call_id"`
	Output any    `json:"output"` // as inputMessage.Content
}

// request is a request in the words of the API.
func (a responses) request(r model.Request) responsesRequest {
	out := responsesRequest{Model: r.Model, Instructions: r.System, MaxTokens: max(r.MaxTokens, 0), CacheKey: r.Session, Stream: true}
	if r.Thinking.On() {
		out.Reasoning = &reasoningEffort{r.Thinking, "auto"}
		out.Include = []string{"reasoning.encrypted_content"}
	}
	for _, t := range r.Tools {
		out.Tools = append(out.Tools, responsesTool{Type: "function", function: newFunction(t)})
	}
	for _, m := range r.Messages {
		out.Input = append(out.Input, items(m)...)
	}
	return out
}

// items are a message as the API has it: a call, a result and a thought are items of their own.
func items(m model.Message) (all []any) {
	var said []any
	for _, p := range m.Parts {
		switch p := p.(type) {
		case model.Text:
			if m.Role == model.Assistant {
				all = append(all, inputMessage{model.Assistant, p.Text})
			} else {
				said = append(said, inputText{"input_text", p.Text})
			}
		case model.Image:
			said = append(said, picture(p))
		case model.Thinking:
			if item, ok := reasoning(p); ok {
				all = append(all, item)
			}
		case model.Call:
			all = append(all, inputCall{"function_call", p.ID, p.Name, string(p.Object())})
		case model.Result:
			all = append(all, result(p))
		}
	}
	if len(said) > 0 {
		all = append(all, inputMessage{model.User, said})
	}
	return all
}

func picture(p model.Image) inputImage { return inputImage{"input_image", "auto", dataURL(p)} }

func result(p model.Result) inputResult {
	text := p.Text
	if text == "" && len(p.Images) == 0 {
		text = "(nothing)"
	}
	out := inputResult{Type: "function_call_output", CallID: p.ID}
	if len(p.Images) == 0 {
		out.Output = text
		return out
	}
	var list []any
	if text != "" {
		list = append(list, inputText{"input_text", text})
	}
	for _, img := range p.Images {
		list = append(list, picture(img))
	}
	out.Output = list
	return out
}

// sealed is what a thought's signature holds: the item's id, and its contents as the vendor wants them back.
type sealed struct {
	ID        string `json:"id"`
	Encrypted string `json:"encrypted"`
}

func reasoning(t model.Thinking) (item inputReasoning, ok bool) {
	var s sealed
	if json.Unmarshal([]byte(t.Signature), &s) != nil || s.Encrypted == "" {
		return item, false
	}
	item = inputReasoning{Type: "reasoning", ID: s.ID, Summary: []inputText{}, Encrypted: s.Encrypted}
	if t.Text != "" {
		item.Summary = append(item.Summary, inputText{"summary_text", t.Text})
	}
	return item, true
}
