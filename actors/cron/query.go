package cron

import (
	"context"
	"slices"
	"sort"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// view answers a question with what f finds in the store, off the actor.
func view[T any](s *cron, c *actors.Context[Message], to actors.Reply[T], f func(v *store.View) (T, error)) {
	actors.Pipe(c, func(ctx context.Context) (t T, err error) {
		err = s.o.Store.View(ctx, func(v *store.View) error {
			t, err = f(v)
			return err
		})
		return t, err
	}, func(t T, err error) Message {
		return read{func() {
			if err != nil {
				to.Fail(err)
				return
			}
			to.Send(t)
		}}
	})
}

func (s *cron) onList(c *actors.Context[Message], m List) {
	view(s, c, m.Reply, func(v *store.View) ([]wire.CronJob, error) {
		rows, err := v.CronJobs()
		if err != nil {
			return nil, err
		}
		jobs := make([]wire.CronJob, 0, len(rows))
		sort.SliceStable(rows, func(i, j int) bool { return rows[i].NextAt < rows[j].NextAt })
		for _, row := range rows {
			j, err := decodeJob(row)
			if err != nil {
				return nil, err
			}
			if m.All || j.Enabled {
				jobs = append(jobs, j)
			}
		}
		return jobs, nil
	})
}

func (s *cron) onStatus(c *actors.Context[Message], m Status) {
	enabled := s.o.Config().Enabled
	view(s, c, m.Reply, func(v *store.View) (wire.CronStatusResult, error) {
		rows, err := v.CronJobs()
		r := wire.CronStatusResult{Enabled: enabled, StorePath: s.o.StorePath, Jobs: int64(len(rows))}
		for _, row := range rows {
			if at := row.NextAt; enabled && row.Enabled && at > 0 && (r.NextWakeAtMs == nil || at < *r.NextWakeAtMs) {
				r.NextWakeAtMs = &at
			}
		}
		return r, err
	})
}

func (s *cron) onRuns(c *actors.Context[Message], m Runs) {
	view(s, c, m.Reply, func(v *store.View) ([]wire.CronRunLog, error) {
		runs, err := v.CronRuns(m.ID, m.Limit)
		slices.Reverse(runs)
		entries := make([]wire.CronRunLog, 0, len(runs))
		for _, run := range runs {
			entries = append(entries, logEntry(run))
		}
		return entries, err
	})
}
