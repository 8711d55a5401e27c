package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func everything(v View) string {
	b, _ := json.Marshal(v) //nolint:errcheck // strings and valid JSON
	return string(b)
}

func TestRedacted_noCanaryAnywhere(t *testing.T) {
	t.Parallel()
	text := fullText(t)
	d := parse(text)
	if !d.Valid {
		t.Fatal(d.Issues)
	}
	v := d.Redacted()
	if s := everything(v); strings.Contains(s, "CANARY") {
		t.Errorf("a secret is shown: …%s…", s[max(0, strings.Index(s, "CANARY")-80):][:160])
	}
	// One canary has another spelling, and tokenFile goes with the tokens.
	if n := strings.Count(text, "CANARY-") + 2; strings.Count(*v.Raw, Redacted) != n {
		t.Errorf("%d placeholders in raw, want %d", strings.Count(*v.Raw, Redacted), n)
	}
	if s := fmt.Sprintf("%v %+v %#v %v", d.Config, *d.Config, *d.Config, d.Config.Gateway.Auth); strings.Contains(s, "CANARY") {
		t.Error("printing a Config shows a secret")
	}
	for _, keep := range []string{"contextTokens: 200000", "maxTokens: 1024", "// Every section with its documented keys."} {
		if !strings.Contains(*v.Raw, keep) {
			t.Errorf("%q is gone from raw", keep)
		}
	}
	again := parse(*v.Raw)
	if !again.Valid {
		t.Errorf("the redacted text is no longer valid: %v", again.Issues)
	}
}

func TestRedacted_rawKeepsCommentsAndLayout(t *testing.T) {
	t.Parallel()
	in := "{\n  // the bot token comes from BotFather\n  telegram: { botToken : 'sekrit-value', /* old botToken: \"previous\" */ },\n  // was sekrit-value before\n  note$: 1 }\n"
	got := *parse(in).Redacted().Raw
	want := "{\n  // the bot token comes from BotFather\n  telegram: { botToken : \"__REDACTED__\", /* old botToken: __REDACTED__ */ },\n  // was __REDACTED__ before\n  note$: 1 }\n"
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestRedacted_invalidFiles(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"{gateway:{auth:{token:'CANARY'}},bogus:1}",         // unknown key
		"{gateway:{auth:{token:1234567CANARY}}}",            // not a number
		"{gateway:{auth:{token:['CANARY']}}}",               // wrong type
		"{gateway:{auth:{token:{value:'CANARY'}}}}",         //
		"{gateway:{auth:{'token' 'CANARY'}}}",               // colon forgotten
		"{gateway:{auth:{token: CANARY more}}}",             // quotes forgotten
		"{gateway:{auth:{token:\n\n /* x */ 'CANARY'}}} }",  // trailing text
		"{gateway:{auth:{token:'CANARY}}",                   // not closed
		"{gateway:{auth:{token:\"a\\\"CANARY\"}}} x",        // escaped quote
		"{a:{apiKey:'CANARY',}, b:{password:'CANARY'}, c:,", //
		"{skills:{entries:{x:{env:{FOO:'CANARY'}}}}",        // object under a telling key
		"{telegram:{proxy:'http://u:CANARY@h'},",            //
		"{\xff token: 'CANARY'}",                            // not UTF-8
		"{// token: 'CANARY'\n}",                            // comment
		"{x:'xoxb-CANARYCANARY-1'",                          //
	} {
		d := parse(in)
		if s := everything(d.Redacted()); strings.Contains(s, "CANARY") {
			t.Errorf("%q: shown as %s", in, s)
		}
		for _, i := range d.Issues {
			if strings.Contains(i.String(), "CANARY") {
				t.Errorf("%q: %s", in, i)
			}
		}
		if v := d.Redacted(); v.Raw == nil || !strings.Contains(*v.Raw, Redacted) || !d.Valid && string(v.Config) != "{}" {
			t.Errorf("%q: view %s", in, everything(v))
		}
	}
}

func TestRedacted_repeatedSecretIsHiddenWhereverItStands(t *testing.T) {
	t.Parallel()
	d := parse("{hooks:{token:'CANARY-abc'},gateway:{remote:{url:'ws://h/CANARY-abc'}}}")
	if s := everything(d.Redacted()); strings.Contains(s, "CANARY") {
		t.Error(s)
	}
}

func TestSecret_neverPrinted(t *testing.T) {
	t.Parallel()
	s := Secret("CANARY")
	var logged strings.Builder
	log := slog.New(slog.NewJSONHandler(&logged, nil))
	log.Info("x", "secret", s, "in", struct{ S Secret }{s})
	log = slog.New(slog.NewTextHandler(&logged, nil))
	log.Info("x", "secret", s, "ptr", &s, "in", struct{ S Secret }{s})
	j, err := json.Marshal(map[string]any{"a": s, "b": &s})
	if err != nil {
		t.Fatal(err)
	}
	out := fmt.Sprint(s, &s, []Secret{s}, struct{ S Secret }{s}) + fmt.Sprintf("%s %v %+v %#v %q %x %X %d %T", s, s, s, s, s, s, s, s, s) +
		fmt.Errorf("e: %v", s).Error() + logged.String() + string(j)
	if strings.Contains(out, "CANARY") || strings.Contains(out, "43414e415259") || strings.Contains(out, "43414E415259") {
		t.Error(out)
	}
	if s.Reveal() != "CANARY" || !s.Equal("CANARY") || s.Equal("CANARy") || Secret("").Equal("") {
		t.Error("value or comparison broken")
	}
}

// Whatever the file looks like, a secret under a telling key is not in what clients see.
func FuzzRedacted(f *testing.F) {
	for _, s := range []string{"{token:%}", "{'token' %", "// token: %\n{}", "{a:{password:[%]}}", "{apiKey:\n%\n}", "{x:1}}token=%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, shape string) {
		before, after, ok := strings.Cut(shape, "%")
		if !ok {
			return
		}
		d := parse(before + `"CANARYSECRET"` + after)
		v := d.Redacted()
		if d.root == nil || v.Raw == nil {
			return
		}
		for n := range secretNodes(d.root) {
			if n.text == "CANARYSECRET" && strings.Contains(everything(v), "CANARYSECRET") && !strings.Contains(before+after, "CANARY") &&
				!inPlainSight(d.root) {
				t.Fatalf("%q: %s", shape, everything(v))
			}
		}
	})
}

// inPlainSight reports a canary that is a key: keys are not secrets.
func inPlainSight(root *node) bool {
	seen := false
	root.walk(nil, func(path []string, _ *node) {
		seen = seen || strings.Contains(strings.Join(path, "\n"), "CANARYSECRET")
	})
	return seen
}
