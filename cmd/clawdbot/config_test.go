package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

const commented = `// mine
{
  gateway: { auth: { token: "CANARY-token-0123456789" } }, // do not lose me
  cron: {
    enabled: true, // nor me
  },
  agent: { modelFallbacks: ["a/b"], },
}
`

func TestConfig_editsKeepComments(t *testing.T) {
	t.Parallel()
	l := startLive(t, commented)
	for _, c := range []struct{ args, old, changed string }{
		{"set cron.enabled false", "enabled: true,", "enabled: false,"},
		{"set cron.enabled true", "enabled: false,", "enabled: true,"},
		{"set agent.modelFallbacks[0] x/y", `["a/b"]`, `["x/y"]`},
	} {
		before := l.text()
		l.ok(append([]string{"config"}, strings.Fields(c.args)...)...)
		if want := strings.Replace(before, c.old, c.changed, 1); l.text() != want {
			t.Errorf("%s: the file is\n%s\nwant\n%s", c.args, l.text(), want)
		}
	}
	l.ok("config", "set", "identity.name", "12", "--string")
	l.ok("config", "set", "agent.modelFallbacks[1]", "c/d")
	l.ok("config", "unset", "cron.enabled")
	text := l.text()
	for _, want := range []string{"// mine\n", "// do not lose me", "// nor me", `"CANARY-token-0123456789"`, `"12"`, "c/d"} {
		if !strings.Contains(text, want) {
			t.Errorf("the file lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "enabled: ") {
		t.Errorf("unset did nothing:\n%s", text)
	}
}

func TestConfig_valueFromStandardInput(t *testing.T) {
	t.Parallel()
	l := startLive(t, commented)
	var out, errs strings.Builder
	a := &app{in: strings.NewReader("CANARY-another-token\n"), out: &out, err: &errs, lookup: func(name string) (string, bool) {
		v, ok := l.vars[name]
		return v, ok
	}}
	args := []string{"config", "set", "hooks.token", "-", "--url", l.URL()}
	if code := a.run(args); code != 0 || strings.Contains(out.String()+errs.String(), "CANARY") || !strings.Contains(l.text(), `"CANARY-another-token"`) {
		t.Errorf("%d %s %s\n%s", code, out.String(), errs.String(), l.text())
	}
}

func TestConfig_reads(t *testing.T) {
	t.Parallel()
	l := startLive(t, commented)
	var snap wire.ConfigSnapshot
	l.json(&snap, "config", "get")
	if !snap.Exists || !snap.Valid || snap.Path != l.file || strings.Contains(string(snap.Config), "CANARY") {
		t.Errorf("get --json: %+v", snap)
	}
	for _, c := range []struct{ args, want string }{
		{"get gateway.port", "18789\n"},
		{"get agent.modelFallbacks[0]", "a/b\n"},
		{"get agent.modelFallbacks[0] --json", "\"a/b\"\n"},
		{"get agent.modelFallbacks --file", "[\n  \"a/b\"\n]\n"},
		{"get gateway.auth.token", "__REDACTED__\n"},
		{"path", l.file + "\n"},
	} {
		if out := l.ok(append([]string{"config"}, strings.Fields(c.args)...)...); out != c.want {
			t.Errorf("%s: %q, want %q", c.args, out, c.want)
		}
	}
	var whole map[string]any
	if err := json.Unmarshal([]byte(l.ok("config", "get")), &whole); err != nil || len(whole) != 3 {
		t.Errorf("get: %v %v", whole, err)
	}
	l.fails(exitFailed, "gateway.port is not set", "config", "get", "gateway.port", "--file")
	l.fails(exitFailed, "gateway.prot is not set", "config", "get", "gateway.prot")
	l.fails(exitUsage, "is not a path", "config", "get", "gateway..port")

	var schema wire.ConfigSchemaResult
	l.json(&schema, "config", "schema")
	if len(schema.Schema) < 1000 || len(schema.UIHints) == 0 {
		t.Errorf("schema: %d bytes, %d hints", len(schema.Schema), len(schema.UIHints))
	}
	if out := l.ok("config", "schema", "gateway.port"); !strings.Contains(out, "18789") || strings.Count(out, "\n") != 2 {
		t.Errorf("schema: %s", out)
	}
	l.fails(exitFailed, "nothing is called", "config", "schema", "gateway.prot")
	for _, width := range []string{"60", "80", "200"} {
		l.wide(width, "config", "schema")
	}
}

func TestConfig_refusalsChangeNothing(t *testing.T) {
	t.Parallel()
	l := startLive(t, commented)
	for _, c := range []struct {
		code       int
		want, args string
	}{
		{exitFailed, "gateway.port: ", "set gateway.port high"},
		{exitFailed, "gateway.prot: unknown key", "set gateway.prot 1"},
		{exitUsage, "below a value", "set gateway.auth.token.x 1"},
		{exitUsage, "not one of the 1 item", "set agent.modelFallbacks[7] x"},
		{exitUsage, "PATH and VALUE", "set gateway.port"},
		{exitFailed, "is not set in the file", "unset gateway.port"},
		{exitUsage, "NUMBER", "rollback first"},
		{exitFailed, "config.history", "rollback 99"},
	} {
		l.fails(c.code, c.want, append([]string{"config"}, strings.Fields(c.args)...)...)
	}
	if l.text() != commented {
		t.Errorf("the file is\n%s", l.text())
	}
}

func TestConfig_history(t *testing.T) {
	t.Parallel()
	l := startLive(t, commented)
	l.ok("config", "set", "cron.enabled", "false")
	var h wire.ConfigHistoryResult
	l.json(&h, "config", "history")
	if len(h.Generations) < 2 || !h.Generations[0].Current {
		t.Fatalf("history %+v", h)
	}
	if out := l.ok("config", "history"); !strings.Contains(out, "as it is now") {
		t.Errorf("history: %s", out)
	}
	l.ok("config", "rollback", "1")
	if l.text() != commented {
		t.Errorf("rolled back to\n%s", l.text())
	}
}

func TestSplitPath(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"a": {"a"}, "a.b": {"a", "b"}, "a[0]": {"a", "0"}, "a[0].b": {"a", "0", "b"}, "a[0][1]": {"a", "0", "1"},
		`a.b\.c.d`: {"a", "b.c", "d"}, "a.*.b": {"a", "*", "b"},
	} {
		if got, err := splitPath(in); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q %v, want %q", in, got, err, want)
		}
	}
	for _, bad := range []string{"", ".", "a.", ".a", "a..b", "[0]", "a[]"} {
		if got, err := splitPath(bad); err == nil {
			t.Errorf("%q is read as %q", bad, got)
		}
	}
}
