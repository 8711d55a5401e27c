package modeltest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers/model"
)

// Odd is an answer of a server that takes the format lightly, and what becomes of it.
type Odd struct {
	Name   string
	Status int // 0 = 200
	Body   string
	Want   string // as Tell tells it
}

// Odds has each answer given to a request.
func Odds(t *testing.T, f model.Factory, all []Odd) {
	t.Helper()
	for _, o := range all {
		o.check(t, f, func(ctx context.Context, a model.API) string {
			return Tell(a.Stream(ctx, model.Request{Model: "asked", Messages: []model.Message{
				{Role: model.User, Parts: []model.Part{model.Text{Text: "hello"}}},
			}}, func(model.Event) {}))
		})
	}
}

// OddLists has each answer given to a question for the models.
func OddLists(t *testing.T, f model.Factory, all []Odd) {
	t.Helper()
	for _, o := range all {
		o.check(t, f, func(ctx context.Context, a model.API) (text string) {
			list, err := a.Models(ctx)
			for _, m := range list {
				text += fmt.Sprintf("%s %q %d %d %t %t; ", m.ID, m.Name, m.ContextWindow, m.MaxTokens, m.Reasoning, m.Images)
			}
			if err != nil {
				text += err.Error()
			}
			return strings.TrimSuffix(text, "; ")
		})
	}
}

func (o Odd) check(t *testing.T, f model.Factory, ask func(context.Context, model.API) string) {
	t.Run(o.Name, func(t *testing.T) {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			w.WriteHeader(max(o.Status, http.StatusOK))
			if _, err := io.WriteString(w, o.Body); err != nil {
				t.Log(err) // the client may have seen enough
			}
		}))
		defer srv.Close()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if got := ask(ctx, f.New(model.Endpoint{BaseURL: srv.URL, Key: Key, Transport: srv.Client().Transport})); got != o.Want {
			t.Errorf("got  %s\nwant %s", got, o.Want)
		}
	})
}

// Tell tells of an answer in a line: its parts, its end, its model, its tokens and the error.
func Tell(r model.Reply, err error) string {
	var words []string
	for _, p := range r.Message.Parts {
		switch p := p.(type) {
		case model.Text:
			words = append(words, fmt.Sprintf("%q", p.Text))
		case model.Call:
			words = append(words, fmt.Sprintf("call %s %s %s", p.ID, p.Name, p.Args))
		case model.Thinking:
			words = append(words, fmt.Sprintf("thought %q %s", p.Text, p.Signature))
		}
	}
	words = append(words, string(r.Stop), r.Model, fmt.Sprint(r.Usage))
	if err != nil {
		words = append(words, err.Error())
	}
	return strings.Join(words, " ")
}
