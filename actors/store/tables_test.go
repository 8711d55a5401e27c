package store

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// equal compares what a read function returned.
func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func TestIdempotency_firstOwnsAndFirstAnswerStays(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	type claim struct {
		Prev        *Outcome
		Done, Fresh bool
	}
	take := func(scope, key string) (c claim) {
		write(t, s, func(tx *Tx) (err error) {
			c.Prev, c.Done, c.Fresh, err = tx.Claim(scope, key)
			return err
		})
		return c
	}
	equal(t, "first claim", take("send", "k"), claim{Fresh: true})
	equal(t, "same key, other scope", take("agent", "k"), claim{Fresh: true})
	equal(t, "repeat while it runs", take("send", "k"), claim{})

	answer := Outcome{OK: true, Payload: []byte(`{"a":1}`)}
	write(t, s, func(tx *Tx) error { return tx.Settle("send", "k", answer) })
	write(t, s, func(tx *Tx) error { return tx.Settle("send", "k", Outcome{Error: []byte(`{}`)}) })
	equal(t, "repeat after the answer", take("send", "k"), claim{Prev: &answer, Done: true})

	write(t, s, func(tx *Tx) error { return tx.Settle("send", "swept", Outcome{Error: []byte(`{}`)}) })
	equal(t, "settled without a claim", take("send", "swept"), claim{Prev: &Outcome{Error: []byte(`{}`)}, Done: true})

	read(t, s, func(v *View) error {
		for _, c := range []struct {
			scope, key  string
			done, found bool
		}{{"send", "k", true, true}, {"agent", "k", false, true}, {"send", "none", false, false}} {
			o, done, found, err := v.Lookup(c.scope, c.key)
			if err != nil {
				return err
			}
			if done != c.done || found != c.found || (o != nil) != c.done {
				t.Errorf("lookup %s %s: outcome %v, done %v, found %v", c.scope, c.key, o, done, found)
			}
		}
		return nil
	})
}

func TestInbox_oncePerIdentityAcrossRestarts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(newSystem(t, nil)); err != nil {
		t.Fatal(err)
	}
	m := Inbound{Account: "a", Surface: "telegram", Chat: "c", MsgID: "1", Payload: []byte(`{}`), ReceivedAt: 7}
	accept := func(s *Store, m Inbound) (fresh bool) {
		write(t, s, func(tx *Tx) (err error) { fresh, err = tx.AcceptInbound(m); return err })
		return fresh
	}
	other := m
	other.Chat = "d"
	for i, c := range []struct {
		m    Inbound
		want bool
	}{{m, true}, {m, false}, {other, true}} {
		if got := accept(s, c.m); got != c.want {
			t.Errorf("message %d: fresh is %v", i, got)
		}
	}
	write(t, s, func(tx *Tx) error { return tx.FinishInbound(1, InboundRouted, "note") })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = startStore(t, Options{Dir: dir})
	if accept(s, m) {
		t.Error("a message of before the restart was accepted again")
	}
	other.Seq, other.State = 3, InboundPending // a refused repeat takes a number too
	read(t, s, func(v *View) error {
		if first, err := v.InboundBySeq(1); err != nil || first.Repeats != 2 || first.RepeatedAt != 7 || first.Note != "note" {
			t.Errorf("the message that came three times: %+v, %v", first, err)
		}
		got, err := v.PendingInbound(10)
		equal(t, "pending", got, []Inbound{other})
		return err
	})
	wantErr(t, s.Do(t.Context(), func(tx *Tx) error { return tx.FinishInbound(1, InboundDropped, "") }), ErrState)
	if err := s.Do(t.Context(), func(tx *Tx) error { return tx.FinishInbound(3, InboundPending, "") }); err == nil {
		t.Error("pending was accepted as a final state")
	}
}

// TestInbox_turns: an account with many messages leaves room for the others, and each keeps its order.
func TestInbox_turns(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{Dir: t.TempDir()})
	write(t, s, func(tx *Tx) error {
		for i := range 63 {
			account := "flooded"
			switch i {
			case 40, 60:
				account = "calm"
			case 62:
				account = "quiet"
			}
			if _, err := tx.AcceptInbound(Inbound{Account: account, Surface: "s", Chat: "c", MsgID: strconv.Itoa(i), Payload: []byte("{}")}); err != nil {
				return err
			}
		}
		return nil
	})
	read(t, s, func(v *View) error {
		for limit, want := range map[int]string{
			1: "0 40 62", 3: "0 40 62", 10: "0 1 2 3 40 60 62", 30: "0 1 2 3 4 5 6 7 8 9 10 11 12 13 40 60 62",
		} {
			got, err := v.PendingInbound(limit)
			if err != nil {
				return err
			}
			var ids []string
			for _, m := range got {
				ids = append(ids, m.MsgID)
			}
			if have := strings.Join(ids, " "); have != want {
				t.Errorf("limit %d: %s, want %s", limit, have, want)
			}
		}
		return nil
	})
}

func TestOutbox_lanesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	c := &clock{time.UnixMilli(1000)}
	s := startStore(t, Options{Now: c.now})
	item := func(key, chat string) OutItem {
		return OutItem{Key: key, Account: "a", Surface: "slack", Chat: chat, RunID: "r", Payload: []byte(`{}`)}
	}
	write(t, s, func(tx *Tx) error {
		for i, c := range []struct {
			o     OutItem
			id    int64
			fresh bool
		}{{item("1", "x"), 1, true}, {item("2", "y"), 2, true}, {item("3", "x"), 3, true}, {item("1", "z"), 1, false}} {
			id, fresh, err := tx.Enqueue(c.o)
			if err != nil {
				return err
			}
			if id != c.id || fresh != c.fresh {
				t.Errorf("item %d: id %d, fresh %v", i, id, fresh)
			}
		}
		return nil
	})
	write(t, s, func(tx *Tx) error { return tx.OutSending(1) })
	write(t, s, func(tx *Tx) error { return tx.OutRetry(1, 5000, "429") })
	write(t, s, func(tx *Tx) error { return tx.OutSending(1) })
	write(t, s, func(tx *Tx) error { return tx.OutSending(2) })
	write(t, s, func(tx *Tx) error { return tx.OutSent(2, []byte(`{"id":"9"}`), "9") })

	first := item("1", "x")
	first.ID, first.State, first.Attempts, first.NextAt, first.Reason = 1, OutSending, 2, 5000, "429"
	first.CreatedAt, first.UpdatedAt = 1000, 1000
	third := item("3", "x")
	third.ID, third.State, third.CreatedAt, third.UpdatedAt = 3, OutQueued, 1000, 1000
	second := item("2", "y")
	second.ID, second.State, second.Attempts, second.Receipt = 2, OutSent, 1, []byte(`{"id":"9"}`)
	second.CreatedAt, second.UpdatedAt = 1000, 1000
	read(t, s, func(v *View) error {
		lanes, err1 := v.OutLanes()
		equal(t, "lanes", lanes, []Lane{{"a", "x"}})
		next, err2 := v.OutNext("a", "x", 5)
		equal(t, "lane x", next, []OutItem{first, third})
		sent, err3 := v.OutList(OutSent, 5)
		equal(t, "sent", sent, []OutItem{second})
		all, err4 := v.OutList("", 2)
		equal(t, "all", all, []OutItem{third, second})
		n, err5 := v.OutCounts()
		equal(t, "counts", n, map[string]int{OutQueued: 1, OutSending: 1, OutSent: 1})
		byKey, err6 := v.OutByKey("3")
		equal(t, "by key", byKey, &third)
		none, err7 := v.OutByKey("none")
		equal(t, "by unknown key", none, (*OutItem)(nil))
		return firstError(err1, err2, err3, err4, err5, err6, err7)
	})
}

func TestSessions_newestFirst(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	old := Session{Key: "main", SessionID: "s1", UpdatedAt: 1, Entry: []byte(`{"n":1}`)}
	now := Session{Key: "main", SessionID: "s2", UpdatedAt: 9, Entry: []byte(`{"n":2}`)}
	other := Session{Key: "other", SessionID: "s3", UpdatedAt: 5, Entry: []byte(`{}`)}
	write(t, s, func(tx *Tx) error {
		return firstError(tx.PutSession(old), tx.PutSession(other), tx.PutSession(now))
	})
	read(t, s, func(v *View) error {
		got, err1 := v.Session("main")
		equal(t, "session", got, &now)
		none, err2 := v.Session("none")
		equal(t, "unknown session", none, (*Session)(nil))
		byID, err3 := v.SessionByID("s3")
		equal(t, "by id", byID, &other)
		all, err4 := v.Sessions()
		equal(t, "all", all, []Session{now, other})
		return firstError(err1, err2, err3, err4)
	})
	write(t, s, func(tx *Tx) error { return firstError(tx.DeleteSession("main"), tx.DeleteSession("none")) })
	read(t, s, func(v *View) error {
		all, err := v.Sessions()
		equal(t, "after delete", all, []Session{other})
		return err
	})
}

func TestTranscript_oneQuestionPerRun(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	line := func(session, run, role, text string) Line {
		return Line{SessionID: session, RunID: run, Role: role, Message: []byte(text), At: 3}
	}
	write(t, s, func(tx *Tx) error {
		for _, l := range []Line{
			line("s", "r1", "user", "q1"), line("s", "r1", "user", "q1 again"), line("s", "r1", "assistant", "a1"),
			line("s", "r1", "assistant", "a2"), line("t", "r2", "user", "other"), line("s", "", "user", "n1"), line("s", "", "user", "n2"),
		} {
			if err := tx.AppendLine(l); err != nil {
				return err
			}
		}
		return nil
	})
	texts := func(ls []Line) string {
		var out []string
		for _, l := range ls {
			out = append(out, string(l.Message))
		}
		return strings.Join(out, " ")
	}
	read(t, s, func(v *View) error {
		last, err1 := v.History("s", 3)
		equal(t, "last three", texts(last), "a2 n1 n2")
		all, err2 := v.History("s", 100)
		equal(t, "all", texts(all), "q1 a1 a2 n1 n2")
		n, err3 := v.LineCount("s")
		equal(t, "count", n, 5)
		return firstError(err1, err2, err3)
	})
}

func TestRuns_oneTerminalState(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	run := Run{ID: "r1", Kind: "agent", SessionKey: "main", Request: []byte(`{}`), Route: []byte(`{"to":1}`), AcceptedAt: 1, IdemScope: "agent", IdemKey: "k"}
	write(t, s, func(tx *Tx) error {
		for i, id := range []string{"r1", "r2", "r3"} {
			r := run
			r.ID = id
			if seq, err := tx.AcceptRun(r); err != nil || seq != int64(i+1) {
				return fmt.Errorf("seq %d: %w", seq, err)
			}
		}
		return nil
	})
	wantErr(t, s.Do(t.Context(), func(tx *Tx) error { _, err := tx.AcceptRun(run); return err }), ErrExists)
	read(t, s, func(v *View) error {
		pending, err := v.PendingRuns("main", 1, 10)
		if len(pending) != 2 || pending[0].ID != "r2" {
			t.Errorf("pending runs after the first: %v", pending)
		}
		return err
	})

	var got []bool
	write(t, s, func(tx *Tx) error {
		got = nil
		for _, f := range []func() (bool, error){
			func() (bool, error) { return tx.StartRun("r1", "s1", 2) },
			func() (bool, error) { return tx.StartRun("r1", "s1", 3) },
			func() (bool, error) { return tx.EndRun("r1", RunDone, "", 4) },
			func() (bool, error) { return tx.EndRun("r1", RunError, "late", 5) },
			func() (bool, error) { return tx.StartRun("r1", "s1", 6) },
			func() (bool, error) { return tx.EndRun("r2", RunAborted, "stop", 7) }, // never started
			func() (bool, error) { return tx.StartRun("r2", "s1", 8) },
			func() (bool, error) { return tx.EndRun("unknown", RunDone, "", 9) },
		} {
			ok, err := f()
			if err != nil {
				return err
			}
			got = append(got, ok)
		}
		return nil
	})
	equal(t, "steps", got, []bool{true, false, true, false, false, true, false, false})
	if err := s.Do(t.Context(), func(tx *Tx) error { _, err := tx.EndRun("r3", RunRunning, "", 1); return err }); err == nil {
		t.Error("running was accepted as a final state")
	}

	want := run
	want.Seq, want.SessionID, want.State, want.StartedAt, want.EndedAt = 1, "s1", RunDone, 2, 4
	read(t, s, func(v *View) error {
		r, err1 := v.Run("r1")
		equal(t, "run", r, &want)
		open, err2 := v.OpenRuns()
		if len(open) != 1 || open[0].ID != "r3" {
			t.Errorf("open runs: %v", open)
		}
		keys, err3 := v.SessionKeysWithPending()
		equal(t, "keys", keys, []string{"main"})
		n, err4 := v.RunCounts()
		equal(t, "counts", n, map[string]int{RunAccepted: 1, RunDone: 1, RunAborted: 1})
		return firstError(err1, err2, err3, err4)
	})
}

func TestPairing(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	code := PairCode{Code: "ABCD2345", Account: "a", Surface: "telegram", SenderID: "7", SenderName: "Al", Chat: "7", CreatedAt: 1, ExpiresAt: 2}
	second := code
	second.Code, second.CreatedAt = "AAAA2222", 3
	allowed := Allowed{Account: "a", SenderID: "7", Name: "Al", At: 4}
	write(t, s, func(tx *Tx) error {
		return firstError(tx.PutCode(second), tx.PutCode(code), tx.Allow(Allowed{Account: "a", SenderID: "7", Name: "old", At: 1}), tx.Allow(allowed))
	})
	read(t, s, func(v *View) error {
		got, err1 := v.Code("ABCD2345")
		equal(t, "code", got, &code)
		all, err2 := v.Codes()
		equal(t, "codes", all, []PairCode{code, second})
		yes, err3 := v.IsAllowed("a", "7")
		no, err4 := v.IsAllowed("b", "7")
		equal(t, "allowed", []bool{yes, no}, []bool{true, false})
		list, err5 := v.Allowlist()
		equal(t, "allowlist", list, []Allowed{allowed})
		return firstError(err1, err2, err3, err4, err5)
	})
	write(t, s, func(tx *Tx) error { return firstError(tx.DeleteCode("ABCD2345"), tx.DeleteCode("none")) })
	read(t, s, func(v *View) error {
		got, err := v.Code("ABCD2345")
		equal(t, "deleted code", got, (*PairCode)(nil))
		return err
	})
}

func TestKV(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	write(t, s, func(tx *Tx) error {
		if err := firstError(tx.Put("b", "k", []byte("1")), tx.Put("b", "k", []byte("2")), tx.Put("c", "k", nil)); err != nil {
			return err
		}
		own, _, err := tx.Get("b", "k")
		equal(t, "own write", string(own), "2")
		return err
	})
	read(t, s, func(v *View) error {
		got, found, err1 := v.Get("b", "k")
		equal(t, "value", string(got), "2")
		_, empty, err2 := v.Get("c", "k")
		_, none, err3 := v.Get("d", "k")
		equal(t, "found", []bool{found, empty, none}, []bool{true, true, false})
		return firstError(err1, err2, err3)
	})
}
