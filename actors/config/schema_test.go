package config

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("config.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("config.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func judgedBy(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	root, _, err := parseJSON5(text)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(root.JSON()))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// The schema says what the checks say.
func TestSchema_agreesWithTheChecks(t *testing.T) {
	t.Parallel()
	s := compiledSchema(t)
	for _, good := range []string{
		"{}", fullText(t), "{models:{providers:{x:{y:1}}}}", "{agent:{heartbeat:{every:'1.5h'}}}", "{agent:{heartbeat:{every:''}}}", "{routing:{queue:{mode:'abort'}}}",
	} {
		if !parse(good).Valid {
			t.Errorf("%s: %v", good, parse(good).Issues)
		}
		if err := judgedBy(t, s, good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"[]", "{gateway:{prot:1}}", "{gateway:{port:'1'}}", "{gateway:{port:1.5}}", "{gateway:{port:0}}", "{gateway:{port:65536}}", "{gateway:{bind:'x'}}",
		"{agent:{mediaMaxMb:0}}", "{web:{reconnect:{jitter:2}}}", "{ui:{seamColor:'red'}}", "{agent:{heartbeat:{every:'soon'}}}", "{telegram:{allowFrom:[1.5]}}",
		"{session:{sendPolicy:{rules:[{}]}}}", "{messages:{timestampPrefix:1}}", "{gateway:{auth:{token:' '}}}", "{agent:{sandbox:1}}", "{plugins:{}}",
		"{routing:{queue:{bySurface:{irc:'collect'}}}}", "{routing:{queue:{mode:'x'}}}", "{routing:{allowFrom:[]}}", "{telegram:{requireMention:true}}",
	} {
		if parse(bad).Valid || judgedBy(t, s, bad) == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

func TestConfigSchema_answer(t *testing.T) {
	t.Parallel()
	r := newRig(t, "{gateway:{auth:{token:'CANARY'}}}", nil)
	first, err := ask1(t, r.ref, "config.schema", "{}")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`"$schema":"http://json-schema.org/draft-07/schema#"`, `"title":"ClawdbotConfig"`, `"version":"1.2.3"`,
		`"gateway":{"label":"Gateway","group":"Gateway","order":30}`, `"default":18789`,
	} {
		if !strings.Contains(first, part) {
			t.Errorf("%s is missing", part)
		}
	}
	if !regexp.MustCompile(`"generatedAt":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"`).MatchString(first) {
		t.Error("no generatedAt")
	}
	if second, _ := ask1(t, r.ref, "config.schema", "{}"); second != first {
		t.Error("the second answer differs")
	}
}

func TestHints(t *testing.T) {
	t.Parallel()
	hints := Hints()
	for path, want := range map[string]string{
		"gateway.auth.token": "Gateway Token", "hooks.maxBodyBytes": "Hooks Max Body Bytes", "models.providers.*.apiKey": "Models Providers API Key",
		"telegram.groups.*.requireMention": "Telegram Groups Require Mention", "gateway.controlUi.basePath": "Gateway Control UI Base Path",
		"session.idleMinutes": "Session Idle Minutes", "discord.guilds.*.slug": "Discord Guilds Slug", "canvasHost.port": "Canvas Host Port",
	} {
		if hints[path].Label != want {
			t.Errorf("%s: %q, want %q", path, hints[path].Label, want)
		}
	}
	for _, path := range []string{"gateway.auth.token", "gateway.auth.password", "telegram.webhookSecret", "talk.apiKey", "skills.entries.*.env.*", "gateway.remote.url"} {
		if !hints[path].Sensitive {
			t.Errorf("%s is not sensitive", path)
		}
	}
	for path := range help {
		if hints[path].Help == "" {
			t.Errorf("help for %s, which is no path", path)
		}
	}
	for path := range placeholders {
		if _, ok := hints[path]; !ok {
			t.Errorf("placeholder for %s, which is no path", path)
		}
	}
	for _, path := range advanced {
		if _, ok := hints[path]; !ok {
			t.Errorf("%s is advanced, but no path", path)
		}
	}
	for _, g := range groups {
		if h := hints[g.key]; h.Order == nil || *h.Order != g.order || h.Group != g.label {
			t.Errorf("%s: %+v", g.key, h)
		}
	}
}
