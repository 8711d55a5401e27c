package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/openai/openai-go/v3/packages/ssestream"

	"github.com/clawdbot/gateway/providers/model"
)

// server is an endpoint. The SDK's client would send its requests as well, but to import it is to link every type that the
// vendor's API has: see docs/decisions/036.
type server struct {
	e      model.Endpoint
	client *http.Client
}

func newServer(e model.Endpoint) server {
	if e.BaseURL == "" {
		e.BaseURL = home
	}
	return server{e, e.Client()}
}

// stream asks for an answer that comes in events.
func (s server) stream(ctx context.Context, path string, request any) *ssestream.Stream[json.RawMessage] {
	body, err := json.Marshal(request)
	if err != nil {
		return ssestream.NewStream[json.RawMessage](nil, &model.Error{Kind: model.Invalid, Message: model.OneLine(err.Error())})
	}
	resp, err := s.send(ctx, http.MethodPost, path, body)
	return ssestream.NewStream[json.RawMessage](ssestream.NewDecoder(resp), err)
}

// send sends a request and returns an answer that is a good one. A body that is nil is none.
func (s server) send(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	base, err := url.Parse(s.e.BaseURL)
	if err != nil {
		return nil, s.invalid(err)
	}
	req, err := http.NewRequestWithContext(ctx, method, base.JoinPath(path).String(), bytes.NewReader(body))
	if err != nil {
		return nil, s.invalid(err)
	}
	req.Header.Set("User-Agent", "clawdbot")
	req.Header.Set("Accept", "application/json") // as the SDK says, before a stream too
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if s.e.Key != "" {
		req.Header.Set("Authorization", "Bearer "+s.e.Key)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return nil, err
	}
	return nil, s.answered(resp, said)
}

func (s server) invalid(err error) error {
	return &model.Error{Kind: model.Invalid, Message: model.OneLine(s.e.Hide(err.Error()))}
}

// answered makes the error of an answer that is not a good one.
func (s server) answered(resp *http.Response, body json.RawMessage) error {
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
	return s.e.Answered(resp.StatusCode, string(p.Code+" "+p.Type), string(p.Message), resp.Header)
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
	resp, err := s.send(ctx, http.MethodGet, "models", nil)
	if err != nil {
		return nil, failed(ctx, s.e, err, false)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, failed(ctx, s.e, err, false)
	}
	var page struct {
		Data []struct {
			ID   model.LaxString `json:"id"`
			Name model.LaxString `json:"name"`
			// Servers say more than the format has; what is not there stays zero.
			ContextLength model.LaxInt `json:"context_length"` // OpenRouter
			MaxModelLen   model.LaxInt `json:"max_model_len"`  // vLLM
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, s.e.Garbled(err)
	}
	for _, m := range page.Data {
		if m.ID != "" {
			all = append(all, model.Info{ID: string(m.ID), Name: string(m.Name), ContextWindow: int64(max(m.ContextLength, m.MaxModelLen))})
		}
	}
	return all, nil
}
