package cron

import (
	"time"

	"github.com/clawdbot/gateway/actors/store"
)

// smallChange is a correction of the clock after which a job with a time of day does not run a second time for the times that come
// again. It is that of other schedulers.
const smallChange = 3 * time.Hour

// replan brings forward what was planned by a clock that has been set back since. What is due by the new time anyway stays: it
// is begun by the look that this is part of.
func replan(tx *store.Tx, now int64) error {
	rows, err := tx.CronJobs()
	if err != nil {
		return err
	}
	for _, row := range rows {
		j, err := decodeJob(row)
		if err != nil || row.NextAt <= now {
			continue
		}
		s, err := parseSchedule(j.Schedule, time.UnixMilli(now))
		if err != nil || s.at > 0 {
			continue // a moment stays the moment that it is
		}
		from := now
		if s.wall.spec != nil && !s.wall.hourly && row.LastAt > now && row.LastAt-now <= smallChange.Milliseconds() {
			from = row.LastAt
		}
		next := nextRun(row, s, from)
		if next == 0 || next >= row.NextAt {
			continue
		}
		row.NextAt = next
		if err := tx.PutCronJob(row); err != nil {
			return err
		}
	}
	return nil
}
