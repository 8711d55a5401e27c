package openai

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"github.com/openai/openai-go/v3/packages/ssestream"

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

// failed makes the error of a request: begun tells whether its answer had begun.
func failed(ctx context.Context, e model.Endpoint, err error, begun bool) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if said, ok := errors.AsType[*ssestream.StreamError](err); ok {
		return inStream(e, said.Event.Data)
	}
	_, syntax := errors.AsType[*json.SyntaxError](err)
	if _, kind := errors.AsType[*json.UnmarshalTypeError](err); syntax || kind {
		return e.Garbled(err)
	}
	return e.Failed(ctx, err, begun)
}

// inStream reads an error that came as an event.
func inStream(e model.Endpoint, data []byte) error {
	var ev struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(data, &ev) != nil {
		return &model.Error{Kind: model.Malformed}
	}
	p := problemOf(ev.Error)
	err := e.Answered(0, string(p.Code), string(p.Message), nil)
	if err.Kind == model.Invalid { // a server that was ready to answer has got into trouble
		err.Kind = model.Overloaded
	}
	return err
}

var errEarly = errors.New("the answer ended before its end")

// schema is a tool's, or that of any object.
func schema(t model.Tool) json.RawMessage {
	var s map[string]json.RawMessage
	if json.Unmarshal(t.Schema, &s) != nil || s == nil {
		return json.RawMessage(`{"type":"object","properties":{}}`)
	}
	return t.Schema
}
