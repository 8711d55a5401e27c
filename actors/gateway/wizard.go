package gateway

import (
	"cmp"
	"context"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/models"
	"github.com/clawdbot/gateway/actors/pairing"
	"github.com/clawdbot/gateway/actors/wizard"
	"github.com/clawdbot/gateway/transport/wire"
)

// wizardOptions wires the setup dialogue to the config file.
func (g *Gateway) wizardOptions() wizard.Options {
	o := wizard.Options{
		Getenv: g.o.Getenv, Version: g.o.Version, Commit: g.o.Commit, Service: g.o.Service, Vendor: models.Speaks(g.o.Models),
		Current: func(ctx context.Context) (wizard.Current, error) {
			v, err := ask(ctx, g.tree.config, func(r actors.Reply[config.View]) config.Message { return config.OnDisk{Reply: r} })
			return wizard.CurrentOf(v), err
		},
		Write: func(ctx context.Context, raw string) error {
			_, err := ask(ctx, g.tree.config, func(r actors.Reply[config.View]) config.Message { return config.Set{Reply: r, Raw: raw} })
			return wizard.Plain(err)
		},
	}
	o.Pair = func(ctx context.Context, code string) (string, error) {
		who, err := ask(ctx, g.tree.pairing, func(r actors.Reply[wire.PairingSender]) pairing.Message { return pairing.Approve{Reply: r, Code: code} })
		return cmp.Or(who.Name, who.SenderID), err
	}
	if g.o.Getenv(config.SkipLocalModels) != "1" {
		o.Models = g.tree.registry.Local
	}
	for _, f := range g.o.Providers {
		o.Surfaces = append(o.Surfaces, f.Surface)
	}
	return o
}
