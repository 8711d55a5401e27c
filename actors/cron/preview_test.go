package cron

import (
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// TestTimes: the times to come of each kind of schedule, one after another and no more than are asked for.
func TestTimes(t *testing.T) {
	now := at(t, "2026-03-02T10:30")
	ms := func(n int64) *int64 { return &n }
	for name, tt := range map[string]struct {
		s     wire.CronSchedule
		limit int
		want  []time.Duration // after now
	}{
		"once":           {wire.CronSchedule{Kind: "at", AtMs: ms(now.Add(time.Hour).UnixMilli())}, 5, []time.Duration{time.Hour}},
		"every":          {wire.CronSchedule{Kind: "every", EveryMs: ms(60_000)}, 3, []time.Duration{time.Minute, 2 * time.Minute, 3 * time.Minute}},
		"every, from":    {wire.CronSchedule{Kind: "every", EveryMs: ms(3_600_000), AnchorMs: ms(now.Add(-30 * time.Minute).UnixMilli())}, 2, []time.Duration{30 * time.Minute, 90 * time.Minute}},
		"expression":     {wire.CronSchedule{Kind: "cron", Expr: "0 7 * * 1-5", TZ: "UTC"}, 2, []time.Duration{20*time.Hour + 30*time.Minute, 44*time.Hour + 30*time.Minute}},
		"every, limit 0": {wire.CronSchedule{Kind: "every", EveryMs: ms(1)}, 0, nil},
	} {
		s, err := parseSchedule(tt.s, now)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := times([]upcoming{{"j", s.next(now.UnixMilli()), s}}, tt.limit)
		if len(got) != len(tt.want) {
			t.Fatalf("%s: %v, want %v", name, got, tt.want)
		}
		for i, d := range tt.want {
			if got[i].AtMs != now.Add(d).UnixMilli() || got[i].JobID != "j" {
				t.Errorf("%s: run %d at %s, want %s", name, i, time.UnixMilli(got[i].AtMs), now.Add(d))
			}
		}
	}
}

// TestPreview: of a schedule that is typed, and of the jobs that are enabled.
func TestPreview(t *testing.T) {
	r := setup{config: running}.start(t)
	job := r.add(mainJob)
	r.add(strings.Replace(mainJob, `{"name"`, `{"enabled":false,"name"`, 1))
	var got wire.CronPreviewResult
	r.call("cron.preview", `{"limit":3}`, &got)
	if len(got.Runs) != 3 || got.Runs[0] != (wire.CronTime{AtMs: *job.State.NextRunAtMs, JobID: job.ID}) || got.Runs[2].AtMs != got.Runs[0].AtMs+2*3_600_000 {
		t.Errorf("%+v, want three runs of %s from %d on", got.Runs, job.ID, *job.State.NextRunAtMs)
	}
	if why := r.refused("cron.preview", `{"schedule":{"kind":"cron","expr":"61 * * * *"}}`); !strings.Contains(why, "invalid cron expression") {
		t.Errorf("a wrong expression: %s", why)
	}
}
