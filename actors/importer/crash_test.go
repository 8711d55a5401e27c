package importer

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/importer/importtest"
	"github.com/clawdbot/gateway/actors/store"
)

// An import that dies before any of its commits, or right after it, goes on where it was: every line comes once, in order.
func TestCrash_betweenAnyTwoCommits(t *testing.T) {
	t.Parallel()
	size := importtest.Size{Sessions: 3, Lines: 600, Long: 300}
	for _, stage := range []string{"commit", "committed"} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			for n, done := int64(0), false; !done; n++ {
				dir := t.TempDir()
				if err := importtest.Write(dir, size); err != nil {
					t.Fatal(err)
				}
				done = dieAt(t, dir, stage, n)
				r := start(t, dir, nil, Places{})
				rep := r.run()
				if rep.Sessions != 3 || rep.Lines != 600 || rep.Transcripts != 3 || rep.CronJobs != 2 || rep.CronRuns != importtest.JobRuns {
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
