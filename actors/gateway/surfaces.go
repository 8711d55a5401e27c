package gateway

import (
	"strings"
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
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/text"
)

// apology is all that a person on a messaging surface is told of a failure: what went wrong is for the operator.
const apology = "Something went wrong while I was working on that. Please try again."

// silent is what an agent answers that has nothing to say.
const silent = "NO_REPLY"

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

// replies puts what a run has to say along its route into the outbox, in the commit that ends the run.
func (g *Gateway) replies(tx *store.Tx, j agent.Job, a agent.Answer, s agent.State) error {
	if j.Kind == agent.KindSub {
		return g.report(tx, j, a, s)
	}
	said, err := g.scheduled(tx, j, a, s)
	if err != nil || j.Route == nil || s == agent.Aborted && j.Kind == agent.KindInbound {
		return err // a stop word is answered by the router
	}
	if s == agent.Failed {
		if j.Kind != agent.KindInbound {
			return nil // its caller is told
		}
		said = apology
	}
	if !a.Verbatim && strings.TrimSpace(said) == silent {
		said = ""
	}
	to := *j.Route
	if _, ok := g.tree.directory.Account(to.Account); !ok && to.Account == to.Surface { // of several accounts the caller named none
		if s, ok := g.tree.directory.Surface(to.Surface); ok {
			to.Account = s.Account
		}
	}
	_, err = outbox.Enqueue(tx, outbox.Text{
		Key: j.ID, RunID: j.ID, Route: to, Text: said, Media: attached(a), Max: outbox.MaxText(g.tree.directory, j.Route.Surface),
	}, chunk)
	return err
}

// canDeliver tells whether an account could deliver to a surface.
func (g *Gateway) canDeliver(surface string) bool {
	s, ok := g.tree.directory.Surface(surface)
	return ok && s.Phase != account.Disabled
}

// typing shows that an answer is being written. Surfaces let it fade by themselves.
func (g *Gateway) typing(r providers.Route, on bool) {
	if on {
		_ = g.tree.accounts.Tell(account.Typing{Account: r.Account, Chat: r.Chat})
	}
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
		Tool: g.tool, Tools: g.toolInfos, CanDeliver: g.canDeliver, AllowFrom: g.allowFrom,
		Replies: g.replies, SaveMedia: g.saveMedia, Attach: g.attach, Chat: outbox.Chat, Delivered: g.runEnded, Typing: g.typing,
		Sweep: g.o.Sweep, Await: g.imports.Wait,
	}
	o.History = func(model string) int {
		if g.builtin() || g.o.Runner == nil && model == "builtin" {
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
		inner = g.modelRunner()
	}
	return transcribe.Runner{Inner: inner, Log: g.log, Settings: func() transcribe.Settings {
		t := g.doc.Load().Config.Routing.TranscribeAudio
		return transcribe.Settings{Command: t.Command, Timeout: time.Duration(t.TimeoutSeconds) * time.Second}
	}}
}

func (g *Gateway) builtin() bool {
	_, ok := g.o.Runner.(agent.Builtin)
	return ok
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
