package providertest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
)

func cancelReceive(t *testing.T, h Harness) {
	r := newRig(t, h)
	r.setStore(func(ctx context.Context, _ providers.Incoming) error {
		<-ctx.Done()
		return ctx.Err()
	})
	u := r.up()
	id := r.Deliver("never stored")[0]
	r.await("Receive", func() bool { return r.calls > 0 })
	stopsSoon(t, u)
	if r.Acked(id) {
		t.Error("a message was acknowledged that was never stored")
	}
}

// While Receive is busy nothing is acknowledged, nothing is lost, and the order stays.
func slowReceive(t *testing.T, h Harness) {
	r := newRig(t, h)
	gate := make(chan struct{})
	r.setStore(func(ctx context.Context, _ providers.Incoming) error {
		select {
		case <-gate:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	r.up()
	ids := r.Deliver("one", "two")
	r.await("Receive", func() bool { return r.calls > 0 })
	ids = append(ids, r.Deliver("three")...)
	for _, id := range ids {
		if r.Acked(id) {
			t.Errorf("message %s was acknowledged before it was stored", id)
		}
	}
	close(gate)
	r.awaitTexts("one", "two", "three")
	r.awaitAcked(ids[2])
}

func failingReceive(t *testing.T, h Harness) {
	r := newRig(t, h)
	failures := 0
	r.setStore(func(_ context.Context, m providers.Incoming) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if m.Text == "two" && failures < 3 {
			failures++
			return errors.New("disk full")
		}
		return nil
	})
	from := r.mark()
	r.up()
	ids := r.Deliver("one", "two", "three")
	r.awaitLink(from, providers.LinkDegraded)
	r.awaitAcked(ids[2])
	var order []string
	r.mu.Lock()
	for _, m := range r.received {
		if !slices.Contains(order, m.Text) { // what was taken before the failure may come again
			order = append(order, m.Text)
		}
	}
	r.mu.Unlock()
	if !slices.Equal(order, []string{"one", "two", "three"}) {
		t.Errorf("received %q", order)
	}
}

// What a stopped process had not stored comes to the next one.
func stopBeforeAck(t *testing.T, h Harness) {
	r := newRig(t, h)
	r.setStore(func(context.Context, providers.Incoming) error { return errors.New("not today") })
	u := r.up()
	id := r.Deliver("precious")[0]
	r.await("Receive", func() bool { return r.calls > 0 })
	u.stop()
	if r.Acked(id) {
		t.Fatal("a message was acknowledged that was never stored")
	}
	next := newRigOn(t, r.Platform, nil)
	next.up()
	next.awaitTexts("precious")
	next.awaitAcked(id)
}

func duplicate(t *testing.T, h Harness) {
	r := newRig(t, h)
	if r.Redeliver == nil {
		t.Skip("this platform never delivers twice")
	}
	r.up()
	first := r.Deliver("once")[0]
	r.awaitAcked(first)
	r.Redeliver(first)
	last := r.Deliver("after")[0]
	r.awaitAcked(last)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.received {
		if m.Text == "once" && (m.ID != first || m.Chat != r.Chat) {
			t.Errorf("the second delivery has another identity: %+v", m)
		}
	}
	if n := len(r.received); n < 2 || r.received[n-1].ID != last {
		t.Errorf("received %+v", r.received)
	}
}

func outOfOrder(t *testing.T, h Harness) {
	r := newRig(t, h)
	if r.DeliverReversed == nil {
		t.Skip("this platform keeps the order")
	}
	r.up()
	ids := r.DeliverReversed("one", "two", "three")
	for _, id := range ids {
		r.awaitAcked(id)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		if !slices.ContainsFunc(r.received, func(m providers.Incoming) bool { return m.ID == id }) {
			t.Errorf("message %s was lost", id)
		}
	}
}

// A link fault is shown, is mended without help, and costs no message.
func recovers(f Fault) func(*testing.T, Harness) {
	return func(t *testing.T, h Harness) {
		r := newRig(t, h)
		r.up()
		r.awaitAcked(r.Deliver("before")[0])
		from := r.mark()
		r.inject(f)
		id := r.Deliver("during")[0]
		if s := r.awaitLink(from, providers.LinkDegraded); s.Reason == "" {
			t.Error("LinkDegraded without a reason")
		}
		r.awaitLink(from, providers.LinkUp)
		r.awaitAcked(id)
		r.awaitTexts("before", "during")
	}
}

func rateLimited(t *testing.T, h Harness) {
	r := newRig(t, h)
	r.up()
	from := r.mark()
	r.inject(ReceiveRateLimit)
	r.awaitLink(from, providers.LinkDegraded)
	start := time.Now()
	r.awaitLink(from, providers.LinkUp)
	// The clock here starts after the provider's own: allow for the way of the report.
	if took := time.Since(start); took < r.RetryAfter*9/10 {
		t.Errorf("back after %v, the platform asked for %v", took, r.RetryAfter)
	}
	r.awaitAcked(r.Deliver("after")[0])
}
