package session

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	deletePatience = 15 * time.Second      // for the runs of a session that is to be deleted
	deleteAgain    = 50 * time.Millisecond // before a deletion that something came between is tried again
)

// deletion is a session that is being deleted. Its runs are ended first, those that wait and the one in progress; then,
// in one commit in which the session has none, its lines and its entry go. What came between starts it over.
type deletion struct {
	DeleteSession
	until time.Time
	step  deleteStep
	late  bool // its time is up, and it is being removed
}

type deleteStep int

const (
	looking  deleteStep = iota // its waiting runs are being looked for
	stopping                   // for its runs to end
	removing                   // being archived and deleted
)

// deleteCall answers sessions.delete (protocol 3.9).
func deleteCall(o *Options, ref actors.Ref[SessionsMessage], call *wire.Call, p wire.SessionsDeleteParams) {
	key, err := sessionKey(p.Key)
	if err == nil && key == o.settings().MainKey() {
		err = wire.InvalidRequest("Cannot delete the main session (%s).", key)
	}
	if err != nil {
		call.Fail(err)
		return
	}
	tell(call, ref, DeleteSession{
		Reply: actors.ReplyTo(func(r wire.SessionsDeleteResult, err error) { call.Answer(r, err) }),
		Key:   key, KeepTranscript: p.DeleteTranscript != nil && !*p.DeleteTranscript,
	})
}

func (s *sessions) onDelete(c *actors.Context[SessionsMessage], m DeleteSession) {
	d := &deletion{DeleteSession: m, until: time.Now().Add(deletePatience)}
	if s.deletions == nil {
		s.deletions = map[*deletion]struct{}{}
	}
	s.deletions[d] = struct{}{}
	c.After(deletePatience, deleteOver{d})
	s.endRuns(c, d)
}

// endRuns has all runs of the session stop, and looks for those that wait.
func (s *sessions) endRuns(c *actors.Context[SessionsMessage], d *deletion) {
	d.step = looking
	actors.Pipe(c, func(ctx context.Context) (runs []store.Run, err error) {
		err = s.o.Store.Do(ctx, func(tx *store.Tx) error {
			if _, err := stopOpen(tx, d.Key, "its session was deleted"); err != nil {
				return err
			}
			runs, err = tx.PendingRuns(d.Key, 0, -1)
			return err
		})
		return runs, err
	}, func(runs []store.Run, err error) SessionsMessage { return deleteFound{d, runs, err} })
}

func (s *sessions) onDeleteFound(c *actors.Context[SessionsMessage], m deleteFound) {
	if !s.deletes(m.d, looking) {
		return
	}
	if m.err != nil {
		s.deleted(m.d, wire.SessionsDeleteResult{}, m.err)
		return
	}
	m.d.step = stopping
	for _, run := range m.runs {
		s.onCancel(c, cancel{run: &run})
	}
	for _, sl := range s.runs {
		if sl.run.SessionKey == m.d.Key {
			s.stop(c, sl, agent.ErrAborted)
		}
	}
}

// goOnDeleting looks after every message whether a deletion need not wait any longer.
func (s *sessions) goOnDeleting(c *actors.Context[SessionsMessage]) {
	for d := range s.deletions {
		if d.step == stopping && s.ready && !s.works(d.Key) {
			d.step = removing
			actors.Pipe(c, func(ctx context.Context) (wire.SessionsDeleteResult, error) {
				return s.o.remove(ctx, d.DeleteSession)
			}, func(r wire.SessionsDeleteResult, err error) SessionsMessage { return deleteDone{d, r, err} })
		}
	}
}

// works tells whether a session has a run in progress.
func (s *sessions) works(key string) bool {
	for _, sl := range s.runs {
		if sl.run.SessionKey == key {
			return true
		}
	}
	return false
}

func (s *sessions) onDeleteDone(c *actors.Context[SessionsMessage], m deleteDone) {
	if !s.deletes(m.d, removing) {
		return
	}
	if errors.Is(m.err, errInUse) && time.Now().Before(m.d.until) {
		c.After(deleteAgain, deleteRetry{m.d})
		return
	}
	s.deleted(m.d, m.result, m.err)
}

func (s *sessions) onDeleteRetry(c *actors.Context[SessionsMessage], m deleteRetry) {
	if s.deletes(m.d, removing) {
		s.endRuns(c, m.d)
	}
}

// deletes tells whether a deletion is at that step: a message about it may be late, or come twice.
func (s *sessions) deletes(d *deletion, at deleteStep) bool {
	_, on := s.deletions[d]
	return on && d.step == at
}

// onDeleteOver: what still runs does not want to end. A removal that has begun is waited for, once.
func (s *sessions) onDeleteOver(c *actors.Context[SessionsMessage], d *deletion) {
	switch {
	case s.deletes(d, removing) && !d.late:
		d.late = true
		c.After(deletePatience, deleteOver{d})
	default:
		s.deleted(d, wire.SessionsDeleteResult{}, errInUse)
	}
}

func (s *sessions) deleted(d *deletion, r wire.SessionsDeleteResult, err error) {
	delete(s.deletions, d)
	switch {
	case errors.Is(err, errInUse):
		d.Fail(wire.Unavailable("Session %s is still active; try again in a moment.", d.Key))
	case err != nil:
		d.Fail(err)
	default:
		d.Send(r)
	}
}

// errInUse: something happened in a session that was to be deleted.
var errInUse = errors.New("the session is in use")

// remove archives a session's transcript and deletes its lines and its entry. A crash between the two leaves the archive
// and everything else.
func (o *Options) remove(ctx context.Context, m DeleteSession) (wire.SessionsDeleteResult, error) {
	r := wire.SessionsDeleteResult{OK: true, Key: m.Key, Archived: []string{}}
	var entry wire.SessionEntry
	err := o.Store.View(ctx, func(v *store.View) (err error) {
		entry, r.Deleted, err = v.Entry(m.Key)
		return err
	})
	if err != nil {
		return r, err
	}
	var a archive
	if !m.KeepTranscript && entry.SessionID != "" {
		if a, err = o.writeArchive(ctx, entry.SessionID, "deleted"); err != nil {
			return r, err
		}
	}
	var blobs []string
	err = o.Store.Do(ctx, func(tx *store.Tx) error {
		if err := unused(tx, m.Key, entry.SessionID); err != nil {
			return err
		}
		if !m.KeepTranscript {
			last, err := tx.LineFromEnd(entry.SessionID, 0)
			if err != nil {
				return err
			}
			if last > a.last {
				return errInUse
			}
			if _, blobs, err = tx.TrimLines(entry.SessionID, last); err != nil {
				return err
			}
		}
		if err := tx.Delete(overflowBucket, m.Key); err != nil {
			return err
		}
		return tx.DeleteSession(m.Key)
	})
	if errors.Is(err, errInUse) && a.path != "" { // certain to have been rolled back: the lines are all there
		return r, errors.Join(err, os.Remove(a.path))
	}
	if err != nil {
		return r, err
	}
	if a.path != "" {
		r.Archived = append(r.Archived, a.path)
	}
	o.dropBlobs(ctx, blobs)
	return r, nil
}

// unused fails when a session has a run, or is no more the one that it was.
func unused(tx *store.Tx, key, sessionID string) error {
	n, err := tx.OpenRunsOf(key)
	if err != nil {
		return err
	}
	e, _, err := tx.Entry(key)
	if err != nil {
		return err
	}
	if n > 0 || e.SessionID != sessionID {
		return errInUse
	}
	return nil
}
