package store

const (
	sqlInboundBacklog = `SELECT count(*), coalesce(min(received_at), 0) FROM inbox INDEXED BY inbox_pending WHERE state = 'pending'`
	sqlOutBacklog     = `SELECT count(*), coalesce(min(created_at), 0) FROM outbox INDEXED BY outbox_lane
		WHERE state IN ('queued', 'sending') AND state = ?`
	sqlRunBacklog = `SELECT count(*), coalesce(min(accepted_at), 0) FROM runs INDEXED BY runs_open
		WHERE state IN ('accepted', 'running') AND state = ?`
)

// Backlog is what is at one place of a message's way.
type Backlog struct {
	Count  int
	Oldest int64 // when the oldest of them came, ms since the epoch; 0 = there is none
}

// Backlogs are the places where a message can wait.
type Backlogs struct {
	Inbound Backlog // accepted from a platform, not yet decided on
	Waiting Backlog // runs that have not started
	Running Backlog // runs that have
	Queued  Backlog // outgoing messages that wait for their turn or their account
	Sending Backlog // outgoing messages that a platform is being asked to take
	Failed  int     // outgoing messages that will not be sent, and that nobody has dealt with
	Unsure  int     // outgoing messages that may or may not have arrived, likewise
}

// Backlogs counts what waits, all of it at one moment.
func (v *View) Backlogs() (b Backlogs, err error) {
	for _, q := range []struct {
		into  *Backlog
		query string
		args  []any
	}{
		{&b.Inbound, sqlInboundBacklog, nil},
		{&b.Waiting, sqlRunBacklog, []any{RunAccepted}}, {&b.Running, sqlRunBacklog, []any{RunRunning}},
		{&b.Queued, sqlOutBacklog, []any{OutQueued}}, {&b.Sending, sqlOutBacklog, []any{OutSending}},
	} {
		if _, err := v.h.row(q.query, q.args, &q.into.Count, &q.into.Oldest); err != nil {
			return b, wrap("count what waits", err)
		}
	}
	b.Failed, b.Unsure, err = v.OutLost()
	return b, err
}
