package cron

import (
	"time"

	nr "github.com/netresearch/go-cron"
)

// wall evaluates a cron expression on the wall clock of a zone. The expression's own evaluation sees only clock
// readings, in UTC, where no hour is missing or comes twice; what daylight saving does is decided here.
type wall struct {
	spec nr.Schedule // on readings
	loc  *time.Location
	// hourly: every hour matches. Then each real hour counts, also one that the clock shows twice, and readings that the
	// clock leaves out are left out. Otherwise a time of day happens once a day: at its first reading, or when the clock
	// has jumped over it, right after the jump.
	hourly bool
}

// after is the first time after t; zero when there is none.
func (w wall) after(t time.Time) time.Time {
	if w.hourly {
		return w.eachHour(t)
	}
	r := reading(t.In(w.loc))
	for {
		if r = w.spec.Next(r); r.IsZero() {
			return r
		}
		if at := firstAt(r, w.loc); at.After(t) {
			return at
		}
	}
}

// eachHour goes through the stretches of time in which the zone's offset stays the same.
func (w wall) eachHour(t time.Time) time.Time {
	t = t.In(w.loc)
	r := reading(t)
	for {
		_, end := t.ZoneBounds()
		next := w.spec.Next(r)
		if next.IsZero() {
			return next
		}
		if at := next.Add(-offset(t)); end.IsZero() || at.Before(end) {
			return at.In(w.loc)
		}
		t = end.In(w.loc)
		r = reading(t).Add(-time.Second) // the stretch's first reading counts too
	}
}

// firstAt is the first moment at which the clock in loc shows the reading r or a later one.
func firstAt(r time.Time, loc *time.Location) time.Time {
	t := r.Add(-16 * time.Hour).In(loc) // no zone is that far ahead
	for {
		start, end := t.ZoneBounds()
		at := r.Add(-offset(t))
		if at.Before(start) {
			return start.In(loc)
		}
		if end.IsZero() || at.Before(end) {
			return at.In(loc)
		}
		t = end.In(loc)
	}
}

// reading is what the clock shows at t, to the second, as a time in UTC.
func reading(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

func offset(t time.Time) time.Duration {
	_, seconds := t.Zone()
	return time.Duration(seconds) * time.Second
}
