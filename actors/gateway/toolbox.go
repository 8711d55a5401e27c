package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/cron"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/actors/tools/browse"
	"github.com/clawdbot/gateway/actors/tools/calls"
	"github.com/clawdbot/gateway/actors/tools/look"
	"github.com/clawdbot/gateway/actors/tools/web"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// newToolbox joins what agents can do.
func (g *Gateway) newToolbox() *tools.Table {
	return tools.NewTable(g.toolPolicy,
		g.lookTools,
		func() []tools.Tool { return tools.Devices(g.toolOptions()) },
		calls.Tools(g.callOptions()),
		web.Tools(g.webOptions()),
		look.Tools(g.lookOptions()),
		browse.Tools(g.browseOptions),
		g.tree.servers.Tools,
		g.handTools,
		g.speechTools,
	)
}

// toolPolicy is what the configuration in force says of a call.
func (g *Gateway) toolPolicy(c tools.Caller, name string, group tools.Group) error {
	return g.toolRules().Judge(c, name, group)
}

// toolRules are what the configuration in force says of all calls.
func (g *Gateway) toolRules() tools.Rules {
	doc := g.doc.Load()
	return g.rules.of(doc, func() tools.Rules { return rulesOf(doc.Config) })
}

func rulesOf(cfg *config.Config) tools.Rules {
	t := cfg.Agent.Tools
	r := tools.Rules{
		Filter: tools.Filter(t.ToolFilter), Owners: t.Owners, Exec: t.Exec.Security,
		BySurface: map[string]tools.Filter{}, BySender: map[string]tools.Filter{},
		Triggers: map[string][]string{
			tools.TriggerCron: t.Triggers.Cron, tools.TriggerHeartbeat: t.Triggers.Heartbeat, tools.TriggerHook: t.Triggers.Hook, tools.TriggerNode: t.Triggers.Node,
		},
	}
	for name, f := range t.BySurface {
		r.BySurface[name] = tools.Filter(f)
	}
	for name, f := range t.BySender {
		r.BySender[name] = tools.Filter(f)
	}
	return r
}

// caller is on whose behalf the tools of a run are called.
func (g *Gateway) caller(j agent.Job) tools.Caller {
	cfg := g.doc.Load().Config
	c := tools.Caller{
		RunID: j.EventRunID, SessionKey: j.SessionKey, SessionID: j.SessionID, Operator: j.Request.Operator,
		Foreign: j.Request.Foreign,
	}
	elevated := cmp.Or(j.Session.Elevated, cfg.Agent.ElevatedDefault, "on") == "on"
	for _, r := range j.Rights() {
		c.Session = append(c.Session, tools.Filter{Allow: r.Allow, Deny: r.Deny})
		elevated = elevated && r.Elevated != "off"
	}
	kind, route := j.Origin()
	c.Trigger = triggerOf(j)
	switch {
	case kind == agent.KindInbound:
		c.Owner, c.Elevated, c.Sender = j.Request.Owner, j.Request.Elevated && elevated, j.Request.Sender
		if route != nil {
			c.Surface, c.Account, c.ChatType = route.Surface, route.Account, string(route.Kind)
		}
	case c.Operator && (c.Trigger == tools.TriggerChat || c.Trigger == tools.TriggerAgent):
		c.Elevated = cfg.Agent.Elevated.Enabled && len(cfg.Agent.Elevated.AllowFrom.WebChat) > 0 && elevated
	}
	c.Workspace = g.workspace(c)
	return c
}

// triggerOf is what made a run, or the one that everything began with.
func triggerOf(j agent.Job) string {
	kind, _ := j.Origin()
	if kind == agent.KindChat && !j.Request.Operator { // a node has sent it
		return tools.TriggerNode
	}
	return triggers[kind]
}

var triggers = map[agent.Kind]string{
	agent.KindChat: tools.TriggerChat, agent.KindInbound: tools.TriggerChat, agent.KindAgent: tools.TriggerAgent, agent.KindNode: tools.TriggerNode,
	cron.KindCron: tools.TriggerCron, cron.KindHeartbeat: tools.TriggerHeartbeat, cron.KindHook: tools.TriggerHook,
}

// toolInfos describes to a model what its run may call.
func (g *Gateway) toolInfos(j agent.Job) (infos []agent.ToolInfo) {
	for _, t := range g.tree.tools.For(g.caller(j)) {
		infos = append(infos, agent.ToolInfo{Name: t.Name, Description: t.Description, Schema: t.Schema})
	}
	return infos
}

// tool is how a run calls a tool. What a person writes to the built-in runner may name any method, too.
func (g *Gateway) tool(ctx context.Context, j agent.Job, name string, args wire.Raw) (result wire.Raw, err error) {
	<-g.tree.grown // a run from before a restart may be quicker than the method table
	began := time.Now()
	err = errToolCrashed // should it not return
	defer func() { g.called(j, name, began, err) }()
	result, err = g.callTool(ctx, j, name, args)
	return result, err
}

var errToolCrashed = errors.New("the tool crashed")

func (g *Gateway) callTool(ctx context.Context, j agent.Job, name string, args wire.Raw) (wire.Raw, error) {
	if j.Request.Operator && g.byHandOnly(j) {
		if _, ok := g.tree.tools.Find(name); !ok {
			return g.typed(ctx, name, args)
		}
	}
	c := g.caller(j)
	c.Output = agent.Shows(ctx)
	return g.tree.tools.Run(withJob(ctx, j), c, name, args)
}

// byHandOnly tells whether no model makes the calls of a run, but the person who writes.
func (g *Gateway) byHandOnly(j agent.Job) bool {
	return g.echoes(j.Model)
}

// typed is a call of what is no tool: a list, an account, or a method. Underscores stand for dots.
func (g *Gateway) typed(ctx context.Context, name string, args wire.Raw) (wire.Raw, error) {
	switch {
	case name == "list":
		return g.toolList()
	case g.isSurface(name):
		return g.perform(ctx, name, args)
	}
	method := name
	if _, ok := g.tree.methods[method]; !ok {
		method = strings.ReplaceAll(name, "_", ".")
	}
	if _, ok := g.tree.methods[method]; !ok {
		return nil, fmt.Errorf("no tool called %q", name)
	}
	return g.call(ctx, method, args)
}

// toolList names what can be typed.
func (g *Gateway) toolList() (wire.Raw, error) {
	list := map[string][]string{"methods": g.tree.names, "surfaces": {}, "tools": {}}
	for _, f := range g.o.Providers {
		list["surfaces"] = append(list["surfaces"], f.Surface)
	}
	for _, t := range g.tree.tools.All() {
		if !slices.Contains(list["surfaces"], t.Name) {
			list["tools"] = append(list["tools"], t.Name)
		}
	}
	return wire.Marshal(list)
}

// isSurface tells whether a tool's name is that of a surface, or of one of its accounts.
func (g *Gateway) isSurface(name string) bool {
	return slices.ContainsFunc(g.o.Providers, func(f providers.Factory) bool { return f.Surface == surfaceOf(name) })
}

// lookTools tell how things are.
func (g *Gateway) lookTools() []tools.Tool {
	return []tools.Tool{
		g.methodTool("status", "How the gateway is: version, sessions, surfaces, outbox.", noArguments),
		g.methodTool("health", "The state of the messaging surfaces and of the gateway.", noArguments),
		g.methodTool("models_list", "The models that can be chosen.", noArguments),
	}
}

const noArguments = `{"type":"object","properties":{},"additionalProperties":false}`

// methodTool is a method that only looks, as a tool.
func (g *Gateway) methodTool(name, description, schema string) tools.Tool {
	method := strings.ReplaceAll(name, "_", ".")
	return tools.Tool{
		Name: name, Description: description, Schema: wire.Raw(schema), Group: tools.GroupRead,
		Run: func(ctx context.Context, _ tools.Caller, args wire.Raw) (wire.Raw, error) {
			return g.call(ctx, method, args)
		},
	}
}
