package store

import (
	"slices"
	"strings"
)

// Note is a system event that waits for the next turn of a session.
type Note struct {
	Text    string
	Context string // what it is about; "" = nothing in particular
}

// maxNotes is how many notes wait for one session; the oldest go first.
const maxNotes = 20

// trimEvery is how many notes are added between two times that the oldest go.
const trimEvery = 16

const (
	sqlAddNote   = `INSERT INTO notes (session_key, text, context, at) VALUES (?, ?, ?, ?)`
	sqlTrimNotes = `DELETE FROM notes WHERE session_key = ?1 AND seq <=
		(SELECT seq FROM notes WHERE session_key = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)`
	sqlNotes     = `SELECT text, context FROM notes WHERE session_key = ? ORDER BY seq DESC LIMIT ?`
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
	res, err := tx.h.exec(sqlAddNote, sessionKey, text, context, tx.nowMs())
	if err != nil {
		return wrap("add note", err)
	}
	if seq, err := res.LastInsertId(); err != nil || seq%trimEvery != 0 { // most of the time there is nothing to trim
		return wrap("add note", err)
	}
	_, err = tx.h.exec(sqlTrimNotes, sessionKey, maxNotes)
	return wrap("trim notes", err)
}

// LastNote is the note that was queued last for a session, nil when none waits.
func (v *View) LastNote(sessionKey string) (*Note, error) {
	n, err := one(v.h, noteFields, sqlLastNote, sessionKey)
	return n, wrap("last note", err)
}

// Notes lists what waits for a session, oldest first.
func (v *View) Notes(sessionKey string) ([]Note, error) {
	ns, err := list(v.h, noteFields, sqlNotes, sessionKey, maxNotes)
	slices.Reverse(ns)
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
