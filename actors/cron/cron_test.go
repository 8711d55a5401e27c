package cron

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

var running = Config{Enabled: true}

const (
	mainJob     = `{"name":"daily","schedule":{"kind":"every","everyMs":3600000},"sessionTarget":"main","wakeMode":"next-heartbeat","payload":{"kind":"systemEvent","text":"hello"}}`
	isolatedJob = `{"name":"digest","schedule":{"kind":"every","everyMs":3600000},"sessionTarget":"isolated","wakeMode":"next-heartbeat","payload":{"kind":"agentTurn","message":"summarise","thinking":"low","timeoutSeconds":9}}`
)

func oneShot(job string, at int64) string {
	return strings.Replace(job, `{"kind":"every","everyMs":3600000}`, fmt.Sprintf(`{"kind":"at","atMs":%d}`, at), 1)
}

func (r *rig) add(params string) (j wire.CronJob) {
	r.t.Helper()
	r.call("cron.add", params, &j)
	return j
}

func (r *rig) job(id string) wire.CronJob {
	r.t.Helper()
	var l wire.CronListResult
	r.call("cron.list", `{"includeDisabled":true}`, &l)
	i := slices.IndexFunc(l.Jobs, func(j wire.CronJob) bool { return j.ID == id })
	if i < 0 {
		r.t.Fatalf("no job %s", id)
	}
	return l.Jobs[i]
}

func TestJobs(t *testing.T) {
	t.Parallel()
	r := setup{config: running}.start(t)
	j := r.add(mainJob)
	if j.ID == "" || !j.Enabled || j.State.NextRunAtMs == nil || *j.State.NextRunAtMs != j.CreatedAtMs+3_600_000 || j.State.LastStatus != "" {
		t.Errorf("added %+v", j)
	}
	if ev := next(t, "event", r.events); ev.Action != "added" || ev.JobID != j.ID || *ev.NextRunAtMs != *j.State.NextRunAtMs {
		t.Errorf("event %+v", ev)
	}
	second := r.add(strings.Replace(isolatedJob, "3600000", "60000", 1))
	var u wire.CronJob
	r.call("cron.update", fmt.Sprintf(`{"id":%q,"patch":{"name":" new name "}}`, j.ID), &u)
	if u.Name != "new name" || *u.State.NextRunAtMs != *j.State.NextRunAtMs || u.UpdatedAtMs < j.UpdatedAtMs {
		t.Errorf("a new name moves the next run or is not there: %+v", u)
	}
	var l wire.CronListResult
	r.call("cron.list", `{}`, &l)
	if len(l.Jobs) != 2 || l.Jobs[0].ID != second.ID {
		t.Errorf("the list is not by next run: %+v", l.Jobs)
	}
	r.event("added")
	r.event("updated")
	r.call("cron.update", fmt.Sprintf(`{"id":%q,"patch":{"enabled":false}}`, second.ID), &u)
	if ev := r.event("updated"); ev.NextRunAtMs != nil || u.State.NextRunAtMs != nil {
		t.Errorf("a disabled job has a next run: %+v %+v", ev, u.State)
	}
	var st wire.CronStatusResult
	r.call("cron.status", `{}`, &st)
	if !st.Enabled || st.Jobs != 2 || *st.NextWakeAtMs != *j.State.NextRunAtMs || filepath.Base(st.StorePath) != "jobs.json" {
		t.Errorf("status %+v", st)
	}
	if r.call("cron.list", `{}`, &l); len(l.Jobs) != 1 {
		t.Errorf("disabled jobs are listed: %+v", l.Jobs)
	}
	var rm wire.CronRemoveResult
	if r.call("cron.remove", fmt.Sprintf(`{"id":%q}`, j.ID), &rm); !rm.Removed || r.event("removed").JobID != j.ID {
		t.Errorf("remove %+v", rm)
	}
	if r.call("cron.remove", fmt.Sprintf(`{"id":%q}`, j.ID), &rm); rm.Removed || !rm.OK {
		t.Errorf("removed twice: %+v", rm)
	}
	var runs wire.CronRunsResult
	if r.call("cron.runs", `{"id":"nobody"}`, &runs); runs.Entries == nil || len(runs.Entries) != 0 {
		t.Errorf("runs of nobody: %#v", runs)
	}
}

func TestJobs_refused(t *testing.T) {
	t.Parallel()
	r := setup{config: running}.start(t)
	j := r.add(mainJob)
	sub := func(job, from, to string) string { return strings.Replace(job, from, to, 1) }
	tests := []struct{ method, params, want string }{
		{"cron.add", sub(mainJob, `"daily"`, `"  "`), "UNAVAILABLE Error: cron job name is required"},
		{"cron.add", sub(mainJob, `"main"`, `"isolated"`), `UNAVAILABLE Error: isolated cron jobs require payload.kind="agentTurn"`},
		{"cron.add", sub(isolatedJob, `"isolated"`, `"main"`), `UNAVAILABLE Error: main cron jobs require payload.kind="systemEvent"`},
		{"cron.add", sub(mainJob, `{"kind":"every","everyMs":3600000}`, `{"kind":"cron","expr":"0 0 31 2 *"}`), `UNAVAILABLE Error: cron expression "0 0 31 2 *" never fires`},
		{"cron.update", `{"id":"nope","patch":{}}`, "UNAVAILABLE Error: unknown cron job id: nope"},
		{"cron.update", fmt.Sprintf(`{"id":%q,"patch":{"name":"x","sessionTarget":"isolated"}}`, j.ID), `UNAVAILABLE Error: isolated cron jobs require payload.kind="agentTurn"`},
		{"cron.run", `{"id":"nope"}`, "UNAVAILABLE Error: unknown cron job id: nope"},
	}
	for _, tt := range tests {
		if got := r.refused(tt.method, tt.params); got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.method, tt.params, got, tt.want)
		}
	}
	if got := r.job(j.ID); got.Name != "daily" || got.SessionTarget != "main" {
		t.Errorf("a refused update has changed the job: %+v", got)
	}
}

func TestRun_main(t *testing.T) {
	t.Parallel()
	r := setup{config: running}.start(t)
	j := r.add(mainJob)
	var res wire.CronRunResult
	if r.call("cron.run", fmt.Sprintf(`{"id":%q}`, j.ID), &res); res.Ran || res.Reason != "not-due" {
		t.Errorf("run of what is not due: %+v", res)
	}
	r.call("cron.run", fmt.Sprintf(`{"id":%q,"mode":"force"}`, j.ID), &res)
	if !res.OK || !res.Ran || res.Reason != "" {
		t.Errorf("forced run: %+v", res)
	}
	next(t, "added", r.events)
	if len(r.events) < 2 {
		t.Error("the answer came before the events")
	}
	if ev := next(t, "started", r.events); ev.Action != "started" || ev.RunAtMs == nil {
		t.Errorf("first event %+v", ev)
	}
	fin := next(t, "finished", r.events)
	if fin.Action != "finished" || fin.Status != "ok" || fin.Summary != "hello" || fin.DurationMs == nil || *fin.NextRunAtMs < *fin.RunAtMs+3_600_000 {
		t.Errorf("second event %+v", fin)
	}
	if n := r.notes(); !slices.Equal(n, []string{"hello"}) {
		t.Errorf("notes %q", n)
	}
	var runs wire.CronRunsResult
	r.call("cron.runs", fmt.Sprintf(`{"id":%q,"limit":50}`, j.ID), &runs)
	if len(runs.Entries) != 1 || runs.Entries[0].Summary != "hello" || runs.Entries[0].Action != "finished" {
		t.Errorf("runs %+v", runs)
	}
	line := r.logLines(j.ID, 1)[0]
	if want, _ := wire.Marshal(runs.Entries[0]); line != string(want) {
		t.Errorf("log file %s, want %s", line, want)
	}
	if s := r.job(j.ID).State; s.LastStatus != "ok" || s.LastRunAtMs == nil || s.LastDurationMs == nil || s.RunningAtMs != nil {
		t.Errorf("state %+v", s)
	}
}

// logLines waits until the file of a job has n lines.
func (r *rig) logLines(id string, n int) []string {
	r.t.Helper()
	deadline := time.After(patience)
	for {
		b, _ := os.ReadFile(filepath.Join(r.dir, "cron", "runs", id+".jsonl"))
		if lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n"); len(b) > 0 && len(lines) >= n {
			return lines
		}
		select {
		case <-deadline:
			r.t.Fatalf("log of %s: %s", id, b)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func TestRun_oneShotByItself(t *testing.T) {
	t.Parallel()
	r := setup{config: running}.start(t)
	j := r.add(oneShot(mainJob, time.Now().UnixMilli()+80))
	if ev := r.event("finished"); ev.JobID != j.ID || ev.Status != "ok" || ev.NextRunAtMs != nil || *ev.RunAtMs < *j.Schedule.AtMs {
		t.Errorf("finished %+v", ev)
	}
	if got := r.job(j.ID); got.Enabled || got.State.NextRunAtMs != nil {
		t.Errorf("a one-shot that has run is still on: %+v", got)
	}
}

func TestRun_isolated(t *testing.T) {
	t.Parallel()
	r := setup{config: running}.start(t)
	j := r.add(strings.Replace(isolatedJob, `"payload"`, `"isolation":{"postToMainPrefix":"Digest"},"payload"`, 1))
	done := r.goCall("cron.run", fmt.Sprintf(`{"id":%q,"mode":"force"}`, j.ID))
	if key := next(t, "work", r.work); key != "cron:"+j.ID {
		t.Errorf("work for %s", key)
	}
	r.event("started")
	if s := r.job(j.ID).State; s.RunningAtMs == nil {
		t.Errorf("state while it runs %+v", s)
	}
	run := r.openRuns()[0]
	var req agent.Request
	if err := wire.Unmarshal(run.Request, &req); err != nil {
		t.Fatal(err)
	}
	if req.Message != "[cron:"+j.ID+" digest] summarise" || req.Thinking != "low" || *req.Timeout != 9 || run.Kind != "cron" || run.SessionID == "" || len(run.Route) > 0 {
		t.Errorf("run %+v %+v", run, req)
	}
	select {
	case a := <-done:
		t.Fatalf("answered before the run has ended: %+v", a)
	default:
	}
	r.finish(run, agent.Answer{Text: " " + strings.Repeat("é", 3000)}, agent.Done, "")
	if a := next(t, "answer", done); a.Err != nil {
		t.Fatal(a.Err)
	}
	want := strings.Repeat("é", 2000) + "…"
	if ev := next(t, "finished", r.events); ev.Action != "finished" || ev.Status != "ok" || ev.Summary != want {
		t.Errorf("finished %+v", ev)
	}
	if n := r.notes(); !slices.Equal(n, []string{"Digest: " + want}) {
		t.Errorf("notes %q", n)
	}
}

func TestRun_oneShotFails(t *testing.T) {
	t.Parallel()
	r := setup{config: running}.start(t)
	j := r.add(oneShot(isolatedJob, 1))
	for n := range 2 {
		next(t, "work", r.work)
		r.finish(r.openRuns()[0], agent.Answer{}, agent.Failed, "Error: boom")
		ev := r.event("finished")
		p := pause(n + 1)
		if ev.Status != "error" || ev.Error != "Error: boom" || ev.NextRunAtMs == nil || *ev.NextRunAtMs < *ev.RunAtMs+p || *ev.NextRunAtMs > time.Now().UnixMilli()+p {
			t.Fatalf("finished %+v, want a pause of %d ms", ev, p)
		}
		r.write(func(tx *store.Tx) error { // its time comes
			row, err := tx.CronJob(j.ID)
			if err != nil {
				return err
			}
			row.NextAt = time.Now().UnixMilli()
			return tx.PutCronJob(*row)
		})
	}
	if n := r.notes(); !slices.Equal(n, []string{"Cron (error): Error: boom"}) { // the repeat says nothing new
		t.Errorf("notes %q", n)
	}
	next(t, "work", r.work)
	r.finish(r.openRuns()[0], agent.Answer{Text: "fine"}, agent.Done, "")
	if ev := r.event("finished"); ev.Status != "ok" || ev.NextRunAtMs != nil || r.job(j.ID).Enabled {
		t.Errorf("finished %+v", ev)
	}
}

func TestRun_places(t *testing.T) {
	t.Parallel()
	r := setup{config: Config{Enabled: true, MaxConcurrent: 2}}.start(t)
	for range 5 {
		r.add(oneShot(isolatedJob, 1))
	}
	r.add(oneShot(mainJob, 1)) // needs no place
	ended := map[string]bool{}
	for len(ended) < 5 {
		next(t, "work", r.work)
		open := r.openRuns()
		if len(open) > 2 {
			t.Fatalf("%d at one time", len(open))
		}
		run := open[0]
		r.finish(run, agent.Answer{Text: "done"}, agent.Done, "")
		ended[run.SessionKey] = true
	}
	for range 6 {
		if ev := r.event("finished"); ev.Status != "ok" {
			t.Errorf("finished %+v", ev)
		}
	}
}

func TestRun_disabledScheduler(t *testing.T) {
	t.Parallel()
	r := setup{}.start(t)
	j := r.add(oneShot(mainJob, 1))
	var st wire.CronStatusResult
	if r.call("cron.status", `{}`, &st); st.Enabled || st.NextWakeAtMs != nil || st.Jobs != 1 {
		t.Errorf("status %+v", st)
	}
	var res wire.CronRunResult
	if r.call("cron.run", fmt.Sprintf(`{"id":%q}`, j.ID), &res); !res.Ran {
		t.Errorf("a due job does not run when it is asked to: %+v", res)
	}
	if n := r.notes(); len(n) != 1 {
		t.Errorf("notes %q", n)
	}
}

func TestWake(t *testing.T) {
	t.Parallel()
	r := setup{config: running}.start(t)
	var res wire.OKResult
	if r.call("wake", `{"mode":"now","text":"  "}`, &res); res.OK {
		t.Error("a blank wake is ok")
	}
	if r.call("wake", `{"mode":"next-heartbeat","text":" check mail "}`, &res); !res.OK || !slices.Equal(r.notes(), []string{"check mail"}) {
		t.Errorf("wake %+v, notes %q", res, r.notes())
	}
}
