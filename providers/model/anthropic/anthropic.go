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
	e      model.Endpoint
	client *sdk.Client // its plain requests, and none of the SDK's types: see docs/decisions/036
}

// newAPI does without the SDK's constructor, which would read the environment and files.
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
	return &api{e, &sdk.Client{Options: opts}}
}

func (a *api) Models(ctx context.Context) (all []model.Info, err error) {
	var body []byte // as it is, whatever its type is said to be
	if err := a.client.Get(ctx, "v1/models?limit=1000", nil, &body); err != nil {
		return nil, a.failed(ctx, err, false)
	}
	var page struct {
		Data []struct {
			ID           model.LaxString `json:"id"`
			Name         model.LaxString `json:"display_name"`
			MaxInput     model.LaxInt    `json:"max_input_tokens"`
			MaxTokens    model.LaxInt    `json:"max_tokens"`
			Capabilities json.RawMessage `json:"capabilities"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, a.e.Garbled(err)
	}
	for _, m := range page.Data {
		if m.ID == "" {
			continue
		}
		var can struct {
			Thinking struct{ Supported bool } `json:"thinking"`
			Images   struct{ Supported bool } `json:"image_input"`
		}
		_ = json.Unmarshal(m.Capabilities, &can) // what is not said, or not in the format, it cannot do
		all = append(all, model.Info{
			ID: string(m.ID), Name: string(m.Name), ContextWindow: int64(m.MaxInput), MaxTokens: int64(m.MaxTokens),
			Reasoning: can.Thinking.Supported, Images: can.Images.Supported,
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
				Type    model.LaxString `json:"type"`
				Message model.LaxString `json:"message"`
			} `json:"error"`
		}
		status, header := said.StatusCode, said.Response.Header
		if json.Unmarshal([]byte(said.RawJSON()), &body) != nil || body.Error.Message == "" {
			body.Error.Message = model.LaxString(http.StatusText(status))
		}
		if status < 300 { // an event of the stream
			status, header = 0, nil
		}
		return a.e.Answered(status, string(body.Error.Type), string(body.Error.Message), header)
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
