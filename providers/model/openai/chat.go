package openai

import (
	"encoding/base64"
	"encoding/json"

	"github.com/clawdbot/gateway/providers/model"
)

type chat struct{ server }

func newChat(e model.Endpoint) chat { return chat{newServer(e)} }

// chatRequest is what is sent of the API's request.
type chatRequest struct {
	Model         string        `json:"model"`
	Messages      []chatMessage `json:"messages"`
	Tools         []chatTool    `json:"tools,omitempty"`
	MaxTokens     int64         `json:"max_tokens,omitempty"`
	MaxCompletion int64         `json:"max_completion_tokens,omitempty"`
	CacheKey      string        `json:"prompt_cache_key,omitempty"`
	Effort        model.Level   `json:"reasoning_effort,omitempty"`
	Stream        bool          `json:"stream"`
	StreamOptions streamOptions `json:"stream_options"`
}

type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

type chatMessage struct {
	Role    string `json:"role"`
	Content any    `json:"content,omitempty"` // a string, or a list of chatText and chatImage; nil = none
	Calls   []call `json:"tool_calls,omitempty"`
	CallID  string `json:"tool_call_id,omitempty"`
}

type chatText struct {
	Type string `json:"type"` // text
	Text string `json:"text"`
}

type chatImage struct {
	Type  string `json:"type"` // image_url
	Image struct {
		URL string `json:"url"`
	} `json:"image_url"`
}

type call struct {
	ID       string `json:"id"`
	Type     string `json:"type"` // function
	Function struct {
		Name string `json:"name"`
		Args string `json:"arguments"`
	} `json:"function"`
}

type chatTool struct {
	Type     string   `json:"type"` // function
	Function function `json:"function"`
}

// function is a tool as both formats have it.
type function struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters"`
}

func newFunction(t model.Tool) function { return function{t.Name, t.Description, schema(t)} }

// request is a request in the words of the API.
func (c chat) request(r model.Request) chatRequest {
	out := chatRequest{Model: r.Model, Stream: true, StreamOptions: streamOptions{IncludeUsage: true}}
	if official(c.Endpoint) {
		out.MaxCompletion, out.CacheKey = max(r.MaxTokens, 0), r.Session
	} else { // what older servers know
		out.MaxTokens = max(r.MaxTokens, 0)
	}
	if r.Thinking.On() {
		out.Effort = r.Thinking
	}
	for _, t := range r.Tools {
		out.Tools = append(out.Tools, chatTool{"function", newFunction(t)})
	}
	if r.System != "" {
		out.Messages = append(out.Messages, chatMessage{Role: "system", Content: r.System})
	}
	for _, m := range r.Messages {
		switch m.Role {
		case model.User:
			out.Messages = append(out.Messages, userMessage(m.Parts))
		case model.Assistant:
			out.Messages = append(out.Messages, assistantMessage(m))
		case model.Results:
			out.Messages = append(out.Messages, resultMessages(m)...)
		}
	}
	return out
}

func userMessage(parts []model.Part) chatMessage {
	out := chatMessage{Role: "user"}
	if len(parts) == 1 { // not every server takes a list
		if t, ok := parts[0].(model.Text); ok {
			out.Content = t.Text
			return out
		}
	}
	var content []any
	for _, p := range parts {
		switch p := p.(type) {
		case model.Text:
			content = append(content, chatText{"text", p.Text})
		case model.Image:
			img := chatImage{Type: "image_url"}
			img.Image.URL = dataURL(p)
			content = append(content, img)
		}
	}
	if len(content) > 0 {
		out.Content = content
	}
	return out
}

func assistantMessage(m model.Message) chatMessage {
	out := chatMessage{Role: "assistant"}
	if text := m.TextOf(); text != "" {
		out.Content = text
	}
	for _, c := range m.Calls() {
		k := call{ID: c.ID, Type: "function"}
		k.Function.Name, k.Function.Args = c.Name, string(c.Object())
		out.Calls = append(out.Calls, k)
	}
	return out
}

// resultMessages gives each result a message. Results have no pictures in this format: those come after them.
func resultMessages(m model.Message) (all []chatMessage) {
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
		all = append(all, chatMessage{Role: "tool", Content: text, CallID: r.ID})
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
