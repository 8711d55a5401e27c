package gemini

import (
	"encoding/json"
	"strings"

	"github.com/clawdbot/gateway/providers/model"
)

type (
	body struct {
		System   *content  `json:"systemInstruction,omitempty"`
		Contents []content `json:"contents"`
		Tools    []tools   `json:"tools,omitempty"`
		Config   config    `json:"generationConfig"`
	}
	content struct {
		Role  string `json:"role,omitempty"`
		Parts []part `json:"parts"`
	}
	part struct {
		Text      string    `json:"text,omitempty"`
		Thought   bool      `json:"thought,omitempty"`
		Signature string    `json:"thoughtSignature,omitempty"`
		Inline    *inline   `json:"inlineData,omitempty"`
		Call      *call     `json:"functionCall,omitempty"`
		Response  *response `json:"functionResponse,omitempty"`
	}
	inline struct {
		MIME string `json:"mimeType"`
		Data []byte `json:"data"` // base64
	}
	call struct {
		ID   string          `json:"id,omitempty"`
		Name string          `json:"name"`
		Args json.RawMessage `json:"args,omitempty"`
	}
	response struct {
		ID       string            `json:"id,omitempty"`
		Name     string            `json:"name"`
		Response map[string]string `json:"response"`
	}
	tools struct {
		Functions []function `json:"functionDeclarations"`
	}
	function struct {
		Name        string          `json:"name"`
		Description string          `json:"description,omitempty"`
		Schema      json.RawMessage `json:"parametersJsonSchema"`
	}
	config struct {
		MaxTokens int64     `json:"maxOutputTokens,omitempty"`
		Thinking  *thinking `json:"thinkingConfig,omitempty"`
	}
	thinking struct {
		Include bool   `json:"includeThoughts"`
		Budget  *int   `json:"thinkingBudget,omitempty"`
		Level   string `json:"thinkingLevel,omitempty"`
	}
)

// budgets are tokens for thinking, for models before Gemini 3.
var budgets = map[model.Level]int{model.Minimal: 512, model.Low: 2048, model.Medium: 8192, model.High: 16384}

// request is a request in the words of the API.
func request(r model.Request) body {
	b := body{Config: config{MaxTokens: r.MaxTokens}}
	if r.System != "" {
		b.System = &content{Parts: []part{{Text: r.System}}}
	}
	if r.Thinking.On() {
		b.Config.Thinking = think(r)
	}
	var t tools
	for _, tool := range r.Tools {
		if tool.Schema == nil {
			tool.Schema = json.RawMessage(`{"type":"object","properties":{}}`)
		}
		t.Functions = append(t.Functions, function{tool.Name, tool.Description, tool.Schema})
	}
	if len(t.Functions) > 0 {
		b.Tools = []tools{t}
	}
	for _, m := range r.Messages {
		c := content{Role: "user"}
		if m.Role == model.Assistant {
			c.Role = "model"
		}
		for _, p := range m.Parts {
			c.Parts = append(c.Parts, parts(p)...)
		}
		vouch(c.Parts)
		if len(c.Parts) > 0 {
			b.Contents = append(b.Contents, c)
		}
	}
	return b
}

// unsigned is what the API takes instead of the signature of a call that another model made.
const unsigned = "skip_thought_signature_validator"

// vouch signs the first call of an answer, if it is not: the API refuses it otherwise.
func vouch(parts []part) {
	for i := range parts {
		if parts[i].Call != nil {
			if parts[i].Signature == "" {
				parts[i].Signature = unsigned
			}
			return
		}
	}
}

func think(r model.Request) *thinking {
	t := &thinking{Include: true}
	if strings.HasPrefix(r.Model, "gemini-2") || strings.HasPrefix(r.Model, "gemini-1") {
		budget := budgets[r.Thinking]
		t.Budget = &budget
		return t
	}
	t.Level = "low"
	if r.Thinking == model.Medium || r.Thinking == model.High {
		t.Level = "high"
	}
	return t
}

func parts(p model.Part) []part {
	switch p := p.(type) {
	case model.Text:
		return []part{{Text: p.Text, Signature: p.Signature}}
	case model.Image:
		return []part{{Inline: &inline{p.MIME, p.Data}}}
	case model.Call:
		return []part{{Call: &call{p.ID, p.Name, p.Object()}, Signature: p.Signature}}
	case model.Result:
		key := "output"
		if p.IsError {
			key = "error"
		}
		all := []part{{Response: &response{p.ID, p.Name, map[string]string{key: p.Text}}}}
		for _, img := range p.Images {
			all = append(all, parts(img)...)
		}
		return all
	}
	return nil // thoughts go back only as signatures of what follows them
}
