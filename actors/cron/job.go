package cron

import (
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// What protocol 3.11 says of jobs that cannot be.
var (
	errName     = errors.New("cron job name is required")
	errMain     = errors.New(`main cron jobs require payload.kind="systemEvent"`)
	errIsolated = errors.New(`isolated cron jobs require payload.kind="agentTurn"`)
	errChannel  = errors.New("payload.channel must be last, whatsapp, telegram, discord, slack, signal or imessage, or one account of these, such as telegram:work")
)

type unknownJob string

func (id unknownJob) Error() string { return "unknown cron job id: " + string(id) }

const (
	ok      = "ok"
	failed  = "error"
	skipped = "skipped"

	isolated = "isolated"
)

// sessionKey is the session of an isolated job.
func sessionKey(jobID string) string { return "cron:" + jobID }

func newJob(p wire.CronAddParams, now int64) (store.CronJob, error) {
	j := wire.CronJob{
		ID: uuid.NewString(), Name: p.Name, Description: p.Description, Enabled: p.Enabled == nil || *p.Enabled,
		CreatedAtMs: now, UpdatedAtMs: now, Schedule: p.Schedule, SessionTarget: p.SessionTarget, WakeMode: p.WakeMode,
		Payload: p.Payload, Isolation: p.Isolation,
	}
	s, err := validate(&j, now)
	if err != nil {
		return store.CronJob{}, err
	}
	row := store.CronJob{ID: j.ID, Enabled: j.Enabled}
	row.NextAt = nextRun(row, s, now)
	return row, encodeJob(&row, j)
}

// patchJob changes a stored job. Its next run stays unless the schedule changes or the job is switched on.
func patchJob(row *store.CronJob, p wire.CronPatch, now int64) error {
	j, err := decodeJob(*row)
	if err != nil {
		return err
	}
	set(&j.Name, p.Name)
	set(&j.Description, p.Description)
	set(&j.Enabled, p.Enabled)
	set(&j.Schedule, p.Schedule)
	set(&j.SessionTarget, p.SessionTarget)
	set(&j.WakeMode, p.WakeMode)
	set(&j.Payload, p.Payload)
	if p.Isolation != nil {
		j.Isolation = p.Isolation
	}
	j.UpdatedAtMs = now
	s, err := validate(&j, now)
	if err != nil {
		return err
	}
	again := p.Schedule != nil || j.Enabled && !row.Enabled
	if row.Enabled = j.Enabled; again || !j.Enabled {
		row.Failures, row.NextAt = 0, nextRun(*row, s, now)
	}
	return encodeJob(row, j)
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// validate checks name, payload and schedule, and trims what people type.
func validate(j *wire.CronJob, now int64) (schedule, error) {
	j.Name, j.Description = strings.TrimSpace(j.Name), strings.TrimSpace(j.Description)
	switch {
	case j.Name == "":
		return schedule{}, errName
	case j.SessionTarget == "main" && j.Payload.Kind != "systemEvent":
		return schedule{}, errMain
	case j.SessionTarget == isolated && j.Payload.Kind != "agentTurn":
		return schedule{}, errIsolated
	case !isChannel(j.Payload.Channel):
		return schedule{}, errChannel
	}
	return parseSchedule(j.Schedule, time.UnixMilli(now))
}

// isChannel tells what a job may deliver through: the last channel, a surface, or one of a surface's accounts.
func isChannel(s string) bool {
	base, name, named := strings.Cut(s, ":")
	switch base {
	case "", last:
		return !named
	case whatsapp:
		return !named // it has one account
	case "telegram", "discord", "slack", "signal", "imessage":
		return !named || name != ""
	}
	return false
}

// nextRun is the time of the next run that is to be stored; 0 = none. A one-shot is due until it has ended well.
func nextRun(row store.CronJob, s schedule, now int64) int64 {
	if !row.Enabled || s.at > 0 && row.LastStatus == ok && row.LastAt >= s.at {
		return 0
	}
	return s.next(now)
}

// encodeJob puts what its owner said of a job into its row.
func encodeJob(row *store.CronJob, j wire.CronJob) (err error) {
	j.State = wire.CronState{}
	row.Definition, err = wire.Marshal(j)
	return err
}

// decodeJob is the job as clients see it.
func decodeJob(row store.CronJob) (wire.CronJob, error) {
	var j wire.CronJob
	if err := wire.Unmarshal(row.Definition, &j); err != nil {
		return j, err
	}
	j.Enabled = row.Enabled
	j.State = wire.CronState{
		NextRunAtMs: orAbsent(row.NextAt), RunningAtMs: orAbsent(row.RunningAt), LastRunAtMs: orAbsent(row.LastAt),
		LastStatus: row.LastStatus, LastError: row.LastError,
	}
	if row.LastStatus != "" {
		j.State.LastDurationMs = &row.LastMs
	}
	return j, nil
}

func orAbsent(ms int64) *int64 {
	if ms == 0 {
		return nil
	}
	return &ms
}

// Pauses before a one-shot that did not end well is tried again: they double from the first to the last.
const (
	firstPause = 30 * time.Second
	lastPause  = time.Hour
)

func pause(failures int) int64 {
	p := firstPause << min(max(0, failures-1), 10)
	return min(p, lastPause).Milliseconds()
}

// ended changes a job's row for the end of a run.
func ended(row *store.CronJob, j wire.CronJob, r store.CronRun) {
	row.RunningAt, row.LastAt, row.LastStatus, row.LastError = 0, r.RunAt, r.Status, r.Error
	row.LastMs = max(0, r.EndedAt-r.RunAt)
	if row.Failures++; r.Status == ok {
		row.Failures = 0
	}
	s, err := parseSchedule(j.Schedule, time.UnixMilli(r.EndedAt))
	switch {
	case err != nil: // a zone or an expression that this machine no longer knows
		row.NextAt = 0
	case s.at > r.RunAt && j.UpdatedAtMs > r.RunAt && r.Status == ok: // it got a new time during the run
		row.NextAt = nextRun(*row, s, r.EndedAt)
	case s.at > 0 && r.Status == ok:
		row.Enabled, row.NextAt = false, 0
	case s.at > 0 && row.Enabled:
		row.NextAt = max(s.at, r.EndedAt+pause(row.Failures))
	case row.NextAt <= r.RunAt: // it was due; a time that is now must not come again
		row.NextAt = nextRun(*row, s, max(r.EndedAt, row.NextAt+1))
	default:
		row.NextAt = nextRun(*row, s, r.EndedAt)
	}
}
