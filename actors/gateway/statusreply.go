package gateway

import (
	"fmt"
	"time"

	"github.com/clawdbot/gateway/actors/router"
	"github.com/clawdbot/gateway/actors/session"
	"github.com/clawdbot/gateway/transport/wire"
)

// statusReply answers /status: where the conversation stands, and with what settings.
func (g *Gateway) statusReply(s router.Status) string {
	sessions := g.sessionOptions()
	cfg := g.doc.Load().Config
	e := s.Entry
	names, _ := sessions.Choices()
	model := names[0]
	if e.ModelOverride != "" {
		model = e.ProviderOverride + "/" + e.ModelOverride
	}
	scope := "per sender"
	if cfg.Session.Scope == "global" {
		scope = "global"
	}
	text := "Clawdbot " + g.o.Version + "\n" + g.linkLine(s.Account) + "\n" +
		"Agent: " + model + ", thinking " + sessions.Thinking(e) + "\n" +
		"Workspace: " + cfg.Agent.Workspace + "\n" +
		"Context: " + contextLine(e, int64(cfg.Agent.ContextTokens)) + "\n" +
		fmt.Sprintf("Session: %s, scope %s, updated %s ago, id %s\n", s.Key, scope, since(e.UpdatedAt), e.SessionID)
	if line := g.sandboxLine(); line != "" {
		text += "Sandbox: " + line + "\n"
	}
	if s.Activation != "" {
		text += "Group activation: " + s.Activation + "\n"
	}
	options := "verbose " + s.Verbose
	if s.Elevated != "" {
		options += ", elevated " + s.Elevated
	}
	if e.SendPolicy != "" {
		options += ", send " + e.SendPolicy
	}
	return text + "Options: " + options + ", queue " + s.Queue + "\n" +
		"Shortcuts: /new, /think <level>, /verbose on|off, /model <name>, /queue <mode>, stop"
}

// linkLine is the account that the message came by.
func (g *Gateway) linkLine(account string) string {
	for _, a := range g.tree.directory.States() {
		if a.Account == account {
			return summaryLine(a)
		}
	}
	return account + ": gone"
}

func contextLine(e wire.SessionEntry, limit int64) string {
	used := session.Total(e)
	if e.ContextTokens != nil {
		limit = *e.ContextTokens
	}
	switch {
	case used == 0:
		return "nothing counted yet"
	case limit <= 0:
		return fmt.Sprintf("%d tokens", used)
	}
	return fmt.Sprintf("%d of %d tokens (%d%%)", used, limit, used*100/limit)
}

func since(ms int64) time.Duration {
	return max(0, time.Since(time.UnixMilli(ms))).Round(time.Second)
}
