package gateway

import (
	"path/filepath"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/models"
	"github.com/clawdbot/gateway/actors/skills"
)

// configuredModels are the providers of models that the configuration in force names.
func (g *Gateway) configuredModels() models.Configured {
	cfg := g.doc.Load().Config.Models
	c := models.Configured{Only: cfg.Mode == "replace", Providers: map[string]models.Provider{}, Others: g.coderModels()}
	for name, p := range cfg.Providers {
		out := models.Provider{BaseURL: p.BaseURL, APIKey: p.APIKey.Reveal(), API: p.API, Bearer: p.AuthHeader, Headers: revealed(p.Headers)}
		for _, m := range p.Models {
			out.Models = append(out.Models, configuredModel(m))
		}
		c.Providers[name] = out
	}
	return c
}

func configuredModel(m config.Model) models.Model {
	out := models.Model{ID: m.ID, Name: m.Name, API: m.API, Input: m.Input, MaxTokens: int64(m.MaxTokens), Headers: revealed(m.Headers)}
	if m.ContextWindow > 0 {
		out.ContextWindow = new(int64(m.ContextWindow))
	}
	if m.Reasoning {
		out.Reasoning = &m.Reasoning
	}
	if m.Cost != nil {
		out.Cost = new(models.Cost(*m.Cost))
	}
	return out
}

func revealed(secret map[string]config.Secret) map[string]string {
	if len(secret) == 0 {
		return nil
	}
	all := map[string]string{}
	for k, v := range secret {
		all[k] = v.Reveal()
	}
	return all
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
