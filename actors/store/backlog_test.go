package store

import (
	"fmt"
	"testing"
)

// Each place counts what is there now, with the time of the oldest, and forgets what has gone on.
func TestBacklogs(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	want := func(what string, want Backlogs) {
		t.Helper()
		read(t, s, func(v *View) error {
			got, err := v.Backlogs()
			for _, b := range []*Backlog{&got.Queued, &got.Sending} { // the store's own clock
				if b.Count > 0 && b.Oldest == 0 {
					t.Errorf("%s: %+v has no time", what, *b)
				}
				b.Oldest = 0
			}
			if got != want {
				t.Errorf("%s: %+v, want %+v", what, got, want)
			}
			return err
		})
	}
	want("empty", Backlogs{})
	var outs []int64
	write(t, s, func(tx *Tx) error {
		for i := range 3 {
			if _, err := tx.AcceptInbound(Inbound{Account: "a", Surface: "telegram", Chat: "c", MsgID: fmt.Sprint(i), ReceivedAt: int64(100 + i)}); err != nil {
				return err
			}
			if _, err := tx.AcceptRun(Run{ID: fmt.Sprint("r", i), Kind: "agent", SessionKey: "main", AcceptedAt: int64(200 + i)}); err != nil {
				return err
			}
			id, _, err := tx.Enqueue(OutItem{Key: fmt.Sprint("k", i), Account: "a", Surface: "telegram", Chat: "c"})
			if err != nil {
				return err
			}
			outs = append(outs, id)
		}
		return nil
	})
	want("all wait", Backlogs{Inbound: Backlog{3, 100}, Waiting: Backlog{3, 200}, Queued: Backlog{Count: 3}})
	write(t, s, func(tx *Tx) error {
		if err := tx.FinishInbound(1, InboundRouted, ""); err != nil {
			return err
		}
		if _, err := tx.StartRun("r0", "s", 300); err != nil {
			return err
		}
		for _, id := range outs[:2] {
			if err := tx.OutSending(id); err != nil {
				return err
			}
		}
		return tx.OutAmbiguous(outs[0], "nobody knows")
	})
	want("some went on", Backlogs{
		Inbound: Backlog{2, 101}, Waiting: Backlog{2, 201}, Running: Backlog{1, 200}, Queued: Backlog{Count: 1}, Sending: Backlog{Count: 1}, Unsure: 1,
	})
	write(t, s, func(tx *Tx) error {
		if err := tx.OutFailed(outs[1], "no"); err != nil {
			return err
		}
		if _, err := tx.OutSeen(outs[0]); err != nil {
			return err
		}
		_, err := tx.EndRun("r0", RunDone, "", 400)
		return err
	})
	want("one was dealt with", Backlogs{Inbound: Backlog{2, 101}, Waiting: Backlog{2, 201}, Queued: Backlog{Count: 1}, Failed: 1})
}
