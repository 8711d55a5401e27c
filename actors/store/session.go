package store

import "bytes"

// Session is the entry of one session key.
type Session struct {
	Key       string
	SessionID string
	UpdatedAt int64
	Entry     []byte // JSON, with sessionId and updatedAt in it; without the snapshot
	Skills    []byte // the snapshot of its skills, JSON; Sessions leaves it out
}

const (
	sessionColumns = `key, session_id, updated_at, entry`

	sqlSession       = `SELECT ` + sessionColumns + `, skills FROM sessions WHERE key = ?`
	sqlSessionByID   = `SELECT ` + sessionColumns + `, skills FROM sessions WHERE session_id = ? ORDER BY updated_at DESC LIMIT 1`
	sqlSessions      = `SELECT ` + sessionColumns + ` FROM sessions ORDER BY updated_at DESC, key`
	sqlDeleteSession = `DELETE FROM sessions WHERE key = ?`
	sqlPutSession    = `INSERT INTO sessions (key, session_id, updated_at, entry, skills) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET session_id = excluded.session_id, updated_at = excluded.updated_at, entry = excluded.entry,
		skills = excluded.skills`
)

func sessionFields(s *Session) []any { return []any{&s.Key, &s.SessionID, &s.UpdatedAt, &s.Entry} }

func wholeSession(s *Session) []any { return append(sessionFields(s), &s.Skills) }

// Session finds the entry of a key.
func (v *View) Session(key string) (*Session, error) {
	s, err := one(v.h, wholeSession, sqlSession, key)
	return s, wrap("find session", err)
}

// SessionByID finds the entry with this session id; the last updated one should several share it.
func (v *View) SessionByID(id string) (*Session, error) {
	s, err := one(v.h, wholeSession, sqlSessionByID, id)
	return s, wrap("find session by id", err)
}

// Sessions lists all entries, the last updated first, without their skills.
func (v *View) Sessions() ([]Session, error) {
	ss, err := list(v.h, sessionFields, sqlSessions)
	return ss, wrap("list sessions", err)
}

// PutSession writes the entry of s.Key as a whole.
func (tx *Tx) PutSession(s Session) error {
	if bytes.Contains(s.Entry, []byte(`"skillsSnapshot"`)) {
		if e := s.Decode(); len(e.SkillsSnapshot) > 0 {
			return tx.PutEntry(s.Key, e)
		}
	}
	_, err := tx.h.exec(sqlPutSession, s.Key, s.SessionID, s.UpdatedAt, s.Entry, s.Skills)
	return wrap("put session", err)
}

// DeleteSession removes the entry of a key; its transcript stays. No entry is no error.
func (tx *Tx) DeleteSession(key string) error {
	_, err := tx.h.exec(sqlDeleteSession, key)
	return wrap("delete session", err)
}
