package outbox

import (
	"time"

	"github.com/clawdbot/gateway/providers"
)

const (
	maxAttempts       = 50
	maxAge            = 24 * time.Hour
	maxBackoff        = time.Minute
	unauthorizedPause = 5 * time.Minute
)

// action is what becomes of an item after an attempt.
type action int

const (
	sent  action = iota
	back         // the attempt did not happen: in its place again, not counted
	again        // later
	failed
	ambiguous
)

// verdict is an action and, for again, not before when.
type verdict struct {
	action action
	at     time.Time
}

// next decides after a failed attempt. attempt counts from 1; created is when the item was queued.
func next(class providers.Class, attempt int, retryAfter time.Duration, created, now time.Time) verdict {
	switch class {
	case providers.Permanent:
		return verdict{action: failed}
	case providers.Ambiguous:
		return verdict{action: ambiguous}
	case providers.Unauthorized:
		if now.Sub(created) >= maxAge {
			return verdict{action: failed}
		}
		return verdict{again, now.Add(unauthorizedPause)}
	}
	if now.Sub(created) >= maxAge || attempt >= maxAttempts {
		return verdict{action: failed}
	}
	if retryAfter > 0 {
		return verdict{again, now.Add(retryAfter)}
	}
	return verdict{again, now.Add(backoff(attempt))}
}

// backoff is 1 s, doubled with each attempt, up to a minute.
func backoff(attempt int) time.Duration {
	return min(time.Second<<min(max(attempt-1, 0), 6), maxBackoff)
}
