package discord

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/bwmarrin/discordgo"
)

// maxNames bounds what is remembered of channels; beyond it the memory starts afresh and asks again.
const maxNames = 20_000

// names is what is known of guilds and channels: what a message does not say itself.
type names struct {
	mu     sync.Mutex // guards the following fields
	rooms  map[string]channelEvent
	guilds map[string]guildInfo
}

type guildInfo struct {
	name  string
	roles []string // ours: a mention of one of them is a mention of us
}

func newNames() *names {
	return &names{rooms: map[string]channelEvent{}, guilds: map[string]guildInfo{}}
}

// learn takes over what a guild says of itself.
func (n *names) learn(g *guildEvent, self string) {
	for _, c := range append(slices.Clone(g.Channels), g.Threads...) {
		c.GuildID = g.ID
		n.channel(c)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	info := n.guilds[g.ID]
	info.name = g.Name
	for _, m := range g.Members {
		if m.User.ID == self {
			info.roles = m.Roles
		}
	}
	for _, r := range g.Roles {
		if r.Tags.Bot == self && !slices.Contains(info.roles, r.ID) {
			info.roles = append(slices.Clone(info.roles), r.ID)
		}
	}
	n.guilds[g.ID] = info
}

func (n *names) channel(c channelEvent) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.rooms) >= maxNames {
		clear(n.rooms)
	}
	n.rooms[c.ID] = c
}

func (n *names) drop(channel string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.rooms, channel)
}

func (n *names) member(m *memberEvent, self string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if info, ok := n.guilds[m.GuildID]; ok && m.User.ID == self {
		info.roles = m.Roles
		n.guilds[m.GuildID] = info
	}
}

// room describes a channel, from memory or from the platform. One that we may not see is described by its id alone.
func (p *Provider) room(ctx context.Context, id string) (channelEvent, error) {
	p.names.mu.Lock()
	c, ok := p.names.rooms[id]
	p.names.mu.Unlock()
	if ok {
		return c, nil
	}
	err := p.api.request(ctx, p.opt.call, "channel", http.MethodGet, discordgo.EndpointChannel(id), nil, &c)
	if s := status(err); s == http.StatusForbidden || s == http.StatusNotFound {
		return channelEvent{ID: id}, nil
	}
	if err != nil {
		return channelEvent{}, err
	}
	p.names.channel(c)
	return c, nil
}

// guild describes a server in the same manner.
func (p *Provider) guild(ctx context.Context, id string) (guildInfo, error) {
	p.names.mu.Lock()
	info, ok := p.names.guilds[id]
	p.names.mu.Unlock()
	if ok {
		return info, nil
	}
	var g guildEvent
	err := p.api.request(ctx, p.opt.call, "guild", http.MethodGet, discordgo.EndpointGuild(id), nil, &g)
	if s := status(err); s == http.StatusForbidden || s == http.StatusNotFound {
		return guildInfo{name: id}, nil
	}
	if err != nil {
		return guildInfo{}, err
	}
	var me memberEvent
	self := p.me().ID
	if err := p.api.request(ctx, p.opt.call, "member", http.MethodGet, discordgo.EndpointGuildMember(id, self), nil, &me); err == nil {
		me.User.ID = self
		g.Members = append(g.Members, me)
	}
	g.ID = id
	p.names.learn(&g, self)
	p.names.mu.Lock()
	defer p.names.mu.Unlock()
	return p.names.guilds[id], nil
}

// slug is a name for people to read, of letters that cannot deceive; the id when nothing of the name is left.
func slug(name, id string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(strings.TrimLeft(strings.TrimSpace(name), "@#")) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
			continue
		}
		gap = true
	}
	if b.Len() == 0 {
		return id
	}
	return b.String()
}

// plain is a person's name as one line without control, direction and invisible characters, at most 80 letters long.
func plain(name string) string { return oneLine(name, 80) }

func oneLine(s string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		if n >= limit {
			break
		}
		switch {
		case unicode.IsSpace(r):
			r = ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			continue
		}
		b.WriteRune(r)
		n++
	}
	return strings.TrimSpace(b.String())
}
