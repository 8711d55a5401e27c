package gateway

import (
	"cmp"
	"path/filepath"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/modelrun"
	"github.com/clawdbot/gateway/actors/models"
	"github.com/clawdbot/gateway/transport/wire"
)

// newRegistry finds models that can be asked.
func (g *Gateway) newRegistry(cat *models.Catalog) *models.Registry {
	if m := g.doc.Load().Config.Agent.Model; m != "" && m != "builtin" && g.builtin() && len(g.o.Models) == 0 {
		g.log.Warn("agent.model counts for nothing: this program was built without models", "model", m)
	}
	return models.NewRegistry(cat, models.RegistryOptions{
		Formats: g.o.Models, Getenv: g.o.Getenv, Logins: filepath.Join(g.env.OAuthDir, "oauth.json"), Chosen: g.chosenModels, Changed: g.modelsChanged, Asked: g.asked, Log: g.log,
	})
}

// chosenModels are the models that the configuration in force names, in full.
func (g *Gateway) chosenModels() (all []wire.ChosenModel) {
	cfg, o := g.doc.Load().Config.Agent, g.sessionOptions()
	add := func(use string, names ...string) {
		for _, name := range names {
			if name == "" {
				continue
			}
			c := wire.ChosenModel{Use: use, Model: name}
			if full, err := o.Choose(name); err != nil {
				c.Error = err.Error()
			} else {
				c.Model = full.Name
			}
			all = append(all, c)
		}
	}
	add("model", cmp.Or(cfg.Model, "builtin"))
	add("fallback", cfg.ModelFallbacks...)
	add("imageModel", cfg.ImageModel)
	add("imageFallback", cfg.ImageModelFallbacks...)
	add("heartbeat", cfg.Heartbeat.Model)
	return all
}

// repeats is how often a turn may make the same call.
func (g *Gateway) repeats() int { return g.doc.Load().Config.Agent.Limits.Repeats }

// modelRunner asks models where one is chosen, and is the built-in runner where none is.
func (g *Gateway) modelRunner() agent.Runner {
	if len(g.o.Models) == 0 {
		return agent.Builtin{}
	}
	return modelrun.Runner{Inner: agent.Builtin{}, Models: g.tree.registry, System: g.systemPrompt, Repeats: g.repeats, Log: g.log}
}
