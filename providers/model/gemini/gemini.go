package gemini

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/clawdbot/gateway/providers/model"
)

const home = "https://generativelanguage.googleapis.com/v1beta"

// Factory makes APIs of this format.
func Factory() model.Factory {
	return model.Factory{Format: model.GoogleGenerative, New: func(e model.Endpoint) model.API { return newAPI(e) }}
}

type api struct{ *model.Server }

func newAPI(e model.Endpoint) api { return api{model.NewServer(e, home, sign, answered)} }

func sign(e model.Endpoint, h http.Header) { e.Sign(h, "X-Goog-Api-Key") }

func (a api) Stream(ctx context.Context, r model.Request, emit func(model.Event)) (model.Reply, error) {
	in := &incoming{emit: emit, e: a.Endpoint, out: model.Reply{Message: model.Message{Role: model.Assistant}, Model: r.Model, Stop: model.Ended}}
	path := "models/" + url.PathEscape(r.Model) + ":streamGenerateContent?alt=sse"
	err := a.Server.Stream(ctx, path, request(r), in.take, func() bool { return in.reason != "" })
	in.close()
	if err != nil {
		return in.out, err
	}
	return in.out, in.verdict()
}

// problem is an error as the API words it.
type problem struct {
	Message string `json:"message"`
	Status  string `json:"status"`
	Details []struct {
		RetryDelay string `json:"retryDelay"`
	} `json:"details"`
}

func answered(e model.Endpoint, resp *http.Response, body []byte) error {
	var p struct {
		Error problem `json:"error"`
	}
	if json.Unmarshal(body, &p) != nil || p.Error.Message == "" {
		p.Error.Message = http.StatusText(resp.StatusCode)
	}
	err := e.Answered(resp.StatusCode, p.Error.Status, p.Error.Message, resp.Header)
	for _, d := range p.Error.Details {
		if wait, bad := time.ParseDuration(d.RetryDelay); bad == nil && err.RetryAfter == 0 {
			err.RetryAfter = max(wait, 0)
		}
	}
	return err
}

func (a api) Models(ctx context.Context) (all []model.Info, err error) {
	for next := ""; ; {
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
		if err := a.Get(ctx, "models?pageSize=1000"+next, &page); err != nil {
			return nil, err
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
