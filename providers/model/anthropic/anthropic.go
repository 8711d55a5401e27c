package anthropic

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	sdk "github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

	"github.com/clawdbot/gateway/providers/model"
)

// Factory makes APIs of this format.
func Factory() model.Factory {
	return model.Factory{Format: model.AnthropicMessages, New: func(e model.Endpoint) model.API { return newAPI(e) }}
}

// loginBeta must be named by requests that a login's token, and not a key, pays for.
const loginBeta = "oauth-2025-04-20"

type api struct {
	e        model.Endpoint
	messages sdk.MessageService
	models   sdk.ModelService
}

// newAPI uses the services themselves: the SDK's client would read the environment and files.
func newAPI(e model.Endpoint) *api {
	opts := []option.RequestOption{
		option.WithEnvironmentProduction(), option.WithHTTPClient(e.Client()), option.WithMaxRetries(0),
	}
	if e.BaseURL != "" {
		opts = append(opts, option.WithBaseURL(e.BaseURL))
	}
	switch {
	case e.Bearer:
		opts = append(opts, option.WithAuthToken(e.Key), option.WithHeader("anthropic-beta", loginBeta))
	case e.Key != "":
		opts = append(opts, option.WithAPIKey(e.Key))
	}
	return &api{e: e, messages: sdk.NewMessageService(opts...), models: sdk.NewModelService(opts...)}
}

func (a *api) Models(ctx context.Context) (all []model.Info, err error) {
	page, err := a.models.List(ctx, sdk.ModelListParams{Limit: sdk.Int(1000)})
	if err != nil {
		return nil, a.failed(ctx, err, false)
	}
	for _, m := range page.Data {
		all = append(all, model.Info{
			ID: m.ID, Name: m.DisplayName, ContextWindow: m.MaxInputTokens, MaxTokens: m.MaxTokens,
			Reasoning: m.Capabilities.Thinking.Supported, Images: m.Capabilities.ImageInput.Supported,
		})
	}
	return all, nil
}

// failed makes the error of a request: begun tells whether its answer had begun.
func (a *api) failed(ctx context.Context, err error, begun bool) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if said, ok := errors.AsType[*sdk.Error](err); ok && said.Response != nil {
		var body struct {
			Error struct {
				Type    string `json:"type"`
				Message string `json:"message"`
			} `json:"error"`
		}
		status, header := said.StatusCode, said.Response.Header
		if json.Unmarshal([]byte(said.RawJSON()), &body) != nil || body.Error.Message == "" {
			body.Error.Message = http.StatusText(status)
		}
		if status < 300 { // an event of the stream
			status, header = 0, nil
		}
		return a.e.Answered(status, body.Error.Type, body.Error.Message, header)
	}
	if isGarbled(err) {
		return a.e.Garbled(err)
	}
	return a.e.Failed(ctx, err, begun)
}

func isGarbled(err error) bool {
	_, syntax := errors.AsType[*json.SyntaxError](err)
	_, kind := errors.AsType[*json.UnmarshalTypeError](err)
	return syntax || kind
}
