package openai

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/clawdbot/gateway/providers/model"
)

const home = "https://api.openai.com/v1"

// Completions makes APIs that speak chat completions.
func Completions() model.Factory {
	return model.Factory{Format: model.OpenAICompletions, New: func(e model.Endpoint) model.API { return newChat(e) }}
}

// Responses makes APIs that speak responses.
func Responses() model.Factory {
	return model.Factory{Format: model.OpenAIResponses, New: func(e model.Endpoint) model.API { return newResponses(e) }}
}

// official tells whether the endpoint is OpenAI's own.
func official(e model.Endpoint) bool {
	u, err := url.Parse(e.BaseURL)
	return err == nil && strings.HasSuffix(u.Hostname(), "openai.com")
}

// schema is a tool's, or that of any object.
func schema(t model.Tool) json.RawMessage {
	var s map[string]json.RawMessage
	if json.Unmarshal(t.Schema, &s) != nil || s == nil {
		return json.RawMessage(`{"type":"object","properties":{}}`)
	}
	return t.Schema
}
