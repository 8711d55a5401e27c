package session

import (
	"strings"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// MainKey is the session of all direct chats and of the web page (protocol 7.1).
const MainKey = "main"

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

// Open opens a session inside a commit that accepts a run for it.
func Open(tx *store.Tx, key string, now int64) (sessionID string, isNew bool, err error) {
	e, isNew, err := open(&tx.View, key, now)
	if err != nil {
		return "", false, err
	}
	return e.SessionID, isNew, tx.PutEntry(key, e)
}

// Touch opens the session of an inbound message inside a commit, and notes where a direct chat came from: the route of
// "last" (protocol 3.6). It returns the session id.
func Touch(tx *store.Tx, key string, r providers.Route, now int64) (sessionID string, isNew bool, err error) {
	e, isNew, err := Arrive(&tx.View, key, r, now)
	if err != nil {
		return "", false, err
	}
	return e.SessionID, isNew, tx.PutEntry(key, e)
}

// Arrive is what Touch writes.
func Arrive(v *store.View, key string, r providers.Route, now int64) (e wire.SessionEntry, isNew bool, err error) {
	if e, isNew, err = open(v, key, now); err != nil {
		return e, false, err
	}
	if r.Kind == providers.Direct {
		e.LastChannel, e.LastTo = r.Surface, r.Chat
	} else {
		e.Surface, e.ChatType = r.Surface, "group"
	}
	return e, isNew, nil
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
	case key == "global", key == "unknown":
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
