package gateway

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/approvals"
	"github.com/clawdbot/gateway/actors/coderun"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/actors/tools/files"
	"github.com/clawdbot/gateway/providers/codeagent"
	"github.com/clawdbot/gateway/transport/wire"
)

// codeRunner has coding agents do the turns for which one is chosen.
func (g *Gateway) codeRunner(inner agent.Runner) agent.Runner {
	return coderun.Runner{Inner: inner, Find: g.coder, Hide: g.hideSecrets, State: g.tree.coders, Log: g.log}
}

// runnerOf is the coding agent that a model's name stands for; false = it is that of another model.
func (g *Gateway) runnerOf(model string) (kind, name string, r config.AgentRunner, ok bool) {
	kind, name, _ = strings.Cut(model, "/")
	r, ok = g.doc.Load().Config.Agent.Runners[name]
	return kind, name, r, ok && r.Kind == kind
}

// isCoder tells whether a coding agent answers for a model.
func (g *Gateway) isCoder(model string) bool {
	_, _, _, ok := g.runnerOf(model)
	return ok
}

// coderModels are the coding agents, as models that can be chosen.
func (g *Gateway) coderModels() (all []wire.ModelInfo) {
	for name, r := range g.doc.Load().Config.Agent.Runners {
		if g.protocol(r.Kind) != nil {
			all = append(all, wire.ModelInfo{ID: name, Name: r.Name, Provider: r.Kind})
		}
	}
	return all
}

// protocol is what speaks to agents of a kind; nil = nothing here does.
func (g *Gateway) protocol(kind string) codeagent.Run {
	for _, p := range g.o.Coders {
		if p.Kind == kind {
			return p.Run
		}
	}
	return nil
}

// coder finds the coding agent for a turn, as that turn may use it; nil = a model answers.
func (g *Gateway) coder(t agent.Turn) (*coderun.Agent, error) {
	kind, name, r, ok := g.runnerOf(t.Model)
	run := g.protocol(kind)
	_, provider := g.doc.Load().Config.Models.Providers[kind]
	switch {
	case run == nil && !ok, !ok && provider:
		return nil, nil
	case run == nil:
		return nil, fmt.Errorf("this program was built without coding agents that speak %s", kind)
	case !ok:
		return nil, fmt.Errorf("no coding agent is called %s: %s", t.Model, g.coderNames())
	}
	caller := func() tools.Caller { return g.caller(t.Job()) }
	c := caller()
	if err := g.toolPolicy(c, t.Model, tools.GroupExec); err != nil { // it runs commands as it likes
		return nil, err
	}
	dir, err := g.coderDir(c, r)
	if err != nil {
		return nil, fmt.Errorf("agent.runners.%s: %w", name, err)
	}
	confine, err := g.sandboxFor(c)
	if err != nil {
		return nil, err
	}
	if confine != nil && !slices.Contains(confine.Write, dir) {
		confine.Write = append(confine.Write, dir)
	}
	jail := func() files.Jail {
		j := g.jail(caller())
		j.Roots = append([]string{dir}, j.Roots...)
		return j
	}
	return &coderun.Agent{
		Kind: kind, Name: name, Run: run,
		Program: codeagent.Program{
			Name: t.Model, Command: r.Command, Args: r.Args, Env: g.childEnv(r.Env), Dir: dir, Version: g.o.Version, Log: g.log,
			Start: time.Duration(r.StartSeconds) * time.Second, Keep: g.keepConfined("coding agent "+name+" of run "+t.RunID, confine),
		},
		Permit: func(ctx context.Context, q codeagent.Question) (bool, error) {
			return g.permit(ctx, caller(), t.Model, r, dir, q)
		},
		ReadFile: func(_ context.Context, path string) (string, error) {
			if err := g.toolPolicy(caller(), "read", tools.GroupRead); err != nil {
				return "", err
			}
			return jail().ReadText(path)
		},
		WriteFile: func(ctx context.Context, path, text string) error {
			if err := g.toolPolicy(caller(), "write", tools.GroupWrite); err != nil {
				return err
			}
			return jail().WriteText(ctx, path, text)
		},
	}, nil
}

func (g *Gateway) coderNames() string {
	var names []string
	for name, r := range g.doc.Load().Config.Agent.Runners {
		names = append(names, r.Kind+"/"+name)
	}
	if len(names) == 0 {
		return "agent.runners has none"
	}
	slices.Sort(names)
	return "there are " + strings.Join(names, ", ")
}

// coderDir is where a coding agent works.
func (g *Gateway) coderDir(c tools.Caller, r config.AgentRunner) (string, error) {
	if r.Cwd == "" {
		dir := g.workspace(c)
		g.ensureWorkspace(g.workspaceDir())
		return dir, os.MkdirAll(dir, 0o700)
	}
	dir := g.env.ExpandHome(r.Cwd)
	if !filepath.IsAbs(dir) {
		return "", fmt.Errorf("cwd is %q, and must be absolute or begin with ~", r.Cwd)
	}
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return "", fmt.Errorf("cwd: %w", err)
	case !info.IsDir():
		return "", fmt.Errorf("cwd: %s is no directory", dir)
	}
	return filepath.Clean(dir), nil
}

// permit answers what a coding agent wants to be allowed: as configured, or as somebody says.
func (g *Gateway) permit(ctx context.Context, c tools.Caller, model string, r config.AgentRunner, dir string, q codeagent.Question) (bool, error) {
	switch {
	case r.Permissions == "deny" || g.toolPolicy(c, model, tools.GroupExec) != nil:
		return false, nil
	case r.Permissions == "allow":
		return true, nil
	}
	asker := approvals.Asker{Ref: func() actors.Ref[approvals.Message] { return g.tree.approvals }, Settings: g.execSettings}
	err := asker.Ask(ctx, c, wanted(model, dir, q))
	var refused *tools.Refused
	if errors.As(err, &refused) {
		g.log.Info("a coding agent was not allowed something", "agent", model, "kind", q.Kind, "reason", refused.Reason)
		return false, nil
	}
	return err == nil, err
}

// maxShown bounds what people are shown of a file that is to be written, in bytes.
const maxShown = 8 << 10

// wanted is a question of a coding agent as people see it: a line for the shell as it is, everything else in words, with all that
// the agent says of it.
func wanted(model, dir string, q codeagent.Question) tools.ExecRequest {
	if q.Command != "" {
		return tools.ExecRequest{Command: q.Command, Cwd: dir}
	}
	argv := []string{model, q.Kind, q.Title}
	switch args := string(q.Args); {
	case q.Kind != "execute" && len(args) > maxShown: // a file that is written: the beginning says which, the sum which words
		sum := sha256.Sum256(q.Args)
		argv = append(argv, codeagent.Clip(args, maxShown), fmt.Sprintf("(%d bytes in all, sha256 %x)", len(args), sum))
	case args != "":
		argv = append(argv, args)
	}
	return tools.ExecRequest{Argv: slices.DeleteFunc(argv, func(s string) bool { return s == "" }), Cwd: dir}
}
