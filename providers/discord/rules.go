package discord

import (
	"encoding/json"
	"strings"

	"github.com/clawdbot/gateway/providers"
)

// Rules reads who may write where (providers a.4). Guilds, channels and people are named by their ids alone: names and
// slugs can be taken by anybody, so an entry that is no id matches nothing.
func Rules(config json.RawMessage) providers.Rules {
	c, err := ParseConfig(config)
	if err != nil { // the account does not start with it either
		return func(providers.Incoming) providers.Ruling {
			return providers.Ruling{Refused: "the configuration cannot be read: " + err.Error()}
		}
	}
	return c.judge
}

func (c Config) judge(m providers.Incoming) providers.Ruling {
	r := providers.Ruling{History: c.history()}
	switch {
	case m.SpaceID != "":
		c.judgeGuild(m, &r)
	case m.Kind == providers.Direct:
		c.judgeDirect(&r)
	default:
		c.judgeGroup(m, &r)
	}
	if m.Command {
		r.Session = c.SlashCommand.SessionPrefix + ":" + m.Sender.ID
		r.Mention = false
	}
	return r
}

// history is the ruling's number: there, zero means the general setting.
func (c Config) history() int {
	switch {
	case c.HistoryLimit == nil:
		return defaultHistory
	case *c.HistoryLimit == 0:
		return -1
	}
	return *c.HistoryLimit
}

func (c Config) judgeDirect(r *providers.Ruling) {
	if c.DM.Enabled != nil && !*c.DM.Enabled {
		r.Refused = "direct messages are off (discord.dm.enabled)"
		return
	}
	r.From = entries(c.DM.AllowFrom)
}

// A group DM is a shared chat without a guild.
func (c Config) judgeGroup(m providers.Incoming, r *providers.Ruling) {
	if !c.DM.GroupEnabled {
		r.Refused = "group DMs are off (discord.dm.groupEnabled)"
		return
	}
	if len(c.DM.GroupChannels) > 0 && !has(entries(c.DM.GroupChannels), m.Chat) {
		r.Refused = "group DM " + m.Chat + " is not in discord.dm.groupChannels"
		return
	}
	r.From, r.Mention = entries(c.DM.AllowFrom), true
}

func (c Config) judgeGuild(m providers.Incoming, r *providers.Ruling) {
	guild, ok := c.guild(m.SpaceID)
	if !ok {
		r.Refused = "guild " + m.SpaceID + " is not in discord.guilds"
		return
	}
	r.Mention = guild.RequireMention == nil || *guild.RequireMention
	r.From = entries(guild.Users)
	if len(guild.Channels) == 0 {
		return
	}
	room, ok := guild.Channels[m.Chat]
	if !ok && m.RoomID != "" {
		room, ok = guild.Channels[m.RoomID]
	}
	if !ok {
		room, ok = guild.Channels["*"]
	}
	switch {
	case !ok:
		r.Refused = "channel " + m.Chat + " is not in the guild's channels"
	case room.Allow != nil && !*room.Allow:
		r.Refused = "channel " + m.Chat + " is not allowed"
	case room.RequireMention != nil:
		r.Mention = *room.RequireMention
	}
}

// guild finds the rule of a guild. Without any rule every guild is as good as another.
func (c Config) guild(id string) (Guild, bool) {
	if g, ok := c.Guilds[id]; ok {
		return g, true
	}
	if g, ok := c.Guilds["*"]; ok {
		return g, true
	}
	return Guild{}, len(c.Guilds) == 0
}

// entries are the ids of an allowlist, bare. What is no id stays as it is and so matches nobody: a list of names must not
// become an empty list, which means everybody.
func entries(list []providers.ID) []string {
	var out []string
	for _, e := range list {
		if s := bareID(string(e)); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// bareID takes the wrappings off an id: <@1>, <@!1>, <#1>, discord:1, user:1, channel:1.
func bareID(s string) string {
	s = strings.TrimSpace(s)
	for _, prefix := range []string{"discord:", "user:", "channel:", "group:"} {
		if len(s) > len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
			s = s[len(prefix):]
		}
	}
	if inner, ok := strings.CutPrefix(s, "<"); ok {
		if id := strings.TrimLeft(strings.TrimSuffix(inner, ">"), "@!#"); isID(id) {
			return id
		}
	}
	return s
}

func has(list []string, id string) bool {
	for _, e := range list {
		if e == "*" || e == id {
			return true
		}
	}
	return false
}

// isID tells whether s is one of Discord's numbers.
func isID(s string) bool {
	return len(s) > 0 && len(s) <= 20 && strings.Trim(s, "0123456789") == ""
}

// notIDs lists the entries of the configuration that match nothing because they are no ids, for the log.
func (c Config) notIDs() (out []string) {
	check := func(where string, ids ...string) {
		for _, id := range ids {
			if id != "*" && !isID(id) {
				out = append(out, where+": "+id)
			}
		}
	}
	check("dm.allowFrom", entries(c.DM.AllowFrom)...)
	check("dm.groupChannels", entries(c.DM.GroupChannels)...)
	for id, g := range c.Guilds {
		check("guilds", id)
		check("guilds."+id+".users", entries(g.Users)...)
		for ch := range g.Channels {
			check("guilds."+id+".channels", ch)
		}
	}
	return out
}
