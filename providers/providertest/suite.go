package providertest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/providers"
)

// Run checks a provider against the contract. Call it from a test that is not parallel itself: the leak check looks at
// all goroutines of the process and runs before the rest, which is parallel.
func Run(t *testing.T, h Harness) {
	t.Run("no goroutine is left", func(t *testing.T) { leaks(t, h) })
	for _, c := range []struct {
		name string
		run  func(*testing.T, Harness)
	}{
		{"connects", connects},
		{"refused login is terminal", refused(RefuseLogin)},
		{"revoked login is terminal", refused(RevokeLogin)},
		{"echo", echo},
		{"hears itself, and keeps it from the agent", hearsItself},
		{"second Run is refused", secondRun},
		{"cancel while connected", cancelUp},
		{"cancel while backing off", cancelDown},
		{"cancel while Receive blocks", cancelReceive},
		{"slow Receive", slowReceive},
		{"failing Receive loses nothing", failingReceive},
		{"stop before the acknowledgement delivers again", stopBeforeAck},
		{"message delivered twice", duplicate},
		{"messages out of order", outOfOrder},
		{"recovers from conflict", recovers(Conflict)},
		{"recovers from server errors", recovers(ReceiveServerError)},
		{"recovers from a dropped connection", recovers(ReceiveDrop)},
		{"recovers from a silent connection", recovers(ReceiveSilence)},
		{"rate limit is honoured", rateLimited},
		{"send classes", sendClasses},
		{"send to an unreachable platform", sendUnreachable},
		{"send while down", sendWhileDown},
		{"send honours its context", sendCancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, h)
		})
	}
}

// hearsItself: the echo of a message has the id of its receipt, and is no message of a person.
func hearsItself(t *testing.T, h Harness) {
	r := newRig(t, h)
	r.up()
	receipt, err := r.send(r.ctx, "to myself")
	if err != nil {
		t.Fatal(err)
	}
	if r.HearsItself {
		r.await("echo of "+receipt.MessageID, func() bool { return slices.Contains(r.echoes, receipt.MessageID) })
	}
	r.awaitAcked(r.Deliver("from somebody")[0])
	r.awaitTexts("from somebody")
}

func leaks(t *testing.T, h Harness) {
	r := newRig(t, h)
	before := goleak.IgnoreCurrent()
	u := r.up()
	id := r.Deliver("hello")[0]
	r.awaitAcked(id)
	if _, err := r.send(r.ctx, "reply"); err != nil {
		t.Fatal(err)
	}
	if _, err := u.stop(); err != nil {
		t.Fatalf("Run = %v, want nil after cancel", err)
	}
	goleak.VerifyNone(t, before)
	r.sendDown("while down")
	goleak.VerifyNone(t, before)
}

func connects(t *testing.T, h Harness) {
	r := newRig(t, h)
	u := r.up()
	var self string
	var seen time.Time
	r.await("LastSeen", func() bool {
		for _, s := range r.states {
			if s.Self != "" {
				self = s.Self
			}
			if !s.LastSeen.IsZero() {
				seen = s.LastSeen
			}
		}
		return !seen.IsZero()
	})
	if self == "" {
		t.Error("the provider never said who it is")
	}
	if c := r.prov.Capabilities(); c.MaxText <= 0 || c.Markup == "" {
		t.Errorf("Capabilities = %+v", c)
	}
	from := r.mark()
	if _, err := u.stop(); err != nil {
		t.Errorf("Run = %v, want nil after cancel", err)
	}
	r.awaitLink(from, providers.LinkDown)
}

func refused(f Fault) func(*testing.T, Harness) {
	return func(t *testing.T, h Harness) {
		r := newRig(t, h)
		var u *running
		if f == RevokeLogin {
			u = r.up()
			r.inject(f)
		} else {
			r.inject(f)
			u = r.run()
		}
		if err := u.wait(); !errors.Is(err, providers.ErrTerminal) {
			t.Fatalf("Run = %v, want a terminal error", err)
		}
		if down := r.awaitLink(0, providers.LinkDown); down.Reason == "" {
			t.Error("LinkDown without a reason")
		}
	}
}

func echo(t *testing.T, h Harness) {
	r := newRig(t, h)
	r.up()
	id := r.Deliver("hello")[0]
	r.awaitTexts("hello")
	r.awaitAcked(id)
	m := r.received[0]
	if m.ID != id || m.Chat != r.Chat || m.Kind != providers.Direct || m.Sender.ID == "" || m.Time.IsZero() {
		t.Errorf("received %+v", m)
	}
	receipt, err := r.send(r.ctx, "echo: "+m.Text)
	if err != nil {
		t.Fatal(err)
	}
	if receipt.MessageID == "" {
		t.Error("the receipt has no message id")
	}
	if got := r.Sent(); len(got) != 1 || got[0] != "echo: hello" {
		t.Errorf("sent %q", got)
	}
}

func secondRun(t *testing.T, h Harness) {
	r := newRig(t, h)
	r.up()
	if err := r.prov.Run(r.ctx); err == nil || errors.Is(err, providers.ErrTerminal) {
		t.Fatalf("second Run = %v, want a plain error", err)
	}
	r.awaitAcked(r.Deliver("still there")[0])
}

func cancelUp(t *testing.T, h Harness) {
	r := newRig(t, h)
	u := r.up()
	stopsSoon(t, u)
	// The same provider can be run again.
	r.up()
	r.awaitAcked(r.Deliver("again")[0])
}

func cancelDown(t *testing.T, h Harness) {
	r := newRig(t, h)
	r.inject(ReceiveDown)
	u := r.run()
	r.awaitLink(0, providers.LinkDegraded)
	stopsSoon(t, u)
}

func stopsSoon(t *testing.T, u *running) {
	t.Helper()
	took, err := u.stop()
	if err != nil {
		t.Errorf("Run = %v, want nil after cancel", err)
	}
	if took > time.Second {
		t.Errorf("Run took %v to stop", took)
	}
}
