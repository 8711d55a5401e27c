package store

import "github.com/clawdbot/gateway/transport/wire"

// Entry reads the entry of a session key. found is false where there is none. Of one that cannot be read, id and time
// are left: the conversation goes on, its settings begin anew.
func (v *View) Entry(key string) (e wire.SessionEntry, found bool, err error) {
	s, err := v.Session(key)
	if err != nil || s == nil {
		return e, false, err
	}
	return s.Decode(), true, nil
}

// Decode reads the entry as View.Entry does.
func (s Session) Decode() wire.SessionEntry {
	var e wire.SessionEntry
	if wire.Unmarshal(s.Entry, &e) != nil {
		return wire.SessionEntry{SessionID: s.SessionID, UpdatedAt: s.UpdatedAt}
	}
	if len(s.Skills) > 0 {
		e.SkillsSnapshot = wire.Raw(s.Skills)
	}
	return e
}

// PutEntry writes the entry of a session key as a whole.
func (tx *Tx) PutEntry(key string, e wire.SessionEntry) error {
	s := Session{Key: key, SessionID: e.SessionID, UpdatedAt: e.UpdatedAt, Skills: e.SkillsSnapshot}
	e.SkillsSnapshot = nil
	var err error
	if s.Entry, err = wire.Marshal(e); err != nil {
		return wrap("encode session", err)
	}
	return tx.PutSession(s)
}
