package importer

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/actors/importer/importtest"
	"github.com/clawdbot/gateway/actors/store"
)

// An import that dies before any of its commits, or right after it, goes on where it was: every line comes once, in order.
func TestCrash_betweenAnyTwoCommits(t *testing.T) {
	t.Parallel()
	size := importtest.Size{Sessions: 3, Lines: 3200, Long: 2500}
	for first, stage := range []string{"commit", "committed"} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			for n, done := int64(first), false; !done; n += 2 { // every batch in one of the two ways
				dir := t.TempDir()
				if err := importtest.Write(dir, size); err != nil {
					t.Fatal(err)
				}
				done = dieAt(t, dir, stage, n)
				r := start(t, dir, nil, Places{})
				rep := r.run()
				if rep.Sessions != 3 || rep.Lines != 3200 || rep.Transcripts != 3 || rep.CronJobs != 2 || rep.CronRuns != importtest.JobRuns {
					t.Errorf("after death %d at %s: %+v", n, stage, rep)
				}
				checkTexts(t, r, size)
				r.stop()
			}
		})
	}
}

// dieAt runs an import whose store fails for good from its n-th batch on, and ends the process. It returns true when the
// import was quicker.
func dieAt(t *testing.T, dir, stage string, n int64) bool {
	t.Helper()
	var batches atomic.Int64
	dead := make(chan struct{})
	r := start(t, dir, func(s string) error {
		if s == stage && batches.Add(1) > n {
			if batches.Load() == n+1 {
				close(dead)
			}
			return errors.New("the power is gone")
		}
		return nil
	}, Places{})
	defer r.stop()
	if r.im.Begin(t.Context()) != nil {
		return false
	}
	ref, err := actors.Spawn(r.sys, "import", r.im.Props())
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-ref.Done():
		return true
	case <-dead:
		return false
	}
}

func checkTexts(t *testing.T, r *rig, size importtest.Size) {
	t.Helper()
	total := 0
	for i := range size.Sessions {
		all := r.texts(importtest.ID(i))
		total += len(all)
		for n, text := range all {
			if !strings.Contains(text, `"`+importtest.Text(i, n)+`"`) {
				t.Fatalf("session %d, message %d: %s", i, n, text)
			}
		}
	}
	if total != size.Lines {
		t.Errorf("%d messages", total)
	}
}

// What is said while a transcript comes over stays behind it, also if nobody waited.
func TestWait_whatIsSaidMeanwhileComesLast(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	size := importtest.Size{Sessions: 20, Lines: 4000, Long: 1000}
	if err := importtest.Write(dir, size); err != nil {
		t.Fatal(err)
	}
	r := start(t, dir, nil, Places{})
	defer r.stop()
	if err := r.im.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	last := importtest.Key(19)
	say := func(i int) {
		err := r.store.Do(deadline(t), func(tx *store.Tx) error {
			return tx.AppendLine(store.Line{SessionID: importtest.ID(i), Role: "user", RunID: "live", Message: []byte(`"new"`)})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	say(0)
	ref, err := actors.Spawn(r.sys, "import", r.im.Props())
	if err != nil {
		t.Fatal(err)
	}
	r.im.Wait(deadline(t), last) // the oldest one: it must not come last now
	if got := len(r.texts(importtest.ID(19))); got != 157 {
		t.Errorf("%d messages after waiting", got)
	}
	<-ref.Done()
	r.im.Wait(deadline(t), last)
	all := r.texts(importtest.ID(0))
	if len(all) != 1001 || slices.Index(all, `"new"`) != 1000 {
		t.Errorf("%d messages, the new one is number %d", len(all), slices.Index(all, `"new"`))
	}
}

// A crash of the actor at its last message, or before, changes nothing of what came over.
func TestCrash_ofTheActor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	size := importtest.Size{Sessions: 3, Lines: 3200, Long: 2500}
	if err := importtest.Write(dir, size); err != nil {
		t.Fatal(err)
	}
	want, err := Rehearse(t.Context(), Places{StateDir: dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, dir, nil, Places{})
	defer r.stop()
	faults := actortest.NewFaults(1)
	faults.On(actortest.Kind("import")).Nth(1).Crash()
	sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler), Intercept: faults})
	defer func() {
		if err := sys.Stop(deadline(t)); err != nil {
			t.Error(err)
		}
	}()
	if err := r.im.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	ref, err := actors.Spawn(sys, "import", r.im.Props())
	if err != nil {
		t.Fatal(err)
	}
	<-ref.Done()
	s, err := r.im.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want.StartedAtMs, want.EndedAtMs = s.Report.StartedAtMs, s.Report.EndedAtMs
	if d := cmp.Diff(want, *s.Report); d != "" || len(faults.Fired()) == 0 {
		t.Errorf("faults %v, report:\n%s", faults.Fired(), d)
	}
	checkTexts(t, r, size)
}
