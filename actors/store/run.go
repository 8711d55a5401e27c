package store

import "fmt"

// Run is one agent run from its acceptance to its end.
type Run struct {
	Seq                   int64  // order of acceptance; set by the store
	ID                    string // unique
	Kind                  string // agent, chat, inbound
	SessionKey, SessionID string // SessionID is empty until the run starts, unless the caller gave one
	State                 string // set by the store
	Request, Route        []byte // JSON
	Error                 string // of one that is to stop, or was aborted: why
	AcceptedAt            int64
	StartedAt, EndedAt    int64 // set by StartRun and EndRun
	IdemScope, IdemKey    string
	Mode                  string // how it waits while its session is busy; "" = in line
	Quiet                 int64  // milliseconds without a further message that its turn waits for
	Stop                  bool   // set by StopRuns
	Model                 string // who answered, "provider/model"; set by EndAnswered
}

// States of a run. Done, error and aborted are final: a run reaches exactly one of them, once.
const (
	RunAccepted = "accepted"
	RunRunning  = "running"
	RunDone     = "done"
	RunError    = "error"
	RunAborted  = "aborted"
)

const (
	runColumns = `seq, id, kind, session_key, session_id, state, request, route, error, accepted_at, started_at, ended_at, idem_scope, idem_key,
		mode, quiet, stop, model`

	sqlAcceptRun = `INSERT INTO runs (id, kind, session_key, session_id, request, route, accepted_at, idem_scope, idem_key, mode, quiet)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	sqlStartRun = `UPDATE runs SET state = 'running', session_id = ?, started_at = ? WHERE id = ? AND state = 'accepted' AND stop <= ?`
	sqlEndRun   = `UPDATE runs SET state = ?1, error = CASE WHEN ?1 = 'aborted' AND ?2 = '' THEN error ELSE ?2 END, ended_at = ?3, model = ?4
		WHERE id = ?5 AND state IN ('accepted', 'running')`

	sqlRun         = `SELECT ` + runColumns + ` FROM runs WHERE id = ?`
	sqlPendingRuns = `SELECT ` + runColumns + ` FROM runs INDEXED BY runs_session
		WHERE session_key = ? AND state IN ('accepted', 'running') AND state = 'accepted' AND seq > ? ORDER BY seq LIMIT ?`
	sqlOpenRuns    = `SELECT ` + runColumns + ` FROM runs INDEXED BY runs_open WHERE state IN ('accepted', 'running') ORDER BY seq`
	sqlRunsOpenFor = `SELECT count(*) FROM runs INDEXED BY runs_session WHERE state IN ('accepted', 'running') AND session_key = ?`
	sqlPendingKeys = `SELECT DISTINCT session_key FROM runs INDEXED BY runs_session WHERE state IN ('accepted', 'running') AND state = 'accepted'`
	sqlRunCounts   = `SELECT state, count(*) FROM runs GROUP BY state`
)

func runFields(r *Run) []any {
	return []any{&r.Seq, &r.ID, &r.Kind, &r.SessionKey, &r.SessionID, &r.State, &r.Request, &r.Route, &r.Error,
		&r.AcceptedAt, &r.StartedAt, &r.EndedAt, &r.IdemScope, &r.IdemKey,
		&r.Mode, &r.Quiet, &r.Stop, &r.Model}
}

// AcceptRun stores a run in state accepted and gives its place in the order. ErrExists when the id is taken.
func (tx *Tx) AcceptRun(r Run) (seq int64, err error) {
	res, err := tx.h.exec(sqlAcceptRun, r.ID, r.Kind, r.SessionKey, r.SessionID, r.Request, r.Route, r.AcceptedAt, r.IdemScope, r.IdemKey,
		r.Mode, r.Quiet)
	if err != nil {
		if isUnique(err) {
			err = ErrExists
		}
		return 0, wrap("accept run", err)
	}
	tx.grown++
	seq, err = res.LastInsertId()
	return seq, wrap("accept run", err)
}

// StartRun moves an accepted run to running. started is false when it is not in state accepted, or is to stop.
func (tx *Tx) StartRun(id, sessionID string, at int64) (started bool, err error) {
	n, err := tx.h.change(sqlStartRun, sessionID, at, id, 0)
	return n == 1, wrap("start run", err)
}

// StartStopped is StartRun for a run that is ended in the same Op: it may be one that is to stop.
func (tx *Tx) StartStopped(id, sessionID string, at int64) (started bool, err error) {
	n, err := tx.h.change(sqlStartRun, sessionID, at, id, 1)
	return n == 1, wrap("start stopped run", err)
}

// EndRun moves an accepted or running run to done, error or aborted. ended is false when it has ended before (or is
// unknown): its first end stays. An aborted one without a text keeps the cause that StopRuns gave.
func (tx *Tx) EndRun(id, state, errText string, at int64) (ended bool, err error) {
	return tx.EndAnswered(id, state, errText, "", at)
}

// EndAnswered is EndRun for a run that got as far as a model.
func (tx *Tx) EndAnswered(id, state, errText, model string, at int64) (ended bool, err error) {
	switch state {
	case RunDone, RunError, RunAborted:
	default:
		return false, fmt.Errorf("end run: %q is not a final state", state)
	}
	n, err := tx.h.change(sqlEndRun, state, errText, at, model, id)
	return n == 1, wrap("end run", err)
}

// Run finds a run by its id.
func (v *View) Run(id string) (*Run, error) {
	r, err := one(v.h, runFields, sqlRun, id)
	return r, wrap("find run", err)
}

// PendingRuns lists the accepted runs of a session with a Seq above afterSeq, in order.
func (v *View) PendingRuns(sessionKey string, afterSeq int64, limit int) ([]Run, error) {
	rs, err := list(v.h, runFields, sqlPendingRuns, sessionKey, afterSeq, limit)
	return rs, wrap("list pending runs", err)
}

// OpenRuns lists all accepted and running runs in order.
func (v *View) OpenRuns() ([]Run, error) {
	rs, err := list(v.h, runFields, sqlOpenRuns)
	return rs, wrap("list open runs", err)
}

// OpenRunsOf counts the accepted and running runs of one session.
func (v *View) OpenRunsOf(sessionKey string) (n int, err error) {
	_, err = v.h.row(sqlRunsOpenFor, []any{sessionKey}, &n)
	return n, wrap("count open runs", err)
}

// SessionKeysWithPending lists the session keys that have accepted runs.
func (v *View) SessionKeysWithPending() ([]string, error) {
	keys, err := list(v.h, func(k *string) []any { return []any{k} }, sqlPendingKeys)
	return keys, wrap("list sessions with pending runs", err)
}

// RunCounts counts the runs by state. A state without runs is absent.
func (v *View) RunCounts() (map[string]int, error) {
	m, err := counts(v.h, sqlRunCounts)
	return m, wrap("count runs", err)
}
