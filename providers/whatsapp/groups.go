package whatsapp

import (
	"context"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/types"

	"github.com/clawdbot/gateway/providers"
)

const (
	groupAge    = 5 * time.Minute // that what is known of a group holds (providers a.1)
	groupRetry  = 30 * time.Second
	mostMembers = 100
)

// groups is what is known of the groups: names for people, decided on by nobody.
type groups struct {
	mu    sync.Mutex
	known map[types.JID]*group
}

type group struct {
	title   string
	members []types.JID
	until   time.Time
	names   map[string]string // by the person's id: as they call themselves
}

// get is called with mu held.
func (g *groups) get(id types.JID) *group {
	if g.known == nil {
		g.known = map[types.JID]*group{}
	}
	known := g.known[id]
	if known == nil {
		known = &group{names: map[string]string{}}
		g.known[id] = known
	}
	return known
}

// describe returns a group's subject and members, asking for them when they are not known or old.
func (g *groups) describe(s *session, id types.JID) (title string, members []string) {
	now := s.p.env.Now()
	g.mu.Lock()
	fresh := now.Before(g.get(id).until)
	g.mu.Unlock()
	if !fresh {
		ctx, cancel := context.WithTimeout(s.ctx, s.p.opt.ask)
		info, err := s.cli.GetGroupInfo(ctx, id)
		cancel()
		g.store(s, id, info, err, now)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	known := g.get(id)
	for _, m := range known.members[:min(len(known.members), mostMembers)] {
		who := address(m)
		if name := known.names[who]; name != "" {
			who = name + " (" + who + ")"
		}
		members = append(members, who)
	}
	return known.title, members
}

func (g *groups) store(s *session, id types.JID, info *types.GroupInfo, err error, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	known := g.get(id)
	if err != nil {
		s.p.env.Log.Debug("whatsapp: nothing is known of a group", "group", id.String(), "err", err)
		known.until = now.Add(groupRetry)
		return
	}
	known.title, known.until, known.members = clean(info.Name), now.Add(groupAge), nil
	for _, m := range info.Participants {
		who := m.JID
		if m.PhoneNumber.User != "" {
			who = m.PhoneNumber
		}
		known.members = append(known.members, who)
	}
}

// seen remembers how somebody calls themselves.
func (g *groups) seen(id types.JID, who providers.Sender) {
	if who.Name == "" {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if names := g.get(id).names; len(names) < 10*mostMembers || names[who.ID] != "" {
		names[who.ID] = who.Name
	}
}

// forget makes the next message ask anew.
func (g *groups) forget(id types.JID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.get(id).until = time.Time{}
}
