package gateway

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/cron"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/codeagent"
)

// coderGateway is a gateway with a coding agent that is never started.
func coderGateway(t *testing.T) *Gateway {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "config.json5")
	text := `{agent: {workspace: "` + dir + `/w", runners: {x: {kind: "acp", command: "x", env: {OWN: "${GIVEN}"}}, far: {kind: "acp", command: "x", cwd: "relative"}}},
		bridge: {enabled: false}, canvasHost: {enabled: false}}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{"OPENAI_API_KEY": "CANARY", "GIVEN": "given", "HOME": dir}
	g, err := New(Options{
		ConfigFile: path, StateDir: filepath.Join(dir, "state"), AnyPort: true, Log: slog.New(slog.DiscardHandler), Getenv: func(name string) string { return vars[name] },
		Coders: []codeagent.Protocol{{Kind: "acp", Run: func(context.Context, codeagent.Program, codeagent.Turn, codeagent.Host) (codeagent.Result, error) {
			return codeagent.Result{}, nil
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := g.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return g
}

// TestCoder_whom: a coding agent runs what it likes, so that it works for those only who may have commands run.
func TestCoder_whom(t *testing.T) {
	t.Parallel()
	g := coderGateway(t)
	direct := &providers.Route{Surface: "telegram", Account: "telegram", Kind: providers.Direct}
	group := &providers.Route{Surface: "telegram", Account: "telegram", Kind: "group"}
	inbound := func(r agent.Request, route *providers.Route) agent.Job {
		r.Sender = "7"
		return agent.Job{Kind: agent.KindInbound, Route: route, Request: r}
	}
	const refused = "tool acp/x: "
	for _, tc := range []struct {
		name, want string
		job        agent.Job
	}{
		{"a client", "", agent.Job{Kind: agent.KindChat, Request: agent.Request{Operator: true}}},
		{"a job", "", agent.Job{Kind: cron.KindCron}},
		{"an owner in elevated mode", "", inbound(agent.Request{Owner: true, Elevated: true}, direct)},
		{"an owner", refused + "runs commands, which needs elevated mode", inbound(agent.Request{Owner: true}, direct)},
		{"an owner in a group", refused + "not for messages of people", inbound(agent.Request{Owner: true, Elevated: true}, group)},
		{"a stranger", refused + "not for messages of people", inbound(agent.Request{}, direct)},
		{"foreign words", refused + "not for messages of people", agent.Job{Kind: agent.KindChat, Request: agent.Request{Operator: true, Foreign: true}}},
		{"a heartbeat", refused + "not for runs of a heartbeat", agent.Job{Kind: cron.KindHeartbeat}},
		{"a hook", refused + "not for runs of a hook", agent.Job{Kind: cron.KindHook}},
		{"a node", refused + "not for runs of a node", agent.Job{Kind: agent.KindNode}},
		{"a session", refused + "denied by the tools of this session", agent.Job{
			Kind: agent.KindChat, Request: agent.Request{Operator: true}, Session: agent.SessionRights{Deny: []string{"acp/*"}},
		}},
	} {
		a, err := g.coder(agent.Turn{Model: "acp/x", Job: func() agent.Job { return tc.job }})
		switch {
		case tc.want == "" && (err != nil || a == nil):
			t.Errorf("%s: %v", tc.name, err)
		case tc.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tc.want)):
			t.Errorf("%s: %v, want %s", tc.name, err, tc.want)
		}
	}
}

// TestCoder_noGuards: a program without guards cannot confine an agent, and runs none that is to be confined.
func TestCoder_noGuards(t *testing.T) {
	t.Parallel()
	g := coderGateway(t)
	doc := *g.doc.Load()
	cfg := *doc.Config
	cfg.Agent.Sandbox.Mode, doc.Config = "all", &cfg
	g.doc.Store(&doc)
	operator := func() agent.Job { return agent.Job{Kind: agent.KindChat, Request: agent.Request{Operator: true}} }
	if a, err := g.coder(agent.Turn{Model: "acp/x", Job: operator}); err == nil || !strings.Contains(err.Error(), "Options.Guard") {
		t.Errorf("%v, %v", a, err)
	}
}

// TestCoder_which: which names are those of coding agents, and what one is given.
func TestCoder_which(t *testing.T) {
	t.Parallel()
	g := coderGateway(t)
	operator := func() agent.Job { return agent.Job{Kind: agent.KindChat, Request: agent.Request{Operator: true}} }
	for model, want := range map[string]string{
		"acp/y": "no coding agent is called acp/y: there are acp/far, acp/x", "acp/far": `agent.runners.far: cwd is "relative", and must be absolute`,
	} {
		if _, err := g.coder(agent.Turn{Model: model, Job: operator}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", model, err)
		}
	}
	for _, model := range []string{"", "builtin", "openai/x", "pi/x"} {
		if a, err := g.coder(agent.Turn{Model: model, Job: operator}); a != nil || err != nil {
			t.Errorf("%s: %v, %v", model, a, err)
		}
	}
	a, err := g.coder(agent.Turn{Model: "acp/x", RunID: "r", Job: operator})
	if err != nil {
		t.Fatal(err)
	}
	if env := a.Program.Env; !slices.Contains(env, "OWN=given") || slices.ContainsFunc(env, func(s string) bool { return strings.Contains(s, "CANARY") }) {
		t.Errorf("its environment is %q", env)
	}
	if a.Program.Dir != g.workspaceDir() {
		t.Errorf("it works in %s", a.Program.Dir)
	}
	if g.echoes("acp/x") || !g.echoes("openai/x") || !g.echoes("builtin") { // there are no model formats
		t.Error("who answers is not known")
	}
	doc := *g.doc.Load()
	cfg := *doc.Config
	cfg.Agent.Tools.Exec.Security, doc.Config = "deny", &cfg
	g.doc.Store(&doc)
	if ok, err := a.Permit(t.Context(), codeagent.Question{Command: "ls"}); ok || err != nil {
		t.Errorf("where no commands are run: %v, %v", ok, err)
	}
	if _, err := a.ReadFile(t.Context(), "/etc/passwd"); err == nil {
		t.Error("it reads outside of its directory")
	}
}

// TestWanted: what people are asked is a command as it is, or everything that the agent says; a long file is told by its sum.
func TestWanted(t *testing.T) {
	t.Parallel()
	if r := wanted("acp/x", "/w", codeagent.Question{Kind: "execute", Title: "t", Command: "ls"}); r.Command != "ls" || r.Argv != nil || r.Cwd != "/w" {
		t.Errorf("%+v", r)
	}
	if r := wanted("acp/x", "/w", codeagent.Question{Title: "t", Args: []byte(`{}`)}); strings.Join(r.Argv, "|") != "acp/x|t|{}" {
		t.Errorf("%+v", r)
	}
	one := wanted("acp/x", "/w", codeagent.Question{Kind: "edit", Title: "t", Args: []byte(strings.Repeat("x", 100_000))})
	two := wanted("acp/x", "/w", codeagent.Question{Kind: "edit", Title: "t", Args: []byte(strings.Repeat("x", 99_999) + "y")})
	if words := strings.Join(one.Argv, " "); len(words) > 10_000 || !strings.Contains(words, "100000 bytes in all") || words == strings.Join(two.Argv, " ") {
		t.Errorf("%.100q", words)
	}
	if r := wanted("acp/x", "/w", codeagent.Question{Kind: "execute", Args: []byte(strings.Repeat("x", 100_000))}); len(strings.Join(r.Argv, "")) < 100_000 {
		t.Error("a command is cut")
	}
}
