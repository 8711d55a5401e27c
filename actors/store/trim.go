package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	sqlLinesAfter = `SELECT id, session_id, run_id, role, message, blob, at FROM transcript WHERE session_id = ? AND id > ? ORDER BY id`
	sqlLastLine   = `SELECT id FROM transcript WHERE session_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?`
	sqlTrimBlobs  = `SELECT blob FROM transcript WHERE session_id = ? AND id <= ? AND blob <> ''`
	sqlTrimLines  = `DELETE FROM transcript WHERE session_id = ? AND id <= ?`
	sqlPutLine    = `INSERT INTO transcript (id, session_id, run_id, role, message, blob, at) VALUES (?, ?, '', ?, ?, '', ?)`
	sqlBlobUsed   = `SELECT 1 FROM transcript WHERE blob = ?1 AND blob <> '' LIMIT 1`
)

// EachLine gives the lines of a session that come after a line, oldest first, one at a time, until f wants no more. 0 is
// before the first. Lines whose file is lost are left out, as in History. f must not use the View.
func (v *View) EachLine(sessionID string, after int64, f func(Line) (more bool, err error)) error {
	return wrap("read transcript", each(v.h, lineFields, func(l storedLine) (bool, error) {
		line, ok, err := v.whole(l)
		if err != nil || !ok {
			return true, err
		}
		return f(line)
	}, sqlLinesAfter, sessionID, after))
}

// LineFromEnd is the id of a session's line that has so many lines behind it; 0 where the session has not that many.
func (v *View) LineFromEnd(sessionID string, behind int) (id int64, err error) {
	_, err = v.h.row(sqlLastLine, []any{sessionID, behind}, &id)
	return id, wrap("find transcript line", err)
}

// TrimLines deletes the lines of a session up to and with a line. The files of large ones are named by blobs: once this
// is committed, DropBlobs deletes those that nothing refers to any more.
func (tx *Tx) TrimLines(sessionID string, upTo int64) (deleted int64, blobs []string, err error) {
	blobs, err = list(tx.h, func(s *string) []any { return []any{s} }, sqlTrimBlobs, sessionID, upTo)
	if err == nil {
		deleted, err = tx.h.change(sqlTrimLines, sessionID, upTo)
	}
	return deleted, blobs, wrap("trim transcript", err)
}

// SumUp deletes the lines of a session up to and with l.ID and puts l in their place. What it says is short.
func (tx *Tx) SumUp(l Line) (blobs []string, err error) {
	deleted, blobs, err := tx.TrimLines(l.SessionID, l.ID)
	if err != nil || deleted == 0 {
		return nil, err
	}
	_, err = tx.h.exec(sqlPutLine, l.ID, l.SessionID, l.Role, l.Message, l.At)
	return blobs, wrap("put a summary", err)
}

// DropBlobs deletes files that no line refers to. It belongs into an operation of its own, after the one that deleted
// the lines: a rollback does not bring files back.
func (tx *Tx) DropBlobs(blobs []string) error {
	for _, ref := range blobs {
		var one int
		used, err := tx.h.row(sqlBlobUsed, []any{ref}, &one)
		if err != nil {
			return wrap("drop blobs", err)
		}
		if used {
			continue
		}
		if err := os.Remove(filepath.Join(tx.blobs.dir, ref)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return wrap("drop blobs", err)
		}
	}
	return nil
}
