package gateway

import (
	"time"

	"github.com/clawdbot/gateway/actors/account"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/cron"
	"github.com/clawdbot/gateway/actors/health"
	"github.com/clawdbot/gateway/actors/outbox"
	"github.com/clawdbot/gateway/actors/session"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/actors/transcribe"
	"github.com/clawdbot/gateway/providers/text"
)

func chunk(s string, limit int) []string { return text.Split(s, limit) }

// accountChanged refreshes the health snapshot, and lets queued messages out when an account has come up.
func (g *Gateway) accountChanged(s account.State) {
	_ = g.tree.health.Tell(health.Refresh{})
	if s.Phase == account.Up {
		_ = g.tree.outbox.Tell(outbox.AccountUp{Account: s.Account})
	}
}

// delivered has clients told, with the health snapshot, of what did not arrive.
func (g *Gateway) delivered(it store.OutItem) {
	if it.State != store.OutSent {
		_ = g.tree.health.Tell(health.Refresh{})
	}
}

func stopAccount(name string) account.Stop {
	return account.Stop{Account: name, Reason: "gateway stopping"}
}

// canDeliver tells whether an account could deliver to a surface.
func (g *Gateway) canDeliver(surface string) bool {
	s, ok := g.tree.directory.Surface(surface)
	return ok && s.Phase != account.Disabled
}

// allowFrom is a surface's allowlist as it is in force.
func (g *Gateway) allowFrom(surface string) []string {
	return g.policy(surface, surfaceOf(surface)).AllowFrom
}

// storePath is what is shown where the reference shows its file of sessions.
func (g *Gateway) storePath() string { return g.env.StateDir + "/sessions/sessions.json" }

func (g *Gateway) sessionOptions() session.Options {
	o := session.Options{
		Store: g.store, Stream: g.tree.stream, State: g.tree.runs, Runner: g.runner(), Log: g.log,
		Settings: g.runSettings, Models: g.tree.catalog.Models, StorePath: g.storePath(),
		Tool: g.tool, Tools: g.toolInfos, Meter: g.meter, CanDeliver: g.canDeliver, AllowFrom: g.allowFrom,
		Replies: g.replies, SaveMedia: g.saveMedia, Attach: g.attach, Chat: outbox.Chat, Delivered: g.runEnded, Ended: g.ended, Typing: g.typing,
		Blocks: g.blocks, Say: g.say, Said: g.sent,
		Sweep: g.o.Sweep, Await: g.imports.Wait,
	}
	o.History = func(model string) int {
		if g.echoes(model) {
			return 0
		}
		return history
	}
	return o
}

// history is how many messages of a transcript a runner is given. The built-in one does not look at them.
const history = 400

// runner is what makes the answers, with speech written down before.
func (g *Gateway) runner() agent.Runner {
	inner := g.o.Runner
	if inner == nil {
		inner = g.codeRunner(g.modelRunner())
	}
	return transcribe.Runner{Inner: inner, Log: g.log, Settings: func() transcribe.Settings {
		t := g.doc.Load().Config.Routing.TranscribeAudio
		return transcribe.Settings{Command: t.Command, Timeout: time.Duration(t.TimeoutSeconds) * time.Second, Service: g.ear(t), Model: t.Model}
	}}
}

// builtin tells whether nothing but the built-in runner can answer.
func (g *Gateway) builtin() bool {
	_, ok := g.o.Runner.(agent.Builtin)
	return ok || g.o.Runner == nil && len(g.o.Models) == 0 && len(g.doc.Load().Config.Agent.Runners) == 0
}

// echoes tells whether the built-in runner answers for a model.
func (g *Gateway) echoes(model string) bool {
	if g.builtin() {
		return true
	}
	return g.o.Runner == nil && (model == "" || model == "builtin" || len(g.o.Models) == 0 && !g.isCoder(model))
}

// runSettings are what the configuration in force says of runs.
func (g *Gateway) runSettings() session.Settings {
	cfg := g.doc.Load().Config
	s := session.Settings{
		MaxConcurrent: cfg.Agent.MaxConcurrent, Timeout: time.Duration(cfg.Agent.TimeoutSeconds) * time.Second,
		Thinking: cfg.Agent.ThinkingDefault, Model: cfg.Agent.Model, Fallbacks: cfg.Agent.ModelFallbacks, ContextTokens: int64(cfg.Agent.ContextTokens),
		Policy: sendPolicy(cfg.Session.SendPolicy), AllowedModels: cfg.Agent.AllowedModels, ModelAliases: cfg.Agent.ModelAliases,
		Workspace: cfg.Agent.Workspace, Global: cfg.Session.Scope == "global", Idle: time.Duration(cfg.Session.IdleMinutes) * time.Minute,
		// Programs that call hooks are many: they leave places to people.
		PerKind: map[agent.Kind]int{cron.KindHook: g.cronConfig().Places()},
		Verbose: cfg.Agent.VerboseDefault == "on", TypingEvery: typingEvery(cfg),
	}
	if cfg.Agent.ImageModel != "" {
		s.ImageModels = append([]string{cfg.Agent.ImageModel}, cfg.Agent.ImageModelFallbacks...)
	}
	if g.builtin() {
		s.Model = "builtin"
	}
	return s
}

func sendPolicy(p config.SendPolicy) session.Policy {
	out := session.Policy{Default: p.Default}
	for _, r := range p.Rules {
		out.Rules = append(out.Rules, session.PolicyRule{
			Action: r.Action, Surface: r.Match.Surface, ChatType: r.Match.ChatType, KeyPrefix: r.Match.KeyPrefix,
		})
	}
	return out
}
