package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors/account"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/session"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/actors/tools/calls"
	"github.com/clawdbot/gateway/actors/tools/look"
	"github.com/clawdbot/gateway/actors/tools/web"
	"github.com/clawdbot/gateway/transport/wire"
)

// acceptLimit is how long a tool waits until what it asks for is durable.
const acceptLimit = 10 * time.Second

type jobKey struct{}

// withJob says whose turn a tool works for, to those tools that ask for runs on its behalf.
func withJob(ctx context.Context, j agent.Job) context.Context {
	return context.WithValue(ctx, jobKey{}, j)
}

func jobOf(ctx context.Context) agent.Job {
	j, _ := ctx.Value(jobKey{}).(agent.Job) // the toolbox has put it there
	return j
}

// callOptions wires the tools over the gateway's own methods.
func (g *Gateway) callOptions() calls.Options {
	o := g.toolOptions()
	return calls.Options{
		Call: o.Call, Save: o.Save, Restart: g.Restart, Ask: g.askSession, Spawn: g.spawnSub, Subs: g.subs, Stop: g.stopSub,
		Turn:      func(ctx context.Context) string { return jobOf(ctx).ID },
		Exchanges: func() int { return g.doc.Load().Config.Session.AgentToAgent.MaxPingPongTurns },
		Status:    g.sessionStatus, Surfaces: g.surfaceActions, Perform: g.perform,
	}
}

// webOptions wires the tools that look into the internet.
func (g *Gateway) webOptions() web.Options {
	return web.Options{Agent: "Mozilla/5.0 (compatible; clawdbot/" + g.o.Version + ")", Search: func() web.Search {
		c := g.doc.Load().Config.Tools.Web.Search
		key := string(c.APIKey)
		if key == "" && c.Provider == "brave" {
			key = strings.TrimSpace(g.o.Getenv("BRAVE_API_KEY"))
		}
		return web.Configured(c.Provider, c.BaseURL, key)
	}}
}

// lookOptions wires the tool that looks at pictures.
func (g *Gateway) lookOptions() look.Options {
	return look.Options{
		Models:  func() []string { o := g.sessionOptions(); return o.ImageModels() },
		Resolve: g.tree.registry.Resolve, Load: g.load, Allow: allowLook, Count: countLook,
	}
}

// surfaceActions are what the accounts that are there can be had do.
func (g *Gateway) surfaceActions() (all []calls.Surface) {
	states := g.tree.directory.States()
	for _, f := range g.o.Providers {
		if f.Manual == nil {
			continue
		}
		s := calls.Surface{Name: f.Surface, Params: f.Manual.Params}
		accounts := 0
		for _, a := range states {
			if a.Surface != f.Surface || a.Phase == account.Disabled {
				continue
			}
			accounts++
			for _, name := range f.Manual.Actions(g.raw(a.Account)) {
				if !slices.Contains(s.Actions, name) {
					s.Actions = append(s.Actions, name)
				}
			}
		}
		if s.Several = accounts > 1; accounts > 0 {
			all = append(all, s)
		}
	}
	return all
}

// sessionStatus tells an agent where a session stands.
func (g *Gateway) sessionStatus(ctx context.Context, key string) (string, error) {
	var e wire.SessionEntry
	found, waiting := false, 0
	err := g.store.View(ctx, func(v *store.View) (err error) {
		if e, found, err = v.Entry(key); err != nil {
			return err
		}
		waiting, err = v.OpenRunsOf(key)
		return err
	})
	if err != nil {
		return "", err
	}
	if !found {
		return "Session " + key + ": nothing has been said yet.", nil
	}
	sessions := g.sessionOptions()
	names, _ := sessions.Choices()
	model := names[0]
	if e.ModelOverride != "" {
		model = e.ProviderOverride + "/" + e.ModelOverride
	}
	text := fmt.Sprintf("Session: %s, id %s, updated %s ago\nModel: %s, thinking %s\nContext: %s\nTurns that run or wait: %d\n",
		key, e.SessionID, since(e.UpdatedAt), model, sessions.Thinking(e), contextLine(e, int64(g.doc.Load().Config.Agent.ContextTokens)), waiting)
	if s := e.Spent; s != nil {
		text += fmt.Sprintf("Spent: %d tokens in, %d out, %d from cache", s.Input, s.Output, s.CacheRead)
		if s.CostUSD > 0 {
			text += fmt.Sprintf(", %.4f USD", s.CostUSD)
		}
		text += "\n"
	}
	return text + "Time: " + time.Now().Format(time.RFC1123Z), nil
}

// askSession has another session's agent answer a message, with the rights of the turn that asks.
func (g *Gateway) askSession(ctx context.Context, m calls.Message) (string, error) {
	j := jobOf(ctx)
	r := j.Inner()
	b := r.Behalf
	switch limit := g.doc.Load().Config.Session.AgentToAgent.MaxPingPongTurns; {
	case slices.Contains(b.Waits, m.To):
		return "", fmt.Errorf("%s waits for your answer: just answer", m.To)
	case len(b.Path) > limit:
		return "", fmt.Errorf("the message that you answer has come through %d sessions already, which is the limit (session.agentToAgent.maxPingPongTurns): just answer", len(b.Path))
	}
	b.Path = append(slices.Clone(b.Path), j.SessionKey)
	if m.Waits {
		b.Waits = append(slices.Clone(b.Waits), j.SessionKey)
	}
	r.Message, r.System = m.Text, m.System
	id := uuid.NewString()
	return id, g.begin(ctx, session.Inner{Kind: agent.KindAgent, ID: id, SessionKey: m.To, Request: r, Deliver: m.Deliver})
}

func (g *Gateway) begin(ctx context.Context, in session.Inner) error {
	ctx, cancel := context.WithTimeoutCause(ctx, acceptLimit, errors.New("the gateway is busy and has not accepted it yet; it may still do"))
	defer cancel()
	return g.sessionOptions().Begin(ctx, g.tree.sessions, in)
}
