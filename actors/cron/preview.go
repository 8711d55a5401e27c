package cron

import (
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// onPreview answers with times to come: off the actor, because an expression may be followed for years.
func (s *cron) onPreview(c *actors.Context[Message], m Preview) {
	view(s, c, m.Reply, func(v *store.View) ([]wire.CronTime, error) {
		now := time.Now()
		if m.Schedule != nil {
			s, err := parseSchedule(*m.Schedule, now)
			if err != nil {
				return nil, wire.InvalidRequest("%s", err)
			}
			return times([]upcoming{{due: s.next(now.UnixMilli()), schedule: s}}, m.Limit), nil
		}
		rows, err := v.CronJobs()
		if err != nil {
			return nil, err
		}
		var jobs []upcoming
		for _, row := range rows {
			j, err := decodeJob(row)
			if err != nil {
				return nil, err
			}
			if !row.Enabled {
				continue
			}
			if s, err := parseSchedule(j.Schedule, now); err == nil { // else it is not run either
				jobs = append(jobs, upcoming{row.ID, row.NextAt, s})
			}
		}
		return times(jobs, m.Limit), nil
	})
}

// upcoming is a schedule and when it is due next, in ms; 0 = never again.
type upcoming struct {
	job string
	due int64
	schedule
}

// times are the next ones of all schedules, the earliest first and at most limit. However many jobs there are, no more than
// limit times are worked out.
func times(of []upcoming, limit int) []wire.CronTime {
	all := []wire.CronTime{}
	for len(all) < limit {
		var first *upcoming
		for i := range of {
			if u := &of[i]; u.due > 0 && (first == nil || u.due < first.due) {
				first = u
			}
		}
		if first == nil {
			break
		}
		all = append(all, wire.CronTime{AtMs: first.due, JobID: first.job})
		first.due = first.following(first.due)
	}
	return all
}

// following is the run after the one at a time, in ms; 0 = none: a one-shot has no more than its first.
func (s schedule) following(at int64) int64 {
	switch {
	case s.at > 0:
		return 0
	case s.every > 0:
		return at + s.every
	}
	return s.next(at)
}
