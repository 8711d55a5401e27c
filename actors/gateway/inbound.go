package gateway

import (
	"cmp"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/outbox"
	"github.com/clawdbot/gateway/actors/router"
	"github.com/clawdbot/gateway/actors/session"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// routerOptions wires what becomes of inbound messages.
func (g *Gateway) routerOptions() router.Options {
	t, sessions := g.tree, g.sessionOptions()
	return router.Options{
		Store: g.store, Policy: g.policy, BuildRequest: buildRequest, Sent: g.sent, Sweep: g.o.Sweep,
		Open: func(tx *store.Tx, key string, to providers.Route, at router.Place) (wire.SessionEntry, bool, error) {
			return sessions.Arrive(tx, key, to, session.Place(at))
		},
		Reset: func(tx *store.Tx, key string) error {
			_, err := session.Reset(tx, key, time.Now().UnixMilli())
			return err
		},
		Accept: enqueue, Stop: session.StopAll, Queue: g.queueOf,
		Reply:  outbox.Replier(t.directory, chunk),
		Work:   func(key string) { _ = t.sessions.Tell(session.Work{Key: key}) },
		Abort:  func(_ string, runs []string) { _ = t.sessions.Tell(session.AbortRuns{Runs: runs}) },
		Denied: func(key string, e wire.SessionEntry) bool { return g.runSettings().Policy.Denies(key, e) },
		Model: func(name string) (router.Model, error) {
			c, err := sessions.Choose(name)
			return router.Model(c), err
		},
		Models: sessions.Choices, Thinking: sessions.Thinking, Status: g.statusReply,
		Restart: func() { g.Restart("somebody wrote /restart") },
	}
}

// policy is what the configuration in force says of an account's inbound messages.
func (g *Gateway) policy(name, surface string) router.Policy {
	p, ok := g.policies.Load(name + " " + surface)
	if !ok {
		p, _ = g.policies.LoadOrStore(name+" "+surface, &derived[router.Policy]{})
	}
	return p.(*derived[router.Policy]).of(g.doc.Load(), func() router.Policy { return g.makePolicy(name, surface) })
}

func (g *Gateway) makePolicy(name, surface string) router.Policy {
	raw, cfg := g.raw(cmp.Or(name, surface)), g.doc.Load().Config
	p := router.ParsePolicy(raw)
	for _, f := range g.o.Providers {
		if f.Surface == surface && f.Rules != nil {
			p.Rules = f.Rules(raw)
		}
	}
	p.Patterns = router.MentionPatterns(cfg.Routing.GroupChat.MentionPatterns)
	if surface != "telegram" || p.Rules != nil { // a bot there is not even shown them, unless its owner says so
		p.History = cfg.Routing.GroupChat.HistoryLimit
	}
	p.MaxAge = time.Duration(cfg.Routing.MaxAgeMinutes) * time.Minute
	p.Prefix = prefix(cfg, surface)
	p.Global = cfg.Session.Scope == "global"
	p.ResetTriggers = cfg.Session.ResetTriggers
	p.Verbose, p.Elevated = cfg.Agent.VerboseDefault, cfg.Agent.ElevatedDefault
	if cfg.Agent.Elevated.Enabled {
		p.ElevatedFrom = elevatedFrom(cfg, surface)
	}
	return p
}

// prefix is what stands before a message for the agent. Without a setting WhatsApp's has one while everybody's
// messages are let in (providers a.1).
func prefix(cfg *config.Config, surface string) string {
	switch p := cfg.Messages.MessagePrefix; {
	case surface != "whatsapp":
		return ""
	case p != nil:
		return strings.TrimSpace(*p)
	case cfg.WhatsApp == nil || len(cfg.WhatsApp.AllowFrom) == 0:
		return "[clawdbot]"
	}
	return ""
}

// elevatedFrom lists who may use elevated mode on a surface. Discord's own list of people counts where none is given.
func elevatedFrom(cfg *config.Config, surface string) []string {
	from := cfg.Agent.Elevated.AllowFrom
	switch surface {
	case "whatsapp":
		return from.WhatsApp
	case "telegram":
		return from.Telegram
	case "discord":
		if from.Discord == nil && cfg.Discord != nil {
			return cfg.Discord.DM.AllowFrom
		}
		return from.Discord
	case "slack":
		return from.Slack
	case "signal":
		return from.Signal
	case "imessage":
		return from.IMessage
	case "webchat":
		return from.WebChat
	}
	return nil
}

// buildRequest makes the request of an inbound message's run.
func buildRequest(t router.Turn) []byte {
	raw, err := wire.Marshal(agent.Request{
		Message: t.Message, Plain: t.Plain, Thinking: t.Thinking, System: t.System, NewSession: t.NewSession, Deliver: true, BestEffort: true,
		Audio: t.Audio, Images: t.Images, Sender: t.Sender, Owner: t.Owner, Elevated: t.Elevated, Unasked: t.Unasked,
		ReceivedAt: t.ReceivedAt,
	})
	if err != nil { // strings and flags only: cannot be
		return []byte("{}")
	}
	return raw
}
