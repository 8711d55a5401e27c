package store

import (
	"errors"
	"slices"
)

// Line is one message of a transcript.
type Line struct {
	ID                     int64 // order; set by the store
	SessionID, RunID, Role string
	Message                []byte // JSON
	At                     int64
}

const (
	sqlAppendLine = `INSERT INTO transcript (session_id, run_id, role, message, blob, at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`
	sqlHistory = `SELECT id, session_id, run_id, role, message, blob, at FROM transcript WHERE session_id = ? ORDER BY id DESC LIMIT ?`

	sqlTail = `SELECT run_id, role FROM transcript WHERE session_id = ? ORDER BY id DESC LIMIT ?`

	sqlLineCount = `SELECT count(*) FROM transcript WHERE session_id = ?`
)

// storedLine is a Line as its row has it: a large message is a file.
type storedLine struct {
	Line
	blob string
}

func lineFields(l *storedLine) []any {
	return []any{&l.ID, &l.SessionID, &l.RunID, &l.Role, &l.Message, &l.blob, &l.At}
}

// AppendLine adds a message at the end of its session's transcript. A second line of role "user" for the same run is
// left out without an error: a run that is started again must not repeat its question.
// A message over 64 KiB becomes a file. That holds up the batch unless PutBlob was called with the message before.
func (tx *Tx) AppendLine(l Line) error {
	var ref string
	if len(l.Message) > maxInline {
		var err error
		if ref, err = tx.blobs.put(l.Message); err != nil {
			return wrap("append transcript line", err)
		}
		l.Message = nil
	}
	_, err := tx.h.exec(sqlAppendLine, l.SessionID, l.RunID, l.Role, l.Message, ref, l.At)
	return wrap("append transcript line", err)
}

// History gives the last limit lines of a session, oldest first. A line whose file is lost or damaged is left out and
// logged: one bad file must not take the conversation away.
func (v *View) History(sessionID string, limit int) ([]Line, error) {
	rows, err := list(v.h, lineFields, sqlHistory, sessionID, limit)
	if err != nil {
		return nil, wrap("read history", err)
	}
	slices.Reverse(rows)
	lines := make([]Line, 0, len(rows))
	for _, r := range rows {
		line, ok, err := v.whole(r)
		if err != nil {
			return nil, wrap("read history", err)
		}
		if ok {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// whole reads the file of a line that has one. ok is false where it is lost or damaged, which is logged.
func (v *View) whole(r storedLine) (l Line, ok bool, err error) {
	if r.blob == "" {
		return r.Line, true, nil
	}
	r.Message, err = v.blobs.get(r.blob)
	if _, bad := errors.AsType[*CorruptError](err); bad {
		v.blobs.log.Error("transcript line left out", "line", r.ID, "err", err)
		return l, false, nil
	}
	return r.Line, err == nil, err
}

// LineCount counts the lines of a session.
func (v *View) LineCount(sessionID string) (int, error) {
	var n int
	_, err := v.h.row(sqlLineCount, []any{sessionID}, &n)
	return n, wrap("count history", err)
}

// RunLines counts, among the last lines of a session, those that a run has made and no person.
func (v *View) RunLines(sessionID, runID string, last int) (n int, err error) {
	tail, err := list(v.h, func(l *Line) []any { return []any{&l.RunID, &l.Role} }, sqlTail, sessionID, last)
	for _, l := range tail {
		if l.RunID == runID && l.Role != "user" {
			n++
		}
	}
	return n, wrap("count lines of a run", err)
}
