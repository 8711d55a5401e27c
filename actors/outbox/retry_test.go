package outbox

import (
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
)

func TestNext(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		class   providers.Class
		attempt int
		after   time.Duration
		age     time.Duration
		want    action
		wait    time.Duration
	}{
		"first transient":        {providers.Transient, 1, 0, 0, again, time.Second},
		"third transient":        {providers.Transient, 3, 0, 0, again, 4 * time.Second},
		"seventh transient":      {providers.Transient, 7, 0, 0, again, time.Minute},
		"the platform says when": {providers.Transient, 1, 90 * time.Second, 0, again, 90 * time.Second},
		"the platform says soon": {providers.Transient, 7, time.Second, 0, again, time.Second},
		"49 attempts":            {providers.Transient, 49, 0, time.Hour, again, time.Minute},
		"50 attempts":            {providers.Transient, 50, time.Second, time.Hour, failed, 0},
		"a day old":              {providers.Transient, 2, 0, 24 * time.Hour, failed, 0},
		"unknown class":          {"odd", 1, 0, 0, again, time.Second},
		"permanent":              {providers.Permanent, 1, time.Second, 0, failed, 0},
		"ambiguous":              {providers.Ambiguous, 1, time.Second, 0, ambiguous, 0},
		"unauthorized":           {providers.Unauthorized, 99, 0, time.Hour, again, 5 * time.Minute},
		"unauthorized for a day": {providers.Unauthorized, 2, 0, 24 * time.Hour, failed, 0},
	} {
		got := next(tt.class, tt.attempt, tt.after, now.Add(-tt.age), now)
		want := verdict{action: tt.want}
		if tt.want == again {
			want.at = now.Add(tt.wait)
		}
		if got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}
