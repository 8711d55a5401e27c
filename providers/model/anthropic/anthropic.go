package anthropic

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/clawdbot/gateway/providers/model"
)

const (
	home = "https://api.anthropic.com"
	// apiVersion is the version of the format, which each request must name.
	apiVersion = "2023-06-01"
)

// Factory makes APIs of this format.
func Factory() model.Factory {
	return model.Factory{Format: model.AnthropicMessages, New: func(e model.Endpoint) model.API { return newAPI(e) }}
}

// loginBeta must be named by requests that a login's token, and not a key, pays for.
const loginBeta = "oauth-2025-04-20"

type api struct{ *model.Server }

func newAPI(e model.Endpoint) api { return api{model.NewServer(e, home, sign, answered)} }

func sign(e model.Endpoint, h http.Header) {
	h.Set("Anthropic-Version", apiVersion)
	if e.Bearer {
		h.Set("Anthropic-Beta", loginBeta)
	}
	e.Sign(h, "X-Api-Key")
}

func (a api) Models(ctx context.Context) (all []model.Info, err error) {
	var page struct {
		Data []struct {
			ID           model.LaxString `json:"id"`
			Name         model.LaxString `json:"display_name"`
			MaxInput     model.LaxInt    `json:"max_input_tokens"`
			MaxTokens    model.LaxInt    `json:"max_tokens"`
			Capabilities json.RawMessage `json:"capabilities"`
		} `json:"data"`
	}
	if err := a.Get(ctx, "v1/models?limit=1000", &page); err != nil {
		return nil, err
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

// answered makes the error of an answer that is not a good one.
func answered(e model.Endpoint, resp *http.Response, body []byte) error {
	p, ok := problemOf(body)
	if !ok || p.Message == "" {
		p.Message = model.LaxString(http.StatusText(resp.StatusCode))
	}
	return e.Answered(resp.StatusCode, string(p.Type), string(p.Message), resp.Header)
}

// problem is an error as the API words it, in an answer and in a stream.
type problem struct {
	Type    model.LaxString `json:"type"`
	Message model.LaxString `json:"message"`
}

// problemOf reads an error; false = it is not in the format.
func problemOf(body []byte) (problem, bool) {
	var said struct {
		Error problem `json:"error"`
	}
	err := json.Unmarshal(body, &said)
	return said.Error, err == nil
}
