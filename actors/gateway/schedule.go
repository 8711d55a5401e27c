package gateway

import (
	"context"
	"path/filepath"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/account"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/cron"
	"github.com/clawdbot/gateway/actors/health"
	"github.com/clawdbot/gateway/actors/outbox"
	"github.com/clawdbot/gateway/actors/session"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// cronOptions wires the actors that start runs at their time.
func (g *Gateway) cronOptions() cron.Options {
	dir := filepath.Join(g.env.StateDir, "cron")
	sessions := g.sessionOptions()
	return cron.Options{
		Store: g.store, Stream: g.tree.stream, Dir: dir, StorePath: filepath.Join(dir, "jobs.json"), MainKey: g.mainKey,
		Ready: g.tree.grown, Config: g.cronConfig, Sweep: g.o.Sweep, OpenSession: sessions.Open,
		Work:    func(key string) { _ = g.tree.sessions.Tell(session.Work{Key: key}) },
		Unready: g.unready, AllowFrom: g.allowFrom,
		HeartbeatsOn: func(ctx context.Context) (bool, error) {
			return ask(ctx, g.tree.health, func(r actors.Reply[bool]) health.Message { return health.HeartbeatsEnabled{Reply: r} })
		},
		Report: func(ev wire.HeartbeatEvent) { _ = g.tree.health.Tell(health.Heartbeat{Event: ev}) },
	}
}

// mainKey is the session of all direct chats, as the configuration in force has it.
func (g *Gateway) mainKey() string { return g.runSettings().MainKey() }

func (g *Gateway) cronConfig() cron.Config {
	cfg := g.doc.Load().Config
	beat := cfg.Agent.Heartbeat
	return cron.Config{
		Enabled: cfg.Cron.Enabled && !g.env.SkipCron, MaxConcurrent: cfg.Cron.MaxConcurrentRuns,
		Heartbeat: cron.HeartbeatConfig{Every: beat.Interval(), Target: beat.Target, To: beat.To, Prompt: beat.Prompt, Model: beat.Model},
	}
}

// unready says why nothing can be delivered to a surface, in one word; "" = it can.
func (g *Gateway) unready(surface string) string {
	s, ok := g.tree.directory.Surface(surface)
	switch {
	case surface == "whatsapp" && (!ok || s.Phase == account.Terminal && !s.Web(time.Now()).Linked):
		return "whatsapp-not-linked"
	case !ok:
		return surface + "-not-configured"
	case s.Phase == account.Disabled:
		return surface + "-disabled"
	case s.Phase == account.Terminal:
		return surface + "-not-running"
	}
	return ""
}

// scheduled is what a job or a heartbeat adds to the commit that ends its run. It returns what the run has to say.
func (g *Gateway) scheduled(tx *store.Tx, j agent.Job, a agent.Answer, s agent.State) (say string, err error) {
	switch j.Kind {
	case cron.KindCron, cron.KindHook:
		return a.Text, cron.End(tx, j, a, s)
	case cron.KindHeartbeat:
		return cron.EndHeartbeat(tx, j, a, s)
	}
	return a.Text, nil
}

// runEnded tells those who wait for the end of any run.
func (g *Gateway) runEnded() {
	_ = g.tree.outbox.Tell(outbox.Wake{})
	_ = g.tree.cron.Tell(cron.RunEnded{})
}

// systemEvent queues a line for the main session's next turn.
func (g *Gateway) systemEvent(line func(lastContext string) (text, context string), done func(error)) {
	g.store.Commit(func(tx *store.Tx) error {
		key := g.mainKey()
		last, err := tx.LastNote(key)
		if err != nil {
			return err
		}
		about := ""
		if last != nil {
			about = last.Context
		}
		text, context := line(about)
		return tx.AddNote(key, text, context)
	}, done)
}

// systemEvents lists what waits for the main session's next turn.
func (g *Gateway) systemEvents(ctx context.Context) ([]string, error) {
	lines := []string{}
	err := g.store.View(ctx, func(v *store.View) error {
		notes, err := v.Notes(g.mainKey())
		for _, n := range notes {
			lines = append(lines, n.Text)
		}
		return err
	})
	return lines, err
}
