package discord

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff counts failures in a row and says how long to wait before the next try: min·2ⁿ up to max, half of it
// jitter. A success alone does not reset it, for a link that flaps would then never slow down: the link must have
// been good for the healthy period.
type backoff struct {
	min, max, healthy time.Duration

	failures int
	since    time.Time // of the first success after the last failure
}

func (b *backoff) ok(now time.Time) {
	if b.since.IsZero() {
		b.since = now
	}
}

func (b *backoff) failed(now time.Time) time.Duration {
	if !b.since.IsZero() && now.Sub(b.since) >= b.healthy {
		b.failures = 0
	}
	b.since = time.Time{}
	d := b.max
	if b.failures < 30 { // far beyond max, far below overflow of the shift
		d = min(b.min<<b.failures, b.max)
		b.failures++
	}
	return d/2 + rand.N(d/2+1)
}

// sleep waits for d. It is false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
