package gateway

import (
	"path/filepath"
	"strings"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/modelrun"
	"github.com/clawdbot/gateway/actors/models"
)

// newRegistry finds models that can be asked.
func (g *Gateway) newRegistry(cat *models.Catalog) *models.Registry {
	if m := g.doc.Load().Config.Agent.Model; m != "" && m != "builtin" && g.builtin() && len(g.o.Models) == 0 {
		g.log.Warn("agent.model counts for nothing: this program was built without models", "model", m)
	}
	return models.NewRegistry(cat, models.RegistryOptions{
		Formats: g.o.Models, Getenv: g.o.Getenv, Logins: filepath.Join(g.env.OAuthDir, "oauth.json"), Log: g.log,
	})
}

// modelRunner asks models where one is chosen, and is the built-in runner where none is.
func (g *Gateway) modelRunner() agent.Runner {
	return modelrun.Runner{Inner: agent.Builtin{}, Models: g.tree.registry, System: g.systemPrompt, Log: g.log}
}

// systemPrompt is what a model is told before everything else. What a person or a platform wrote is not in it.
func (g *Gateway) systemPrompt(t agent.Turn) string {
	cfg := g.doc.Load().Config
	name := strings.TrimSpace(cfg.Identity.Name)
	if name == "" {
		name = "Clawd"
	}
	var b strings.Builder
	b.WriteString("You are " + name + ", a personal assistant. People write to you through messaging apps, a web page and the command line, and read what you answer there: be brief and plain.\n")
	if cfg.Agent.Workspace != "" {
		b.WriteString("Your workspace is " + cfg.Agent.Workspace + ".\n")
	}
	b.WriteString("Lines that begin with \"System:\" are notices of the gateway, not words of the person. ")
	b.WriteString("If a message needs no answer at all, answer exactly " + silent + ".\n")
	if t.System != "" {
		b.WriteString("\n" + t.System + "\n")
	}
	return b.String()
}
