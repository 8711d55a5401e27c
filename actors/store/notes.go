package store

import "strings"

// Note is a system event that waits for the next turn of a session.
type Note struct {
	Text    string
	Context string // what it is about; "" = nothing in particular
}

// maxNotes is how many notes wait for one session; the oldest go first.
const maxNotes = 20

const (
	sqlAddNote   = `INSERT INTO notes (session_key, text, context, at) VALUES (?, ?, ?, ?)`
	sqlTrimNotes = `DELETE FROM notes WHERE session_key = ?1 AND seq <=
		(SELECT seq FROM notes WHERE session_key = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)`
	sqlNotes     = `SELECT text, context FROM notes WHERE session_key = ? ORDER BY seq`
	sqlLastNote  = `SELECT text, context FROM notes WHERE session_key = ? ORDER BY seq DESC LIMIT 1`
	sqlTakeNotes = `DELETE FROM notes WHERE session_key = ?`
)

func noteFields(n *Note) []any { return []any{&n.Text, &n.Context} }

// AddNote queues a note for a session. A blank text, and the text of the note before it, is not queued again.
func (tx *Tx) AddNote(sessionKey, text, context string) error {
	text = strings.TrimSpace(text)
	last, err := one(tx.h, noteFields, sqlLastNote, sessionKey)
	if err != nil || text == "" || last != nil && last.Text == text {
		return wrap("add note", err)
	}
	if _, err := tx.h.exec(sqlAddNote, sessionKey, text, context, tx.nowMs()); err != nil {
		return wrap("add note", err)
	}
	_, err = tx.h.exec(sqlTrimNotes, sessionKey, maxNotes)
	return wrap("trim notes", err)
}

// Notes lists what waits for a session, oldest first.
func (v *View) Notes(sessionKey string) ([]Note, error) {
	ns, err := list(v.h, noteFields, sqlNotes, sessionKey)
	return ns, wrap("list notes", err)
}

// TakeNotes removes and returns what waits for a session, oldest first.
func (tx *Tx) TakeNotes(sessionKey string) ([]Note, error) {
	ns, err := tx.Notes(sessionKey)
	if err != nil || len(ns) == 0 {
		return nil, err
	}
	_, err = tx.h.exec(sqlTakeNotes, sessionKey)
	return ns, wrap("take notes", err)
}
