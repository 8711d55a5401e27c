package cron

import (
	"fmt"
	"strings"
	"time"

	nr "github.com/netresearch/go-cron"

	"github.com/clawdbot/gateway/transport/wire"
)

const (
	maxTime = 8_640_000_000_000_000 // ms since epoch; beyond it clients have no dates
	// searchYears is how far ahead an expression is followed: 29 February can be eight years away, and forty when it
	// must be a given weekday.
	searchYears = 50
	allHours    = 1<<24 - 1
)

var parser = nr.MustNewParser(nr.SecondOptional | nr.Minute | nr.Hour | nr.Dom | nr.Month | nr.Dow | nr.Descriptor |
	nr.Extended | nr.DowOrDom).WithMaxSearchYears(searchYears)

// schedule is a job's schedule, understood.
type schedule struct {
	at     int64 // kind at; else 0
	every  int64 // kind every; else 0
	anchor *int64
	wall   wall // kind cron
}

// parseSchedule refuses what can never be due, so that it is noticed while somebody is there.
func parseSchedule(s wire.CronSchedule, now time.Time) (schedule, error) {
	switch {
	case s.Kind == "at" && s.AtMs != nil:
		if *s.AtMs > maxTime {
			return schedule{}, fmt.Errorf("schedule: atMs %d is too far away", *s.AtMs)
		}
		return schedule{at: max(1, *s.AtMs)}, nil
	case s.Kind == "every" && s.EveryMs != nil:
		if *s.EveryMs < 1 || *s.EveryMs > maxTime || s.AnchorMs != nil && *s.AnchorMs > maxTime {
			return schedule{}, fmt.Errorf("schedule: everyMs or anchorMs is out of range")
		}
		return schedule{every: *s.EveryMs, anchor: s.AnchorMs}, nil
	case s.Kind == "cron":
		w, err := parseExpr(s.Expr, s.TZ)
		if err == nil && w.after(now).IsZero() {
			err = fmt.Errorf("cron expression %s never fires", clip(s.Expr))
		}
		return schedule{wall: w}, err
	}
	return schedule{}, fmt.Errorf("schedule: %s is incomplete", clip(s.Kind))
}

// unknownZone says what to do about a zone that load does not find: a program that was built without the table of them may run where
// there are none.
func unknownZone(tz string, load func(name string) (*time.Location, error)) error {
	const example = "Europe/Berlin"
	if _, err := load(example); err != nil {
		return fmt.Errorf("time zone %s: this machine has no time zones: install its package tzdata", clip(tz))
	}
	return fmt.Errorf("unknown time zone %s: use an IANA name such as "+example, clip(tz))
}

func parseExpr(expr, tz string) (wall, error) {
	expr, tz = strings.TrimSpace(expr), strings.TrimSpace(tz)
	loc := time.Local
	if tz != "" {
		var err error
		if loc, err = time.LoadLocation(tz); err != nil {
			return wall{}, unknownZone(tz, time.LoadLocation)
		}
	}
	switch {
	case strings.Contains(expr, "="):
		return wall{}, fmt.Errorf("invalid cron expression %s: the time zone belongs into tz", clip(expr))
	case strings.HasPrefix(expr, "@every"):
		return wall{}, fmt.Errorf("invalid cron expression %s: use a schedule of kind every", clip(expr))
	}
	spec, err := parser.Parse(expr)
	if err != nil {
		return wall{}, fmt.Errorf("invalid cron expression %s: %w", clip(expr), err)
	}
	fields, ok := spec.(*nr.SpecSchedule)
	if !ok {
		return wall{}, fmt.Errorf("invalid cron expression %s", clip(expr))
	}
	fields.Location = time.UTC
	return wall{spec: fields, loc: loc, hourly: fields.Hour&allHours == allHours}, nil
}

// next is when a job that has not run at or before now is due, in ms; 0 = never. For a one-shot that is its time, also
// when that has passed.
func (s schedule) next(now int64) int64 {
	switch {
	case s.at > 0:
		return s.at
	case s.every > 0:
		return s.nextEvery(now)
	}
	t := s.wall.after(time.UnixMilli(now))
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// nextEvery: the anchor itself while it is ahead, else a whole number of intervals after it. A time that is now counts.
func (s schedule) nextEvery(now int64) int64 {
	anchor := now
	if s.anchor != nil {
		anchor = *s.anchor
	}
	if anchor > now {
		return anchor
	}
	k := (now - anchor + s.every - 1) / s.every
	return anchor + max(1, k)*s.every
}

// clip quotes a client's text for an error.
func clip(s string) string {
	if len(s) > 80 {
		s = strings.ToValidUTF8(s[:80], "") + "…"
	}
	return fmt.Sprintf("%q", s)
}
