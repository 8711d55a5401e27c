package store

import (
	"fmt"
	"testing"
)

func TestCron_jobs(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	job := CronJob{ID: "a", Definition: []byte("{}"), Enabled: true, NextAt: 100, LastStatus: "error", LastError: "x", LastAt: 5, LastMs: 3, Failures: 2}
	running := CronJob{ID: "b", Definition: []byte("{}"), Enabled: true, NextAt: 50, RunningAt: 40}
	write(t, s, func(tx *Tx) error {
		for _, j := range []CronJob{job, running, {ID: "off", Definition: []byte("{}"), NextAt: 10}, {ID: "never", Definition: []byte("{}"), Enabled: true}} {
			if err := tx.PutCronJob(j); err != nil {
				return err
			}
		}
		return nil
	})
	job.Seq = 1
	read(t, s, func(v *View) error {
		due, err := v.CronDue(100, 9)
		equal(t, "due", due, []CronJob{job})
		if n, _ := v.CronDue(99, 9); len(n) != 0 {
			t.Errorf("due before its time: %+v", n)
		}
		next, _ := v.CronNext(99)
		none, _ := v.CronNext(100)
		equal(t, "next", []int64{next, none}, []int64{100, 0})
		return err
	})
	write(t, s, func(tx *Tx) error {
		for i, want := range []bool{true, false} {
			if removed, err := tx.DeleteCronJob("a"); err != nil || removed != want {
				t.Errorf("removal %d: %v %v", i, removed, err)
			}
		}
		return nil
	})
}

func TestCron_runs(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	open := CronRun{ID: "r", JobID: "j", Detail: []byte("{}"), RunAt: 1}
	write(t, s, func(tx *Tx) error { return tx.AddCronRun(open) })
	wantErr(t, s.Do(t.Context(), func(tx *Tx) error { return tx.AddCronRun(open) }), ErrExists)
	end := open
	end.Status, end.EndedAt, end.Summary = "ok", 9, "done"
	write(t, s, func(tx *Tx) error {
		if err := tx.ToldCronRun("r"); err != nil { // it has not ended: it stays news
			return err
		}
		for i, want := range []bool{true, false} {
			if ended, err := tx.EndCronRun(end); err != nil || ended != want {
				t.Errorf("end %d: %v %v", i, ended, err)
			}
			end.Summary = "another"
		}
		return nil
	})
	end.Seq, end.Summary = 1, "done"
	read(t, s, func(v *View) error {
		news, err := v.CronNews()
		equal(t, "news", news, []CronRun{end})
		return err
	})
	write(t, s, func(tx *Tx) error {
		if err := tx.ToldCronRun("r"); err != nil {
			return err
		}
		for i := range keepCronRuns { // plain rows: only what comes after them is trimmed
			if _, err := tx.h.exec(sqlAddCronRun, fmt.Sprint(i), "j", []byte("{}"), 1, 2, "ok", "", "", 0); err != nil {
				return err
			}
		}
		if _, err := tx.h.exec("UPDATE cron_runs SET told = 1"); err != nil {
			return err
		}
		for i := range 10 {
			r := CronRun{ID: fmt.Sprint(keepCronRuns + i), JobID: "j", Detail: []byte("{}"), RunAt: 1, EndedAt: 2, Status: "ok"}
			if err := tx.AddCronRun(r); err != nil {
				return err
			}
		}
		return nil
	})
	read(t, s, func(v *View) error {
		runs, err := v.CronRuns("j", 1<<20)
		if len(runs) != keepCronRuns || runs[0].ID != fmt.Sprint(keepCronRuns+9) {
			t.Errorf("%d runs are kept", len(runs))
		}
		return err
	})
}

func TestNotes(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	write(t, s, func(tx *Tx) error {
		for _, text := range []string{"  ", " a ", "a", "b", "a"} {
			if err := tx.AddNote("main", text, "ctx"); err != nil {
				return err
			}
		}
		return tx.AddNote("other", "a", "")
	})
	want := []Note{{"a", "ctx"}, {"b", "ctx"}, {"a", "ctx"}}
	read(t, s, func(v *View) error {
		notes, err := v.Notes("main")
		equal(t, "notes", notes, want)
		return err
	})
	write(t, s, func(tx *Tx) error {
		notes, err := tx.TakeNotes("main")
		equal(t, "taken", notes, want)
		if again, _ := tx.TakeNotes("main"); len(again) != 0 {
			t.Errorf("taken twice: %+v", again)
		}
		for i := range maxNotes + 5 {
			if err := tx.AddNote("main", fmt.Sprint(i), ""); err != nil {
				return err
			}
		}
		notes, _ = tx.Notes("main")
		if len(notes) != maxNotes || notes[0].Text != "5" {
			t.Errorf("%d notes, the first is %q", len(notes), notes[0].Text)
		}
		return err
	})
	read(t, s, func(v *View) error {
		notes, err := v.Notes("other")
		equal(t, "of another session", notes, []Note{{"a", ""}})
		return err
	})
}
