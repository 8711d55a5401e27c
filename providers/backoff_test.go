package providers

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestBackoff(t *testing.T) {
	t.Parallel()
	b := Backoff{Min: time.Second, Max: 30 * time.Second, Healthy: time.Minute}
	now := time.Unix(1_000_000, 0)
	for _, full := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		if d := b.Failed(now); d < full*time.Second/2 || d > full*time.Second {
			t.Errorf("waits %v, want between the half and the whole of %v", d, full*time.Second)
		}
	}
	b.OK(now)
	if d := b.Failed(now.Add(59 * time.Second)); d < 15*time.Second {
		t.Errorf("a link that flaps waits %v", d)
	}
	b.OK(now)
	b.OK(now.Add(30 * time.Second))
	if d := b.Failed(now.Add(time.Minute)); d > time.Second {
		t.Errorf("after a healthy minute it waits %v", d)
	}
}

func TestSleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		if !Sleep(t.Context(), time.Hour) {
			t.Error("ended early")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if Sleep(ctx, time.Hour) {
			t.Error("slept on although the context ended")
		}
	})
}
