package cron

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// count is what is in the store of a job's runs.
func (r *rig) count(id string) (finished int, accepted int) {
	runs := readStore(r, func(v *store.View) ([]store.CronRun, error) { return v.CronRuns(id, 100) })
	all := readStore(r, func(v *store.View) (map[string]int, error) { return v.RunCounts() })
	for _, n := range all {
		accepted += n
	}
	return len(runs), accepted
}

// quiet waits until all ends have been told.
func (r *rig) quiet() {
	r.t.Helper()
	deadline := time.After(patience)
	for len(readStore(r, func(v *store.View) ([]store.CronRun, error) { return v.CronNews() })) > 0 {
		select {
		case <-deadline:
			r.t.Fatal("ends that nobody was told of")
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func TestCrash_missedOneShot(t *testing.T) {
	t.Parallel()
	a := setup{config: running, asleep: true}.start(t)
	j := a.add(oneShot(mainJob, time.Now().UnixMilli()-1000))
	a.kill() // before anything was claimed

	b := setup{config: running, dir: a.dir}.start(t)
	if ev := b.event("finished"); ev.JobID != j.ID || ev.Status != "ok" {
		t.Errorf("finished %+v", ev)
	}
	b.quiet()
	b.kill()

	c := setup{config: running, dir: a.dir}.start(t)
	var res wire.CronRunResult
	c.call("cron.run", fmt.Sprintf(`{"id":%q}`, j.ID), &res) // after the first look
	if n, _ := c.count(j.ID); n != 1 || res.Ran || !slices.Equal(c.notes(), []string{"hello"}) {
		t.Errorf("%d runs, %+v, notes %q", n, res, c.notes())
	}
}

func TestCrash_missedRecurring(t *testing.T) {
	t.Parallel()
	a := setup{config: running, asleep: true}.start(t)
	j := a.add(mainJob)
	a.write(func(tx *store.Tx) error {
		row, err := tx.CronJob(j.ID)
		if err != nil {
			return err
		}
		row.NextAt, row.RunningAt = time.Now().Add(-time.Hour).UnixMilli(), 7 // running, says a marker that nothing backs
		return tx.PutCronJob(*row)
	})
	a.kill()
	b := setup{config: running, dir: a.dir}.start(t)
	var res wire.CronRunResult
	b.call("cron.run", fmt.Sprintf(`{"id":%q}`, j.ID), &res)
	s := b.job(j.ID).State
	if res.Ran || s.RunningAtMs != nil || *s.NextRunAtMs < time.Now().UnixMilli() {
		t.Errorf("%+v %+v", res, s)
	}
}

func TestCrash_isolatedRuns(t *testing.T) {
	t.Parallel()
	a := setup{config: running}.start(t)
	j := a.add(oneShot(isolatedJob, 1))
	next(t, "work", a.work) // claimed and accepted; nobody has done it
	a.kill()

	b := setup{config: running, dir: a.dir}.start(t)
	b.quietLook()
	open := b.openRuns()
	if len(open) != 1 || open[0].SessionKey != "cron:"+j.ID {
		t.Fatalf("open runs %+v", open)
	}
	b.finish(open[0], agent.Answer{Text: "done"}, agent.Done, "")
	b.kill() // the end is stored, and may be told or not

	c := setup{config: running, dir: a.dir}.start(t)
	c.quiet()
	if n, all := c.count(j.ID); n != 1 || all != 1 || !slices.Equal(c.notes(), []string{"Cron: done"}) {
		t.Errorf("%d ends, %d runs, notes %q", n, all, c.notes())
	}
	if lines := c.logLines(j.ID, 1); len(lines) != 1 {
		t.Errorf("log %q", lines)
	}
}

// quietLook returns when the actor has looked once.
func (r *rig) quietLook() {
	r.t.Helper()
	if got := r.refused("cron.run", `{"id":"nobody"}`); !strings.Contains(got, "unknown cron job id") {
		r.t.Fatal(got)
	}
}

// A run that ended without the scheduler's part in the commit is noticed all the same.
func TestCrash_stray(t *testing.T) {
	t.Parallel()
	r := setup{config: running}.start(t)
	j := r.add(oneShot(isolatedJob, 1))
	next(t, "work", r.work)
	r.write(func(tx *store.Tx) error {
		_, err := tx.EndRun(r.openRuns()[0].ID, store.RunError, "Error: lost", time.Now().UnixMilli())
		return err
	})
	if ev := r.event("finished"); ev.JobID != j.ID || ev.Status != "error" || ev.Error != "Error: lost" {
		t.Errorf("finished %+v", ev)
	}
}

// TestCrash_anywhere cuts the store off at its n-th step, for every n until all is done before the cut, and goes on with
// a new process: the job of the main session is told once, and that of the agent is one run.
func TestCrash_anywhere(t *testing.T) {
	t.Parallel()
	for n := int64(0); ; n++ {
		a := setup{config: running, asleep: true}.start(t)
		main := a.add(oneShot(mainJob, 1))
		turn := a.add(oneShot(isolatedJob, 2))
		a.kill()

		var steps atomic.Int64
		cut := setup{config: running, dir: a.dir, fault: func(stage string) error {
			if stage == "migrate" || stage == "open" || steps.Add(1) <= n {
				return nil
			}
			return errors.New("power cut")
		}}.start(t)
		done := untilCut(cut, &steps, n)
		cut.kill()

		c := setup{config: running, dir: a.dir}.start(t)
		c.quietLook()
		for _, run := range c.openRuns() {
			c.finish(run, agent.Answer{Text: "done"}, agent.Done, "")
		}
		for ends := 0; ends < 2; {
			c.quiet()
			m, _ := c.count(main.ID)
			i, _ := c.count(turn.ID)
			ends = m + i
		}
		_, accepted := c.count(main.ID)
		if notes := c.notes(); accepted != 1 || len(notes) != 2 || !slices.Contains(notes, "hello") || !slices.Contains(notes, "Cron: done") {
			t.Errorf("cut after %d steps: %d runs, notes %q", n, accepted, notes)
		}
		for _, id := range []string{main.ID, turn.ID} {
			if lines := c.logLines(id, 1); len(lines) != 1 {
				t.Errorf("cut after %d steps: log of %s: %q", n, id, lines)
			}
		}
		c.kill()
		if done || t.Failed() {
			t.Logf("%d steps", n)
			return
		}
	}
}

// untilCut does the sessions' work until everything is told, or the cut has come; done says which.
func untilCut(r *rig, steps *atomic.Int64, n int64) (done bool) {
	deadline := time.After(patience)
	for {
		select {
		case <-r.work:
			for _, run := range r.openRuns() {
				if r.tryFinish(run) != nil {
					return false
				}
			}
		case <-time.After(time.Millisecond):
			if steps.Load() > n {
				return false
			}
			news := readStore(r, func(v *store.View) ([]store.CronRun, error) { return v.CronNews() })
			jobs := readStore(r, func(v *store.View) ([]store.CronJob, error) { return v.CronJobs() })
			if len(news) == 0 && !slices.ContainsFunc(jobs, func(j store.CronJob) bool { return j.Enabled }) {
				return true
			}
		case <-deadline:
			r.t.Fatal("neither done nor cut")
		}
	}
}

func TestLog_trimmed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := store.CronRun{JobID: "j", Status: "ok", Summary: strings.Repeat("x", 500)}
	for i := range int64(4000) {
		run.RunAt, run.EndedAt = i, i
		for range 2 { // the second one is there already
			if err := appendLog(dir, run); err != nil {
				t.Fatal(err)
			}
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "runs", "j.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	if n := len(lines); len(b) > maxLogBytes || n < keepLogLines || n >= 3500 || !strings.Contains(lines[n-1], `"runAtMs":3999,`) ||
		!strings.Contains(lines[0], fmt.Sprintf(`"runAtMs":%d,`, 4000-n)) {
		t.Errorf("%d lines, %d bytes, last %s", n, len(b), lines[n-1])
	}
	if err := appendLog(dir, store.CronRun{JobID: "../../etc/passwd"}); err == nil {
		t.Error("a job id with a path in it was taken")
	}
}
