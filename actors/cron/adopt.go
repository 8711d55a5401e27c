package cron

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// Adopt makes the row of a job that another gateway has kept in a file. Its next run is reckoned anew: a one-shot whose
// time has passed is due, a recurring one goes on. What that gateway was running is not running any more. With an error
// the row is of a job that cannot run as it is: it is switched off, so that its owner can put it right.
func Adopt(j wire.CronJob, now int64) (store.CronJob, error) {
	j.Name = cmp.Or(strings.TrimSpace(j.Name), inferName(j))
	if j.SessionTarget == "" {
		j.SessionTarget = "main"
		if j.Payload.Kind == "agentTurn" {
			j.SessionTarget = isolated
		}
	}
	j.WakeMode = cmp.Or(j.WakeMode, "next-heartbeat")
	row := store.CronJob{ID: j.ID, LastStatus: j.State.LastStatus, LastError: j.State.LastError}
	set(&row.LastAt, j.State.LastRunAtMs)
	set(&row.LastMs, j.State.LastDurationMs)
	s, err := validate(&j, now)
	if err == nil {
		row.Enabled = j.Enabled
		row.NextAt = nextRun(row, s, now)
	}
	j.Enabled = row.Enabled
	if e := encodeJob(&row, j); e != nil {
		return row, e
	}
	return row, err
}

// inferName names a job from before jobs had names: by what it says, else by when it runs (protocol 3.11).
func inferName(j wire.CronJob) string {
	text := cmp.Or(strings.TrimSpace(j.Payload.Text), strings.TrimSpace(j.Payload.Message))
	line, _, _ := strings.Cut(text, "\n")
	if line = strings.TrimSpace(line); line != "" {
		if utf8.RuneCountInString(line) > 60 {
			line = string([]rune(line)[:60])
		}
		return line
	}
	switch j.Schedule.Kind {
	case "cron":
		return "Cron: " + j.Schedule.Expr
	case "every":
		if j.Schedule.EveryMs != nil {
			return fmt.Sprintf("Every: %v", time.Duration(*j.Schedule.EveryMs)*time.Millisecond)
		}
	case "at":
		return "One-shot"
	}
	return "Cron job"
}
