package account

import (
	"fmt"
	"time"
)

// What the detector of deaf accounts goes by. An account is deaf that calls itself up and hears nothing.
const (
	learnFor     = 3 * 24 * time.Hour // how long messages are watched before their silence means something
	leastQuiet   = time.Hour          // a shorter pause between messages is never odd
	leastSilence = 3 * time.Minute    // of the platform itself
	leastPings   = 3                  // signs of life of a connection before their end means something
	daysKept     = 7
	mendEvery    = 30 * time.Minute // how often a deaf account is connected anew
)

// rhythm is what an account has learned of its messages: the longest pause of each of the last days. It is kept in the
// store, so that a restart does not make it forget; the time while nobody listened is no pause.
type rhythm struct {
	Since int64           `json:"since"` // ms, the first message
	Days  map[int64]int64 `json:"days"`  // longest pause in ms by day since the epoch

	last int64 // ms, the last message, or when listening began
}

// heard notes a message.
func (r *rhythm) heard(now int64) {
	if r.Since == 0 {
		r.Since = now
	} else if r.last > 0 {
		day := now / (24 * time.Hour).Milliseconds()
		if r.Days == nil {
			r.Days = map[int64]int64{}
		}
		r.Days[day] = max(r.Days[day], now-r.last)
		for d := range r.Days {
			if d <= day-daysKept {
				delete(r.Days, d)
			}
		}
	}
	r.last = now
}

// quiet says what is odd about the silence of the people, "" if nothing is.
func (r *rhythm) quiet(now int64) string {
	longest := int64(0)
	for _, pause := range r.Days {
		longest = max(longest, pause)
	}
	if r.last == 0 || longest == 0 || now-r.Since < learnFor.Milliseconds() {
		return ""
	}
	pause := now - r.last
	if pause <= max(2*longest, leastQuiet.Milliseconds()) {
		return ""
	}
	return fmt.Sprintf("no message for %s; the longest pause of the last days was %s", span(pause), span(longest))
}

// pulse is what a connection has shown of itself.
type pulse struct {
	signs   int
	longest int64 // ms between two
	last    int64 // ms
}

func (p *pulse) felt(now int64) {
	if p.last > 0 && now > p.last {
		p.longest = max(p.longest, now-p.last)
	}
	p.signs++
	p.last = max(p.last, now)
}

// lost says what is odd about the silence of the platform, "" if nothing is.
func (p *pulse) lost(now int64) string {
	if p.signs < leastPings {
		return ""
	}
	silence := now - p.last
	if silence <= max(10*p.longest, leastSilence.Milliseconds()) {
		return ""
	}
	return fmt.Sprintf("no sign of the platform for %s, which gave one every %s", span(silence), span(p.longest))
}

func span(ms int64) string { return (time.Duration(ms) * time.Millisecond).Round(time.Second).String() }
