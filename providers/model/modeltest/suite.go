package modeltest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/model"
)

// patience is how long anything may take that should happen soon, on a busy machine.
const patience = 30 * time.Second

// Features are what formats differ in.
type Features struct {
	Thinks      bool // thoughts come back
	Signed      bool // and go to the server again, with their signature
	BadArgs     bool // arguments that are no JSON arrive at the caller
	ResultImage bool // results carry pictures
	Refusals    bool // a refusal has words
	CacheWrites bool // what is put into the cache is counted
	Quota       bool // "no quota" is told apart
	Safety      bool // a request can be refused with an HTTP error
}

// Suite checks a format against the contract.
func Suite(t *testing.T, d Dialect, f model.Factory, have Features) {
	if f.Format != d.Format() {
		t.Fatalf("format %q, the server speaks %q", f.Format, d.Format())
	}
	s := suite{d, f, have}
	for name, run := range map[string]func(*testing.T){
		"text": s.text, "thinking": s.thinking, "calls": s.calls, "round trip": s.roundTrip, "image": s.image, "usage": s.usage,
		"cut": s.cut, "refusal": s.refusal, "errors": s.errors, "breaks": s.breaks, "silence": s.silence, "abort": s.abort,
		"trickle": s.trickle, "models": s.models, "headers": s.headers, "redirect": s.redirect, "nobody": s.nobody,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t)
		})
	}
}

type suite struct {
	d    Dialect
	f    model.Factory
	have Features
}

// Hello is a request for a short answer.
func Hello() model.Request {
	return model.Request{Model: "test-model", System: "Be brief.", Session: "s1", Messages: []model.Message{
		{Role: model.User, Parts: []model.Part{model.Text{Text: "hello"}}},
	}}
}

// heard is what was emitted.
type heard struct {
	text, thoughts string
	deltas         int
	calls          []model.Call
}

func (h *heard) take(ev model.Event) {
	switch ev := ev.(type) {
	case model.Delta:
		h.text += string(ev)
		h.deltas++
	case model.Thought:
		h.thoughts += string(ev)
	case model.Call:
		h.calls = append(h.calls, ev)
	}
}

// ask sends one request to a new server.
func (s suite) ask(t *testing.T, r model.Request, steps ...Step) (*Server, heard, model.Reply, error) {
	t.Helper()
	srv := New(t, s.d, steps...)
	var h heard
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	reply, err := s.f.New(srv.Endpoint()).Stream(ctx, r, h.take)
	return srv, h, reply, err
}

func (s suite) text(t *testing.T) {
	srv, h, reply, err := s.ask(t, Hello(), Step{Text: []string{"Hello", ", ", "world\n\"ä\""}})
	if err != nil {
		t.Fatal(err)
	}
	want := "Hello, world\n\"ä\""
	if h.text != want || h.deltas != 3 || reply.Message.TextOf() != want || reply.Message.Role != model.Assistant || reply.Stop != model.Ended || reply.Model != "test-model" {
		t.Errorf("heard %+v, reply %+v", h, reply)
	}
	seen := srv.Seen()[0]
	if seen.Key != Key || seen.Request.System != "Be brief." || seen.Last() != "hello" || seen.Thinking != "" || len(seen.Request.Tools) != 0 {
		t.Errorf("request %+v", seen)
	}
}

func (s suite) thinking(t *testing.T) {
	for _, level := range []model.Level{model.Minimal, model.Low, model.Medium, model.High} {
		r := Hello()
		r.Thinking, r.MaxTokens = level, 2000
		srv, h, reply, err := s.ask(t, r, Step{Thinking: []string{"Let me ", "think."}, Text: []string{"Done."}})
		if err != nil {
			t.Fatalf("%s: %v", level, err)
		}
		if h.text != "Done." || reply.Message.TextOf() != "Done." {
			t.Errorf("%s: said %q", level, h.text)
		}
		if s.have.Thinks && h.thoughts != "Let me think." {
			t.Errorf("%s: thought %q", level, h.thoughts)
		}
		if seen := srv.Seen()[0]; seen.Thinking == "" {
			t.Errorf("%s: the server was not asked to think", level)
		}
	}
}

// threeCalls are calls as a model makes them at once.
func threeCalls() []model.Call {
	return []model.Call{
		{ID: "call_a", Name: "clock", Args: json.RawMessage(`{"zone":"Europe/Berlin"}`)},
		{ID: "call_b", Name: "clock", Args: json.RawMessage(`{"zone":"Asia/Tokyo"}`)},
		{ID: "call_c", Name: "health", Args: json.RawMessage(`{}`)},
	}
}

func (s suite) calls(t *testing.T) {
	r := Hello()
	r.Tools = []model.Tool{
		{Name: "clock", Description: "tells the time", Schema: json.RawMessage(`{"type":"object","properties":{"zone":{"type":"string"}},"required":["zone"],"additionalProperties":false}`)},
		{Name: "health"},
	}
	srv, h, reply, err := s.ask(t, r, Step{Text: []string{"Looking."}, Calls: threeCalls()})
	if err != nil {
		t.Fatal(err)
	}
	got, want := reply.Message.Calls(), threeCalls()
	if len(got) != 3 || len(h.calls) != 3 || reply.Stop != model.Tools || h.text != "Looking." {
		t.Fatalf("heard %+v, reply %+v", h, reply)
	}
	for i, c := range got {
		if c.ID != want[i].ID || c.Name != want[i].Name || string(c.Args) != string(want[i].Args) || h.calls[i].ID != c.ID {
			t.Errorf("call %+v, want %+v", c, want[i])
		}
	}
	tools := srv.Seen()[0].Request.Tools
	if len(tools) != 2 || tools[0].Name != "clock" || tools[0].Description != "tells the time" || !strings.Contains(string(tools[0].Schema), `"required":["zone"]`) ||
		!strings.Contains(string(tools[1].Schema), `"object"`) {
		t.Errorf("tools %+v", tools)
	}
	if !s.have.BadArgs {
		return
	}
	_, _, reply, err = s.ask(t, r, Step{Calls: []model.Call{{ID: "call_x", Name: "clock", Args: json.RawMessage(`{"zone": Berlin`)}}})
	if bad := reply.Message.Calls(); err != nil || len(bad) != 1 || bad[0].Valid() || string(bad[0].Object()) != "{}" {
		t.Errorf("arguments that are no JSON: %+v, %v", bad, err)
	}
}

// roundTrip gives an answer with calls back, with results: what the vendor has signed must arrive as it was.
func (s suite) roundTrip(t *testing.T) {
	r := Hello()
	r.Thinking = model.Low
	srv, _, reply, err := s.ask(t, r, Step{Thinking: []string{"Hmm."}, Text: []string{"Looking."}, Calls: threeCalls()}, Step{Text: []string{"It is late."}})
	if err != nil {
		t.Fatal(err)
	}
	results := model.Message{Role: model.Results}
	for i, c := range reply.Message.Calls() {
		results.Parts = append(results.Parts, model.Result{ID: c.ID, Name: c.Name, Text: fmt.Sprint("result ", i), IsError: i == 2})
	}
	r.Messages = append(r.Messages, reply.Message, results)
	var h heard
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := s.f.New(srv.Endpoint()).Stream(ctx, r, h.take); err != nil || h.text != "It is late." {
		t.Fatalf("%q, %v", h.text, err)
	}
	seen := srv.Seen()[1]
	got := seen.Results()
	if len(got) != 3 || got[0].ID != "call_a" || got[0].Text != "result 0" || got[2].Text != "result 2" {
		t.Errorf("results %+v", got)
	}
	back := seen.Request.Messages[1]
	if len(back.Calls()) != 3 || string(back.Calls()[1].Args) != `{"zone":"Asia/Tokyo"}` || back.TextOf() != "Looking." {
		t.Errorf("the answer went back as %+v", back)
	}
	if t0, ok := back.Parts[0].(model.Thinking); s.have.Signed && (!ok || t0.Text != "Hmm.") {
		t.Errorf("the thoughts did not go back: %+v", back.Parts)
	}
}

func (s suite) image(t *testing.T) {
	picture := model.Image{MIME: "image/png", Data: []byte("\x89PNG not really \x00\xff")}
	r := Hello()
	r.Messages[0].Parts = append(r.Messages[0].Parts, picture)
	srv, _, reply, err := s.ask(t, r, Step{Calls: threeCalls()[:1]}, Step{Text: []string{"A cat."}})
	if err != nil {
		t.Fatal(err)
	}
	got, ok := srv.Seen()[0].Request.Messages[0].Parts[1].(model.Image)
	if !ok || got.MIME != picture.MIME || string(got.Data) != string(picture.Data) {
		t.Errorf("picture %+v", srv.Seen()[0].Request.Messages)
	}
	r.Messages = append(r.Messages, reply.Message, model.Message{Role: model.Results, Parts: []model.Part{
		model.Result{ID: "call_a", Name: "clock", Images: []model.Image{picture}},
	}})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := s.f.New(srv.Endpoint()).Stream(ctx, r, func(model.Event) {}); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, m := range srv.Seen()[1].Request.Messages[1:] {
		for _, p := range m.Parts {
			switch p := p.(type) {
			case model.Result:
				found += len(p.Images)
			case model.Image:
				found++
			}
		}
	}
	if found != 1 {
		t.Errorf("the picture of a result arrived %d times: %s", found, srv.Seen()[1].Body)
	}
}

func (s suite) usage(t *testing.T) {
	want := model.Usage{Input: 100, Output: 20, CacheRead: 30}
	if s.have.CacheWrites {
		want.CacheWrite = 40
	}
	_, _, reply, err := s.ask(t, Hello(), Step{Text: []string{"x"}, Usage: want})
	if err != nil || reply.Usage != want {
		t.Errorf("usage %+v, want %+v (%v)", reply.Usage, want, err)
	}
}

func (s suite) cut(t *testing.T) {
	r := Hello()
	r.MaxTokens = 5
	srv, _, reply, err := s.ask(t, r, Step{Text: []string{"It goes on and"}, Stop: model.Cut})
	if err != nil || reply.Stop != model.Cut || reply.Message.TextOf() != "It goes on and" {
		t.Errorf("%+v, %v", reply, err)
	}
	if got := srv.Seen()[0].Request.MaxTokens; got != 5 {
		t.Errorf("asked for %d tokens", got)
	}
}

func (s suite) refusal(t *testing.T) {
	_, h, _, err := s.ask(t, Hello(), Step{Text: []string{"Well, "}, Refusal: "I cannot help with that."})
	if e, ok := errors.AsType[*model.Error](err); !ok || e.Kind != model.Refused || s.have.Refusals && e.Message != "I cannot help with that." || e.Temporary() {
		t.Errorf("%v", err)
	}
	if h.text != "Well, " {
		t.Errorf("said %q", h.text)
	}
}
