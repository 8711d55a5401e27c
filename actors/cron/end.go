package cron

import (
	"cmp"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
)

// maxSummary bounds what the main session and the log are told of an answer, in characters.
const maxSummary = 2000

// End is the part of this package in the commit that ends a run of kind KindCron: the job's state, its log and the note
// for the main session. Afterwards the actor must be told RunEnded.
func End(tx *store.Tx, j agent.Job, a agent.Answer, s agent.State) error {
	run, err := tx.CronRun(j.ID)
	if err != nil || run == nil || run.Status != "" {
		return err
	}
	errText := "Error: the run was stopped before its end"
	if s == agent.Failed {
		row, err := tx.Run(j.ID)
		if err != nil {
			return err
		}
		if row != nil {
			errText = row.Error
		}
	}
	return end(tx, *run, s == agent.Done, errText, a.Text, time.Now().UnixMilli())
}

func end(tx *store.Tx, run store.CronRun, done bool, errText, text string, now int64) error {
	d := detailOf(run)
	run.EndedAt, run.Status, run.Error = now, failed, errText
	if done {
		run.Status, run.Error, run.Summary = ok, "", summary(text)
		if d.Problem != "" {
			run.Status, run.Error = failed, "Error: "+d.Problem
			if d.BestEffort {
				run.Status = skipped
			}
		}
	}
	row, err := tx.CronJob(run.JobID)
	if err != nil {
		return err
	}
	if row != nil && row.RunningAt == run.RunAt {
		j, err := decodeJob(*row)
		if err != nil {
			return err
		}
		ended(row, j, run)
		run.NextAt = row.NextAt
		if err := tx.PutCronJob(*row); err != nil {
			return err
		}
	}
	if _, err := tx.EndCronRun(run); err != nil {
		return err
	}
	return tx.AddNote(d.MainKey, note(d.Prefix, run), "")
}

// note is what the main session is told (protocol 3.11).
func note(prefix string, run store.CronRun) string {
	if run.Status != ok {
		prefix += " (" + run.Status + ")"
	}
	return prefix + ": " + cmp.Or(run.Summary, run.Error, run.Status)
}

func summary(text string) string {
	text = strings.TrimSpace(text)
	if r := []rune(text); len(r) > maxSummary {
		return string(r[:maxSummary]) + "…"
	}
	return text
}

// stray returns the row of an open run whose end this package was not told of, or a row that says so when there is none.
func stray(v *store.View, run store.CronRun) *store.Run {
	row, err := v.Run(run.ID)
	switch {
	case err != nil:
		return nil
	case row == nil:
		return &store.Run{State: store.RunError, Error: "Error: the run is gone"}
	case row.State == store.RunAccepted || row.State == store.RunRunning:
		return nil
	}
	return row
}

// settleStrays ends runs that ended without End.
func (o *Options) settleStrays(tx *store.Tx, news []store.CronRun, now int64) error {
	for _, run := range news {
		if run.Status != "" {
			continue
		}
		if row := stray(&tx.View, run); row != nil {
			err := end(tx, run, row.State == store.RunDone, cmp.Or(row.Error, "Error: the run was stopped before its end"), "", now)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// tidy is done at a start: a job that nothing runs is not running, and what recurs and was missed is skipped.
func tidy(tx *store.Tx, news []store.CronRun, now int64) error {
	running := map[string]bool{}
	for _, run := range news {
		if run.Status == "" {
			running[run.JobID] = true
		}
	}
	rows, err := tx.CronJobs()
	if err != nil {
		return err
	}
	for _, row := range rows {
		was := row
		if !running[row.ID] {
			row.RunningAt = 0
		}
		j, err := decodeJob(row)
		if err != nil {
			continue
		}
		s, err := parseSchedule(j.Schedule, time.UnixMilli(now))
		missed := row.NextAt < now-missedFor.Milliseconds()
		switch {
		case err != nil:
			row.NextAt = 0
		case s.at > 0 && row.NextAt == 0, s.at == 0 && missed, s.wall.spec != nil && row.NextAt > now:
			row.NextAt = nextRun(row, s, now)
		}
		if row.RunningAt != was.RunningAt || row.NextAt != was.NextAt {
			if err := tx.PutCronJob(row); err != nil {
				return err
			}
		}
	}
	return nil
}
