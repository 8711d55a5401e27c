package gateway

import (
	"context"
	"errors"
	"strings"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/transport/wire"
)

// forgetToken removes an account's token from the config file, and the section with it when nothing else is there.
func (g *Gateway) forgetToken(ctx context.Context, surface string) (bool, error) {
	a, err := g.assign(ctx, []config.Setting{{Path: []string{surface, "botToken"}, Prune: true}})
	if _, ok := errors.AsType[*config.SetError](err); ok {
		return false, wire.InvalidRequest("config invalid; fix it before logging out")
	}
	if err != nil {
		return false, err
	}
	return a.Changed[0], nil
}

// assign changes values of the config file.
func (g *Gateway) assign(ctx context.Context, settings []config.Setting) (config.Assigned, error) {
	return ask(ctx, g.tree.config, func(r actors.Reply[config.Assigned]) config.Message {
		return config.Assign{Reply: r, Settings: settings}
	})
}

func (g *Gateway) envToken() bool { return strings.TrimSpace(g.o.Getenv("TELEGRAM_BOT_TOKEN")) != "" }
