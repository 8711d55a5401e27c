package gateway

import (
	"path/filepath"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/models"
	"github.com/clawdbot/gateway/actors/skills"
	"github.com/clawdbot/gateway/transport/wire"
)

// configuredModels are the models that the configuration in force names.
func (g *Gateway) configuredModels() models.Configured {
	cfg := g.doc.Load().Config.Models
	c := models.Configured{Only: cfg.Mode == "replace"}
	for provider, p := range cfg.Providers {
		for _, m := range p.Models {
			info := wire.ModelInfo{ID: m.ID, Name: m.Name, Provider: provider}
			if m.ContextWindow > 0 {
				window := int64(m.ContextWindow)
				info.ContextWindow = &window
			}
			if m.Reasoning {
				info.Reasoning = &m.Reasoning
			}
			c.Models = append(c.Models, info)
		}
	}
	return c
}

// skillsOptions wires the agent's skills.
func (g *Gateway) skillsOptions() skills.Options {
	bundled := g.env.ExpandHome(g.o.Getenv("CLAWDBOT_BUNDLED_SKILLS_DIR"))
	if bundled != "" {
		if abs, err := filepath.Abs(bundled); err == nil {
			bundled = abs
		}
	}
	return skills.Options{
		Document: func() *config.Document { return g.doc.Load() }, Assign: g.assign, Getenv: g.o.Getenv, Home: g.env.ExpandHome,
		Bundled: bundled, Managed: filepath.Join(g.env.StateDir, "skills"), Log: g.log,
	}
}
