package gateway

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/prompt"
	"github.com/clawdbot/gateway/actors/skills"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/transport/wire"
)

// lore is what the agent is told besides a conversation: what it knows how to do, and the files of its workspace.
type lore struct {
	skills    *skills.Library
	snapshots skills.Snapshots

	mu      sync.Mutex
	ensured map[string]bool // workspaces that were made, or found, in this process; guarded by mu
}

func (g *Gateway) newLore() *lore {
	return &lore{skills: skills.NewLibrary(g.skillsOptions()), ensured: map[string]bool{}}
}

// systemPrompt is what a model is told before everything else. What a person or a platform wrote is not in it.
func (g *Gateway) systemPrompt(t agent.Turn) string {
	g.ensureWorkspace(g.workspaceDir())
	return prompt.Build(g.facts(t))
}

// workspaceDir is the directory of the agent.
func (g *Gateway) workspaceDir() string { return g.env.ExpandHome(g.doc.Load().Config.Agent.Workspace) }

// ensureWorkspace puts the files into the workspace, once while the gateway runs. A turn goes on without them.
func (g *Gateway) ensureWorkspace(dir string) {
	l := g.tree.lore
	l.mu.Lock()
	defer l.mu.Unlock()
	if dir == "" || l.ensured[dir] {
		return
	}
	if err := prompt.Ensure(dir); err != nil {
		g.log.Warn("the workspace was not made", "dir", dir, "err", err)
		return
	}
	l.ensured[dir] = true
}

// facts are what the prompt of a turn is made of.
func (g *Gateway) facts(t agent.Turn) prompt.Facts {
	cfg := g.doc.Load().Config
	host, _ := os.Hostname() // not known: not told
	c := tools.Caller{SessionKey: t.SessionKey, SessionID: t.SessionID, Operator: t.Operator, Surface: t.Surface}
	f := prompt.Facts{
		Name: cmp.Or(strings.TrimSpace(cfg.Identity.Name), "Clawd"), Theme: strings.TrimSpace(cfg.Identity.Theme), Emoji: strings.TrimSpace(cfg.Identity.Emoji),
		Workspace: g.workspace(c), Silent: agent.SilentToken, Ack: agent.HeartbeatToken, Heartbeat: cfg.Agent.Heartbeat.Prompt,
		Shared: t.Shared, Stranger: t.Surface != "", Surface: surfaceLabel(t.Surface), Tags: tagged(t.Model), Sandbox: g.sandboxNote(c),
		Host: host, OS: runtime.GOOS, Arch: runtime.GOARCH, Version: g.o.Version, Model: t.Model, Zone: g.zone(), Thinking: cmp.Or(t.Thinking, "off"),
		Extra: t.System,
	}
	f.Files = prompt.Read(g.workspaceDir())
	if cfg.WhatsApp != nil {
		for _, number := range cfg.WhatsApp.AllowFrom {
			if number != "*" {
				f.Owners = append(f.Owners, number)
			}
		}
	}
	for _, tool := range t.Tools {
		f.Tools = append(f.Tools, prompt.Tool{Name: tool.Name, Description: tool.Description})
	}
	for _, s := range g.readySkills(t.SessionID) {
		f.Skills = append(f.Skills, prompt.Skill{Name: s.Name, Description: s.Description, File: s.File})
	}
	return f
}

// readySkills are those of a session: what was ready at its first turn.
func (g *Gateway) readySkills(sessionID string) []skills.Ready {
	return g.tree.lore.snapshots.Of(sessionID, g.tree.lore.skills.Ready)
}

// skillEnv is what the skills of a session give to the programs that its turns start: keys and settings of skills.entries.
// The gateway's own environment stays as it is.
func (g *Gateway) skillEnv(c tools.Caller) (env []string) {
	for _, s := range g.readySkills(c.SessionID) {
		env = append(env, s.Env...)
	}
	return env
}

// skillDirs are where the skills of a session are, to be read.
func (g *Gateway) skillDirs(c tools.Caller) (dirs []string) {
	for _, s := range g.readySkills(c.SessionID) {
		dirs = append(dirs, filepath.Dir(s.File))
	}
	return dirs
}

// sandboxNote says how a caller's commands are confined; "" = they are not.
func (g *Gateway) sandboxNote(c tools.Caller) string {
	if !g.confined(c) {
		return ""
	}
	return g.sandboxLine()
}

// zone is the time zone of the times that the agent reads.
func (g *Gateway) zone() string {
	if tz := strings.TrimPrefix(g.o.Getenv("TZ"), ":"); tz != "" {
		return tz
	}
	if link, err := os.Readlink("/etc/localtime"); err == nil {
		if _, name, ok := strings.Cut(link, "zoneinfo/"); ok {
			return name
		}
	}
	return time.Local.String()
}

// tagged tells whether a model is to mark its thoughts: those of local servers mostly think in their text.
func tagged(model string) bool {
	provider, _, _ := strings.Cut(model, "/")
	return provider == "ollama" || provider == "lmstudio"
}

func surfaceLabel(surface string) string {
	switch surface {
	case "":
		return ""
	case "whatsapp":
		return "WhatsApp"
	case "imessage":
		return "iMessage"
	}
	return strings.ToUpper(surface[:1]) + surface[1:]
}

// promptOf shows what a model would be told (agent.prompt, an addition to the protocol).
func (g *Gateway) promptOf(ctx context.Context, key string) (r wire.AgentPromptResult, err error) {
	o := g.sessionOptions()
	key = cmp.Or(strings.TrimSpace(key), g.mainKey())
	j := agent.Job{SessionKey: key, Kind: agent.KindChat, Request: agent.Request{Operator: true}}
	if err = g.store.View(ctx, func(v *store.View) error { return o.Preview(v, &j) }); err != nil {
		return r, err
	}
	t := agent.Turn{SessionKey: key, SessionID: j.SessionID, Model: j.Model, Thinking: j.Request.Thinking, Operator: true, Tools: g.toolInfos(j)}
	g.ensureWorkspace(g.workspaceDir())
	f := g.facts(t)
	r = wire.AgentPromptResult{
		SessionKey: key, Model: j.Model, Thinking: f.Thinking, WorkspaceDir: f.Workspace, Prompt: prompt.Build(f),
		Files: []wire.PromptFile{}, Skills: []wire.PromptSkill{}, Tools: []string{},
	}
	for _, file := range f.Files {
		r.Files = append(r.Files, wire.PromptFile{Name: file.Name, Path: file.Path, Missing: file.Missing, Cut: file.Cut, Bytes: file.Size, Problem: file.Problem})
	}
	for _, s := range f.Skills {
		r.Skills = append(r.Skills, wire.PromptSkill{Name: s.Name, FilePath: s.File})
	}
	for _, tool := range f.Tools {
		r.Tools = append(r.Tools, tool.Name)
	}
	return r, nil
}
