package providers

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff counts failures in a row and says how long to wait before the next try: Min·2ⁿ up to Max, half of it jitter. A
// success alone does not reset it, for a link that flaps would then never slow down: the link must have been good for
// Healthy. The zero value of the other fields is ready. Not for concurrent use.
type Backoff struct {
	Min, Max, Healthy time.Duration

	failures int
	since    time.Time // of the first success after the last failure
}

// OK notes that the link is good.
func (b *Backoff) OK(now time.Time) {
	if b.since.IsZero() {
		b.since = now
	}
}

// Failed notes a failure and returns the wait before the next try.
func (b *Backoff) Failed(now time.Time) time.Duration {
	if !b.since.IsZero() && now.Sub(b.since) >= b.Healthy {
		b.failures = 0
	}
	b.since = time.Time{}
	d := b.Max
	if b.failures < 30 { // far beyond Max, far below overflow of the shift
		d = min(b.Min<<b.failures, b.Max)
		b.failures++
	}
	return d/2 + rand.N(d/2+1)
}

// Sleep waits for d. It is false if ctx ended first.
func Sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
