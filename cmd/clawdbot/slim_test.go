//go:build slim

package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers/model/modeltest"
	"github.com/clawdbot/gateway/transport/hooks"
)

// TestSlim: a slim program is a whole gateway, with models, and says of each thing that it was built without so.
func TestSlim(t *testing.T) {
	t.Parallel()
	var names []string
	for _, f := range surfaces() {
		names = append(names, f.Surface)
	}
	if got := strings.Join(names, " "); got != "discord slack telegram signal imessage" {
		t.Errorf("surfaces: %s", got)
	}
	srv := modeltest.New(t, modeltest.Anthropic{}, modeltest.Step{Text: []string{"Here ", "I am."}})
	const hookToken = "hook-0123456789abcdef"
	l := &live{t: t, vars: home(t, `{
		agent: {model: "home/test-model"}, mcp: {servers: {files: {command: "true"}}}, bridge: {enabled: false},
		models: {providers: {home: {baseUrl: "`+srv.URL()+`", apiKey: "`+modeltest.Key+`", api: "anthropic-messages"}}},
		hooks: {enabled: true, token: "`+hookToken+`", mappings: [{match: {path: "with"}, messageTemplate: "m", transform: {module: "a.mjs"}}]}}`)}
	log := filepath.Join(t.TempDir(), "log")
	file, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	l.Gateway = serve(t, equip(gateway.Options{
		AnyPort: true, Log: slog.New(slog.NewTextHandler(file, nil)), Getenv: func(name string) string { return l.vars[name] },
	}))
	l.fails(exitUsage, "built without the chat in the terminal", "tui")
	l.fails(exitUsage, "built without the Model Context Protocol", "mcp", "serve", "--write")
	l.fails(exitFailed, "built without what drives a Chromium", "browser", "tabs")
	l.fails(exitFailed, "refused with 500", "hooks", "test", "with", "--hook-token", hookToken)
	if out := l.ok("login"); !strings.Contains(out, "it was built without it") {
		t.Errorf("login: %s", out)
	}
	if out := l.ok("agent", "--session-key", "main", "--message", "are you there?"); !strings.Contains(out, "Here I am.") {
		t.Errorf("a model: %s", out)
	}
	await(t, "the server of tools is not told of", func() bool {
		return strings.Contains(l.ok("mcp", "list"), "this program was built without servers of tools")
	})
	said, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if want := hooks.ErrNoEngine.Error(); !strings.Contains(string(said), want) {
		t.Errorf("not in the log: %s", want)
	}
}
