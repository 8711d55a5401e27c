package store

// CronJob is one scheduled job.
type CronJob struct {
	Seq        int64 // order of creation; set by the store
	ID         string
	Definition []byte // JSON: all that its owner said
	Enabled    bool
	NextAt     int64 // 0 = never
	RunningAt  int64 // 0 = not running
	LastAt     int64
	LastStatus string // ok, error, skipped; "" = it has not run
	LastError  string
	LastMs     int64
	Failures   int // runs since the last one that ended well
}

// CronRun is one run of a job. It is open until it has a Status, and news until somebody was told of its end.
type CronRun struct {
	Seq     int64
	ID      string // also of its row in runs, if it has one
	JobID   string
	Detail  []byte // JSON: what the end of the run needs to know, as it was at the beginning
	RunAt   int64
	EndedAt int64
	Status  string
	Error   string
	Summary string
	NextAt  int64 // of the job, after this run
}

// keepCronRuns is how many runs of one job are kept; readers ask for at most as many.
const keepCronRuns = 5000

const (
	cronColumns    = `seq, id, definition, enabled, next_at, running_at, last_at, last_status, last_error, last_ms, failures`
	cronRunColumns = `seq, id, job_id, detail, run_at, ended_at, status, error, summary, next_at`

	sqlPutCronJob = `INSERT INTO cron (id, definition, enabled, next_at, running_at, last_at, last_status, last_error, last_ms, failures)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET definition = excluded.definition,
		enabled = excluded.enabled, next_at = excluded.next_at, running_at = excluded.running_at, last_at = excluded.last_at,
		last_status = excluded.last_status, last_error = excluded.last_error, last_ms = excluded.last_ms, failures = excluded.failures`
	sqlDeleteCronJob = `DELETE FROM cron WHERE id = ?`
	sqlCronJob       = `SELECT ` + cronColumns + ` FROM cron WHERE id = ?`
	sqlCronJobs      = `SELECT ` + cronColumns + ` FROM cron ORDER BY seq`
	sqlCronDue       = `SELECT ` + cronColumns + ` FROM cron INDEXED BY cron_due
		WHERE enabled = 1 AND next_at > 0 AND running_at = 0 AND next_at <= ? ORDER BY next_at LIMIT ?`
	sqlCronNext = `SELECT next_at FROM cron INDEXED BY cron_due
		WHERE enabled = 1 AND next_at > 0 AND running_at = 0 AND next_at > ? ORDER BY next_at LIMIT 1`

	sqlAddCronRun = `INSERT INTO cron_runs (id, job_id, detail, run_at, ended_at, status, error, summary, next_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
	sqlEndCronRun   = `UPDATE cron_runs SET ended_at = ?, status = ?, error = ?, summary = ?, next_at = ? WHERE id = ? AND status = ''`
	sqlTrimCronRuns = `DELETE FROM cron_runs WHERE job_id = ?1 AND told = 1 AND seq <=
		(SELECT seq FROM cron_runs WHERE job_id = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)`
	sqlCronRun         = `SELECT ` + cronRunColumns + ` FROM cron_runs WHERE id = ?`
	sqlCronRuns        = `SELECT ` + cronRunColumns + ` FROM cron_runs WHERE job_id = ? AND status <> '' ORDER BY seq DESC LIMIT ?`
	sqlOpenCronRuns    = `SELECT ` + cronRunColumns + ` FROM cron_runs INDEXED BY cron_runs_untold WHERE told = 0 ORDER BY seq`
	sqlCronRunsOpenFor = `SELECT count(*) FROM cron_runs INDEXED BY cron_runs_untold WHERE told = 0 AND status = '' AND job_id = ?`
	sqlToldCronRun     = `UPDATE cron_runs SET told = 1 WHERE id = ? AND status <> ''`
)

func cronFields(j *CronJob) []any {
	return []any{&j.Seq, &j.ID, &j.Definition, &j.Enabled, &j.NextAt, &j.RunningAt, &j.LastAt, &j.LastStatus, &j.LastError,
		&j.LastMs, &j.Failures}
}

func cronRunFields(r *CronRun) []any {
	return []any{&r.Seq, &r.ID, &r.JobID, &r.Detail, &r.RunAt, &r.EndedAt, &r.Status, &r.Error, &r.Summary, &r.NextAt}
}

// PutCronJob writes the job of j.ID as a whole.
func (tx *Tx) PutCronJob(j CronJob) error {
	_, err := tx.h.exec(sqlPutCronJob, j.ID, j.Definition, j.Enabled, j.NextAt, j.RunningAt, j.LastAt, j.LastStatus, j.LastError,
		j.LastMs, j.Failures)
	return wrap("put cron job", err)
}

// DeleteCronJob removes a job and says whether there was one. Its runs stay.
func (tx *Tx) DeleteCronJob(id string) (removed bool, err error) {
	n, err := tx.h.change(sqlDeleteCronJob, id)
	return n == 1, wrap("delete cron job", err)
}

// CronJob finds a job.
func (v *View) CronJob(id string) (*CronJob, error) {
	j, err := one(v.h, cronFields, sqlCronJob, id)
	return j, wrap("find cron job", err)
}

// CronJobs lists all jobs in the order of their creation.
func (v *View) CronJobs() ([]CronJob, error) {
	js, err := list(v.h, cronFields, sqlCronJobs)
	return js, wrap("list cron jobs", err)
}

// CronDue lists enabled jobs that are not running and whose time has come, the longest due first.
func (v *View) CronDue(now int64, limit int) ([]CronJob, error) {
	js, err := list(v.h, cronFields, sqlCronDue, now, limit)
	return js, wrap("list due cron jobs", err)
}

// CronNext is the earliest time after after at which an enabled job that is not running is due; 0 = none.
func (v *View) CronNext(after int64) (at int64, err error) {
	_, err = v.h.row(sqlCronNext, []any{after}, &at)
	return at, wrap("find next cron job", err)
}

// AddCronRun stores a run, open or ended, and forgets the oldest of its job beyond 5000. ErrExists when the id is taken.
func (tx *Tx) AddCronRun(r CronRun) error {
	_, err := tx.h.exec(sqlAddCronRun, r.ID, r.JobID, r.Detail, r.RunAt, r.EndedAt, r.Status, r.Error, r.Summary, r.NextAt)
	if err != nil {
		if isUnique(err) {
			err = ErrExists
		}
		return wrap("add cron run", err)
	}
	tx.grown++
	_, err = tx.h.exec(sqlTrimCronRuns, r.JobID, keepCronRuns)
	return wrap("trim cron runs", err)
}

// EndCronRun ends the open run r.ID with the EndedAt, Status, Error, Summary and NextAt of r. ended is false when it has
// ended before (or is unknown): its first end stays.
func (tx *Tx) EndCronRun(r CronRun) (ended bool, err error) {
	n, err := tx.h.change(sqlEndCronRun, r.EndedAt, r.Status, r.Error, r.Summary, r.NextAt, r.ID)
	return n == 1, wrap("end cron run", err)
}

// ToldCronRun says that the end of a run is no news any more.
func (tx *Tx) ToldCronRun(id string) error {
	_, err := tx.h.exec(sqlToldCronRun, id)
	return wrap("mark cron run told", err)
}

// CronRun finds a run.
func (v *View) CronRun(id string) (*CronRun, error) {
	r, err := one(v.h, cronRunFields, sqlCronRun, id)
	return r, wrap("find cron run", err)
}

// CronRuns lists the last ended runs of a job, the latest first.
func (v *View) CronRuns(jobID string, limit int) ([]CronRun, error) {
	rs, err := list(v.h, cronRunFields, sqlCronRuns, jobID, limit)
	return rs, wrap("list cron runs", err)
}

// CronNews lists the runs that are open, and those that have ended and nobody was told, in order.
func (v *View) CronNews() ([]CronRun, error) {
	rs, err := list(v.h, cronRunFields, sqlOpenCronRuns)
	return rs, wrap("list open cron runs", err)
}

// OpenCronRuns counts the open runs of a job.
func (v *View) OpenCronRuns(jobID string) (n int, err error) {
	_, err = v.h.row(sqlCronRunsOpenFor, []any{jobID}, &n)
	return n, wrap("count open cron runs", err)
}
