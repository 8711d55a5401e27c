package store

import (
	"fmt"
	"testing"
	"time"
)

func TestSweep_keepsWhatIsOpenOrYoung(t *testing.T) {
	t.Parallel()
	c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	s := startStore(t, Options{Now: c.now})
	fill := func(name string) {
		write(t, s, func(tx *Tx) error {
			now := c.t.UnixMilli()
			_, _, _, err1 := tx.Claim("send", name+" open")
			err2 := tx.Settle("send", name+" done", Outcome{OK: true})
			_, err3 := tx.AcceptInbound(Inbound{Account: "a", Chat: "c", MsgID: name + " open", Payload: []byte("p")})
			_, err4 := tx.AcceptInbound(Inbound{Account: "a", Chat: "c", MsgID: name + " done", Payload: []byte("p")})
			ms, err5 := tx.PendingInbound(100)
			err6 := tx.FinishInbound(ms[len(ms)-1].Seq, InboundDropped, "note")
			errs := []error{err1, err2, err3, err4, err5, err6}
			for _, state := range []string{OutQueued, OutSent, OutFailed, OutAmbiguous} {
				id, _, err := tx.Enqueue(OutItem{Key: name + " " + state})
				errs = append(errs, err)
				switch state {
				case OutSent:
					errs = append(errs, tx.OutSending(id), tx.OutSent(id, nil, ""))
				case OutFailed:
					errs = append(errs, tx.OutFailed(id, ""))
				case OutAmbiguous:
					errs = append(errs, tx.OutSending(id), tx.OutAmbiguous(id, ""))
				}
			}
			_, err7 := tx.AcceptRun(Run{ID: name + " open"})
			_, err8 := tx.AcceptRun(Run{ID: name + " done"})
			_, err9 := tx.EndRun(name+" done", RunDone, "", now)
			err10 := tx.PutCode(PairCode{Code: name, ExpiresAt: now})
			return firstError(append(errs, err7, err8, err9, err10)...)
		})
	}
	fill("old")
	c.t = c.t.Add(40 * 24 * time.Hour)
	fill("young")
	n, err := s.Sweep(t.Context(), c.t)
	if err != nil || n != 7 { // both keys, the payload, two outbox items, a run and a code
		t.Errorf("%d rows swept: %v", n, err)
	}
	read(t, s, func(v *View) error {
		_, _, oldKey, err1 := v.Lookup("send", "old done")
		_, _, youngKey, err2 := v.Lookup("send", "young done")
		equal(t, "keys", []bool{oldKey, youngKey}, []bool{false, true})
		out, err3 := v.OutCounts()
		equal(t, "outbox", out, map[string]int{OutQueued: 2, OutSent: 1, OutFailed: 1, OutAmbiguous: 2})
		runs, err4 := v.RunCounts()
		equal(t, "runs", runs, map[string]int{RunAccepted: 2, RunDone: 1})
		codes, err5 := v.Codes()
		equal(t, "codes", len(codes), 1)
		pending, err6 := v.PendingInbound(10)
		equal(t, "pending", len(pending), 2)
		return firstError(err1, err2, err3, err4, err5, err6)
	})
	write(t, s, func(tx *Tx) error {
		fresh, err := tx.AcceptInbound(Inbound{Account: "a", Chat: "c", MsgID: "old done"})
		if fresh {
			t.Error("a pruned message was accepted again")
		}
		return err
	})
}

func TestSweep_trimsTheLongestFinishedKeys(t *testing.T) {
	t.Parallel()
	c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	s := startStore(t, Options{Now: c.now})
	s.maxKeys = 1000
	const excess = 1200 // more than two chunks
	write(t, s, func(tx *Tx) error {
		if _, _, _, err := tx.Claim("send", "open"); err != nil {
			return err
		}
		_, err := tx.h.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
			INSERT INTO idempotency (scope, key, created_at, done_at) SELECT 'send', i, ?2, ?2 + i FROM n`, s.maxKeys+excess-1, c.t.UnixMilli())
		return err
	})
	if n, err := s.Sweep(t.Context(), c.t); err != nil || n != excess {
		t.Errorf("%d rows swept: %v", n, err)
	}
	read(t, s, func(v *View) error {
		var n int
		_, err := v.h.row(sqlCountKeys, nil, &n)
		equal(t, "keys", n, s.maxKeys)
		for key, want := range map[string]bool{"open": true, fmt.Sprint(excess): false, fmt.Sprint(excess + 1): true} {
			if _, _, found, err := v.Lookup("send", key); err != nil || found != want {
				t.Errorf("key %s: found %v, %v", key, found, err)
			}
		}
		return err
	})
}

func TestSweep_isDueAfterMuchGrowth(t *testing.T) {
	t.Parallel()
	c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	s := startStore(t, Options{Now: c.now})
	write(t, s, func(tx *Tx) error { return tx.PutCode(PairCode{Code: "old", ExpiresAt: 1}) })
	write(t, s, func(tx *Tx) error { tx.grown = sweepEvery; return nil })
	for gone := false; !gone; {
		read(t, s, func(v *View) error {
			code, err := v.Code("old")
			gone = code == nil
			return err
		})
		if t.Context().Err() != nil {
			t.Fatal("no sweep came")
		}
	}
}
