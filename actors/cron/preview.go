package cron

import (
	"cmp"
	"slices"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// onPreview answers with times to come: off the actor, because an expression may be followed for years.
func (s *cron) onPreview(c *actors.Context[Message], m Preview) {
	view(s, c, m.Reply, func(v *store.View) ([]wire.CronTime, error) {
		now := time.Now().UnixMilli()
		if m.Schedule != nil {
			s, err := parseSchedule(*m.Schedule, time.UnixMilli(now))
			if err != nil {
				return nil, wire.InvalidRequest("%s", err)
			}
			return times("", s, s.next(now), m.Limit), nil
		}
		rows, err := v.CronJobs()
		if err != nil {
			return nil, err
		}
		all := []wire.CronTime{}
		for _, row := range rows {
			j, err := decodeJob(row)
			if err != nil {
				return nil, err
			}
			if !row.Enabled || row.NextAt == 0 {
				continue
			}
			if s, err := parseSchedule(j.Schedule, time.UnixMilli(now)); err == nil { // else it is not run either
				all = append(all, times(row.ID, s, row.NextAt, m.Limit)...)
			}
		}
		slices.SortStableFunc(all, func(a, b wire.CronTime) int { return cmp.Compare(a.AtMs, b.AtMs) })
		return all[:min(len(all), m.Limit)], nil
	})
}

// times are first and what follows it, at most limit. A one-shot has no more than its first.
func times(id string, s schedule, first int64, limit int) []wire.CronTime {
	all := []wire.CronTime{}
	for at := first; at > 0 && len(all) < limit; at = s.following(at) {
		all = append(all, wire.CronTime{AtMs: at, JobID: id})
	}
	return all
}

// following is the run after the one at a time, in ms; 0 = none.
func (s schedule) following(at int64) int64 {
	switch {
	case s.at > 0:
		return 0
	case s.every > 0:
		return at + s.every
	}
	return s.next(at)
}
