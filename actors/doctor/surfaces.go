package doctor

import (
	"maps"
	"slices"

	"github.com/clawdbot/gateway/actors/config"
)

// entrance is a way for people to write to the agent.
type entrance struct {
	path      string // of the allowlist
	from      []string
	groupPath string
	groups    config.Groups // nil = the surface has other rules
}

// surfaces are the ways in of all accounts that are configured.
func (p *patient) surfaces() (all []entrance) {
	c := p.cfg
	add := func(path string, from config.IDs, groups config.Groups) {
		all = append(all, entrance{path, from, groupsOf(path), groups})
	}
	if s := c.WhatsApp; s != nil {
		add("whatsapp.allowFrom", s.AllowFrom, s.Groups)
	}
	if s := c.Telegram; s != nil {
		add("telegram.allowFrom", s.AllowFrom, s.Groups)
		for _, name := range slices.Sorted(maps.Keys(s.Accounts)) {
			add("telegram.accounts."+name+".allowFrom", s.Accounts[name].AllowFrom, s.Accounts[name].Groups)
		}
	}
	if s := c.Discord; s != nil {
		add("discord.dm.allowFrom", s.DM.AllowFrom, nil)
		for _, name := range slices.Sorted(maps.Keys(s.Accounts)) {
			add("discord.accounts."+name+".dm.allowFrom", s.Accounts[name].DM.AllowFrom, nil)
		}
	}
	if s := c.Slack; s != nil {
		add("slack.dm.allowFrom", s.DM.AllowFrom, nil)
		for _, name := range slices.Sorted(maps.Keys(s.Accounts)) {
			add("slack.accounts."+name+".dm.allowFrom", s.Accounts[name].DM.AllowFrom, nil)
		}
	}
	if s := c.Signal; s != nil {
		add("signal.allowFrom", s.AllowFrom, s.Groups)
	}
	if s := c.IMessage; s != nil {
		add("imessage.allowFrom", s.AllowFrom, s.Groups)
	}
	return all
}

// groupsOf is the place of the rules of groups beside an allowlist.
func groupsOf(path string) string { return path[:len(path)-len("allowFrom")] + "groups" }

// elevated is who may leave the sandbox, by surface.
func elevated(e config.Elevated) map[string][]string {
	if !e.Enabled {
		return nil
	}
	a := e.AllowFrom
	return map[string][]string{
		"whatsapp": a.WhatsApp, "telegram": a.Telegram, "discord": a.Discord, "slack": a.Slack,
		"signal": a.Signal, "imessage": a.IMessage, "webchat": a.WebChat,
	}
}
