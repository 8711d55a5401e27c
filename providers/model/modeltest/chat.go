package modeltest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/clawdbot/gateway/providers/model"
)

// Chat is the chat completions API of OpenAI and of the many servers that speak it too.
type Chat struct {
	// ThinkTags: it thinks between <think> tags in its text, as models behind plain servers do; else in reasoning_content.
	ThinkTags bool
}

// Format implements Dialect.
func (Chat) Format() string { return model.OpenAICompletions }

// Base implements Dialect.
func (Chat) Base() string { return "/v1" }

func (Chat) kind(r *http.Request) (what, key string) {
	return openAIKind(r, "POST /v1/chat/completions")
}

func openAIKind(r *http.Request, answer string) (what, key string) {
	key, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch r.Method + " " + r.URL.Path {
	case answer:
		return "answer", key
	case "GET /v1/models":
		return "models", key
	}
	return "", key
}

type chatRequest struct {
	Model     string `json:"model"`
	Stream    bool   `json:"stream"`
	MaxTokens int64  `json:"max_tokens"`
	MaxNew    int64  `json:"max_completion_tokens"`
	Effort    string `json:"reasoning_effort"`
	Options   struct {
		Usage bool `json:"include_usage"`
	} `json:"stream_options"`
	Messages []struct {
		Role    string          `json:"role"`
		Content json.RawMessage `json:"content"`
		CallID  string          `json:"tool_call_id"`
		Calls   []struct {
			ID       string `json:"id"`
			Type     string `json:"type"`
			Function struct {
				Name string `json:"name"`
				Args string `json:"arguments"`
			} `json:"function"`
		} `json:"tool_calls"`
	} `json:"messages"`
	Tools []struct {
		Type     string `json:"type"`
		Function struct {
			Name        string          `json:"name"`
			Description string          `json:"description"`
			Schema      json.RawMessage `json:"parameters"`
		} `json:"function"`
	} `json:"tools"`
}

func (Chat) read(_ *http.Request, body []byte) (seen Seen, err error) {
	var r chatRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return seen, err
	}
	if !r.Stream || !r.Options.Usage {
		return seen, errors.New("this test wants stream and stream_options.include_usage")
	}
	seen.Request = model.Request{Model: r.Model, MaxTokens: r.MaxTokens + r.MaxNew}
	seen.Thinking = r.Effort
	for _, t := range r.Tools {
		seen.Request.Tools = append(seen.Request.Tools, model.Tool{Name: t.Function.Name, Description: t.Function.Description, Schema: t.Function.Schema})
	}
	all := &seen.Request.Messages
	for i, m := range r.Messages {
		parts, err := chatContent(m.Content)
		if err != nil {
			return seen, fmt.Errorf("messages[%d]: %w", i, err)
		}
		switch m.Role {
		case "system", "developer":
			seen.Request.System += model.Message{Parts: parts}.TextOf()
		case "tool":
			res := model.Result{ID: m.CallID, Text: model.Message{Parts: parts}.TextOf()}
			if n := len(*all); n > 0 && (*all)[n-1].Role == model.Results {
				(*all)[n-1].Parts = append((*all)[n-1].Parts, res)
			} else {
				*all = append(*all, model.Message{Role: model.Results, Parts: []model.Part{res}})
			}
		case "assistant":
			for _, c := range m.Calls {
				parts = append(parts, model.Call{ID: c.ID, Name: c.Function.Name, Args: json.RawMessage(c.Function.Args)})
			}
			*all = append(*all, model.Message{Role: model.Assistant, Parts: parts})
		case "user":
			*all = append(*all, model.Message{Role: model.User, Parts: parts})
		default:
			return seen, fmt.Errorf("messages[%d].role: %q", i, m.Role)
		}
	}
	return seen, nil
}

// chatContent reads a text or a list of parts.
func chatContent(raw json.RawMessage) (parts []model.Part, err error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if text == "" {
			return nil, nil
		}
		return []model.Part{model.Text{Text: text}}, nil
	}
	var list []struct {
		Type  string `json:"type"`
		Text  string `json:"text"`
		Image struct {
			URL string `json:"url"`
		} `json:"image_url"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, err
	}
	for _, p := range list {
		if p.Type == "text" {
			parts = append(parts, model.Text{Text: p.Text})
			continue
		}
		img, err := dataURL(p.Image.URL)
		if err != nil || p.Type != "image_url" {
			return nil, fmt.Errorf("invalid content part %q", p.Type)
		}
		parts = append(parts, img)
	}
	return parts, nil
}

func dataURL(url string) (model.Image, error) {
	head, data, ok := strings.Cut(strings.TrimPrefix(url, "data:"), ";base64,")
	if !ok || !strings.HasPrefix(url, "data:image/") {
		return model.Image{}, errors.New("invalid image_url")
	}
	b, err := base64.StdEncoding.DecodeString(data)
	return model.Image{MIME: head, Data: b}, err
}

func (d Chat) write(s *stream, step Step, seen Seen) {
	chunk := func(delta, finish string) {
		s.event("", object(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":%s,"choices":[{"index":0,"delta":%s,"finish_reason":%s}],"usage":null}`,
			quote(seen.Request.Model), delta, finish))
	}
	chunk(`{"role":"assistant","content":""}`, "null")
	if d.ThinkTags && len(step.Thinking) > 0 {
		chunk(`{"content":"<thi"}`, "null")
		chunk(object(`{"content":%s}`, quote("nk>"+strings.Join(step.Thinking, ""))), "null")
		chunk(`{"content":"</think>\n\n"}`, "null")
	} else {
		for _, t := range step.Thinking {
			chunk(object(`{"reasoning_content":%s}`, quote(t)), "null")
		}
	}
	s.text(step, func(piece string) { chunk(object(`{"content":%s}`, quote(piece)), "null") },
		"\n"+`{"error":{"message":"The server is overloaded","type":"server_error","code":"overloaded"}}`)
	if step.Refusal != "" {
		chunk(object(`{"refusal":%s}`, quote(step.Refusal)), "null")
	}
	for i, c := range step.Calls {
		head, tail := halves(string(c.Args))
		chunk(object(`{"tool_calls":[{"index":%d,"id":%s,"type":"function","function":{"name":%s,"arguments":""}}]}`, i, quote(c.ID), quote(c.Name)), "null")
		chunk(object(`{"tool_calls":[{"index":%d,"function":{"arguments":%s}}]}`, i, quote(head)), "null")
		chunk(object(`{"tool_calls":[{"index":%d,"function":{"arguments":%s}}]}`, i, quote(tail)), "null")
	}
	chunk("{}", quote(map[model.Stop]string{model.Ended: "stop", model.Cut: "length", model.Tools: "tool_calls"}[step.stop()]))
	u := step.usage()
	s.event("", object(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":%s,"choices":[],"usage":{"prompt_tokens":%d,
		"completion_tokens":%d,"total_tokens":%d,"prompt_tokens_details":{"cached_tokens":%d}}}`,
		quote(seen.Request.Model), u.Input+u.CacheRead, u.Output, u.Input+u.CacheRead+u.Output, u.CacheRead))
	s.event("", "[DONE]")
}

func (Chat) fail(kind model.Kind, message string) (int, string) { return openAIFail(kind, message) }

func openAIFail(kind model.Kind, message string) (int, string) {
	f := map[model.Kind]failure{
		model.BadKey:       {401, "invalid_api_key", "Incorrect API key provided: sk-wrong****key."},
		model.NoQuota:      {429, "insufficient_quota", "You exceeded your current quota, please check your plan and billing details."},
		model.UnknownModel: {404, "model_not_found", "The model does not exist or you do not have access to it."},
		model.RateLimited:  {429, "rate_limit_exceeded", "Rate limit reached for requests"},
		model.Overloaded:   {503, "server_error", "The engine is currently overloaded, please try again later"},
		model.Overflow:     {400, "context_length_exceeded", "This model's maximum context length is 128000 tokens. Please reduce the length of the messages."},
		model.Refused:      {400, "content_policy_violation", "Your request was rejected by our safety system."},
		model.Invalid:      {400, "invalid_value", "Invalid value"},
	}[kind].say(message)
	return f.status, object(`{"error":{"message":%s,"type":"invalid_request_error","param":null,"code":%s}}`, quote(f.message), quote(f.code))
}

func (Chat) list(models []string) string { return openAIList(models) }

func openAIList(models []string) string {
	var items []string
	for _, m := range models {
		items = append(items, object(`{"id":%s,"object":"model","created":1,"owned_by":"test"}`, quote(m)))
	}
	return object(`{"object":"list","data":[%s]}`, strings.Join(items, ","))
}
