package store

// Queued is an open run, without its content.
type Queued struct {
	Seq             int64
	ID, Kind, State string
	Mode            string
	Stop            bool
}

const (
	sqlQueued = `SELECT seq, id, kind, state, mode, stop FROM runs INDEXED BY runs_session
		WHERE session_key = ? AND state IN ('accepted', 'running') ORDER BY seq`
	sqlStopRun = `UPDATE runs SET error = CASE stop WHEN 0 THEN ? ELSE error END, stop = 1 WHERE id = ? AND state IN ('accepted', 'running')`
	sqlStopped = `SELECT id FROM runs INDEXED BY runs_stop WHERE stop = 1 AND state IN ('accepted', 'running') ORDER BY seq`
	sqlRunning = `SELECT ` + runColumns + ` FROM runs INDEXED BY runs_open WHERE state IN ('accepted', 'running') AND state = 'running' ORDER BY seq`
	sqlSetMode = `UPDATE runs SET mode = ? WHERE id = ? AND state = 'accepted'`
)

// Queued lists the open runs of a session in order.
func (v *View) Queued(sessionKey string) ([]Queued, error) {
	qs, err := list(v.h, func(q *Queued) []any { return []any{&q.Seq, &q.ID, &q.Kind, &q.State, &q.Mode, &q.Stop} }, sqlQueued, sessionKey)
	return qs, wrap("list queued runs", err)
}

// StopRuns notes that these runs are to stop, and why, for a person: from now on those that wait do not start. Ending them is
// somebody else's work; Stopped is where it is found. A run that has ended stays as it is, and the first cause does.
func (tx *Tx) StopRuns(ids []string, cause string) error {
	for _, id := range ids {
		if _, err := tx.h.exec(sqlStopRun, cause, id); err != nil {
			return wrap("stop run", err)
		}
	}
	return nil
}

// Stopped lists the ids of the open runs that are to stop, in order.
func (v *View) Stopped() ([]string, error) {
	ids, err := list(v.h, func(id *string) []any { return []any{id} }, sqlStopped)
	return ids, wrap("list stopped runs", err)
}

// Running lists the runs that have started and not ended, in order.
func (v *View) Running() ([]Run, error) {
	rs, err := list(v.h, runFields, sqlRunning)
	return rs, wrap("list running runs", err)
}

// SetMode changes how a run waits. It says whether the run waits still.
func (tx *Tx) SetMode(id, mode string) (waits bool, err error) {
	n, err := tx.h.change(sqlSetMode, mode, id)
	return n == 1, wrap("set mode of run", err)
}
