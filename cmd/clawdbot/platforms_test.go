package main

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/providers/model/openai"
	"github.com/clawdbot/gateway/transport/wire"
)

func TestNodes(t *testing.T) {
	t.Parallel()
	l := startLive(t, "")
	if out := l.ok("nodes", "list"); !strings.Contains(out, "No nodes") {
		t.Errorf("list: %s", out)
	}
	if out := l.ok("nodes", "pending"); !strings.Contains(out, "No node asks") {
		t.Errorf("pending: %s", out)
	}
	ask := func(id, name string) {
		t.Helper()
		p := wire.NodePairRequestParams{NodeID: id, DisplayName: name, Platform: "ios 18.1", Caps: []string{"canvas", "camera"}, RemoteIP: "192.0.2.3"}
		if err := l.Call(t.Context(), "node.pair.request", p, nil); err != nil {
			t.Fatal(err)
		}
	}
	ask("n-1", "Kitchen")
	ask("n-2", strings.Repeat("A very long name ", 4))
	var pending wire.NodePairListResult
	l.json(&pending, "nodes", "pending")
	if len(pending.Pending) != 2 {
		t.Fatalf("pending %+v", pending)
	}
	for _, width := range []string{"60", "80", "200"} {
		l.wide(width, "nodes", "pending")
	}
	var approved wire.NodePairApproveResult
	l.json(&approved, "nodes", "approve", "n-1")
	if approved.Node.NodeID != "n-1" || approved.Node.Token == "" {
		t.Errorf("approved %+v", approved)
	}
	if out := l.ok("nodes", "reject", "n-2"); out != "n-2 is turned away.\n" {
		t.Errorf("reject: %s", out)
	}
	l.fails(exitFailed, `no request is called "n-2"`, "nodes", "approve", "n-2")
	l.ok("nodes", "rename", "kitchen", "Living room")
	l.fails(exitFailed, `unknown node: Kitchen (known: Living room [n-1])`, "nodes", "describe", "Kitchen")
	out := l.ok("nodes", "describe", "living room")
	for _, want := range []string{"Living room", "n-1", "ios 18.1", "camera canvas", "192.0.2.3"} {
		if !strings.Contains(out, want) {
			t.Errorf("describe lacks %q:\n%s", want, out)
		}
	}
	var list wire.NodeListResult
	l.json(&list, "nodes", "list")
	if len(list.Nodes) != 1 || !list.Nodes[0].Paired || list.Nodes[0].Connected {
		t.Errorf("list %+v", list)
	}
	if out := l.ok("nodes", "status"); !strings.Contains(out, "No nodes") {
		t.Errorf("connected: %s", out)
	}
	for _, width := range []string{"60", "80", "200"} {
		l.wide(width, "nodes", "list")
	}
	l.fails(exitUsage, "NODE and NAME", "nodes", "rename", "n-1")
}

func TestModels_config(t *testing.T) {
	t.Parallel()
	l := startLive(t, "// mine\n{agent: {model: 'builtin'}}\n")
	if out := l.ok("models", "status"); !strings.Contains(out, "Model               builtin") || !strings.Contains(out, "none") {
		t.Errorf("status: %s", out)
	}
	l.ok("models", "aliases", "add", "fast", "openai/gpt-5-mini")
	l.ok("models", "fallbacks", "add", "a/b")
	l.ok("models", "fallbacks", "add", "c/d")
	l.ok("models", "image-fallbacks", "add", "e/f")
	l.ok("models", "set-image", "g/h")
	var got agentModels
	l.json(&got, "models", "status")
	if got.ImageModel != "g/h" || got.ModelAliases["fast"] != "openai/gpt-5-mini" || strings.Join(got.ModelFallbacks, " ") != "a/b c/d" ||
		strings.Join(got.ImageModelFallbacks, " ") != "e/f" {
		t.Errorf("status %+v", got)
	}
	if out := l.ok("models", "fallbacks", "list"); out != "a/b\nc/d\n" {
		t.Errorf("fallbacks: %s", out)
	}
	l.ok("models", "fallbacks", "remove", "a/b")
	var list []string
	if l.json(&list, "models", "fallbacks", "list"); len(list) != 1 || list[0] != "c/d" {
		t.Errorf("fallbacks %q", list)
	}
	l.ok("models", "fallbacks", "clear")
	if out := l.ok("models", "fallbacks", "list"); out != "None.\n" {
		t.Errorf("fallbacks: %s", out)
	}
	if out := l.ok("models", "aliases", "list"); !strings.Contains(out, "fast   openai/gpt-5-mini") {
		t.Errorf("aliases: %s", out)
	}
	l.ok("models", "aliases", "remove", "fast")
	l.fails(exitFailed, "no alias is called", "models", "aliases", "remove", "fast")
	l.fails(exitFailed, "not in the list", "models", "fallbacks", "remove", "x/y")
	l.fails(exitUsage, "NAME and MODEL", "models", "aliases", "add", "fast")
	if !strings.HasPrefix(l.text(), "// mine\n") {
		t.Errorf("the comment is gone:\n%s", l.text())
	}
}

func TestHooks_status(t *testing.T) {
	t.Parallel()
	l := startLive(t, `{hooks: {token: "CANARY-0123456789abcdef", path: "/in", presets: ["gmail"], mappings: [
		{match: {path: "door"}, action: "wake", textTemplate: "x"}, {match: {path: "mail"}, deliver: true, to: "7", transform: {module: "m.js"}}]}}`)
	out := l.ok("hooks", "status")
	for _, want := range []string{"Hooks    off", "Path     /in", "Token    set", "gmail", "door", "wake", "last 7", "m.js"} {
		if !strings.Contains(out, want) {
			t.Errorf("status lacks %q:\n%s", want, out)
		}
	}
	r := l.run("hooks", "status", "--json")
	if strings.Contains(out+r.out, "CANARY") || !json.Valid([]byte(r.out)) {
		t.Errorf("%+v", r)
	}
	l.fails(exitFailed, "hooks are off, or no mapping has this path", "hooks", "test", "wake")
	l.fails(exitUsage, "--payload is not JSON", "hooks", "test", "wake", "--payload", "{")
}

func TestHooks_test(t *testing.T) {
	t.Parallel()
	l := startLive(t, `{hooks: {enabled: true, token: "CANARY-0123456789abcdef", path: "/in", mappings: [{match: {path: "door"}, action: "wake", textTemplate: "door {{n}}"}]}}`)
	if out := l.ok("hooks", "test", "wake", "--payload", `{"text":"hello"}`); !strings.HasPrefix(out, "200 OK\n") || !strings.Contains(out, `"mode":"now"`) {
		t.Errorf("wake: %s", out)
	}
	var r struct {
		Status int    `json:"status"`
		Body   string `json:"body"`
	}
	if l.json(&r, "hooks", "test", "agent", "--payload", `{"message":"hi"}`); r.Status != 202 || !strings.Contains(r.Body, "runId") {
		t.Errorf("agent: %+v", r)
	}
	l.ok("hooks", "test", "/door/", "--payload", `{"n":7}`)
	if out := l.ok("status", "--verbose"); !strings.Contains(out, "door 7") {
		t.Errorf("status: %s", out)
	}
	l.fails(exitFailed, "text required", "hooks", "test", "wake")
	l.fails(exitFailed, "no mapping has this path", "hooks", "test", "window")
	l.fails(exitFailed, "give --hook-token", "hooks", "test", "wake", "--hook-token", "wrong")
}

func TestSkills(t *testing.T) {
	t.Parallel()
	l := startLive(t, "")
	if out := l.ok("skills", "list"); !strings.Contains(out, "No skills") {
		t.Errorf("list: %s", out)
	}
	for name, fields := range map[string]string{
		"tea": "description: makes tea, and explains at length how that is done in every country of the world",
		"fly": `description: flies` + "\n" + `metadata: {"clawdbot":{"emoji":"🦋","requires":{"bins":["wings"],"env":["SKY"]}}}`,
	} {
		path := filepath.Join(l.vars["HOME"], ".clawdbot", "skills", name, "SKILL.md")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("---\nname: "+name+"\n"+fields+"\n---\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, width := range []string{"60", "80", "200"} {
		l.wide(width, "skills", "list")
		l.wide(width, "skills", "check")
		l.wide(width, "skills", "info", "fly")
	}
	if out := l.ok("skills", "list", "--eligible"); !strings.Contains(out, "tea") || strings.Contains(out, "fly") {
		t.Errorf("list: %s", out)
	}
	if out := l.ok("skills", "check"); !strings.Contains(out, "programs: wings; variables: SKY") || !strings.Contains(out, "1 of 2 skills can be used") {
		t.Errorf("check: %s", out)
	}
	if out := l.ok("skills", "info", "fly"); !strings.Contains(out, "🦋 fly") || !strings.Contains(out, "incomplete") {
		t.Errorf("info: %s", out)
	}
	var all wire.SkillsStatusResult
	var one wire.Skill
	l.json(&all, "skills", "list")
	if l.json(&one, "skills", "info", "tea"); len(all.Skills) != 2 || !one.Eligible {
		t.Errorf("%+v, %+v", all, one)
	}
	l.fails(exitFailed, `no skill is called "swim"`, "skills", "info", "swim")
}

func TestModels_list(t *testing.T) {
	t.Parallel()
	l := startLive(t, `{models: {providers: {
		openai: {baseUrl: "http://127.0.0.1:9", models: [{id: "gpt-z"}]},
		anthropic: {baseUrl: "http://127.0.0.1:9", models: [{id: "claude-a", name: "A model with a name that needs a lot of room on the screen", contextWindow: 200000, reasoning: true}]}}}}`)
	var all wire.ModelsListResult
	if l.json(&all, "models", "list"); len(all.Models) != 2 {
		t.Errorf("%+v", all)
	}
	if out := l.ok("models", "list", "--plain"); out != "anthropic/claude-a\nopenai/gpt-z\n" {
		t.Errorf("plain: %s", out)
	}
	if out := l.ok("models", "list", "--provider", "Anthropic"); !strings.Contains(out, "200000") || strings.Contains(out, "gpt") {
		t.Errorf("list: %s", out)
	}
	for _, width := range []string{"60", "80", "200"} {
		l.wide(width, "models", "list")
	}
	if out := startLive(t, "").ok("models", "list"); !strings.Contains(out, "the built-in runner answers") {
		t.Errorf("none: %s", out)
	}
}

// TestModels_unspoken: a program that was given fewer formats says so of a model, before it asks for a key.
func TestModels_unspoken(t *testing.T) {
	t.Parallel()
	l := &live{t: t, vars: home(t, `{agent: {model: "openai/gpt"}, bridge: {enabled: false}}`)}
	o := equip(gateway.Options{AnyPort: true, Log: slog.New(slog.DiscardHandler), Getenv: func(name string) string { return l.vars[name] }})
	o.Models = []model.Factory{openai.Responses()}
	l.Gateway = serve(t, o)
	l.ok("gateway", "call", "sessions.patch", "--params", `{"key": "main", "model": "anthropic/claude"}`)
	l.fails(exitFailed, `this program does not speak "anthropic-messages"`, "agent", "--session-key", "main", "--message", "and you?")
}

func TestLogout(t *testing.T) {
	t.Parallel()
	l := startLive(t, "{telegram: {enabled: false, botToken: '123456:abcdefghijklmnopqrstuv', allowFrom: [7]}}")
	if out := l.ok("logout"); out != "WhatsApp was not linked.\n" {
		t.Errorf("whatsapp: %s", out)
	}
	if out := l.ok("logout", "--provider", "telegram"); out != "The bot token is out of the config file.\n" || strings.Contains(l.text(), "botToken") {
		t.Errorf("telegram: %s\n%s", out, l.text())
	}
	var r wire.TelegramLogoutResult
	if l.json(&r, "logout", "--provider", "telegram"); r.Cleared {
		t.Errorf("again: %+v", r)
	}
	if r := l.run("login"); r.code != 0 || !strings.Contains(r.out, "no whatsapp") && !strings.Contains(strings.ToLower(r.out), "whatsapp") {
		t.Errorf("login: %+v", r)
	}
}

func TestStatus_deep(t *testing.T) {
	t.Parallel()
	l := startLive(t, "{identity: {name: 'x'}}")
	l.ok("wake", "--text", "remember the milk")
	l.ok("agent", "--session-key", "main", "-m", "hello")
	l.ok("wake", "--text", "and the bread")
	var all struct {
		Outbox    *wire.OutboxCounts          `json:"outbox"`
		Providers *wire.ProvidersStatusResult `json:"providers"`
		Health    *wire.HealthSummary         `json:"health"`
	}
	l.json(&all, "status", "--deep")
	if all.Outbox == nil || all.Providers == nil || all.Providers.TS == 0 || all.Health == nil || !all.Health.OK {
		t.Errorf("deep %+v", all)
	}
	out := l.ok("status", "--deep", "--verbose")
	for _, want := range []string{"PLATFORM", "imessage", "Config file", "in force", "  and the bread", "TOKENS", "main"} {
		if !strings.Contains(out, want) {
			t.Errorf("status lacks %q:\n%s", want, out)
		}
	}
	if out := l.ok("health", "--verbose"); !strings.Contains(out, "Found out") {
		t.Errorf("health: %s", out)
	}
	for _, width := range []string{"60", "80", "200"} {
		l.wide(width, "status", "--deep", "--verbose")
		l.wide(width, "health", "--verbose")
	}
}
