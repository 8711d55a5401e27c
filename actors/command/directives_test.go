package command_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/command"
)

// show writes directives in one line: kind=value, kind=?raw for what is not valid, kind= for what has no value.
func show(d command.Directives) string {
	var s []string
	setting := func(name string, v *command.Setting) {
		switch {
		case v == nil:
		case v.Value == "" && v.Raw != "":
			s = append(s, name+"=?"+v.Raw)
		default:
			s = append(s, name+"="+v.Value)
		}
	}
	setting("think", d.Think)
	setting("verbose", d.Verbose)
	setting("elevated", d.Elevated)
	setting("model", d.Model)
	if q := d.Queue; q != nil {
		v := q.Mode
		if q.DebounceMs != nil {
			v += fmt.Sprint(",debounce:", *q.DebounceMs)
		}
		if q.Cap != nil && q.Bad == "" {
			v += fmt.Sprint(",cap:", *q.Cap)
		}
		if q.Drop != "" && q.Bad == "" {
			v += ",drop:" + q.Drop
		}
		if q.Reset {
			v += ",reset"
		}
		if q.Bad != "" {
			v += "?" + q.Bad
		}
		s = append(s, "queue="+v)
	}
	if d.Status {
		s = append(s, "status")
	}
	if d.Alone {
		s = append(s, "alone")
	}
	return strings.Join(s, " ")
}

func known(s string) bool { return s == "opus" || strings.Contains(s, "/") }

func TestParseDirectives(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		// every name and form
		"/think high":       {"think=high alone", ""},
		"/thinking high":    {"think=high alone", ""},
		"/t high":           {"think=high alone", ""},
		"/THINK HIGH":       {"think=high alone", ""},
		"/think:high":       {"think=high alone", ""},
		"/think: high":      {"think=high alone", ""},
		"/think :high":      {"think=high alone", ""},
		"/think\thigh":      {"think=high alone", ""},
		" /think  high \n":  {"think=high alone", ""},
		"/think high.":      {"think=high alone", ""},
		"/think off":        {"think=off alone", ""},
		"/think":            {"think= alone", ""},
		"/think:":           {"think= alone", ""},
		"/think hihg":       {"think=?hihg alone", ""},
		"/think {high}":     {"think=?{high} alone", ""},
		"/verbose on":       {"verbose=on alone", ""},
		"/v full":           {"verbose=on alone", ""},
		"/v 0":              {"verbose=off alone", ""},
		"/v maybe":          {"verbose=?maybe alone", ""},
		"/elevated on":      {"elevated=on alone", ""},
		"/elev no":          {"elevated=off alone", ""},
		"/status":           {"status alone", ""},
		"/status:":          {"status alone", ""},
		"/model":            {"model= alone", ""},
		"/model status":     {"model=status alone", ""},
		"/model opus":       {"model=opus alone", ""},
		"/model: openai/x":  {"model=openai/x alone", ""},
		"/model a/b/c:free": {"model=a/b/c:free alone", ""},
		"/model whatever":   {"model=whatever alone", ""},
		"/queue":            {"queue= alone", ""},
		"/queue steer":      {"queue=steer alone", ""},
		"/queue: queued":    {"queue=steer alone", ""},
		"/queue reset":      {"queue=,reset alone", ""},
		"/queue steer+backlog debounce:2s cap=5 drop:old": {"queue=steer-backlog,debounce:2000,cap:5,drop:old alone", ""},
		"/queue DEBOUNCE=500 Cap:1 Drop:Summarize abort":  {"queue=interrupt,debounce:500,cap:1,drop:summarize alone", ""},
		"/queue nonsense":                                   {"queue=?nonsense alone", ""},
		"/queue cap:0":                                      {"queue=?cap:0 alone", ""},
		"/queue collect cap:x":                              {"queue=collect?cap:x alone", ""},
		"/queue debounce:-1s":                               {"queue=?debounce:-1s alone", ""},
		"/queue debounce:25h":                               {"queue=?debounce:25h alone", ""},
		"/queue drop:all":                                   {"queue=?drop:all alone", ""},
		"/queue cap:99999999999999999999":                   {"queue=?cap:99999999999999999999 alone", ""},
		"/think high /verbose on /status":                   {"think=high verbose=on status alone", ""},
		"/think low /think high":                            {"think=high alone", ""},
		"/think /verbose on":                                {"think= verbose=on alone", ""},
		"[Telegram Ann id:42 2026-01-05T12:00Z] /think low": {"think=low alone", ""},
		"@my_bot /think high":                               {"think=high alone", ""},
		"/think@my_bot high @my_bot":                        {"think=high alone", ""},
		"<@!123> /v on":                                     {"verbose=on alone", ""},

		// beside other text
		"hello /think high world":           {"think=high", "hello world"},
		"/think high what is 2+2?":          {"think=high", "what is 2+2?"},
		"what is it? /think high":           {"think=high", "what is it?"},
		"first\n/think high\nsecond":        {"think=high", "first\nsecond"},
		"a\n\n  b /v on c\n  d":             {"verbose=on", "a\n\n  b c\n  d"},
		"/think high, please":               {"think=high", "please"},
		"/model opus hi":                    {"model=opus", "hi"},
		"/model x/y hi":                     {"model=x/y", "hi"},
		"/queue steer and /v off":           {"verbose=off queue=steer", "and"},
		"/queue abort the mission":          {"queue=interrupt", "the mission"},
		"how is /status today":              {"status", "how is today"},
		"héllo\u00a0/think high\u00a0wörld": {"think=high", "héllo\u00a0wörld"},

		// no directives: names that go on, values that are none, paths, addresses
		"what does /think do":              {"", "what does /think do"},
		"say /think":                       {"", "say /think"},
		"which /model are you":             {"", "which /model are you"},
		"/model\nopus is a model":          {"", "/model\nopus is a model"},
		"/think\nhigh mountains":           {"", "/think\nhigh mountains"},
		"/thinkhigh":                       {"", "/thinkhigh"},
		"/tell me":                         {"", "/tell me"},
		"/tmp/t high":                      {"", "/tmp/t high"},
		"see http://x/think high":          {"", "see http://x/think high"},
		"and/or /or /v 1.0 of it":          {"", "and/or /or /v 1.0 of it"},
		"/statusx":                         {"", "/statusx"},
		"the /queue at the door":           {"", "the /queue at the door"},
		"/queue collect cap:x and more":    {"", "/queue collect cap:x and more"},
		"/ think high":                     {"", "/ think high"},
		"//think high":                     {"", "//think high"},
		"think high":                       {"", "think high"},
		"":                                 {"", ""},
		"/":                                {"", "/"},
		"a/think high":                     {"", "a/think high"},
		"\u200b/think high":                {"", "\u200b/think high"},
		"/\u0442hink high":                 {"", "/\u0442hink high"}, // a Cyrillic letter
		strings.Repeat("/", 5000):          {"", strings.Repeat("/", 5000)},
		"/help /new":                       {"", "/help /new"},
		"@my_bot":                          {"", "@my_bot"},
		"/think high\x00":                  {"think=?high\x00 alone", ""},
		"/model " + strings.Repeat("x", 9): {"model=xxxxxxxxx alone", ""},
	} {
		d := command.ParseDirectives(text, known)
		if got := show(d); got != want[0] || d.Rest != want[1] {
			t.Errorf("%q: %q, rest %q; want %q, rest %q", text, got, d.Rest, want[0], want[1])
		}
		if d.Any() != (want[0] != "") {
			t.Errorf("%q: Any = %v", text, d.Any())
		}
	}
}

// FuzzParse: whatever is written, only words go away and what is understood is one of the values.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"hello /think high", "/queue collect cap:2 drop:old x", "/model a/b", "@x /send off", "[a] /new", "/v\u00a0on", "name: /reset x", "\xff/t low",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d := command.ParseDirectives(text, known)
		for _, v := range []*command.Setting{d.Think, d.Verbose, d.Elevated} {
			if v != nil && !d.Alone && v.Value == "" {
				t.Errorf("%q beside other text", v.Raw)
			}
		}
		if d.Think != nil && d.Think.Value != "" {
			if again, ok := command.Thinking(d.Think.Value); !ok || again != d.Think.Value {
				t.Errorf("level %q is not canonical", d.Think.Value)
			}
		}
		if d.Alone && (d.Rest != "" || !d.Any()) {
			t.Errorf("alone, with rest %q", d.Rest)
		}
		if !d.Any() && d.Rest != strings.TrimSpace(text) {
			t.Errorf("nothing found, and yet %q became %q", text, d.Rest)
		}
		words := strings.Fields(text)
		for _, w := range strings.Fields(d.Rest) { // in their order, and each one whole
			for len(words) > 0 && words[0] != w {
				words = words[1:]
			}
			if len(words) == 0 {
				t.Fatalf("%q became %q", text, d.Rest)
			}
			words = words[1:]
		}
		if rest, ok := command.Reset(text, []string{"/new", "start over"}); ok && !strings.Contains(text, rest) {
			t.Errorf("%q goes on with %q", text, rest)
		}
		if c, ok := command.Parse(text); ok && c.Value == "" && c.Raw != "" && !strings.Contains(text, "/") {
			t.Errorf("%q is command %q without a slash and without a valid value", text, c.Name)
		}
		_, _ = command.Stop(text), command.Control(text)
	})
}
