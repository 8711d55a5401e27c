package anthropic

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strconv"

	"github.com/clawdbot/gateway/providers/model"
)

// defaultMax is the most tokens of an answer when nobody says; the API wants a number.
const defaultMax = 8192

// budgets are tokens for thinking.
var budgets = map[model.Level]int64{model.Minimal: 1024, model.Low: 2048, model.Medium: 8192, model.High: 16384}

var efforts = map[model.Level]string{model.Minimal: "low", model.Low: "low", model.Medium: "medium", model.High: "high"}

// request is what is sent of the API's request.
type request struct {
	Model     string        `json:"model"`
	MaxTokens int64         `json:"max_tokens"`
	Stream    bool          `json:"stream"`
	System    []block       `json:"system,omitempty"`
	Messages  []message     `json:"messages"`
	Tools     []tool        `json:"tools,omitempty"`
	Thinking  *thinking     `json:"thinking,omitempty"`
	Output    *outputConfig `json:"output_config,omitempty"`
}

type message struct {
	Role    string  `json:"role"`
	Content []block `json:"content,omitempty"`
}

// block is a part of a message; its Type says which fields it has.
type block struct {
	Type      string          `json:"type"`
	Text      string          `json:"text,omitempty"` // text: never empty
	Source    *source         `json:"source,omitempty"`
	Thinking  string          `json:"thinking,omitempty"`
	Signature string          `json:"signature,omitempty"`
	Data      string          `json:"data,omitempty"` // redacted_thinking
	ID        string          `json:"id,omitempty"`   // tool_use
	Name      string          `json:"name,omitempty"`
	Input     json.RawMessage `json:"input,omitempty"`
	ToolUseID string          `json:"tool_use_id,omitempty"` // tool_result
	IsError   *bool           `json:"is_error,omitempty"`
	Content   []block         `json:"content,omitempty"`
	Cache     *cacheControl   `json:"cache_control,omitempty"`
}

type source struct {
	Type      string `json:"type"` // base64
	MediaType string `json:"media_type"`
	Data      string `json:"data"`
}

type cacheControl struct {
	Type string `json:"type"`
}

func ephemeral() *cacheControl { return &cacheControl{"ephemeral"} }

type tool struct {
	Name        string                     `json:"name"`
	Description string                     `json:"description,omitempty"`
	Schema      map[string]json.RawMessage `json:"input_schema"`
}

type thinking struct {
	Type    string `json:"type"`
	Budget  int64  `json:"budget_tokens,omitempty"`
	Display string `json:"display,omitempty"`
}

type outputConfig struct {
	Effort string `json:"effort"`
}

// newRequest is a request in the words of the API.
func newRequest(r model.Request) request {
	p := request{Model: r.Model, MaxTokens: r.MaxTokens, Stream: true}
	if p.MaxTokens <= 0 {
		p.MaxTokens = defaultMax
	}
	if r.System != "" {
		p.System = []block{{Type: "text", Text: r.System, Cache: ephemeral()}}
	}
	if r.Thinking.On() {
		think(&p, r)
	}
	for _, t := range r.Tools {
		p.Tools = append(p.Tools, newTool(t))
	}
	for i, m := range r.Messages {
		out := message{"user", blocks(m)}
		if m.Role == model.Assistant {
			out.Role = "assistant"
		}
		if i == len(r.Messages)-1 {
			mark(out.Content)
		}
		p.Messages = append(p.Messages, out)
	}
	return p
}

// think asks for thinking, in the way that the model takes.
func think(p *request, r model.Request) {
	if adaptive(r.Model) {
		p.Thinking = &thinking{Type: "adaptive", Display: "summarized"}
		p.Output = &outputConfig{efforts[r.Thinking]}
		return
	}
	budget := budgets[r.Thinking]
	if p.MaxTokens <= budget+1024 { // the budget is part of the whole
		p.MaxTokens = budget + 4096
	}
	p.Thinking = &thinking{Type: "enabled", Budget: budget}
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

// newTool gives a tool the schema of an object, whatever its own says.
func newTool(t model.Tool) tool {
	out := tool{Name: t.Name, Description: t.Description}
	if json.Unmarshal(t.Schema, &out.Schema) != nil || out.Schema == nil {
		out.Schema = map[string]json.RawMessage{}
	}
	out.Schema["type"] = json.RawMessage(`"object"`)
	if p := out.Schema["properties"]; p == nil || string(p) == "null" {
		out.Schema["properties"] = json.RawMessage(`{}`)
	}
	return out
}

func blocks(m model.Message) (all []block) {
	for _, p := range m.Parts {
		switch p := p.(type) {
		case model.Text:
			if p.Text != "" {
				all = append(all, block{Type: "text", Text: p.Text})
			}
		case model.Image:
			all = append(all, image(p))
		case model.Thinking:
			switch {
			case p.Signature == "":
			case p.Text == "":
				all = append(all, block{Type: "redacted_thinking", Data: p.Signature})
			default:
				all = append(all, block{Type: "thinking", Thinking: p.Text, Signature: p.Signature})
			}
		case model.Call:
			all = append(all, block{Type: "tool_use", ID: p.ID, Name: p.Name, Input: p.Object()})
		case model.Result:
			all = append(all, result(p))
		}
	}
	return all
}

func image(p model.Image) block {
	return block{Type: "image", Source: &source{"base64", p.MIME, base64.StdEncoding.EncodeToString(p.Data)}}
}

func result(p model.Result) block {
	out := block{Type: "tool_result", ToolUseID: p.ID, IsError: &p.IsError}
	if p.Text != "" || len(p.Images) == 0 {
		text := p.Text
		if text == "" {
			text = "(nothing)" // a text must not be empty
		}
		out.Content = append(out.Content, block{Type: "text", Text: text})
	}
	for _, img := range p.Images {
		out.Content = append(out.Content, image(img))
	}
	return out
}

// mark has the conversation kept up to here: the next request begins alike.
func mark(content []block) {
	if len(content) == 0 {
		return
	}
	switch last := &content[len(content)-1]; last.Type {
	case "text", "image", "tool_result":
		last.Cache = ephemeral()
	}
}
