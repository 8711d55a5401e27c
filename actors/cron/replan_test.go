package cron

import (
	"context"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestReplan: after the clock was set back nothing waits for the time that it had shown.
func TestReplan(t *testing.T) {
	t.Parallel()
	r := setup{config: Config{Enabled: true}}.start(t)
	hour, now := time.Hour.Milliseconds(), time.Now().UnixMilli()
	for _, c := range []struct {
		name     string
		schedule wire.CronSchedule
		last     int64         // when it ran last, from now
		next     int64         // planned, from now
		most     time.Duration // it may be so far away afterwards
		least    time.Duration
	}{
		{"every ten minutes", wire.CronSchedule{Kind: "every", EveryMs: new(hour / 6)}, hour, hour + hour/6, 10 * time.Minute, 0},
		{"each minute", wire.CronSchedule{Kind: "cron", Expr: "* * * * *"}, hour, hour + 60_000, time.Minute, 0},
		{"once a day, ran a moment ago", wire.CronSchedule{Kind: "cron", Expr: timeOfDay(now + hour - 60_000)}, hour - 60_000, 25*hour - 60_000, 26 * time.Hour, 23 * time.Hour},
		{"once a day, the clock was days ahead", wire.CronSchedule{Kind: "cron", Expr: timeOfDay(now + hour)}, 72 * hour, 96 * hour, 2 * time.Hour, 0},
		{"one moment", wire.CronSchedule{Kind: "at", AtMs: new(now + 5*hour)}, 0, 5 * hour, 6 * time.Hour, 4 * time.Hour},
	} {
		job, err := encode(c.name, c.schedule)
		if err != nil {
			t.Fatal(err)
		}
		job.NextAt, job.Enabled = now+c.next, true
		if c.last > 0 {
			job.LastAt, job.LastStatus = now+c.last, ok
		}
		if err := r.store.Do(t.Context(), func(tx *store.Tx) error { return tx.PutCronJob(job) }); err != nil {
			t.Fatal(err)
		}
		if err := r.cron.Tell(Replan{}); err != nil {
			t.Fatal(err)
		}
		until(t, r, c.name, func(row store.CronJob) bool {
			away := time.Duration(row.NextAt-now) * time.Millisecond
			return away <= c.most+time.Minute && away >= c.least
		})
	}
}

// timeOfDay is the expression of a job that is due then each day.
func timeOfDay(ms int64) string { return time.UnixMilli(ms).Local().Format("4 15") + " * * *" }

func encode(name string, s wire.CronSchedule) (row store.CronJob, err error) {
	row = store.CronJob{ID: name}
	err = encodeJob(&row, wire.CronJob{
		ID: name, Name: name, Schedule: s, SessionTarget: "main", WakeMode: "next-heartbeat", Payload: wire.CronPayload{Kind: "systemEvent", Text: "x"},
	})
	return row, err
}

// until waits for a job to be as it should.
func until(t *testing.T, r *rig, id string, good func(store.CronJob) bool) {
	t.Helper()
	end := time.Now().Add(10 * time.Second)
	for {
		var row *store.CronJob
		err := r.store.View(context.Background(), func(v *store.View) (err error) {
			row, err = v.CronJob(id)
			return err
		})
		if err != nil || row == nil {
			t.Fatal(row, err)
		}
		if good(*row) {
			return
		}
		if time.Now().After(end) {
			t.Errorf("%s: next in %v", id, time.Until(time.UnixMilli(row.NextAt)))
			return
		}
		<-time.After(20 * time.Millisecond)
	}
}
