package modeltest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/clawdbot/gateway/providers/model"
)

// Responses is OpenAI's responses API.
type Responses struct{}

// Format implements Dialect.
func (Responses) Format() string { return model.OpenAIResponses }

// Base implements Dialect.
func (Responses) Base() string { return "/v1" }

func (Responses) kind(r *http.Request) (what, key string) { return openAIKind(r, "POST /v1/responses") }

type responsesRequest struct {
	Model        string   `json:"model"`
	Stream       bool     `json:"stream"`
	Store        *bool    `json:"store"`
	MaxTokens    int64    `json:"max_output_tokens"`
	Instructions string   `json:"instructions"`
	CacheKey     string   `json:"prompt_cache_key"`
	Include      []string `json:"include"`
	Reasoning    struct {
		Effort  string `json:"effort"`
		Summary string `json:"summary"`
	} `json:"reasoning"`
	Input []responsesItem `json:"input"`
	Tools []struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Schema      json.RawMessage `json:"parameters"`
	} `json:"tools"`
}

type responsesItem struct {
	Type      string          `json:"type"`
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content"`
	CallID    string          `json:"call_id"`
	Name      string          `json:"name"`
	Args      string          `json:"arguments"`
	Output    json.RawMessage `json:"output"`
	Encrypted string          `json:"encrypted_content"`
	Summary   []struct {
		Text string `json:"text"`
	} `json:"summary"`
}

type responsesPart struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	ImageURL string `json:"image_url"`
}

func (Responses) read(_ *http.Request, body []byte) (seen Seen, err error) {
	var r responsesRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return seen, err
	}
	if !r.Stream || r.Store == nil || *r.Store {
		return seen, errors.New("this test wants stream, and nothing stored at the vendor's")
	}
	seen.Request = model.Request{Model: r.Model, System: r.Instructions, MaxTokens: r.MaxTokens}
	seen.Thinking, seen.Cached = strings.TrimSpace(r.Reasoning.Effort+" "+r.Reasoning.Summary), r.CacheKey != ""
	for _, t := range r.Tools {
		seen.Request.Tools = append(seen.Request.Tools, model.Tool{Name: t.Name, Description: t.Description, Schema: t.Schema})
	}
	for i, item := range r.Input {
		role, parts, err := item.parts()
		if err != nil {
			return seen, fmt.Errorf("input[%d]: %w", i, err)
		}
		all := seen.Request.Messages
		if n := len(all); n > 0 && all[n-1].Role == role && role != model.User {
			all[n-1].Parts = append(all[n-1].Parts, parts...)
		} else {
			seen.Request.Messages = append(all, model.Message{Role: role, Parts: parts})
		}
	}
	return seen, nil
}

func (i responsesItem) parts() (model.Role, []model.Part, error) {
	switch {
	case i.Type == "function_call":
		return model.Assistant, []model.Part{model.Call{ID: i.CallID, Name: i.Name, Args: json.RawMessage(i.Args)}}, nil
	case i.Type == "reasoning":
		if i.Encrypted != "sig-thinking" {
			return "", nil, errors.New("reasoning: encrypted content could not be verified")
		}
		var text strings.Builder
		for _, s := range i.Summary {
			text.WriteString(s.Text)
		}
		return model.Assistant, []model.Part{model.Thinking{Text: text.String(), Signature: i.Encrypted}}, nil
	case i.Type == "function_call_output":
		text, images, err := responsesContent(i.Output)
		return model.Results, []model.Part{model.Result{ID: i.CallID, Text: text, Images: images}}, err
	case i.Type != "" && i.Type != "message" || i.Role != "user" && i.Role != "assistant":
		return "", nil, fmt.Errorf("item %q of role %q", i.Type, i.Role)
	}
	text, images, err := responsesContent(i.Content)
	var parts []model.Part
	if text != "" {
		parts = append(parts, model.Text{Text: text})
	}
	for _, img := range images {
		parts = append(parts, img)
	}
	return model.Role(i.Role), parts, err
}

func responsesContent(raw json.RawMessage) (text string, images []model.Image, err error) {
	if json.Unmarshal(raw, &text) == nil {
		return text, nil, nil
	}
	var list []responsesPart
	if err := json.Unmarshal(raw, &list); err != nil {
		return "", nil, err
	}
	for _, p := range list {
		switch p.Type {
		case "input_text", "output_text":
			text += p.Text
		case "input_image":
			img, err := dataURL(p.ImageURL)
			if err != nil {
				return "", nil, err
			}
			images = append(images, img)
		default:
			return "", nil, fmt.Errorf("content part %q", p.Type)
		}
	}
	return text, images, nil
}

func (Responses) write(s *stream, step Step, seen Seen) {
	n, index := 0, 0
	event := func(name, format string, args ...any) {
		s.event(name, object(`{"type":%s,"sequence_number":%d,%s}`, quote(name), n, fmt.Sprintf(format, args...)))
		n++
	}
	frame := func(status, details, usage string) string {
		return object(`"response":{"id":"resp_1","object":"response","created_at":1,"status":%s,"model":%s,"output":[],"error":null,"incomplete_details":%s,"usage":%s}`,
			quote(status), quote(seen.Request.Model), details, usage)
	}
	event("response.created", "%s", frame("in_progress", "null", "null"))
	event("response.in_progress", "%s", frame("in_progress", "null", "null"))
	item := func(open, done string, inner func()) {
		event("response.output_item.added", `"output_index":%d,"item":%s`, index, open)
		inner()
		event("response.output_item.done", `"output_index":%d,"item":%s`, index, done)
		index++
	}
	if len(step.Thinking) > 0 {
		all := quote(strings.Join(step.Thinking, ""))
		item(`{"id":"rs_1","type":"reasoning","summary":[]}`,
			object(`{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":%s}],"encrypted_content":"sig-thinking"}`, all), func() {
				event("response.reasoning_summary_part.added", `"item_id":"rs_1","output_index":%d,"summary_index":0,"part":{"type":"summary_text","text":""}`, index)
				for _, t := range step.Thinking {
					event("response.reasoning_summary_text.delta", `"item_id":"rs_1","output_index":%d,"summary_index":0,"delta":%s`, index, quote(t))
				}
				event("response.reasoning_summary_text.done", `"item_id":"rs_1","output_index":%d,"summary_index":0,"text":%s`, index, all)
			})
	}
	if len(step.Text) > 0 || step.Break != Whole || step.Refusal != "" {
		all := object(`{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"text":%s}]}`,
			quote(strings.Join(step.Text, "")))
		item(`{"id":"msg_1","type":"message","status":"in_progress","role":"assistant","content":[]}`, all, func() {
			event("response.content_part.added", `"item_id":"msg_1","output_index":%d,"content_index":0,"part":{"type":"output_text","annotations":[],"text":""}`, index)
			s.text(step, func(piece string) {
				event("response.output_text.delta", `"item_id":"msg_1","output_index":%d,"content_index":0,"delta":%s,"logprobs":[]`, index, quote(piece))
			}, "error\n"+`{"type":"error","sequence_number":9,"code":"server_error","message":"The server is overloaded","param":null}`)
			if step.Refusal != "" {
				event("response.refusal.delta", `"item_id":"msg_1","output_index":%d,"content_index":1,"delta":%s`, index, quote(step.Refusal))
				event("response.refusal.done", `"item_id":"msg_1","output_index":%d,"content_index":1,"refusal":%s`, index, quote(step.Refusal))
			}
		})
	}
	for i, c := range step.Calls {
		call := func(status, args string) string {
			return object(`{"id":"fc_%d","type":"function_call","status":%s,"call_id":%s,"name":%s,"arguments":%s}`, i, quote(status), quote(c.ID), quote(c.Name), quote(args))
		}
		item(call("in_progress", ""), call("completed", string(c.Args)), func() {
			head, tail := halves(string(c.Args))
			event("response.function_call_arguments.delta", `"item_id":"fc_%d","output_index":%d,"delta":%s`, i, index, quote(head))
			event("response.function_call_arguments.delta", `"item_id":"fc_%d","output_index":%d,"delta":%s`, i, index, quote(tail))
			event("response.function_call_arguments.done", `"item_id":"fc_%d","output_index":%d,"arguments":%s`, i, index, quote(string(c.Args)))
		})
	}
	u := step.usage()
	usage := object(`{"input_tokens":%d,"input_tokens_details":{"cached_tokens":%d},"output_tokens":%d,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":%d}`,
		u.Input+u.CacheRead, u.CacheRead, u.Output, u.Input+u.CacheRead+u.Output)
	if step.stop() == model.Cut {
		event("response.incomplete", "%s", frame("incomplete", `{"reason":"max_output_tokens"}`, usage))
		return
	}
	event("response.completed", "%s", frame("completed", "null", usage))
}

func (Responses) fail(kind model.Kind, message string) (int, string) {
	return openAIFail(kind, message)
}

func (Responses) list(models []string) string { return openAIList(models) }
