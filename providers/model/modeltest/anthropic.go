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

// Anthropic is the Messages API.
type Anthropic struct{}

// Format implements Dialect.
func (Anthropic) Format() string { return model.AnthropicMessages }

// Base implements Dialect.
func (Anthropic) Base() string { return "" }

func (Anthropic) kind(r *http.Request) (what, key string) {
	key = r.Header.Get("X-Api-Key")
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		key = bearer
	}
	switch r.Method + " " + r.URL.Path {
	case "POST /v1/messages":
		if r.Header.Get("Anthropic-Version") != "" {
			return "answer", key
		}
	case "GET /v1/models":
		return "models", key
	}
	return "", key
}

type anthropicBlock struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	Thinking  string          `json:"thinking"`
	Signature string          `json:"signature"`
	Data      string          `json:"data"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	ToolUseID string          `json:"tool_use_id"`
	IsError   bool            `json:"is_error"`
	Content   json.RawMessage `json:"content"`
	Source    struct {
		Type      string `json:"type"`
		MediaType string `json:"media_type"`
		Data      string `json:"data"`
	} `json:"source"`
	Cache json.RawMessage `json:"cache_control"`
}

type anthropicRequest struct {
	Model     string           `json:"model"`
	MaxTokens int64            `json:"max_tokens"`
	Stream    bool             `json:"stream"`
	System    []anthropicBlock `json:"system"`
	Messages  []struct {
		Role    string           `json:"role"`
		Content []anthropicBlock `json:"content"`
	} `json:"messages"`
	Tools []struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Schema      json.RawMessage `json:"input_schema"`
	} `json:"tools"`
	Thinking struct {
		Type   string `json:"type"`
		Budget int64  `json:"budget_tokens"`
	} `json:"thinking"`
	Output struct {
		Effort string `json:"effort"`
	} `json:"output_config"`
}

func (Anthropic) read(_ *http.Request, body []byte) (seen Seen, err error) {
	var r anthropicRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return seen, err
	}
	switch {
	case !r.Stream || r.MaxTokens < 1:
		return seen, errors.New("max_tokens: must be greater than or equal to 1")
	case r.Thinking.Type == "enabled" && (r.Thinking.Budget < 1024 || r.Thinking.Budget >= r.MaxTokens):
		return seen, errors.New("thinking.budget_tokens: must be at least 1024 and less than max_tokens")
	}
	seen.Request = model.Request{Model: r.Model, MaxTokens: r.MaxTokens}
	if r.Thinking.Type != "" && r.Thinking.Type != "disabled" {
		seen.Thinking = fmt.Sprint(r.Thinking.Type, " ", r.Thinking.Budget, r.Output.Effort)
	}
	for _, b := range r.System {
		seen.Request.System += b.Text
		seen.Cached = seen.Cached || b.Cache != nil
	}
	for _, t := range r.Tools {
		seen.Request.Tools = append(seen.Request.Tools, model.Tool{Name: t.Name, Description: t.Description, Schema: t.Schema})
	}
	for _, m := range r.Messages {
		out := model.Message{Role: model.Role(m.Role)}
		for _, b := range m.Content {
			p, err := b.part()
			if err != nil {
				return seen, err
			}
			if _, ok := p.(model.Result); ok {
				out.Role = model.Results
			}
			out.Parts = append(out.Parts, p)
		}
		seen.Request.Messages = append(seen.Request.Messages, out)
	}
	return seen, nil
}

func (b anthropicBlock) part() (model.Part, error) {
	switch b.Type {
	case "text":
		return model.Text{Text: b.Text}, nil
	case "image":
		data, err := base64.StdEncoding.DecodeString(b.Source.Data)
		if err != nil || b.Source.Type != "base64" || len(data) == 0 {
			return nil, errors.New("image: invalid base64 data")
		}
		return model.Image{MIME: b.Source.MediaType, Data: data}, nil
	case "thinking":
		if b.Signature != "sig-thinking" {
			return nil, errors.New("thinking: Invalid `signature` in `thinking` block")
		}
		return model.Thinking{Text: b.Thinking, Signature: b.Signature}, nil
	case "tool_use":
		return model.Call{ID: b.ID, Name: b.Name, Args: b.Input}, nil
	case "tool_result":
		res := model.Result{ID: b.ToolUseID, IsError: b.IsError}
		var inner []anthropicBlock
		if err := json.Unmarshal(b.Content, &inner); err != nil {
			return nil, err
		}
		for _, c := range inner {
			p, err := c.part()
			if err != nil {
				return nil, err
			}
			switch p := p.(type) {
			case model.Text:
				res.Text += p.Text
			case model.Image:
				res.Images = append(res.Images, p)
			}
		}
		return res, nil
	}
	return nil, fmt.Errorf("content type %q is not one of text, image, thinking, tool_use, tool_result", b.Type)
}

func (Anthropic) write(s *stream, step Step, seen Seen) {
	s.named = "content_block_delta"
	u := step.usage()
	s.event("message_start", object(`{"type":"message_start","message":{"id":"msg_01","type":"message","role":"assistant","model":%s,"content":[],
		"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":%d,"cache_creation_input_tokens":%d,"cache_read_input_tokens":%d,"output_tokens":1}}}`,
		quote(seen.Request.Model), u.Input, u.CacheWrite, u.CacheRead))
	s.event("ping", `{"type":"ping"}`)
	index := 0
	block := func(start string, deltas ...string) {
		s.event("content_block_start", object(`{"type":"content_block_start","index":%d,"content_block":%s}`, index, start))
		for _, d := range deltas {
			s.event("content_block_delta", object(`{"type":"content_block_delta","index":%d,"delta":%s}`, index, d))
		}
	}
	stop := func() {
		s.event("content_block_stop", object(`{"type":"content_block_stop","index":%d}`, index))
		index++
	}
	if len(step.Thinking) > 0 {
		block(`{"type":"thinking","thinking":"","signature":""}`)
		for _, t := range step.Thinking {
			s.event("content_block_delta", object(`{"type":"content_block_delta","index":%d,"delta":{"type":"thinking_delta","thinking":%s}}`, index, quote(t)))
		}
		s.event("content_block_delta", object(`{"type":"content_block_delta","index":%d,"delta":{"type":"signature_delta","signature":"sig-thinking"}}`, index))
		stop()
	}
	if len(step.Text) > 0 || step.Break != Whole {
		block(`{"type":"text","text":""}`)
		s.text(step, func(piece string) {
			s.event("content_block_delta", object(`{"type":"content_block_delta","index":%d,"delta":{"type":"text_delta","text":%s}}`, index, quote(piece)))
		}, "error\n"+`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`)
		stop()
	}
	for _, c := range step.Calls {
		head, tail := halves(string(c.Args))
		block(object(`{"type":"tool_use","id":%s,"name":%s,"input":{}}`, quote(c.ID), quote(c.Name)),
			`{"type":"input_json_delta","partial_json":""}`,
			object(`{"type":"input_json_delta","partial_json":%s}`, quote(head)), object(`{"type":"input_json_delta","partial_json":%s}`, quote(tail)))
		stop()
	}
	reason := map[model.Stop]string{model.Ended: "end_turn", model.Cut: "max_tokens", model.Tools: "tool_use"}[step.stop()]
	details := "null"
	if step.Refusal != "" {
		reason, details = "refusal", object(`{"type":"refusal","category":null,"explanation":%s}`, quote(step.Refusal))
	}
	s.event("message_delta", object(`{"type":"message_delta","delta":{"stop_reason":%s,"stop_sequence":null,"stop_details":%s},"usage":{"output_tokens":%d}}`,
		quote(reason), details, u.Output))
	s.event("message_stop", `{"type":"message_stop"}`)
}

func (Anthropic) fail(kind model.Kind, message string) (int, string) {
	f := map[model.Kind]failure{
		model.BadKey:       {401, "authentication_error", "invalid x-api-key"},
		model.NoQuota:      {400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API."},
		model.UnknownModel: {404, "not_found_error", "model: nothing-like-this"},
		model.RateLimited:  {429, "rate_limit_error", "This request would exceed your organization's rate limit"},
		model.Overloaded:   {529, "overloaded_error", "Overloaded"},
		model.Overflow:     {400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"},
		model.Invalid:      {400, "invalid_request_error", "messages: invalid"},
	}[kind].say(message)
	return f.status, object(`{"type":"error","error":{"type":%s,"message":%s},"request_id":"req_01"}`, quote(f.code), quote(f.message))
}

func (Anthropic) list(models []string) string {
	var items []string
	for _, m := range models {
		items = append(items, object(`{"type":"model","id":%s,"display_name":%s,"created_at":"2026-01-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000}`, quote(m), quote("Name of "+m)))
	}
	return object(`{"data":[%s],"has_more":false,"first_id":null,"last_id":null}`, strings.Join(items, ","))
}

// failure is how a vendor words an error.
type failure struct {
	status        int
	code, message string
}

func (f failure) say(message string) failure {
	if f.status == 0 {
		f = failure{500, "api_error", "Internal server error"}
	}
	if message != "" {
		f.message = message
	}
	return f
}

// object fills in a line of JSON.
func object(format string, args ...any) string {
	return strings.NewReplacer("\n", "", "\t", "").Replace(fmt.Sprintf(format, args...))
}

func quote(s string) string {
	b, _ := json.Marshal(s) // cannot fail for a string
	return string(b)
}

func halves(s string) (head, tail string) { return s[:len(s)/2], s[len(s)/2:] }
