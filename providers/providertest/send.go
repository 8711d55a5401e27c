package providertest

import (
	"context"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// sendClasses checks what the outbox is told about each way a send can fail, and that the next one works.
func sendClasses(t *testing.T, h Harness) {
	for _, c := range []struct {
		fault   Fault
		class   providers.Class
		arrived int
	}{
		{SendRateLimit, providers.Transient, 0},
		{SendServerError, providers.Transient, 0},
		{SendRefused, providers.Permanent, 0},
		{SendUnauthorized, providers.Unauthorized, 0},
		{SendDropBefore, providers.Ambiguous, 0},
		{SendDropAfter, providers.Ambiguous, 1},
		{SendSilence, providers.Ambiguous, 1},
	} {
		t.Run(string(c.fault), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, h)
			r.up()
			// A kept connection is the hard case: its loss is seen at the next request.
			if _, err := r.send(r.ctx, "first"); err != nil {
				t.Fatal(err)
			}
			r.inject(c.fault)
			_, err := r.send(r.ctx, "faulty")
			if err == nil {
				t.Fatalf("sent in spite of %q", c.fault)
			}
			if err.Class != c.class {
				t.Errorf("class %s (%v), want %s", err.Class, err, c.class)
			}
			if want := r.RetryAfter; c.fault == SendRateLimit && err.RetryAfter != want {
				t.Errorf("RetryAfter = %v, want %v", err.RetryAfter, want)
			}
			if n := len(r.Sent()); n != 1+c.arrived {
				t.Errorf("%d messages arrived, want %d: Send must not repeat by itself", n, 1+c.arrived)
			}
			r.sendNext("next")
		})
	}
}

// What never left is transient: the outbox may send it again without a doubt.
func sendUnreachable(t *testing.T, h Harness) {
	p := h.Start(t)
	r := newRigOn(t, p, p.Unreachable)
	if _, err := r.send(r.ctx, "nobody listens"); err == nil || err.Class != providers.Transient {
		t.Fatalf("Send = %v, want a transient error", err)
	}
	ctx, cancel := context.WithCancel(r.ctx)
	cancel()
	if _, err := r.send(ctx, "ended before it began"); err == nil || err.Class != providers.Transient {
		t.Fatalf("Send with an ended context = %v, want a transient error", err)
	}
	u := r.run()
	r.awaitLink(0, providers.LinkDegraded)
	stopsSoon(t, u)
}

func sendWhileDown(t *testing.T, h Harness) {
	r := newRig(t, h)
	r.sendDown("before Run")
	u := r.up()
	u.stop()
	r.sendDown("after Run")
	want := 2
	if r.OverLink {
		want = 0
	}
	if got := r.Sent(); len(got) != want {
		t.Errorf("sent %q", got)
	}
}

// sendDown sends while there is no link.
func (r *rig) sendDown(text string) {
	r.t.Helper()
	_, err := r.send(r.ctx, text)
	switch {
	case !r.OverLink && err != nil:
		r.t.Fatal(err)
	case r.OverLink && (err == nil || err.Class != providers.Transient):
		r.t.Fatalf("Send without a link = %v, want a transient error", err)
	}
}

// sendNext sends after a fault, which may have cost the link.
func (r *rig) sendNext(text string) {
	r.t.Helper()
	for {
		from := r.mark()
		_, err := r.send(r.ctx, text)
		if err == nil {
			return
		}
		if !r.OverLink || err.Class != providers.Transient {
			r.t.Errorf("the next send: %v", err)
			return
		}
		r.awaitLink(from, providers.LinkUp)
	}
}

func sendCancelled(t *testing.T, h Harness) {
	r := newRig(t, h)
	if r.OverLink {
		r.up()
	}
	r.inject(SendSilence)
	ctx, cancel := context.WithCancel(r.ctx)
	defer cancel()
	failed := make(chan *providers.SendError, 1)
	go func() {
		_, err := r.prov.Send(ctx, providers.Outgoing{Key: "k", Route: providers.Route{Chat: r.Chat}, Text: "lost", Attempt: 1})
		r.note(err)
		se, _ := err.(*providers.SendError)
		failed <- se
	}()
	if err := r.WaitSent(r.ctx, 1); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	cancel()
	se := <-failed
	if se == nil || se.Class != providers.Ambiguous {
		t.Errorf("Send = %v, want an ambiguous *SendError", se)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("Send took %v to give up", took)
	}
}
