package hooks

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/clawdbot/gateway/transport/wire"
)

func TestExpand(t *testing.T) {
	t.Parallel()
	c := sample(t, `{"a":{"b":[{"c":"deep"},[1,2]],"":"nameless"},"n":1.50,"big":12345678901234567890,"t":true,"f":false,"z":null,
		"o": {"k" : [ 1 , "x" ]},"s":"{{n}}","payload":"own","path":"hidden","ключ":"ünï","cut":"\ud83d","0":"zero"}`)
	c.now = time.Date(2026, 2, 3, 4, 5, 6, 7e6, time.FixedZone("", 3600))
	tests := []struct{ template, want string }{
		{"", ""},
		{"plain", "plain"},
		{"{{a.b[0].c}}", "deep"},
		{"{{ payload.a.b[0].c }}!", "deep!"},
		{"{{a.b.0.c}}", "deep"},
		{"{{a.b[1][0]}}{{a.b[1].1}}", "12"},
		{"{{a.b[7].c}}{{a.b[-1]}}{{a.b[x]}}{{a.x.y}}{{n.x}}", ""},
		{"{{n}} {{big}} {{t}} {{f}} {{z}}.", "1.50 12345678901234567890 true false ."},
		{"{{o}}", `{"k":[1,"x"]}`},
		{"{{s}}", "{{n}}"}, // what comes in is no template
		{"{{payload}} {{payload.payload}}", "own own"},
		{"{{path}} {{payload.path}}", "mail hidden"},
		{"{{now}}", "2026-02-03T03:05:06.007Z"},
		{"{{headers.X-Many}} {{headers.x-none}}", "one, two "},
		{"{{query.a}} {{query.b}}", "1 "},
		{"{{headers.authorization}}{{headers.X-Clawdbot-Token}}{{query.token}}", ""},
		{"{{ключ}}", "ünï"},
		{"{{cut}}", "\ufffd"},
		{"{{}}{{ }}{{.}}{{[]}}{{..}}", ""},
		{"{{0}}", "zero"},
		{"{{a.b[0].c", "{{a.b[0].c"},
		{"}}{{t}}{{", "}}true{{"},
		{"{{{t}}}", "}"}, // {t is nothing
	}
	for _, tt := range tests {
		if got, err := c.expand(tt.template); err != nil || got != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.template, got, err, tt.want)
		}
	}
	list := sample(t, `[{"x":"in a list"}]`)
	if got, _ := list.expand("{{[0].x}}{{0.x}}{{x}}"); got != "in a listin a list" {
		t.Errorf("a list: %q", got)
	}
	if got, _ := sample(t, "{\"a\":[\"\xff\"]}").expand("{{a}}"); got != "[\"\ufffd\"]" {
		t.Errorf("broken text: %q", got)
	}
	large := sample(t, `{"a":"`+strings.Repeat("x", 100_000)+`"}`)
	if _, err := large.expand(strings.Repeat("{{a}}", 11)); err != errRendered {
		t.Errorf("a text of more than a megabyte: %v", err)
	}
}

func TestMapping_find(t *testing.T) {
	t.Parallel()
	cfg := Config{Mappings: []Mapping{
		{Path: "/a/", Source: "x", Name: "path and source"}, {Path: "a", Name: "path"}, {Path: "b/c", Name: "two parts"}, {Source: "y", Name: "source"},
	}}
	for call, want := range map[[2]string]string{
		{"a", "x"}: "path and source", {"a", "y"}: "path", {"a", ""}: "path", {"b/c", ""}: "two parts", {"b", "y"}: "source", {"A", ""}: "", {"b", ""}: "",
	} {
		got := ""
		if m := cfg.find(call[0], call[1]); m != nil {
			got = m.Name
		}
		if got != want {
			t.Errorf("%v: %q, want %q", call, got, want)
		}
	}
}

func TestConfig_sub(t *testing.T) {
	t.Parallel()
	cfg := Config{Path: "/in/hooks"}
	for path, want := range map[string]string{"/in/hooks": "", "/in/hooks/a": "a", "/in/hooks/a/b": "a/b", "/in/hooksa": "-", "/in": "-", "/": "-", "/x/in/hooks/a": "-"} {
		sub, ours := cfg.sub(path)
		if !ours {
			sub = "-"
		}
		if sub != want {
			t.Errorf("%s: %q, want %q", path, sub, want)
		}
	}
}

// TestOverride: what a transform returns goes over what templates made, field by field.
func TestOverride(t *testing.T) {
	t.Parallel()
	m := Mapping{Message: "m", Text: "t", Name: "n", SessionKey: "k", Channel: "slack", To: "to", Thinking: "low", TimeoutSeconds: 7, Deliver: true, Next: true}
	base := Agent{Message: "m", Name: "n", SessionKey: "k", Channel: "slack", To: "to", Thinking: "low", TimeoutSeconds: 7, Deliver: true}
	with := func(f func(*Agent)) *Agent { a := base; f(&a); return &a }
	tests := []struct {
		over  string
		agent *Agent
		wake  *Wake
		err   error
	}{
		{`{}`, &base, nil, nil},
		{`{"kind":"other","message":5,"deliver":"no","channel":null,"timeoutSeconds":"1"}`, &base, nil, nil},
		{`{"message":"M","name":"N","sessionKey":"K","to":"T","thinking":"high","channel":"imsg","timeoutSeconds":2.5,"deliver":false,"wakeMode":"now"}`,
			&Agent{Message: "M", Name: "N", SessionKey: "K", To: "T", Thinking: "high", Channel: "imessage", TimeoutSeconds: 2, Now: true}, nil, nil},
		{`{"name":"","to":" ","thinking":""}`, with(func(a *Agent) { a.Name, a.To, a.Thinking = "Hook", "", "" }), nil, nil},
		{`{"kind":"wake"}`, nil, &Wake{Text: "t"}, nil},
		{`{"kind":"wake","text":"T","mode":"now"}`, nil, &Wake{Text: "T", Now: true}, nil},
		{`{"kind":"wake","text":" "}`, nil, nil, errMapText},
		{`{"message":""}`, nil, nil, errMapMessage},
		{`{"channel":"fax"}`, nil, nil, errChannel},
		{`{"message":"M","channel":"whatsapp:work"}`, nil, nil, errChannel},
	}
	for _, tt := range tests {
		d, err := m.draft(sample(t, "{}"))
		if err != nil {
			t.Fatal(err)
		}
		d.override(value{wire.Raw(tt.over)})
		r, err := d.finish()
		if err != tt.err {
			t.Errorf("%s: %v, want %v", tt.over, err, tt.err)
		}
		if err != nil {
			continue
		}
		if (r.agent == nil) != (tt.agent == nil) || r.agent != nil && *r.agent != *tt.agent {
			t.Errorf("%s: %+v, want %+v", tt.over, r.agent, tt.agent)
		}
		if (r.wake == nil) != (tt.wake == nil) || r.wake != nil && *r.wake != *tt.wake {
			t.Errorf("%s: %+v, want %+v", tt.over, r.wake, tt.wake)
		}
	}
}

// FuzzCall: no body and no template make a panic, a text without bounds, or an action that lacks what it needs.
func FuzzCall(f *testing.F) {
	for _, body := range []string{"", "{}", "null", `[{"x":[1]}]`, `{"a":{"b":[{"c":"d"}]},"message":"m","text":"t"}`, strings.Repeat("[", 100), `{"a":"\ud83d"}`, "{\"a\":1,\"a\":2}", " 5 "} {
		f.Add(body, "{{a.b[0].c}} {{headers.x}} {{query.q}} {{path}} {{", "https://h/hooks/x?q=1&token=CANARY")
	}
	f.Fuzz(func(t *testing.T, body, template, url string) {
		v, err := payloadOf([]byte(body))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "SyntaxError: ") || len(err.Error()) > 300 {
				t.Errorf("error %q", err)
			}
			return
		}
		r := httptest.NewRequest(http.MethodPost, "/hooks/x", nil)
		if u, err := r.URL.Parse(url); err == nil {
			r.URL = u
		}
		c := newCall(r, "x", v)
		text, err := c.expand(template)
		if err == nil && (len(text) > 3*(maxRendered+len(template)) || !utf8.ValidString(text)) {
			t.Errorf("%q becomes %q", template, text)
		}
		if w, err := wakeOf(v); err == nil && w.Text == "" {
			t.Error("a wake without text")
		}
		if a, err := agentOf(v); err == nil && (a.Message == "" || a.Channel == "" || a.Name == "") {
			t.Errorf("incomplete: %+v", a)
		}
		m := Mapping{Message: template, Text: template, Name: template, SessionKey: template}
		d, err := m.draft(c)
		if err != nil {
			return
		}
		d.override(v)
		if res, err := d.finish(); err == nil && (res.wake == nil) == (res.agent == nil) {
			t.Errorf("result %+v", res)
		}
	})
}
