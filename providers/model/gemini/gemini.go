package gemini

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/clawdbot/gateway/providers/model"
)

const home = "https://generativelanguage.googleapis.com/v1beta"

// Factory makes APIs of this format.
func Factory() model.Factory {
	return model.Factory{Format: model.GoogleGenerative, New: func(e model.Endpoint) model.API {
		if e.BaseURL == "" {
			e.BaseURL = home
		}
		return &api{e, e.Client()}
	}}
}

type api struct {
	e      model.Endpoint
	client *http.Client
}

func (a *api) Stream(ctx context.Context, r model.Request, emit func(model.Event)) (model.Reply, error) {
	in := &incoming{emit: emit, e: a.e, out: model.Reply{Message: model.Message{Role: model.Assistant}, Model: r.Model, Stop: model.Ended}}
	body, err := json.Marshal(request(r))
	if err != nil {
		return in.out, &model.Error{Kind: model.Invalid, Message: model.OneLine(err.Error())}
	}
	resp, err := a.do(ctx, http.MethodPost, "/models/"+url.PathEscape(r.Model)+":streamGenerateContent?alt=sse", body)
	if err != nil {
		return in.out, err
	}
	defer resp.Body.Close()
	err = model.Events(resp.Body, in.take)
	in.close()
	if err == nil && in.reason == "" {
		err = errors.New("the answer ended before its end")
	}
	if err != nil {
		return in.out, a.e.Failed(ctx, err, true)
	}
	return in.out, in.verdict()
}

// do sends a request and returns an answer that is a good one.
func (a *api) do(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.e.BaseURL+path, bytes.NewReader(body))
	if err != nil {
		return nil, &model.Error{Kind: model.Invalid, Message: model.OneLine(a.e.Hide(err.Error()))}
	}
	req.Header.Set("Content-Type", "application/json")
	if a.e.Key != "" {
		if a.e.Bearer {
			req.Header.Set("Authorization", "Bearer "+a.e.Key)
		} else {
			req.Header.Set("X-Goog-Api-Key", a.e.Key)
		}
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, a.e.Failed(ctx, err, false)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return nil, a.e.Failed(ctx, err, false)
	}
	return nil, a.answered(resp, said)
}

// problem is an error as the API words it.
type problem struct {
	Message string `json:"message"`
	Status  string `json:"status"`
	Details []struct {
		RetryDelay string `json:"retryDelay"`
	} `json:"details"`
}

func (a *api) answered(resp *http.Response, body []byte) error {
	var p struct {
		Error problem `json:"error"`
	}
	if json.Unmarshal(body, &p) != nil || p.Error.Message == "" {
		p.Error.Message = http.StatusText(resp.StatusCode)
	}
	err := a.e.Answered(resp.StatusCode, p.Error.Status, p.Error.Message, resp.Header)
	for _, d := range p.Error.Details {
		if wait, bad := time.ParseDuration(d.RetryDelay); bad == nil && err.RetryAfter == 0 {
			err.RetryAfter = max(wait, 0)
		}
	}
	return err
}

func (a *api) Models(ctx context.Context) (all []model.Info, err error) {
	for next := ""; ; {
		resp, err := a.do(ctx, http.MethodGet, "/models?pageSize=1000"+next, nil)
		if err != nil {
			return nil, err
		}
		var page struct {
			Models []struct {
				Name    string   `json:"name"`
				Display string   `json:"displayName"`
				Input   int64    `json:"inputTokenLimit"`
				Output  int64    `json:"outputTokenLimit"`
				Methods []string `json:"supportedGenerationMethods"`
				Thinks  bool     `json:"thinking"`
			} `json:"models"`
			Next string `json:"nextPageToken"`
		}
		err = json.NewDecoder(io.LimitReader(resp.Body, 8<<20)).Decode(&page)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			return nil, a.e.Garbled(err)
		}
		for _, m := range page.Models {
			if strings.Contains(strings.Join(m.Methods, " "), "generateContent") {
				all = append(all, model.Info{ID: strings.TrimPrefix(m.Name, "models/"), Name: m.Display, ContextWindow: m.Input, MaxTokens: m.Output,
					Reasoning: m.Thinks, Images: true})
			}
		}
		if page.Next == "" || len(all) > 10_000 {
			return all, nil
		}
		next = "&pageToken=" + url.QueryEscape(page.Next)
	}
}
