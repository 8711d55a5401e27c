package telegramfake

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Update is one update as JSON, usually {"message": {...}}. Push fills in update_id, and message_id and date of a
// message, where they are missing.
type Update map[string]any

// stored is an update that waits to be acknowledged.
type stored struct {
	id   int64
	kind string // "message", ...; "" for an update that holds nothing
	raw  json.RawMessage
}

// Direct is a text in the private chat of a person; the chat has the person's id.
func Direct(from int64, text string) Update {
	return Update{"message": map[string]any{
		"from": person(from),
		"chat": map[string]any{"id": from, "type": "private", "first_name": "Ann"},
		"text": text,
	}}
}

// Group is a text of a person in a supergroup. Group ids are negative.
func Group(chat, from int64, text string) Update {
	return Update{"message": map[string]any{
		"from": person(from),
		"chat": map[string]any{"id": chat, "type": "supergroup", "title": "Friends"},
		"text": text,
	}}
}

func person(id int64) map[string]any {
	return map[string]any{"id": id, "is_bot": false, "first_name": "Ann", "last_name": "Lee", "username": "annlee"}
}

// Edited is an edit of the message of u, which has an id: it says text now.
func (u Update) Edited(text string) Update {
	m := u.With("text", text).With("edit_date", time.Now().Unix())["message"].(map[string]any)
	if _, ok := m["date"]; !ok {
		m["date"] = time.Now().Unix()
	}
	return Update{"edited_message": m}
}

// Reaction is a person's change of the reactions under the message of u, which has an id: from old to new, each an emoji or "".
func (u Update) Reaction(from int64, old, now string) Update {
	list := func(emoji string) []any {
		if emoji == "" {
			return []any{}
		}
		return []any{map[string]any{"type": "emoji", "emoji": emoji}}
	}
	m := u["message"].(map[string]any)
	return Update{"message_reaction": map[string]any{
		"chat": m["chat"], "message_id": m["message_id"], "user": person(from), "date": time.Now().Unix(),
		"old_reaction": list(old), "new_reaction": list(now),
	}}
}

// With is the update with one field of its message set, or removed if value is nil.
func (u Update) With(field string, value any) Update {
	m := maps.Clone(u["message"].(map[string]any))
	if value == nil {
		delete(m, field)
	} else {
		m[field] = value
	}
	u = maps.Clone(u)
	u["message"] = m
	return u
}

// Push queues updates for getUpdates, all at once, and returns their ids. Ids that are given stay: that is how to
// deliver one message twice or out of order.
func (s *Server) Push(updates ...Update) []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]int64, 0, len(updates))
	for _, u := range updates {
		u = maps.Clone(u)
		id, ok := wholeNumber(u["update_id"])
		if !ok {
			id = s.nextID
		}
		s.nextID = max(s.nextID, id+1)
		u["update_id"] = id
		if m, ok := u["message"].(map[string]any); ok {
			m = maps.Clone(m)
			if _, ok := m["message_id"]; !ok {
				m["message_id"] = s.nextMsg
				s.nextMsg++
			}
			if _, ok := m["date"]; !ok {
				m["date"] = time.Now().Unix()
			}
			u["message"] = m
		}
		raw, err := json.Marshal(u)
		if err != nil {
			panic(err) // a test built something that is no JSON
		}
		kind := ""
		for key := range u {
			if key != "update_id" {
				kind = key
			}
		}
		s.updates = append(s.updates, stored{id, kind, raw})
		ids = append(ids, id)
	}
	s.mu.Broadcast()
	return ids
}

// wholeNumber reads an id from Go code (int, int64) or from JSON (float64).
func wholeNumber(v any) (int64, bool) {
	switch n := v.(type) {
	case int:
		return int64(n), true
	case int64:
		return n, true
	case float64:
		return int64(n), true
	}
	return 0, false
}

// Acked is the highest update id that was acknowledged, 0 at first.
func (s *Server) Acked() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.acked
}

// Pending is the number of updates not acknowledged.
func (s *Server) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.updates)
}

// Overlaps is how often a getUpdates came in while another one was waiting.
func (s *Server) Overlaps() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.overlaps
}

// WaitAcked returns when the update id has been acknowledged.
func (s *Server) WaitAcked(ctx context.Context, id int64) error {
	return s.mu.Wait(ctx, func() bool { return s.acked >= id })
}

// WaitPolling returns when a getUpdates is waiting for updates.
func (s *Server) WaitPolling(ctx context.Context) error {
	return s.mu.Wait(ctx, func() bool { return s.waiting != nil })
}

// getUpdates forgets what the offset acknowledges and answers with the rest, waiting up to timeout seconds for
// something to answer with. Of two at the same time the earlier one is ended with 409.
func (s *Server) getUpdates(ctx context.Context, c call, cut <-chan struct{}) answer {
	offset, err := c.int("offset")
	if err != nil {
		return refuse(http.StatusBadRequest, "Bad Request: "+err.Error())
	}
	seconds, err := c.int("timeout")
	if err != nil {
		return refuse(http.StatusBadRequest, "Bad Request: "+err.Error())
	}
	limit, err := c.int("limit")
	if err != nil || limit <= 0 || limit > 100 {
		limit = 100
	}
	mine := make(chan struct{})
	s.mu.Lock()
	if s.hook.url != "" {
		s.mu.Unlock()
		return refuse(http.StatusConflict, webhookText)
	}
	if s.waiting != nil {
		s.overlaps++
		close(s.waiting)
		s.waiting = nil
	}
	if seconds > 0 {
		s.waiting = mine
	}
	s.acknowledge(offset)
	if allowed := c.params["allowed_updates"]; allowed != "" {
		s.allowed = allowed
	}
	mute := s.mute
	s.mu.Broadcast()
	s.mu.Unlock()
	defer s.leave(mine)
	timeout := time.NewTimer(time.Duration(seconds) * time.Second)
	defer timeout.Stop()
	for {
		batch, changed := s.batch(int(limit))
		if seconds == 0 || len(batch) > 0 && s.leave(mine) {
			return accept(batch)
		}
		select {
		case <-mine:
			return refuse(http.StatusConflict, conflictText)
		case <-mute: // s.waiting is another's or nobody's: nothing can be answered
			select {
			case <-ctx.Done():
			case <-cut:
			}
			panic(http.ErrAbortHandler)
		case <-changed:
		case <-timeout.C:
			if s.leave(mine) {
				return accept([]json.RawMessage{})
			}
		case <-ctx.Done():
			panic(http.ErrAbortHandler)
		case <-cut:
			panic(http.ErrAbortHandler)
		}
	}
}

// leave ends the wait of a getUpdates. It is false when a later one has ended it before: then that is the answer.
func (s *Server) leave(mine chan struct{}) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting != mine {
		return false
	}
	s.waiting = nil
	s.mu.Broadcast()
	return true
}

// acknowledge drops the updates before offset. s.mu is held.
func (s *Server) acknowledge(offset int64) {
	if offset <= 0 {
		return
	}
	s.acked = max(s.acked, offset-1)
	kept := s.updates[:0]
	for _, u := range s.updates {
		if u.id >= offset {
			kept = append(kept, u)
		}
	}
	clear(s.updates[len(kept):])
	s.updates = kept
}

// dropUnwanted drops the updates of kinds that the bot has not asked for. s.mu is held.
func (s *Server) dropUnwanted() {
	s.updates = slices.DeleteFunc(s.updates, func(u stored) bool {
		return s.allowed != "" && u.kind != "" && !strings.Contains(s.allowed, `"`+u.kind+`"`)
	})
}

func (s *Server) batch(limit int) ([]json.RawMessage, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropUnwanted()
	batch := []json.RawMessage{}
	for _, u := range s.updates[:min(limit, len(s.updates))] {
		batch = append(batch, u.raw)
	}
	return batch, s.mu.Changed()
}
