package gateway

import (
	"context"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/wizard"
)

// wizardOptions wires the setup dialogue to the config file.
func (g *Gateway) wizardOptions() wizard.Options {
	o := wizard.Options{
		Getenv: g.o.Getenv, Version: g.o.Version, Commit: g.o.Commit,
		Current: func(ctx context.Context) (wizard.Current, error) {
			v, err := ask(ctx, g.tree.config, func(r actors.Reply[config.View]) config.Message { return config.OnDisk{Reply: r} })
			return wizard.CurrentOf(v), err
		},
		Write: func(ctx context.Context, raw string) error {
			_, err := ask(ctx, g.tree.config, func(r actors.Reply[config.View]) config.Message { return config.Set{Reply: r, Raw: raw} })
			return wizard.Plain(err)
		},
	}
	if g.o.Getenv(config.SkipLocalModels) != "1" {
		o.Models = g.tree.registry.Local
	}
	for _, f := range g.o.Providers {
		o.Surfaces = append(o.Surfaces, f.Surface)
	}
	return o
}
