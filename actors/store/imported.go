package store

// What another gateway left behind comes in beside live work and is older than all of it. So MakeRoom leaves room below
// the rows of live work, and imported ones go there in the order they come in: whatever is said meanwhile stays behind
// them, in every list.
//
// The room ends at 2^40 + 2^31: a line's id in a transcript file is the lower half of its id here, and no two may be the
// same.
const (
	room = `1101659111424`

	sqlNameSequence = `INSERT INTO sqlite_sequence (name, seq) SELECT ?1, 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1)`
	sqlMakeRoom     = `UPDATE sqlite_sequence SET seq = max(seq, ` + room + `) WHERE name = ?`

	sqlImportLine = `INSERT INTO transcript (id, session_id, run_id, role, message, blob, at) VALUES
		((SELECT coalesce(max(id), 0) + 1 FROM transcript WHERE id < ` + room + `), ?, '', ?, ?, ?, ?)`
	sqlImportCronRun = `INSERT INTO cron_runs (seq, id, job_id, detail, run_at, ended_at, status, error, summary, next_at, told) VALUES
		((SELECT coalesce(max(seq), 0) + 1 FROM cron_runs WHERE seq < ` + room + `), ?, ?, x'7b7d', ?, ?, ?, ?, ?, ?, 1)
		ON CONFLICT DO NOTHING`
	sqlBucket      = `SELECT key, value FROM kv WHERE bucket = ? ORDER BY key`
	sqlDropBucket  = `DELETE FROM kv WHERE bucket = ?`
	sqlKnownCronAt = `SELECT run_at FROM cron_runs WHERE job_id = ? AND id NOT LIKE '` + ImportedRun + `%'`
)

// ImportedRun begins the ids of runs that come with ImportCronRun.
const ImportedRun = "import:"

// MakeRoom is called before an import begins, and before there is live work in this process.
func (tx *Tx) MakeRoom() error {
	for _, table := range []string{"transcript", "cron_runs"} {
		if _, err := tx.h.exec(sqlNameSequence, table); err != nil {
			return wrap("make room", err)
		}
		if _, err := tx.h.exec(sqlMakeRoom, table); err != nil {
			return wrap("make room", err)
		}
	}
	return nil
}

// ImportLine adds a message that is older than every line that AppendLine adds after MakeRoom, and younger than what
// ImportLine added before. A message over 64 KiB becomes a file, as with AppendLine.
func (tx *Tx) ImportLine(l Line) error {
	var ref string
	if len(l.Message) > maxInline {
		var err error
		if ref, err = tx.blobs.put(l.Message); err != nil {
			return wrap("import transcript line", err)
		}
		l.Message = nil
	}
	_, err := tx.h.exec(sqlImportLine, l.SessionID, l.Role, l.Message, ref, l.At)
	return wrap("import transcript line", err)
}

// ImportCronRun adds an ended run of a job that is older than every run that AddCronRun adds after MakeRoom. fresh is false
// when its id is known.
func (tx *Tx) ImportCronRun(r CronRun) (fresh bool, err error) {
	n, err := tx.h.change(sqlImportCronRun, r.ID, r.JobID, r.RunAt, r.EndedAt, r.Status, r.Error, r.Summary, r.NextAt)
	return n == 1, wrap("import cron run", err)
}

// CronRunTimes lists when this gateway itself has run a job.
func (v *View) CronRunTimes(jobID string) ([]int64, error) {
	at, err := list(v.h, func(at *int64) []any { return []any{at} }, sqlKnownCronAt, jobID)
	return at, wrap("list times of cron runs", err)
}

// Pair is a key of a bucket with its value.
type Pair struct {
	Key   string
	Value []byte
}

// Bucket lists all pairs of a bucket by key.
func (v *View) Bucket(bucket string) ([]Pair, error) {
	ps, err := list(v.h, func(p *Pair) []any { return []any{&p.Key, &p.Value} }, sqlBucket, bucket)
	return ps, wrap("list bucket", err)
}

// DropBucket forgets all pairs of a bucket.
func (tx *Tx) DropBucket(bucket string) error {
	_, err := tx.h.exec(sqlDropBucket, bucket)
	return wrap("drop bucket", err)
}
