package gateway

import (
	"path/filepath"

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
