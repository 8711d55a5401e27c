package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/clawdbot/gateway/providers/model"
)

// server is an endpoint of either format.
type server struct{ *model.Server }

func newServer(e model.Endpoint) server {
	return server{model.NewServer(e, home, sign, answered)}
}

func sign(e model.Endpoint, h http.Header) { e.Sign(h, "") }

// stream asks for an answer that comes in events. One that has an error ends it.
func (s server) stream(ctx context.Context, path string, request any, f func(data []byte) error, whole func() bool) error {
	return s.Stream(ctx, path, request, func(data []byte) error {
		var said struct {
			Error json.RawMessage `json:"error"`
		}
		if bytes.Contains(data, []byte(`"error"`)) && json.Unmarshal(data, &said) == nil && len(said.Error) > 0 && string(said.Error) != "null" {
			return inStream(s.Endpoint, said.Error)
		}
		return f(data)
	}, whole)
}

// inStream makes the error of one that came as an event.
func inStream(e model.Endpoint, raw json.RawMessage) error {
	p := problemOf(raw)
	err := e.Answered(0, string(p.Code), string(p.Message), nil)
	if err.Kind == model.Invalid { // a server that was ready to answer has got into trouble
		err.Kind = model.Overloaded
	}
	return err
}

// answered makes the error of an answer that is not a good one.
func answered(e model.Endpoint, resp *http.Response, body []byte) error {
	var list []json.RawMessage
	if json.Unmarshal(body, &list) == nil && len(list) > 0 { // Google's
		body = list[0]
	}
	var said struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &said) != nil || len(said.Error) == 0 {
		said.Error = body // older servers have its fields on top; it may also be a proxy's page
	}
	p := problemOf(said.Error)
	if p.Message == "" {
		p.Message = model.LaxString(http.StatusText(resp.StatusCode))
	}
	return e.Answered(resp.StatusCode, string(p.Code+" "+p.Type), string(p.Message), resp.Header)
}

// problem is an error as servers word it.
type problem struct {
	Message model.LaxString `json:"message"`
	Type    model.LaxString `json:"type"`
	Code    model.LaxString `json:"code"` // a word or a number
}

// problemOf reads an error: an object, or only words.
func problemOf(raw json.RawMessage) (p problem) {
	var words model.LaxString
	if json.Unmarshal(raw, &p) != nil && json.Unmarshal(raw, &words) == nil {
		p.Message = words
	}
	return p
}

func (s server) Models(ctx context.Context) (all []model.Info, err error) {
	var page struct {
		Data []struct {
			ID   model.LaxString `json:"id"`
			Name model.LaxString `json:"name"`
			// Servers say more than the format has; what is not there stays zero.
			ContextLength model.LaxInt `json:"context_length"` // OpenRouter
			MaxModelLen   model.LaxInt `json:"max_model_len"`  // vLLM
		} `json:"data"`
	}
	if err := s.Get(ctx, "models", &page); err != nil {
		return nil, err
	}
	for _, m := range page.Data {
		if m.ID != "" {
			all = append(all, model.Info{ID: string(m.ID), Name: string(m.Name), ContextWindow: int64(max(m.ContextLength, m.MaxModelLen))})
		}
	}
	return all, nil
}
