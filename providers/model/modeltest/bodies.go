package modeltest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers/model"
)

// Sent is a request as it goes out. Of its headers it has those that a vendor's server reads.
type Sent struct {
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Body    any               `json:"body,omitempty"`
}

// Bodies compares what a format sends with what the file says, order and white space aside: for requests that use everything a
// request can have, to the vendor and to another server. update writes the file instead.
func Bodies(t *testing.T, f model.Factory, file string, update bool) {
	t.Helper()
	got := map[string]Sent{}
	for where, e := range map[string]model.Endpoint{
		"vendor": {Key: Key}, "other": {BaseURL: "http://models.example/api/v1", Key: Key, Bearer: true}, "keyless": {BaseURL: "http://[::1]:11434/v1"},
	} {
		for name, r := range requests() {
			if where != "other" && name != "hello" && (where != "vendor" || name != "full") {
				continue // what is sent where differs in these
			}
			got[name+", "+where] = send(t, e, func(ctx context.Context, e model.Endpoint) error {
				_, err := f.New(e).Stream(ctx, r, func(model.Event) {})
				return err
			})
		}
		got["models, "+where] = send(t, e, func(ctx context.Context, e model.Endpoint) error {
			_, err := f.New(e).Models(ctx)
			return err
		})
	}
	if update {
		var lines []string
		for _, name := range slices.Sorted(maps.Keys(got)) {
			lines = append(lines, quote(name)+": "+asJSON(got[name]))
		}
		if err := os.WriteFile(file, []byte("{\n"+strings.Join(lines, ",\n")+"\n}\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Sent{}
	if err := exactly(b, &want); err != nil {
		t.Fatal(err)
	}
	if len(want) != len(got) {
		t.Errorf("%s has %d requests, there are %d: -update writes it", file, len(want), len(got))
	}
	for name, sent := range got {
		if !reflect.DeepEqual(sent, want[name]) {
			t.Errorf("%s: sent\n%s\nwant\n%s", name, asJSON(sent), asJSON(want[name]))
		}
	}
}

func asJSON(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}

// exactly reads JSON and keeps numbers as they are written.
func exactly(b []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(to)
}

// wire takes requests instead of a network.
type wire func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (w wire) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

func send(t *testing.T, e model.Endpoint, ask func(context.Context, model.Endpoint) error) (sent Sent) {
	t.Helper()
	times := 0
	e.Transport = wire(func(r *http.Request) (*http.Response, error) {
		times++
		sent = Sent{URL: r.Method + " " + r.URL.String(), Headers: map[string]string{}}
		for _, h := range []string{"Accept", "Content-Type", "Authorization", "X-Api-Key", "Anthropic-Version", "Anthropic-Beta"} {
			if v := r.Header.Values(h); len(v) > 0 {
				sent.Headers[h] = strings.ReplaceAll(strings.Join(v, ", "), Key, "KEY")
			}
		}
		if r.Body != nil {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			if err := errors.Join(r.Body.Close(), exactly(b, &sent.Body)); len(b) > 0 && err != nil {
				t.Errorf("a body that is no JSON: %v: %s", err, b)
			}
		}
		return &http.Response{
			StatusCode: http.StatusTeapot, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader("{}")), Request: r,
		}, nil
	})
	if err := ask(t.Context(), e); model.KindOf(err) != model.Invalid || times != 1 {
		t.Errorf("%d requests, %v", times, err)
	}
	return sent
}

// requests use everything that a request can have.
func requests() map[string]model.Request {
	bare := Hello()
	bare.System, bare.Session = "", ""
	full := full()
	adaptive := Hello()
	adaptive.Model, adaptive.Thinking, adaptive.MaxTokens = "claude-opus-4-6", model.High, 64000
	off := Hello()
	off.Thinking = model.Off
	return map[string]model.Request{"hello": Hello(), "bare": bare, "full": full, "odd": odd(), "adaptive": adaptive, "off": off}
}

func full() model.Request {
	picture := model.Image{MIME: "image/png", Data: []byte("\x89PNG not really \x00\xff")}
	r := Hello()
	r.Thinking, r.MaxTokens = model.Low, 9000
	r.Tools = []model.Tool{
		{Name: "clock", Description: "tells the \"time\" <b>&amp;</b>\u2028", Schema: json.RawMessage(
			`{"type":"object","properties":{"zone":{"type":"string","enum":["a","b"],"maxLength":12}},"required":["zone"],"additionalProperties":false,"$defs":{"x":{"type":["string","null"]}}}`)},
		{Name: "health"},
		{Name: "loose", Schema: json.RawMessage(`{"description":"no type, no properties"}`)},
		{Name: "broken", Schema: json.RawMessage(`{"type":`)},
		{Name: "none", Schema: json.RawMessage(`null`)},
	}
	r.Messages = []model.Message{
		{Role: model.User, Parts: []model.Part{model.Text{Text: "what is <this> & \"that\"? \u2028 ä 🙂 \x00"}, picture, model.Text{Text: "and?"}}},
		{Role: model.Assistant, Parts: []model.Part{
			model.Thinking{Text: "signed", Signature: "sig-thinking"}, model.Thinking{Text: "unsigned"}, model.Thinking{Signature: "redacted"},
			model.Thinking{Text: "of responses", Signature: `{"id":"rs_1","encrypted":"gAAA"}`}, model.Thinking{Signature: `{"id":"rs_2","encrypted":"gBBB"}`},
			model.Text{Text: "Let me "}, model.Text{Text: "look."},
			model.Call{ID: "call_a", Name: "clock", Args: json.RawMessage(`{ "zone" : "a", "n": 1.0 }`)},
			model.Call{ID: "call_b", Name: "clock", Args: json.RawMessage(`{"zone": Berlin`)},
			model.Call{ID: "call_c", Name: "health"},
		}},
		{Role: model.Results, Parts: []model.Part{
			model.Result{ID: "call_a", Name: "clock", Text: "noon", Images: []model.Image{picture, picture}},
			model.Result{ID: "call_b", Name: "clock", Text: "no such zone", IsError: true},
			model.Result{ID: "call_c", Name: "health"},
		}},
		{Role: model.Assistant, Parts: []model.Part{model.Call{ID: "call_d", Name: "health", Args: json.RawMessage(`{}`)}}},
		{Role: model.Results, Parts: []model.Part{model.Result{ID: "call_d", Name: "health", Images: []model.Image{picture}}}},
	}
	return r
}

// odd is what a turn should not be, but could.
func odd() model.Request {
	return model.Request{Model: "test-model", MaxTokens: -1, Thinking: model.Minimal, Messages: []model.Message{
		{Role: model.User},
		{Role: model.Assistant},
		{Role: model.User, Parts: []model.Part{model.Text{}}},
		{Role: model.Assistant, Parts: []model.Part{model.Thinking{Text: "only"}}},
		{Role: model.Results},
		{Role: model.User, Parts: []model.Part{model.Image{MIME: "image/webp", Data: []byte("x")}}},
	}}
}
