package importer

import (
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/store"
)

func TestJobs_oddOnes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, jobsFile, `{version: 1, jobs: [
		{"id": "good", "name": " Good ", "enabled": true, "createdAtMs": 1, "updatedAtMs": 1, "schedule": {"kind": "every", "everyMs": 60000}, "sessionTarget": "main",
			"wakeMode": "now", "payload": {"kind": "systemEvent", "text": "x"}, "state": {"lastStatus": "error", "lastError": "e", "lastRunAtMs": 5}},
		{"id": "never", "name": "Never", "enabled": true, "schedule": {"kind": "cron", "expr": "0 0 30 2 *"}, "sessionTarget": "main",
			"wakeMode": "now", "payload": {"kind": "systemEvent", "text": "x"}, "state": {}},
		{"id": "good", "name": "Again"}, 17, {"name": "no id"},
		{"id": "../up", "name": "Up", "enabled": false, "schedule": {"kind": "at", "atMs": 5}, "sessionTarget": "main",
			"wakeMode": "now", "payload": {"kind": "systemEvent", "text": "x"}, "state": {"lastStatus": "ok", "lastRunAtMs": 5}},
	]}`)
	put(t, dir, "cron/runs/good.jsonl", strings.Join([]string{
		`{"ts":10,"jobId":"good","action":"finished","status":"ok","runAtMs":5,"durationMs":3}`,
		`{"ts":20,"jobId":"good","action":"started"}`,
		`{"ts":`,
		`{"ts":30,"jobId":"good","action":"finished","status":"error","error":"e","runAtMs":7,"durationMs":2,"nextRunAtMs":99}`,
		`{"ts":10,"jobId":"good","action":"finished","status":"ok","runAtMs":5,"durationMs":3}`,
		`{"ts":50,"jobId":"good","action":"finished","status":"ok","runAtMs":48,"durationMs":2}`,
	}, "\n"))
	put(t, dir, "cron/runs/a b.jsonl", "")
	put(t, dir, "cron/runs/gone.jsonl", `{"ts":1,"jobId":"gone","action":"finished","status":"skipped"}`)
	r := start(t, dir, nil, Places{})
	defer r.stop()
	if err := r.im.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	// This gateway has run the job itself already: its line in the log is not brought over.
	err := r.store.Do(deadline(t), func(tx *store.Tx) error {
		return tx.AddCronRun(store.CronRun{ID: "own", JobID: "good", RunAt: 48, EndedAt: 50, Status: "ok", Detail: []byte(`{}`)})
	})
	if err != nil {
		t.Fatal(err)
	}
	rep := r.run()
	if rep.CronJobs != 3 || rep.CronRuns != 3 {
		t.Errorf("report %+v", rep)
	}
	for path, want := range map[string][]string{
		jobsFile: {
			`job "never" is switched off: cron expression "0 0 30 2 *" never fires`, `job 3 stays behind: its id "good" is there twice`,
			"job 4 stays behind", "job 5 stays behind", "3 jobs came over",
		},
		"cron/runs/a b.jsonl":  {"its name is not the id of a job"},
		"cron/runs/good.jsonl": {"line 2 stays behind: not the end of a run", "line 3 stays behind: no JSON"},
	} {
		for _, text := range want {
			if !said(rep, path, text) {
				t.Errorf("the report lacks %s: %s\n%s", path, text, show(rep))
			}
		}
	}
	err = r.store.View(deadline(t), func(v *store.View) error {
		jobs, err := v.CronJobs()
		if err != nil {
			return err
		}
		if len(jobs) != 3 || !jobs[0].Enabled || jobs[0].NextAt == 0 || jobs[0].LastError != "e" || jobs[1].Enabled || jobs[2].Enabled {
			t.Errorf("jobs %+v", jobs)
		}
		runs, err := v.CronRuns("good", 10)
		if len(runs) != 3 || runs[0].ID != "own" || runs[1].NextAt != 99 || runs[2].EndedAt != 8 {
			t.Errorf("runs %+v", runs)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPlaces_storesOfTheirOwn(t *testing.T) {
	t.Parallel()
	dir, own, home := t.TempDir(), t.TempDir(), t.TempDir()
	put(t, own, "chats.json", `{"beside": {"sessionId": "a", "updatedAt": 3}, "usual": {"sessionId": "b", "updatedAt": 2}, "home": {"sessionId": "c", "updatedAt": 1}}`)
	put(t, own, "jobs/all.json", `{"version":1,"jobs":[]}`)
	put(t, own, "jobs/runs/j.jsonl", `{"ts":1,"jobId":"j","action":"finished","status":"ok"}`)
	put(t, own, "a.jsonl", `{"message":{"content":"beside"}}`)
	put(t, dir, "sessions/b.jsonl", `{"message":{"content":"usual"}}`)
	put(t, home, ".clawdbot/sessions/c.jsonl", `{"message":{"content":"home"}}`)
	r, rep := imported(t, dir, Places{Home: home, SessionStore: own + "/chats.json", CronStore: own + "/jobs/all.json"})
	if rep.Sessions != 3 || rep.Lines != 3 || rep.CronRuns != 1 {
		t.Errorf("report %+v", rep)
	}
	for id, want := range map[string]string{"a": "beside", "b": "usual", "c": "home"} {
		if got := r.texts(id); len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("%s: %q", id, got)
		}
	}
}

func TestPlaces_nothingThere(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir(), nil, Places{})
	defer r.stop()
	if err := r.im.Begin(t.Context()); err != nil || r.im.Pending() {
		t.Errorf("pending %v, %v", r.im.Pending(), err)
	}
	if s, err := r.im.Status(t.Context()); err != nil || s.State != "none" {
		t.Errorf("status %+v, %v", s, err)
	}
}
