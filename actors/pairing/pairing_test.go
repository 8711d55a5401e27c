package pairing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// rig is a pairing actor on a real store, with a clock the test sets.
type rig struct {
	t       *testing.T
	store   *store.Store
	ref     actors.Ref[Message]
	now     atomic.Int64
	sent    atomic.Int64
	replies chan providers.Route
	fail    atomic.Bool // Reply fails
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, replies: make(chan providers.Route, 10)}
	r.now.Store(1_767_600_000_000)
	sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)})
	var err error
	if r.store, err = store.Open(store.Options{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	if err := r.store.Start(sys); err != nil {
		t.Fatal(err)
	}
	state := eventstream.NewState()
	events, err := actors.Spawn(sys, "eventstream", eventstream.Props(eventstream.Options{State: state, Log: sys.Log()}))
	if err != nil {
		t.Fatal(err)
	}
	r.ref, err = actors.Spawn(sys, "pairing", Props(Options{
		Store: r.store, Stream: eventstream.NewStream(events, state), Now: r.clock, Sent: func() { r.sent.Add(1) },
		Reply: func(_ *store.Tx, _ string, to providers.Route, _ string) error {
			if r.fail.Load() {
				return errors.New("no room")
			}
			r.replies <- to
			return nil
		},
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(sys.Stop(context.Background()), r.store.Close()); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *rig) clock() time.Time          { return time.UnixMilli(r.now.Load()) }
func (r *rig) later(d time.Duration)     { r.now.Add(d.Milliseconds()) }
func (r *rig) do(op store.Op) error      { return r.store.Do(r.t.Context(), op) }
func (r *rig) issue(id string) Issued    { return r.issueCode(id, NewCode()) }
func (r *rig) approveErr(c string) error { _, err := r.approve(c); return err }

func (r *rig) issueCode(id, code string) (out Issued) {
	r.t.Helper()
	err := r.do(func(tx *store.Tx) (err error) {
		out, err = Issue(tx, Request{
			Account: "telegram", Surface: "telegram", SenderID: id, SenderName: "Name " + id, Chat: "c" + id, Code: code, Now: r.clock(),
		})
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

func (r *rig) approve(code string) (wire.PairingSender, error) {
	return actors.Ask(r.t.Context(), r.ref, func(p actors.Reply[wire.PairingSender]) Message { return Approve{Reply: p, Code: code} })
}

func (r *rig) list() wire.PairingListResult {
	r.t.Helper()
	l, err := actors.Ask(r.t.Context(), r.ref, func(p actors.Reply[wire.PairingListResult]) Message { return List{p} })
	if err != nil {
		r.t.Fatal(err)
	}
	return l
}

func TestIssue_sameCodeAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first := r.issue("1")
	if first.Code == "" || !first.Send {
		t.Fatalf("first = %+v", first)
	}
	r.later(59 * time.Second)
	if got := r.issue("1"); got.Code != first.Code || got.Send {
		t.Errorf("within the minute: %+v, first %+v", got, first)
	}
	r.later(time.Second)
	if got := r.issue("1"); got.Code != first.Code || !got.Send {
		t.Errorf("after a minute: %+v", got)
	}
	r.later(time.Second)
	if got := r.issue("1"); got.Send {
		t.Errorf("a second after the repeat: %+v", got)
	}
	r.later(codeLife)
	if got := r.issue("1"); got.Code == first.Code || !got.Send {
		t.Errorf("after it expired: %+v", got)
	}
}

func TestIssue_threePendingPerAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range maxPending {
		if got := r.issue(fmt.Sprint(i)); !got.Send {
			t.Fatalf("code %d = %+v", i, got)
		}
	}
	if got := r.issue("more"); got.Code != "" || got.Send {
		t.Errorf("a fourth sender got %+v", got)
	}
	if n := len(r.list().Pending); n != maxPending {
		t.Errorf("%d pending, want %d", n, maxPending)
	}
	r.later(codeLife)
	if n := len(r.list().Pending); n != 0 {
		t.Errorf("%d pending after they expired", n)
	}
	if got := r.issue("more"); !got.Send {
		t.Errorf("after the others expired: %+v", got)
	}
}

func TestApprove(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.issueCode("42", "ABCD2345")
	r.issueCode("43", "WXYZ2345")
	who, err := r.approve("abcd2345")
	if err != nil || who.SenderID != "42" || who.Account != "telegram" || who.Name != "Name 42" || who.At != r.now.Load() {
		t.Fatalf("approve = %+v, %v", who, err)
	}
	if to := <-r.replies; to.Chat != "c42" || to.Account != "telegram" || r.sent.Load() != 1 {
		t.Errorf("told %+v, woken %d times", to, r.sent.Load())
	}
	l := r.list()
	if len(l.Allowed) != 1 || l.Allowed[0] != who || len(l.Pending) != 1 || l.Pending[0].SenderID != "43" {
		t.Errorf("list = %+v", l)
	}
	refused := func(when string, err error) {
		t.Helper()
		if we, ok := errors.AsType[*wire.Error](err); !ok || we.Code != wire.CodeInvalidRequest {
			t.Errorf("%s: %v", when, err)
		}
	}
	refused("used twice", r.approveErr("ABCD2345"))
	refused("unknown", r.approveErr("AAAA2222"))
	r.later(codeLife)
	refused("expired", r.approveErr("WXYZ2345"))
}

func TestApprove_allOrNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.issueCode("42", "ABCD2345")
	r.fail.Store(true)
	if err := r.approveErr("ABCD2345"); err == nil {
		t.Fatal("approved although the sender could not be told")
	}
	if l := r.list(); len(l.Allowed) != 0 || len(l.Pending) != 1 {
		t.Errorf("list = %+v", l)
	}
	r.fail.Store(false)
	if err := r.approveErr("ABCD2345"); err != nil {
		t.Error(err)
	}
}

func TestApprove_tenAMinute(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.issueCode("42", "ABCD2345")
	for range attempts {
		if we, ok := errors.AsType[*wire.Error](r.approveErr("AAAA2222")); !ok || we.Code != wire.CodeInvalidRequest {
			t.Fatalf("wrong code: %v", we)
		}
	}
	we, ok := errors.AsType[*wire.Error](r.approveErr("ABCD2345"))
	if !ok || we.Code != wire.CodeUnavailable || !we.Retryable || we.RetryAfterMs != attemptWindow.Milliseconds() {
		t.Errorf("eleventh attempt: %+v", we)
	}
	r.later(attemptWindow)
	if err := r.approveErr("ABCD2345"); err != nil {
		t.Errorf("a minute later: %v", err)
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.issueCode("42", "ABCD2345")
	got := map[string]wire.Result{}
	for _, call := range []struct{ method, params string }{{"pairing.list", "{}"}, {"pairing.approve", `{"code":"ABCD2345"}`}} {
		for _, m := range Methods(r.ref) {
			if m.Name == call.method {
				answers := make(chan wire.Result, 1)
				m.Handle(&wire.Call{Method: m.Name, Params: []byte(call.params), Respond: func(res wire.Result) { answers <- res }})
				got[m.Name] = <-answers
			}
		}
	}
	if l, ok := got["pairing.list"].Payload.(wire.PairingListResult); !ok || len(l.Pending) != 1 {
		t.Errorf("pairing.list = %+v", got["pairing.list"])
	}
	if a, ok := got["pairing.approve"].Payload.(wire.PairingApproveResult); !ok || !a.OK || a.Sender.SenderID != "42" {
		t.Errorf("pairing.approve = %+v", got["pairing.approve"])
	}
}
