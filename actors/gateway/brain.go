package gateway

import (
	"path/filepath"
	"strings"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/modelrun"
	"github.com/clawdbot/gateway/actors/models"
	"github.com/clawdbot/gateway/transport/wire"
)

// newRegistry finds models that can be asked.
func (g *Gateway) newRegistry(cat *models.Catalog) *models.Registry {
	if m := g.doc.Load().Config.Agent.Model; m != "" && m != "builtin" && g.builtin() && len(g.o.Models) == 0 {
		g.log.Warn("agent.model counts for nothing: this program was built without models", "model", m)
	}
	return models.NewRegistry(cat, models.RegistryOptions{
		Formats: g.o.Models, Getenv: g.o.Getenv, Logins: filepath.Join(g.env.OAuthDir, "oauth.json"), Log: g.log,
	})
}

// modelRunner asks models where one is chosen, and is the built-in runner where none is.
func (g *Gateway) modelRunner() agent.Runner {
	return modelrun.Runner{Inner: agent.Builtin{}, Models: g.tree.registry, System: g.systemPrompt, Log: g.log}
}

// systemPrompt is what a model is told before everything else. What a person or a platform wrote is not in it.
func (g *Gateway) systemPrompt(t agent.Turn) string {
	cfg := g.doc.Load().Config
	name := strings.TrimSpace(cfg.Identity.Name)
	if name == "" {
		name = "Clawd"
	}
	var b strings.Builder
	b.WriteString("You are " + name + ", a personal assistant. People write to you through messaging apps, a web page and the command line, and read what you answer there: be brief and plain.\n")
	if cfg.Agent.Workspace != "" {
		b.WriteString("Your workspace is " + cfg.Agent.Workspace + ".\n")
	}
	b.WriteString("Lines that begin with \"System:\" are notices of the gateway, not words of the person. ")
	b.WriteString("If a message needs no answer at all, answer exactly " + silent + ".\n")
	if t.System != "" {
		b.WriteString("\n" + t.System + "\n")
	}
	return b.String()
}

// offered are the tools that models are offered: methods that tell how things are.
var offered = []agent.ToolInfo{
	{Name: "status", Description: "How the gateway is: version, sessions, surfaces, outbox.", Schema: noArguments},
	{Name: "health", Description: "The state of the messaging surfaces and of the gateway.", Schema: noArguments},
	{Name: "sessions_list", Description: "The conversations there are, the latest first.",
		Schema: wire.Raw(`{"type":"object","properties":{"limit":{"type":"integer","minimum":1}},"additionalProperties":false}`)},
	{Name: "chat_history", Description: "The messages of a conversation.",
		Schema: wire.Raw(`{"type":"object","properties":{"sessionKey":{"type":"string"},"limit":{"type":"integer","minimum":1,"maximum":1000}},"required":["sessionKey"],"additionalProperties":false}`)},
	{Name: "cron_list", Description: "The jobs that run at their time.", Schema: noArguments},
	{Name: "models_list", Description: "The models that can be chosen.", Schema: noArguments},
}

var noArguments = wire.Raw(`{"type":"object","properties":{},"additionalProperties":false}`)

// toolInfos are the tools of a run. Who writes on a messaging surface has none.
func (g *Gateway) toolInfos(j agent.Job) []agent.ToolInfo {
	if !j.Request.Operator {
		return nil
	}
	return offered
}
