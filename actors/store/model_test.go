package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Random steps on a few runs and outbox items are compared with a map of states.
func TestModel_statesOfRunsAndOutbox(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		ids := rapid.IntRange(1, 3)
		runs, items := map[string]string{}, map[int64]string{}
		name := func() string { return fmt.Sprintf("%d-%d", round, ids.Draw(r, "id")) }
		do := func(op Op) error { return s.Do(context.Background(), op) }
		// move checks one step of an item: allowed from some states, refused with ErrState from the others.
		move := func(to string, f func(tx *Tx, id int64) error, from ...string) func(*rapid.T) {
			return func(r *rapid.T) {
				if len(items) == 0 {
					r.Skip("no item")
				}
				id := rapid.SampledFrom(slices.Sorted(maps.Keys(items))).Draw(r, "item")
				err := do(func(tx *Tx) error { return f(tx, id) })
				if allowed := slices.Contains(from, items[id]); allowed != (err == nil) || err != nil && !errors.Is(err, ErrState) {
					r.Fatalf("%s -> %s: %v", items[id], to, err)
				} else if allowed {
					items[id] = to
				}
			}
		}
		r.Repeat(map[string]func(*rapid.T){
			"accept": func(r *rapid.T) {
				id := name()
				err := do(func(tx *Tx) error { _, err := tx.AcceptRun(Run{ID: id, SessionKey: fmt.Sprint(round)}); return err })
				if (runs[id] == "") != (err == nil) || err != nil && !errors.Is(err, ErrExists) {
					r.Fatalf("accept of a run in state %q: %v", runs[id], err)
				} else if err == nil {
					runs[id] = RunAccepted
				}
			},
			"start": func(r *rapid.T) {
				id, started := name(), false
				err := do(func(tx *Tx) (err error) { started, err = tx.StartRun(id, "s", 1); return err })
				if err != nil || started != (runs[id] == RunAccepted) {
					r.Fatalf("start of a run in state %q: %v, %v", runs[id], started, err)
				} else if started {
					runs[id] = RunRunning
				}
			},
			"end": func(r *rapid.T) {
				id, ended := name(), false
				state := rapid.SampledFrom([]string{RunDone, RunError, RunAborted}).Draw(r, "state")
				err := do(func(tx *Tx) (err error) { ended, err = tx.EndRun(id, state, "", 1); return err })
				if err != nil || ended != slices.Contains([]string{RunAccepted, RunRunning}, runs[id]) {
					r.Fatalf("end of a run in state %q: %v, %v", runs[id], ended, err)
				} else if ended {
					runs[id] = state
				}
			},
			"enqueue": func(r *rapid.T) {
				key := name()
				err := do(func(tx *Tx) error {
					id, fresh, err := tx.Enqueue(OutItem{Key: key, Account: "a", Chat: fmt.Sprint(round)})
					if _, known := items[id]; known == fresh && err == nil {
						return fmt.Errorf("item %d is known: %v, fresh: %v", id, known, fresh)
					}
					if fresh {
						items[id] = OutQueued
					}
					return err
				})
				if err != nil {
					r.Fatal(err)
				}
			},
			"sending":   move(OutSending, func(tx *Tx, id int64) error { return tx.OutSending(id) }, OutQueued),
			"sent":      move(OutSent, func(tx *Tx, id int64) error { return tx.OutSent(id, nil, "") }, OutSending, OutAmbiguous),
			"retry":     move(OutQueued, func(tx *Tx, id int64) error { return tx.OutRetry(id, 1, "") }, OutSending, OutAmbiguous),
			"failed":    move(OutFailed, func(tx *Tx, id int64) error { return tx.OutFailed(id, "") }, OutQueued, OutSending, OutAmbiguous),
			"ambiguous": move(OutAmbiguous, func(tx *Tx, id int64) error { return tx.OutAmbiguous(id, "") }, OutSending),
			"": func(r *rapid.T) {
				stored, err := states(s, round, runs)
				if err != nil {
					r.Fatal(err)
				}
				if d := cmp.Diff(want(runs, items), stored); d != "" {
					r.Fatalf("states (-model +store):\n%s", d)
				}
			},
		})
	})
}

// states reads what the store says of the runs and items of the model, and what it lists as open.
func states(s *Store, round int, runs map[string]string) (map[string]string, error) {
	out := map[string]string{}
	err := s.View(context.Background(), func(v *View) error {
		for id := range runs {
			r, err := v.Run(id)
			if err != nil {
				return err
			}
			out["run "+id] = r.State
		}
		pending, err1 := v.PendingRuns(fmt.Sprint(round), 0, 10)
		for _, r := range pending {
			out["pending "+r.ID] = r.State
		}
		lane, err2 := v.OutNext("a", fmt.Sprint(round), 10)
		for _, o := range lane {
			out[fmt.Sprint("lane ", o.ID)] = o.State
		}
		for i := 1; i <= 3; i++ {
			o, err := v.OutByKey(fmt.Sprintf("%d-%d", round, i))
			if err != nil {
				return err
			}
			if o != nil {
				out[fmt.Sprint("item ", o.ID)] = o.State
			}
		}
		return firstError(err1, err2)
	})
	return out, err
}

func want(runs map[string]string, items map[int64]string) map[string]string {
	out := map[string]string{}
	for id, state := range runs {
		out["run "+id] = state
		if state == RunAccepted {
			out["pending "+id] = state
		}
	}
	for id, state := range items {
		out[fmt.Sprint("item ", id)] = state
		if slices.Contains([]string{OutQueued, OutSending}, state) {
			out[fmt.Sprint("lane ", id)] = state
		}
	}
	return out
}
