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

// Gemini is Google's API.
type Gemini struct{}

// Format implements Dialect.
func (Gemini) Format() string { return model.GoogleGenerative }

// Base implements Dialect.
func (Gemini) Base() string { return "/v1beta" }

const geminiModels = "/v1beta/models"

func (Gemini) kind(r *http.Request) (what, key string) {
	key = r.Header.Get("X-Goog-Api-Key")
	switch {
	case r.Method == "GET" && r.URL.Path == geminiModels:
		return "models", key
	case r.Method == "POST" && strings.HasPrefix(r.URL.Path, geminiModels+"/") && strings.HasSuffix(r.URL.Path, ":streamGenerateContent") &&
		r.URL.Query().Get("alt") == "sse":
		return "answer", key
	}
	return "", key
}

type geminiPart struct {
	Text      string `json:"text"`
	Thought   bool   `json:"thought"`
	Signature string `json:"thoughtSignature"`
	Inline    *struct {
		MIME string `json:"mimeType"`
		Data string `json:"data"`
	} `json:"inlineData"`
	Call *struct {
		ID   string          `json:"id"`
		Name string          `json:"name"`
		Args json.RawMessage `json:"args"`
	} `json:"functionCall"`
	Response *struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		Response struct {
			Output string `json:"output"`
			Error  string `json:"error"`
		} `json:"response"`
	} `json:"functionResponse"`
}

type geminiRequest struct {
	System struct {
		Parts []geminiPart `json:"parts"`
	} `json:"systemInstruction"`
	Contents []struct {
		Role  string       `json:"role"`
		Parts []geminiPart `json:"parts"`
	} `json:"contents"`
	Tools []struct {
		Functions []struct {
			Name        string          `json:"name"`
			Description string          `json:"description"`
			Schema      json.RawMessage `json:"parametersJsonSchema"`
		} `json:"functionDeclarations"`
	} `json:"tools"`
	Config struct {
		MaxTokens int64 `json:"maxOutputTokens"`
		Thinking  *struct {
			Include bool   `json:"includeThoughts"`
			Budget  *int   `json:"thinkingBudget"`
			Level   string `json:"thinkingLevel"`
		} `json:"thinkingConfig"`
	} `json:"generationConfig"`
}

func (Gemini) read(hr *http.Request, body []byte) (seen Seen, err error) {
	var r geminiRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return seen, err
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(hr.URL.Path, geminiModels+"/"), ":")
	seen.Request = model.Request{Model: name, MaxTokens: r.Config.MaxTokens}
	if t := r.Config.Thinking; t != nil && t.Include {
		seen.Thinking = t.Level
		if t.Budget != nil {
			seen.Thinking = fmt.Sprint("budget ", *t.Budget)
		}
	}
	for _, p := range r.System.Parts {
		seen.Request.System += p.Text
	}
	for _, t := range r.Tools {
		for _, f := range t.Functions {
			seen.Request.Tools = append(seen.Request.Tools, model.Tool{Name: f.Name, Description: f.Description, Schema: f.Schema})
		}
	}
	calls := 0
	for i, c := range r.Contents {
		m := model.Message{Role: map[string]model.Role{"user": model.User, "model": model.Assistant}[c.Role]}
		for _, p := range c.Parts {
			part, err := p.part(&calls)
			if err != nil {
				return seen, fmt.Errorf("contents[%d]: %w", i, err)
			}
			if _, ok := part.(model.Result); ok {
				m.Role = model.Results
			}
			m.Parts = append(m.Parts, part)
		}
		seen.Request.Messages = append(seen.Request.Messages, m)
	}
	return seen, nil
}

func (p geminiPart) part(calls *int) (model.Part, error) {
	switch {
	case p.Call != nil:
		*calls++
		if *calls == 1 && p.Signature != "sig-call" && p.Signature != "skip_thought_signature_validator" { // the first call of a turn must bring its signature back
			return nil, errors.New("function call is missing a thought_signature")
		}
		return model.Call{ID: p.Call.ID, Name: p.Call.Name, Args: p.Call.Args, Signature: p.Signature}, nil
	case p.Response != nil:
		res := p.Response.Response
		return model.Result{ID: p.Response.ID, Name: p.Response.Name, Text: res.Output + res.Error, IsError: res.Error != ""}, nil
	case p.Inline != nil:
		data, err := base64.StdEncoding.DecodeString(p.Inline.Data)
		return model.Image{MIME: p.Inline.MIME, Data: data}, err
	}
	return model.Text{Text: p.Text}, nil
}

func (Gemini) write(s *stream, step Step, seen Seen) {
	chunk := func(parts, more string) {
		s.event("", object(`{"candidates":[{"content":{"parts":[%s],"role":"model"},"index":0%s}],"modelVersion":%s,"responseId":"r1"}`,
			parts, more, quote(seen.Request.Model)))
	}
	for _, t := range step.Thinking {
		chunk(object(`{"text":%s,"thought":true}`, quote(t)), "")
	}
	s.text(step, func(piece string) { chunk(object(`{"text":%s}`, quote(piece)), "") },
		"\n"+`{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}`)
	for i, c := range step.Calls {
		sig := ""
		if i == 0 {
			sig = `,"thoughtSignature":"sig-call"`
		}
		args := string(c.Args)
		if !c.Valid() {
			chunk("", `,"finishReason":"MALFORMED_FUNCTION_CALL"`)
			return
		}
		chunk(object(`{"functionCall":{"id":%s,"name":%s,"args":%s}%s}`, quote(c.ID), quote(c.Name), args, sig), "")
	}
	reason := "STOP"
	if step.stop() == model.Cut {
		reason = "MAX_TOKENS"
	}
	if step.Refusal != "" {
		reason = "SAFETY"
	}
	u := step.usage()
	s.event("", object(`{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":%s,"finishMessage":%s,"index":0}],
		"usageMetadata":{"promptTokenCount":%d,"candidatesTokenCount":%d,"cachedContentTokenCount":%d,"thoughtsTokenCount":0,"totalTokenCount":%d},"modelVersion":%s}`,
		quote(reason), quote(step.Refusal), u.Input+u.CacheRead, u.Output, u.CacheRead, u.Input+u.CacheRead+u.Output, quote(seen.Request.Model)))
}

func (Gemini) fail(kind model.Kind, message string) (int, string) {
	f := map[model.Kind]failure{
		model.BadKey:       {400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."},
		model.NoQuota:      {402, "PAYMENT_REQUIRED", "Billing is not enabled."},
		model.UnknownModel: {404, "NOT_FOUND", "models/nothing is not found for API version v1beta"},
		model.RateLimited:  {429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."},
		model.Overloaded:   {503, "UNAVAILABLE", "The model is overloaded. Please try again later."},
		model.Overflow:     {400, "INVALID_ARGUMENT", "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."},
		model.Invalid:      {400, "INVALID_ARGUMENT", "Invalid argument"},
	}[kind].say(message)
	details := ""
	if kind == model.RateLimited {
		details = `{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"7s"}`
	}
	return f.status, object(`{"error":{"code":%d,"message":%s,"status":%s,"details":[%s]}}`, f.status, quote(f.message), quote(f.code), details)
}

func (Gemini) list(models []string) string {
	var items []string
	for _, m := range models {
		items = append(items, object(`{"name":%s,"displayName":%s,"inputTokenLimit":1048576,"outputTokenLimit":65536,"supportedGenerationMethods":["generateContent"],"thinking":true}`,
			quote("models/"+m), quote("Name of "+m)))
	}
	return object(`{"models":[%s]}`, strings.Join(items, ","))
}
