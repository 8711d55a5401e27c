package gateway

import (
	"github.com/clawdbot/gateway/actors/models"
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
