package crashtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// periods of the recurring jobs.
var periods = []time.Duration{900 * time.Millisecond, 1300 * time.Millisecond}

func (x *crash) addRecurring() {
	for _, p := range periods {
		x.driver.addJob(x.ctx, wire.CronSchedule{Kind: "every", EveryMs: new(p.Milliseconds()), AnchorMs: new(int64(0))})
	}
}

// addJob adds a job whose runs answer a word of their own. cron.add has no key: whether a call whose answer a kill has
// eaten was carried out is seen in the list.
func (d *driver) addJob(ctx context.Context, schedule wire.CronSchedule) {
	d.mu.Lock()
	name := fmt.Sprint("tick-", d.named)
	d.named++
	d.mu.Unlock()
	params := wire.CronAddParams{
		Name: name, Schedule: schedule, SessionTarget: "isolated", WakeMode: "next-heartbeat",
		Payload: wire.CronPayload{Kind: "agentTurn", Message: name},
	}
	err := poll(ctx, func() error {
		var r wire.CronListResult
		if err := d.client.Call(ctx, "cron.list", wire.CronListParams{IncludeDisabled: true}, &r); err != nil {
			return err
		}
		for _, j := range r.Jobs {
			if j.Name == name {
				d.mu.Lock()
				d.jobs = append(d.jobs, j.ID)
				d.mu.Unlock()
				return nil
			}
		}
		_ = d.client.Call(ctx, "cron.add", params, nil)
		return errors.New("not in the list")
	})
	if err != nil {
		d.t.Errorf("%s: %v", name, err)
	}
}

// restOfCron waits until every job has run, the recurring ones in the life of this process, and puts them to rest. A
// one-shot job that a kill has interrupted is tried again after half a minute, which is not waited for.
func (x *crash) restOfCron() {
	x.t.Helper()
	for _, id := range x.driver.jobs {
		err := poll(x.ctx, func() error {
			var r wire.CronListResult
			if err := x.driver.client.Call(x.ctx, "cron.list", wire.CronListParams{IncludeDisabled: true}, &r); err != nil {
				return err
			}
			for _, j := range r.Jobs {
				if j.ID != id {
					continue
				}
				switch last := j.State.LastRunAtMs; {
				case last == nil, j.Schedule.Kind == "every" && *last < x.process.born.UnixMilli():
					return fmt.Errorf("%s has not run", j.Name)
				case j.Enabled:
					off := wire.CronUpdateParams{ID: id, Patch: wire.CronPatch{Enabled: new(false)}}
					return errors.Join(errors.New("it is enabled"), x.driver.client.Call(x.ctx, "cron.update", off, nil))
				case j.State.RunningAtMs != nil:
					return fmt.Errorf("%s runs", j.Name)
				}
				return nil
			}
			return errors.New("it is gone")
		})
		if err != nil {
			x.t.Fatalf("job %s: %v\n%s", id, err, x.process.output())
		}
	}
}

// checkJobs: a job has a run for each time it was due, in one final state and with one line in its log. A run that does
// not end well was in progress at a kill; a one-shot job ends well once.
func (x *crash) checkJobs(v *store.View, b *books) {
	x.t.Helper()
	jobs, err := v.CronJobs()
	x.must(err)
	if len(jobs) != len(x.driver.jobs) {
		x.t.Errorf("%d jobs, %d were added", len(jobs), len(x.driver.jobs))
	}
	for _, j := range jobs {
		var def wire.CronJob
		x.must(wire.Unmarshal(j.Definition, &def))
		runs, err := v.CronRuns(j.ID, everything)
		x.must(err)
		x.result.ticks += len(runs)
		ended, due := 0, map[int64]bool{}
		for _, r := range runs {
			if x.checkRun(v, b, r.ID) == store.RunDone {
				ended++
			}
			if q, want := b.questions[r.ID], fmt.Sprintf("[cron:%s %s] %s", j.ID, def.Name, def.Name); len(q) != 1 || q[0] != want {
				x.t.Errorf("run %s of job %s has the questions %q", r.ID, def.Name, q)
			}
			if every := def.Schedule.EveryMs; every != nil {
				if due[r.RunAt / *every] {
					x.t.Errorf("job %s ran twice for one time: %d", def.Name, r.RunAt)
				}
				due[r.RunAt / *every] = true
			}
		}
		if def.Schedule.Kind == "at" && (ended > 1 || len(runs) == 0 || ended == 0 && !j.Enabled && j.LastStatus == "ok") {
			x.t.Errorf("job %s has %d runs, %d ended well", def.Name, len(runs), ended)
		}
		if lines := x.logLines(j.ID); lines != len(runs) {
			x.t.Errorf("job %s has %d runs and %d lines in its log", def.Name, len(runs), lines)
		}
	}
}

// logLines counts the runs in a job's log.
func (x *crash) logLines(id string) int {
	x.t.Helper()
	raw, err := os.ReadFile(filepath.Join(x.host.state(), "cron", "runs", id+".jsonl"))
	x.must(err)
	seen := map[int64]bool{}
	for line := range strings.Lines(string(raw)) {
		var e wire.CronRunLog
		if err := wire.Unmarshal([]byte(line), &e); err != nil || e.RunAtMs == nil || e.JobID != id {
			x.t.Errorf("line %q of the log: %v", line, err)
			continue
		}
		if seen[*e.RunAtMs] {
			x.t.Errorf("the log of job %s has the run of %d twice", id, *e.RunAtMs)
		}
		seen[*e.RunAtMs] = true
	}
	return len(seen)
}
