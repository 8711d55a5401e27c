package openai

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	sdk "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
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

// options are what both formats say to the SDK. Its services are used, not its client, which would read the environment.
func options(e model.Endpoint) []option.RequestOption {
	base := e.BaseURL
	if base == "" {
		base = home
	}
	opts := []option.RequestOption{option.WithBaseURL(base), option.WithHTTPClient(e.Client()), option.WithMaxRetries(0)}
	if e.Key != "" {
		opts = append(opts, option.WithAPIKey(e.Key))
	}
	return opts
}

// official tells whether the endpoint is OpenAI's own.
func official(e model.Endpoint) bool {
	u, err := url.Parse(e.BaseURL)
	return e.BaseURL == "" || err == nil && strings.HasSuffix(u.Hostname(), "openai.com")
}

// catalogue lists the models of an endpoint.
type catalogue struct {
	e      model.Endpoint
	models sdk.ModelService
}

func (c catalogue) Models(ctx context.Context) (all []model.Info, err error) {
	page, err := c.models.List(ctx)
	if err != nil {
		return nil, failed(ctx, c.e, err, false)
	}
	for _, m := range page.Data {
		info := model.Info{ID: m.ID}
		// Servers say more than the format has; what is not there stays zero.
		var more struct {
			Name          string `json:"name"`
			ContextLength int64  `json:"context_length"` // OpenRouter
			MaxModelLen   int64  `json:"max_model_len"`  // vLLM
		}
		if json.Unmarshal([]byte(m.RawJSON()), &more) == nil {
			info.Name, info.ContextWindow = more.Name, max(more.ContextLength, more.MaxModelLen)
		}
		all = append(all, info)
	}
	return all, nil
}

// failed makes the error of a request: begun tells whether its answer had begun.
func failed(ctx context.Context, e model.Endpoint, err error, begun bool) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if said, ok := errors.AsType[*sdk.Error](err); ok {
		message, header := said.Message, http.Header(nil)
		if message == "" {
			message = http.StatusText(said.StatusCode)
		}
		if said.Response != nil {
			header = said.Response.Header
		}
		return e.Answered(said.StatusCode, said.Code+" "+said.Type, message, header)
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

// inStream reads an error that came as an event: an object, or only words.
func inStream(e model.Endpoint, data []byte) error {
	var ev struct {
		Error json.RawMessage `json:"error"`
	}
	var said struct {
		Message string          `json:"message"`
		Type    string          `json:"type"`
		Code    json.RawMessage `json:"code"` // a word or a number
	}
	if json.Unmarshal(data, &ev) != nil {
		return &model.Error{Kind: model.Malformed}
	}
	if json.Unmarshal(ev.Error, &said) != nil {
		said.Message = string(ev.Error)
	}
	err := e.Answered(0, strings.Trim(string(said.Code), `"`), said.Message, nil)
	if err.Kind == model.Invalid { // a server that was ready to answer has got into trouble
		err.Kind = model.Overloaded
	}
	return err
}

var errEarly = errors.New("the answer ended before its end")

// schema is a tool's, or that of any object.
func schema(t model.Tool) map[string]any {
	var s map[string]any
	if json.Unmarshal(t.Schema, &s) != nil || s == nil {
		s = map[string]any{"type": "object", "properties": map[string]any{}}
	}
	return s
}
