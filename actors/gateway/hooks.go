package gateway

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/cron"
	"github.com/clawdbot/gateway/transport/hooks"
	"github.com/clawdbot/gateway/transport/wire"
)

// newHooks wires the HTTP entrance for other programs.
func (g *Gateway) newHooks() *hooks.Server {
	if c := g.doc.Load().Config.Hooks; c.Enabled && hasAccount(c.Gmail) {
		g.log.Warn("hooks.gmail.account is set, but the gateway does not start the watcher: run gog gmail watch serve beside it")
	}
	g.warnTransforms()
	return hooks.New(hooks.Options{
		Engine: g.o.JavaScript,
		Config: func() *hooks.Config { return hookConfig(g.doc.Load().Config.Hooks) },
		Wake: func(ctx context.Context, w hooks.Wake) (hooks.Answer, error) {
			return g.hooked(ctx, func(r actors.Reply[cron.HookAnswer]) cron.Message {
				return cron.HookWake{Reply: r, Delivery: w.Delivery, Text: w.Text, Now: w.Now}
			})
		},
		Agent: func(ctx context.Context, a hooks.Agent) (hooks.Answer, error) {
			return g.hooked(ctx, func(r actors.Reply[cron.HookAnswer]) cron.Message { return hookTurn(r, a) })
		},
		FromOwnPage: g.sockets.FromOwnPage, GuessWait: g.sockets.GuessWait, GuessedWrong: g.sockets.GuessedWrong,
		Log: g.log,
	})
}

// warnTransforms tells of transforms that this program cannot run.
func (g *Gateway) warnTransforms() {
	c := g.doc.Load().Config.Hooks
	if g.o.JavaScript != nil || !c.Enabled {
		return
	}
	for _, m := range c.Mappings {
		if m.Transform != nil {
			g.log.Warn("a hook's transform is not run, its calls fail", "module", m.Transform.Module, "err", hooks.ErrNoEngine)
		}
	}
}

// hasAccount tells whether hooks.gmail names a mailbox.
func hasAccount(gmail config.Free) bool {
	var section struct {
		Account string `json:"account"`
	}
	return len(gmail) > 0 && wire.Unmarshal(gmail, &section) == nil && section.Account != ""
}

func (g *Gateway) hooked(ctx context.Context, build func(actors.Reply[cron.HookAnswer]) cron.Message) (hooks.Answer, error) {
	a, err := actors.Ask(ctx, g.tree.cron, build)
	if errors.Is(err, cron.ErrHooksBusy) {
		err = hooks.ErrBusy
	}
	return hooks.Answer{RunID: a.RunID, Mode: a.Mode}, err
}

func hookTurn(r actors.Reply[cron.HookAnswer], a hooks.Agent) cron.HookTurn {
	p := wire.CronPayload{
		Kind: "agentTurn", Message: a.Message, Thinking: a.Thinking, Deliver: &a.Deliver, Channel: a.Channel, To: a.To,
	}
	if a.TimeoutSeconds > 0 {
		p.TimeoutSeconds = &a.TimeoutSeconds
	}
	return cron.HookTurn{Reply: r, ID: uuid.NewString(), Delivery: a.Delivery, Name: a.Name, SessionKey: a.SessionKey, Payload: p, Now: a.Now}
}

// hookConfig is what the edge needs of the configuration; nil while hooks are off.
func hookConfig(c config.Hooks) *hooks.Config {
	if !c.Enabled {
		return nil
	}
	out := &hooks.Config{Path: c.Path, TokenIs: c.Token.Equal, MaxBody: int64(c.MaxBodyBytes), Transforms: c.TransformsDir}
	for _, m := range c.Mappings {
		to := hooks.Mapping{
			Path: m.Match.Path, Source: m.Match.Source, Wake: m.Action == "wake", Next: m.WakeMode == "next-heartbeat",
			Name: m.Name, SessionKey: m.SessionKey, Message: m.MessageTemplate, Text: m.TextTemplate, Deliver: m.Deliver,
			Channel: m.Channel, To: m.To, Thinking: m.Thinking, TimeoutSeconds: int64(m.TimeoutSeconds),
		}
		if m.Transform != nil {
			to.Module, to.Export = m.Transform.Module, m.Transform.Export
		}
		out.Mappings = append(out.Mappings, to)
	}
	for _, name := range c.Presets {
		if m, ok := hooks.Preset(name); ok {
			out.Mappings = append(out.Mappings, m)
		}
	}
	return out
}
