package store

import (
	"fmt"
	"testing"
	"time"
)

func TestLookup_inbound(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	write(t, s, func(tx *Tx) error {
		for _, m := range []Inbound{
			{Account: "a", Chat: "1", MsgID: "7", Payload: []byte("{}")}, {Account: "a", Chat: "2", MsgID: "7", Payload: []byte("{}")},
			{Account: "b", Chat: "1", MsgID: "8", Payload: []byte("{}")}, {Account: "b", Chat: "3", MsgID: "7"},
		} {
			if _, err := tx.AcceptInbound(m); err != nil {
				return err
			}
		}
		return tx.FinishInbound(1, InboundDropped, "stale")
	})
	read(t, s, func(v *View) error {
		named, err1 := v.InboundNamed("7", 10)
		one, err2 := v.InboundNamed("7", 1)
		if len(named) != 2 || named[0].Chat != "2" || named[1].Note != "stale" || named[1].FinishedAt == 0 || len(one) != 1 {
			t.Errorf("named 7: %+v, at most one: %+v", named, one)
		}
		of, err3 := v.InboundOf("b", "3", "7")
		if of == nil || of.Seq != 4 || of.FinishedAt != 0 {
			t.Errorf("of b, 3, 7: %+v", of)
		}
		by, err4 := v.InboundBySeq(3)
		none, err5 := v.InboundBySeq(5)
		if by == nil || by.MsgID != "8" || none != nil {
			t.Errorf("third: %+v, fifth: %+v", by, none)
		}
		return firstError(err1, err2, err3, err4, err5)
	})
}

func TestLookup_outbox(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	write(t, s, func(tx *Tx) error {
		for i, key := range []string{"k#0", "k#1", "k#10", "k", "k$", "kk#0"} {
			id, _, err := tx.Enqueue(OutItem{Key: key, Account: "a", Chat: "1"})
			if err := firstError(err, tx.OutSending(id), tx.OutSent(id, []byte("{}"), fmt.Sprint("m", i%2))); err != nil {
				return err
			}
		}
		_, _, err := tx.Enqueue(OutItem{Key: "waits", Account: "a", Chat: "1"})
		return err
	})
	write(t, s, func(tx *Tx) error {
		first, err := tx.OutTold(2)
		again, err2 := tx.OutTold(2)
		if !first || again {
			t.Errorf("told: %v, then %v", first, again)
		}
		return firstError(err, err2)
	})
	lost := func(want int) {
		t.Helper()
		read(t, s, func(v *View) error {
			failed, ambiguous, err := v.OutLost()
			if failed != want || ambiguous != 0 {
				t.Errorf("%d failed, %d ambiguous; want %d failed", failed, ambiguous, want)
			}
			return err
		})
	}
	write(t, s, func(tx *Tx) error { return tx.OutFailed(7, "gone") })
	lost(1)
	write(t, s, func(tx *Tx) error {
		first, err := tx.OutSeen(7)
		again, err2 := tx.OutSeen(7)
		told, err3 := tx.OutTold(7)
		if !first || again || told {
			t.Errorf("seen: %v, then %v; told after it: %v", first, again, told)
		}
		return firstError(err, err2, err3)
	})
	lost(0)
	write(t, s, func(tx *Tx) error { return firstError(tx.OutAgain(7, "try"), tx.OutFailed(7, "gone again")) })
	lost(1)
	read(t, s, func(v *View) error {
		parts, err := v.OutParts("k", 10)
		keys := map[string]bool{}
		for _, p := range parts {
			keys[p.Key] = true
		}
		equal(t, "parts", keys, map[string]bool{"k#0": true, "k#1": true, "k#10": true})
		sent, err2 := v.OutByReceipt("m1", 2)
		if len(sent) != 2 || sent[0].Key != "kk#0" || sent[1].Key != "k" {
			t.Errorf("by receipt: %+v", sent)
		}
		unsent, err3 := v.OutByReceipt("", 10)
		equal(t, "without receipt", len(unsent), 0)
		return firstError(err, err2, err3)
	})
}

func TestLookup_runs(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	write(t, s, func(tx *Tx) error {
		for _, id := range []string{"one", "two", "three", "four"} {
			if _, err := tx.AcceptRun(Run{ID: id, Kind: "inbound", SessionKey: "main"}); err != nil {
				return err
			}
		}
		_, err1 := tx.EndRun("one", RunDone, "merged into two", 1)
		_, err2 := tx.EndRun("three", RunDone, "steered into two", 1)
		_, err3 := tx.EndAnswered("two", RunDone, "", "x/y", 1)
		return firstError(err1, err2, err3)
	})
	read(t, s, func(v *View) error {
		two, err := v.Run("two")
		if err != nil || two.Model != "x/y" {
			t.Fatalf("run: %+v, %v", two, err)
		}
		into, err1 := v.RunsInto(*two)
		if len(into) != 2 || into[0].ID != "one" || into[1].ID != "three" {
			t.Errorf("into: %+v", into)
		}
		latest, err2 := v.LatestRuns(2)
		equal(t, "latest", latest, []string{"four", "three"})
		return firstError(err1, err2)
	})
}

// A database of before has receipts, but not by their ids.
func TestLookup_migration(t *testing.T) {
	t.Parallel()
	steps, err := embeddedSteps(migrationFiles)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	m := migratorAt(t, dir, &clock{time.UnixMilli(0)}, steps[:7]...)
	if err := m.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, receipt := range []any{[]byte(`{"messageId":"41"}`), []byte(`{"chatId":"x"}`), []byte("no json"), nil} {
		_, err := m.db.ExecContext(t.Context(), `INSERT INTO outbox (key, account, surface, chat, run_id, state, receipt, created_at, updated_at)
			VALUES (?, 'a', 's', '1', '', 'sent', ?, 0, 0)`, fmt.Sprint(i), receipt)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := m.db.Close(); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, Options{Dir: dir})
	read(t, s, func(v *View) error {
		found, err := v.OutByReceipt("41", 10)
		if len(found) != 1 || found[0].Key != "0" {
			t.Errorf("by receipt: %+v", found)
		}
		return err
	})
}
