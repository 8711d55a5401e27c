package session

import (
	"cmp"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// MainKey is the session of all direct chats and of the web page (protocol 7.1).
const MainKey = "main"

// globalKey is the session of everything, where there is only one.
const globalKey = "global"

// open returns the entry of a session that is about to be used, with a session id minted for a new one.
func open(v *store.View, key string, now int64) (e wire.SessionEntry, isNew bool, err error) {
	e, found, err := v.Entry(key)
	if err != nil {
		return e, false, err
	}
	if e.SessionID == "" {
		e.SessionID = uuid.NewString()
		isNew = true
	}
	e.UpdatedAt = max(e.UpdatedAt, now)
	return e, isNew || !found, nil
}

// openRested is open for what a person, a job or a hook begins: a session that has rested for longer than idle begins
// anew.
func openRested(v *store.View, key string, now int64, idle time.Duration) (e wire.SessionEntry, isNew bool, err error) {
	if e, _, err = v.Entry(key); err != nil {
		return e, false, err
	}
	if e.SessionID != "" && now-e.UpdatedAt > idle.Milliseconds() {
		return renewed(e, now), true, nil
	}
	return open(v, key, now)
}

// renewed is a new session in the place of an old one: what was set and counted there goes, where it is and the way to
// it stay. The transcript of the old one is kept.
func renewed(old wire.SessionEntry, now int64) wire.SessionEntry {
	return wire.SessionEntry{
		SessionID: uuid.NewString(), UpdatedAt: now, ChatType: old.ChatType, DisplayName: old.DisplayName, Surface: old.Surface,
		Subject: old.Subject, Room: old.Room, Space: old.Space, LastChannel: old.LastChannel, LastTo: old.LastTo, Tools: old.Tools,
	}
}

// Open opens a session inside a commit that accepts a run for it. renew: one that has rested for long begins anew.
func (o *Options) Open(tx *store.Tx, key string, now int64, renew bool) (sessionID string, isNew bool, err error) {
	var e wire.SessionEntry
	if renew {
		e, isNew, err = openRested(&tx.View, key, now, o.settings().Idle)
	} else {
		e, isNew, err = open(&tx.View, key, now)
	}
	if err != nil {
		return "", false, err
	}
	return e.SessionID, isNew, tx.PutEntry(key, e)
}

// Place is what a shared chat is called: its title, or the room and the space that it stands in.
type Place struct{ Title, Space, Room string }

// Arrive opens the session of an inbound message inside the commit that accepts it. The entry has the way to a direct
// chat, which is the route of "last" (protocol 3.6), or what a group is called; the caller writes it. One that has
// rested for long begins anew.
func (o *Options) Arrive(tx *store.Tx, key string, r providers.Route, at Place) (e wire.SessionEntry, isNew bool, err error) {
	if err := adopt(tx, key, r); err != nil {
		return e, false, err
	}
	e, isNew, err = openRested(&tx.View, key, time.Now().UnixMilli(), o.settings().Idle)
	if err != nil {
		return e, false, err
	}
	describe(&e, key, r, at)
	o.forget(&e)
	return e, isNew, nil
}

// adopt moves the entry of a group that is stored under an older form of its key.
func adopt(tx *store.Tx, key string, r providers.Route) error {
	if r.Kind == providers.Direct || key == globalKey {
		return nil
	}
	if row, err := tx.Session(key); err != nil || row != nil {
		return err
	}
	for _, old := range []string{"group:" + r.Surface + ":" + r.Chat, "group:" + r.Chat} {
		e, found, err := tx.Entry(old)
		if err != nil {
			return err
		}
		if found {
			return errors.Join(tx.DeleteSession(old), tx.PutEntry(key, e))
		}
	}
	return nil
}

// describe notes what a message says of where it came from. What several chats share is not called after one of them.
func describe(e *wire.SessionEntry, key string, r providers.Route, at Place) {
	if r.Kind == providers.Direct {
		e.LastChannel, e.LastTo = cmp.Or(r.Account, r.Surface), r.Chat
		return
	}
	if key == globalKey {
		return
	}
	e.Surface, e.ChatType = r.Surface, "group"
	if r.Kind == providers.Channel {
		e.ChatType = "room"
	}
	switch {
	case at.Room != "":
		e.Room, e.Space, e.Subject = "#"+strings.TrimPrefix(at.Room, "#"), at.Space, ""
	case at.Title == "":
	case strings.HasPrefix(at.Title, "#") && (r.Surface == "discord" || r.Surface == "slack"):
		e.Room, e.Subject = at.Title, ""
	default:
		e.Room, e.Space, e.Subject = "", at.Space, at.Title
	}
	e.DisplayName = derivedName(key, *e, r.Surface)
}

// touch opens the session of a run that was accepted without one.
func touch(tx *store.Tx, key string, r providers.Route, now int64) (sessionID string, isNew bool, err error) {
	e, isNew, err := open(&tx.View, key, now)
	if err != nil {
		return "", false, err
	}
	describe(&e, key, r, Place{})
	return e.SessionID, isNew, tx.PutEntry(key, e)
}

// extra is what this package adds to the commit that ends a run.
func (s *sessions) extra(tx *store.Tx, j agent.Job, a agent.Answer, st agent.State) error {
	e, found, err := tx.Entry(j.SessionKey)
	if err != nil {
		return err
	}
	if found && e.SessionID == j.SessionID {
		aborted := st == agent.Aborted
		e.AbortedLastRun = &aborted
		e.UpdatedAt = max(e.UpdatedAt, j.StartedAt)
		if a.Model != "" {
			e.ModelProvider, e.Model = a.Provider, a.Model
		}
		if u := a.Usage; u.Total > 0 {
			e.InputTokens, e.OutputTokens, e.TotalTokens = &u.Input, &u.Output, &u.Total
		}
		spend(&e, a.Spent)
		if err := tx.PutEntry(j.SessionKey, e); err != nil {
			return err
		}
	}
	if s.o.Replies == nil {
		return nil
	}
	return s.o.Replies(tx, j, a, st)
}

// kindOf is the kind shown for a session (protocol 7.2).
func kindOf(key string, e wire.SessionEntry) string {
	switch {
	case key == globalKey, key == "unknown":
		return key
	case e.ChatType == "group", e.ChatType == "room", strings.HasPrefix(key, "group:"),
		strings.Contains(key, ":group:"), strings.Contains(key, ":channel:"):
		return "group"
	default:
		return "direct"
	}
}

// surfaceOf is the surface of a session, from its entry or its key.
func surfaceOf(key string, e wire.SessionEntry) string {
	if e.Surface != "" {
		return e.Surface
	}
	surface, rest, _ := strings.Cut(key, ":")
	if strings.HasPrefix(rest, "group:") || strings.HasPrefix(rest, "channel:") {
		return surface
	}
	return ""
}

// spend adds what a turn took to what its session has taken so far.
func spend(e *wire.SessionEntry, s agent.Spent) {
	if s == (agent.Spent{}) {
		return
	}
	var sum wire.Spent
	if e.Spent != nil {
		sum = *e.Spent
	}
	sum.Input += s.Usage.Input
	sum.Output += s.Usage.Output
	sum.CacheRead += s.Usage.CacheRead
	sum.CacheWrite += s.Usage.CacheWrite
	sum.CostUSD += s.Cost
	sum.Unpriced = sum.Unpriced || s.Unpriced
	e.Spent = &sum
}
