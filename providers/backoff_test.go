package providers

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestBackoff(t *testing.T) {
	t.Parallel()
	now := time.Unix(1700000000, 0)
	b := Backoff{Min: time.Second, Max: 30 * time.Second, Healthy: time.Minute}
	expect := func(ceiling time.Duration) {
		t.Helper()
		if d := b.Failed(now); d < ceiling/2 || d > ceiling {
			t.Errorf("waits %v, want %v to %v", d, ceiling/2, ceiling)
		}
	}
	for _, c := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		expect(c * time.Second)
	}
	for range 100 {
		expect(30 * time.Second) // no overflow
	}
	// A link that was good for a moment only goes on slowly.
	b.OK(now)
	now = now.Add(59 * time.Second)
	b.OK(now)
	expect(30 * time.Second)
	// One that was good for the healthy period starts over.
	b.OK(now)
	now = now.Add(time.Minute)
	expect(time.Second)
}

func TestSleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if start := time.Now(); !Sleep(ctx, time.Second) || time.Since(start) != time.Second {
			t.Error("did not sleep for a second")
		}
		if Sleep(ctx, time.Hour) {
			t.Error("slept past the end of its context")
		}
	})
}
