package modeltest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/model"
)

func (s suite) errors(t *testing.T) {
	kinds := []model.Kind{model.RateLimited, model.Overloaded, model.Overflow, model.Invalid}
	if s.have.Quota {
		kinds = append(kinds, model.NoQuota)
	}
	if s.have.Safety {
		kinds = append(kinds, model.Refused)
	}
	for _, kind := range kinds {
		step := Step{Fail: kind}
		if kind == model.RateLimited {
			step.RetryAfter = "7"
		}
		_, _, _, err := s.ask(t, Hello(), step)
		e, ok := errors.AsType[*model.Error](err)
		if !ok || e.Kind != kind || e.Status < 400 || e.Message == "" {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if kind == model.RateLimited && e.RetryAfter != 7*time.Second {
			t.Errorf("retry after %s", e.RetryAfter)
		}
	}
	r := Hello()
	r.Model = "no-such-model"
	if _, _, _, err := s.ask(t, r); model.KindOf(err) != model.UnknownModel {
		t.Errorf("unknown model: %v", err)
	}
	s.badKey(t)
}

// badKey: the error says so, and does not say the key, also when the server does.
func (s suite) badKey(t *testing.T) {
	srv := New(t, s.d, Step{Fail: model.Invalid, Message: "you sent " + Key + " to me"})
	e := srv.Endpoint()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := s.f.New(e).Stream(ctx, Hello(), func(model.Event) {})
	if err == nil || strings.Contains(err.Error(), Key) || !strings.Contains(err.Error(), "you sent") {
		t.Errorf("an error with the key in it: %v", err)
	}
	e.Key = "sk-wrong-CANARY-key"
	for what, ask := range map[string]func(model.API) error{
		"stream": func(a model.API) error { _, err := a.Stream(ctx, Hello(), func(model.Event) {}); return err },
		"models": func(a model.API) error { _, err := a.Models(ctx); return err },
	} {
		if err := ask(s.f.New(e)); model.KindOf(err) != model.BadKey || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s with a wrong key: %v", what, err)
		}
	}
}

func (s suite) breaks(t *testing.T) {
	for kind, how := range map[Break]model.Kind{Hangup: model.Disconnected, Early: model.Disconnected, Garbage: model.Malformed, Trouble: model.Overloaded} {
		_, h, reply, err := s.ask(t, Hello(), Step{Text: []string{"Half an ", "answer"}, Break: kind})
		e, ok := errors.AsType[*model.Error](err)
		if !ok || e.Kind != how || !e.Temporary() {
			t.Errorf("break %d: %v, want %s", kind, err, how)
		}
		if h.text != "Half an answer" || reply.Message.TextOf() != "Half an answer" {
			t.Errorf("break %d: heard %q, kept %q", kind, h.text, reply.Message.TextOf())
		}
	}
}

// silence: a server that says nothing more is given up.
func (s suite) silence(t *testing.T) {
	srv := New(t, s.d, Step{Text: []string{"Half"}, Break: Quiet})
	e := srv.Endpoint()
	e.Silence = 300 * time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	reply, err := s.f.New(e).Stream(ctx, Hello(), func(model.Event) {})
	if model.KindOf(err) != model.Disconnected || reply.Message.TextOf() != "Half" {
		t.Errorf("%v after %q", err, reply.Message.TextOf())
	}
}

// abort: the caller's reason comes back at once, with what there was.
func (s suite) abort(t *testing.T) {
	srv := New(t, s.d, Step{Text: []string{"Half"}, Break: Quiet})
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	reply, err := s.f.New(srv.Endpoint()).Stream(ctx, Hello(), func(ev model.Event) {
		if ev == model.Delta("Half") {
			cancel(why)
		}
	})
	if !errors.Is(err, why) || reply.Message.TextOf() != "Half" {
		t.Errorf("%v after %q", err, reply.Message.TextOf())
	}
}

// trickle: each piece is there when it has come, not at the end.
func (s suite) trickle(t *testing.T) {
	gate := make(chan struct{}, 1)
	srv := New(t, s.d, Step{Text: []string{"one ", "two ", "three"}, Gate: gate})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	gate <- struct{}{}
	var h heard
	_, err := s.f.New(srv.Endpoint()).Stream(ctx, Hello(), func(ev model.Event) {
		h.take(ev)
		if h.deltas < 3 {
			gate <- struct{}{}
		}
	})
	if err != nil || h.text != "one two three" || h.deltas != 3 {
		t.Errorf("%+v, %v", h, err)
	}
}

func (s suite) models(t *testing.T) {
	srv := New(t, s.d)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	all, err := s.f.New(srv.Endpoint()).Models(ctx)
	if err != nil || len(all) != 2 || all[0].ID != "test-model" || all[1].ID != "other-model" {
		t.Errorf("%+v, %v", all, err)
	}
}

// headers of the configuration are sent, and win.
func (s suite) headers(t *testing.T) {
	var got http.Header
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		w.WriteHeader(http.StatusTeapot)
	}))
	defer srv.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	e := model.Endpoint{BaseURL: srv.URL, Key: Key, Headers: map[string]string{"X-Team": "blue", "User-Agent": "mine"}, Transport: srv.Client().Transport}
	_, err := s.f.New(e).Stream(ctx, Hello(), func(model.Event) {})
	if model.KindOf(err) != model.Invalid || got.Get("X-Team") != "blue" || got.Get("User-Agent") != "mine" {
		t.Errorf("headers %v, %v", got, err)
	}
}

// redirect: nobody is followed elsewhere with the key.
func (s suite) redirect(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the client followed: %s %s", r.Method, r.URL)
	}))
	defer elsewhere.Close()
	srv := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer srv.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := s.f.New(model.Endpoint{BaseURL: srv.URL, Key: Key, Transport: srv.Client().Transport}).Stream(ctx, Hello(), func(model.Event) {})
	if err == nil {
		t.Error("a redirect is no answer")
	}
}

// nobody: an address at which nothing listens.
func (s suite) nobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err = s.f.New(model.Endpoint{BaseURL: url, Key: Key}).Stream(ctx, Hello(), func(model.Event) {})
	if model.KindOf(err) != model.Unreachable || strings.Contains(err.Error(), "CANARY") {
		t.Errorf("%v", err)
	}
}
