package account

import (
	"strings"
	"testing"
	"time"
)

func at(d time.Duration) int64 { return (1000 * time.Hour).Milliseconds() + d.Milliseconds() }

// TestRhythm: silence means something after days of listening, when it is far longer than any before.
func TestRhythm(t *testing.T) {
	t.Parallel()
	r := &rhythm{last: at(0)}
	for h := time.Duration(1); h <= 30*time.Hour; h += 20 * time.Minute {
		r.heard(at(h))
		if why := r.quiet(at(h + 19*time.Hour)); why != "" {
			t.Fatalf("after %s it judges: %s", h, why)
		}
	}
	for day := 2; day < 12; day++ { // a night of 8 hours each day
		for h := 8 * time.Hour; h < 24*time.Hour; h += 30 * time.Minute {
			r.heard(at(time.Duration(day)*24*time.Hour + h))
		}
	}
	end := time.Duration(r.last-at(0)) * time.Millisecond
	if why := r.quiet(at(end + 16*time.Hour)); why != "" {
		t.Errorf("after twice a night: %s", why)
	}
	if why := r.quiet(at(end + 18*time.Hour)); !strings.Contains(why, "no message for 18h0m0s") {
		t.Errorf("after 18 hours: %q", why)
	}
	if len(r.Days) > daysKept {
		t.Errorf("%d days are kept", len(r.Days))
	}
	r.heard(at(end + 18*time.Hour))
	if why := r.quiet(at(end + 19*time.Hour)); why != "" {
		t.Errorf("after a message: %s", why)
	}
	busy := &rhythm{Since: at(-100 * time.Hour), Days: map[int64]int64{1: 1000}, last: at(0)}
	if why := busy.quiet(at(50 * time.Minute)); why != "" {
		t.Errorf("a pause of 50 minutes is odd: %s", why)
	}
	restarted := &rhythm{Since: at(-100 * time.Hour), Days: map[int64]int64{1: 1000}}
	if why := restarted.quiet(at(100 * time.Hour)); why != "" {
		t.Errorf("before it listens it judges: %s", why)
	}
}

// TestPulse: a platform that gave signs of life and gives none any more is lost.
func TestPulse(t *testing.T) {
	t.Parallel()
	var p pulse
	if why := p.lost(at(time.Hour)); why != "" {
		t.Errorf("without a sign: %s", why)
	}
	for i := range 10 {
		p.felt(at(time.Duration(i) * 30 * time.Second))
	}
	last := 270 * time.Second
	if why := p.lost(at(last + 5*time.Minute)); why != "" {
		t.Errorf("after ten signs' time: %s", why)
	}
	if why := p.lost(at(last + 5*time.Minute + time.Second)); !strings.Contains(why, "no sign of the platform for 5m1s, which gave one every 30s") {
		t.Errorf("after more: %q", why)
	}
}
