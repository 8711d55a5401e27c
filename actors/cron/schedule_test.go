package cron

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

const (
	berlin   = "Europe/Berlin"       // 2026: on 29 March 02:00 becomes 03:00 at 01:00Z; on 25 October 03:00 becomes 02:00 at 01:00Z
	newYork  = "America/New_York"    // 2026: on 8 March 02:00 becomes 03:00 at 07:00Z; on 1 November 02:00 becomes 01:00 at 06:00Z
	lordHowe = "Australia/Lord_Howe" // 2026: on 5 April 02:00 becomes 01:30 at 15:00Z of the 4th; on 4 October 02:00 becomes 02:30 at 15:30Z of the 3rd
)

// The times are worked out by hand from the changes above, not by any code.
func TestSchedule_daylightSaving(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, zone, expr, from, want string }{
		{"daily, the clock jumps over it", berlin, "30 2 * * *", "2026-03-27T12:00", "2026-03-28T01:30 2026-03-29T01:00 2026-03-30T00:30"},
		{"daily, the clock shows it twice", berlin, "30 2 * * *", "2026-10-24T00:00", "2026-10-24T00:30 2026-10-25T00:30 2026-10-26T01:30"},
		{"daily, asked between the two", berlin, "30 2 * * *", "2026-10-25T01:10", "2026-10-26T01:30"},
		{"hourly over the jump", berlin, "0 * * * *", "2026-03-28T23:30", "2026-03-29T00:00 2026-03-29T01:00 2026-03-29T02:00"},
		{"hourly through both", berlin, "0 * * * *", "2026-10-24T23:30", "2026-10-25T00:00 2026-10-25T01:00 2026-10-25T02:00"},
		{"half past each hour through both", berlin, "30 * * * *", "2026-10-25T00:00", "2026-10-25T00:30 2026-10-25T01:30 2026-10-25T02:30"},
		{"every quarter of one hour, jumped over", berlin, "*/15 2 * * *", "2026-03-28T12:00", "2026-03-29T01:00 2026-03-30T00:00 2026-03-30T00:15"},
		{"leap day", berlin, "0 0 29 2 *", "2026-01-01T00:00", "2028-02-28T23:00 2032-02-28T23:00"},
		{"leap day that the century leaves out", berlin, "0 0 29 2 *", "2096-03-01T00:00", "2104-02-28T23:00"},

		{"daily, the clock jumps over it", newYork, "30 2 * * *", "2026-03-07T00:00", "2026-03-07T07:30 2026-03-08T07:00 2026-03-09T06:30"},
		{"daily, after the hour shown twice", newYork, "30 2 * * *", "2026-10-31T00:00", "2026-10-31T06:30 2026-11-01T07:30 2026-11-02T07:30"},
		{"daily, the clock shows it twice", newYork, "30 1 * * *", "2026-11-01T00:00", "2026-11-01T05:30 2026-11-02T06:30"},
		{"hourly through both", newYork, "0 * * * *", "2026-11-01T04:30", "2026-11-01T05:00 2026-11-01T06:00 2026-11-01T07:00"},
		{"leap day", newYork, "0 0 29 2 *", "2026-01-01T00:00", "2028-02-29T05:00 2032-02-29T05:00"},

		{"daily, the first reading after the jump", lordHowe, "30 2 * * *", "2026-10-02T12:00", "2026-10-02T16:00 2026-10-03T15:30 2026-10-04T15:30"},
		{"daily, in the half hour jumped over", lordHowe, "15 2 * * *", "2026-10-03T00:00", "2026-10-03T15:30 2026-10-04T15:15"},
		{"daily, after the half hour shown twice", lordHowe, "30 2 * * *", "2026-04-03T12:00", "2026-04-03T15:30 2026-04-04T16:00 2026-04-05T16:00"},
		{"daily, in the half hour shown twice", lordHowe, "45 1 * * *", "2026-04-04T12:00", "2026-04-04T14:45 2026-04-05T15:15"},
		{"hourly back half an hour", lordHowe, "0 * * * *", "2026-04-04T13:30", "2026-04-04T14:00 2026-04-04T15:30 2026-04-04T16:30"},
		{"half past each hour, back half an hour", lordHowe, "30 * * * *", "2026-04-04T13:00", "2026-04-04T13:30 2026-04-04T14:30 2026-04-04T15:00 2026-04-04T16:00"},
		{"hourly over the jump", lordHowe, "0 * * * *", "2026-10-03T14:00", "2026-10-03T14:30 2026-10-03T16:00 2026-10-03T17:00"},
		{"leap day", lordHowe, "0 0 29 2 *", "2026-01-01T00:00", "2028-02-28T13:00 2032-02-28T13:00"},

		{"midnight jumped over", "America/Santiago", "0 0 * * *", "2026-09-05T12:00", "2026-09-06T04:00 2026-09-07T03:00"},
		{"a day that was left out", "Pacific/Apia", "0 12 30 12 *", "2011-12-01T00:00", "2011-12-30T10:00 2012-12-29T22:00"},
		{"six fields", "UTC", "30 0 0 1 1 *", "2026-01-01T00:00", "2026-01-01T00:00:30"},
		{"day of month or of week", "UTC", "0 0 13 * 5", "2026-01-10T00:00", "2026-01-13T00:00 2026-01-16T00:00"},
		{"Sunday is 0 and 7", "UTC", "0 0 * * 7", "2026-01-01T00:00", "2026-01-04T00:00"},
		{"daily by name", newYork, "@daily", "2026-03-08T00:00", "2026-03-08T05:00 2026-03-09T04:00"},
	}
	for _, tt := range tests {
		t.Run(tt.zone+" "+tt.expr+" "+tt.name, func(t *testing.T) {
			t.Parallel()
			now := at(t, tt.from)
			s, err := parseSchedule(wire.CronSchedule{Kind: "cron", Expr: tt.expr, TZ: tt.zone}, now)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range strings.Fields(tt.want) {
				got := time.UnixMilli(s.next(now.UnixMilli())).UTC()
				if !got.Equal(at(t, want)) {
					t.Fatalf("after %s: %s, want %s", now.UTC(), got, want)
				}
				now = got
			}
		})
	}
}

func at(t *testing.T, s string) time.Time {
	t.Helper()
	if strings.Count(s, ":") == 1 {
		s += ":00"
	}
	tm, err := time.Parse(time.RFC3339, s+"Z")
	if err != nil {
		t.Fatal(err)
	}
	return tm
}

// Whatever the zone does, a time of day comes once a day. (Where the last hour of a day is jumped over, "right after" is
// the next day; none of these zones does that.)
func TestSchedule_onceADay(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"UTC", berlin, newYork, lordHowe, "America/Santiago", "Asia/Beirut", "Africa/Cairo", "Pacific/Chatham"} {
		for _, expr := range []string{"0 0 * * *", "30 2 * * *", "45 1 * * *", "59 23 * * *"} {
			w, err := parseExpr(expr, zone)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]int{}
			for x := time.Date(2025, 12, 31, 12, 0, 0, 0, w.loc); ; {
				x = w.after(x)
				if x.Year() > 2026 {
					break
				}
				seen[x.In(w.loc).Format(time.DateOnly)]++
			}
			for d := time.Date(2026, 1, 1, 12, 0, 0, 0, w.loc); d.Year() == 2026; d = d.AddDate(0, 0, 1) {
				if n := seen[d.Format(time.DateOnly)]; n != 1 {
					t.Errorf("%s in %s: %d times on %s", expr, zone, n, d.Format(time.DateOnly))
				}
			}
		}
	}
}

func TestSchedule_refused(t *testing.T) {
	t.Parallel()
	ms := func(n int64) *int64 { return &n }
	tests := []struct {
		s    wire.CronSchedule
		want string
	}{
		{wire.CronSchedule{Kind: "cron", Expr: "0 0 31 2 *"}, `cron expression "0 0 31 2 *" never fires`},
		{wire.CronSchedule{Kind: "cron", Expr: "0 0 30 2 *", TZ: berlin}, `cron expression "0 0 30 2 *" never fires`},
		{wire.CronSchedule{Kind: "cron", Expr: "0 7 * * *", TZ: "Mars/Base"}, `unknown time zone "Mars/Base": use an IANA name such as Europe/Berlin`},
		{wire.CronSchedule{Kind: "cron", Expr: "0 7 * * *", TZ: "../../etc/passwd"}, "unknown time zone"},
		{wire.CronSchedule{Kind: "cron", Expr: "61 * * * *"}, `invalid cron expression "61 * * * *": `},
		{wire.CronSchedule{Kind: "cron", Expr: "* * *"}, "invalid cron expression"},
		{wire.CronSchedule{Kind: "cron", Expr: "* * * * * * *"}, "invalid cron expression"},
		{wire.CronSchedule{Kind: "cron", Expr: "  "}, "invalid cron expression"},
		{wire.CronSchedule{Kind: "cron", Expr: "TZ=UTC 0 7 * * *"}, "the time zone belongs into tz"},
		{wire.CronSchedule{Kind: "cron", Expr: "TZ="}, "the time zone belongs into tz"},
		{wire.CronSchedule{Kind: "cron", Expr: "@every 5m"}, "use a schedule of kind every"},
		{wire.CronSchedule{Kind: "cron", Expr: strings.Repeat("1,", 100_000)}, "invalid cron expression"},
		{wire.CronSchedule{Kind: "at", AtMs: ms(1 << 62)}, "too far away"},
		{wire.CronSchedule{Kind: "every", EveryMs: ms(1 << 62)}, "out of range"},
		{wire.CronSchedule{Kind: "every", EveryMs: ms(1), AnchorMs: ms(1 << 62)}, "out of range"},
	}
	for _, tt := range tests {
		_, err := parseSchedule(tt.s, time.UnixMilli(1_767_600_000_000))
		if err == nil || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 500 {
			t.Errorf("%.40s %s: %v, want %s", tt.s.Expr, tt.s.TZ, err, tt.want)
		}
	}
}

// TestSchedule_noZones: where there are no zones at all, their table is what is missing.
func TestSchedule_noZones(t *testing.T) {
	t.Parallel()
	none := func(name string) (*time.Location, error) { return nil, errors.New("unknown time zone " + name) }
	if err := unknownZone(berlin, none).Error(); err != `time zone "Europe/Berlin": this machine has no time zones: install its package tzdata` {
		t.Error(err)
	}
}

func TestSchedule_every(t *testing.T) {
	t.Parallel()
	n := func(n int64) *int64 { return &n }
	tests := []struct {
		every       int64
		anchor      *int64
		now, expect int64
	}{
		{60, nil, 1000, 1060},
		{60, n(5000), 1000, 5000}, // the anchor itself while it is ahead
		{60, n(1000), 1000, 1060},
		{60, n(1000), 1060, 1060}, // a time that is now counts
		{60, n(1000), 1061, 1120},
		{60, n(0), 1_767_600_000_001, 1_767_600_000_060},
	}
	for _, tt := range tests {
		s, err := parseSchedule(wire.CronSchedule{Kind: "every", EveryMs: &tt.every, AnchorMs: tt.anchor}, time.UnixMilli(tt.now))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.next(tt.now); got != tt.expect {
			t.Errorf("every %d from %v at %d: %d, want %d", tt.every, tt.anchor, tt.now, got, tt.expect)
		}
	}
}

func FuzzParseExpr(f *testing.F) {
	for _, s := range []string{"0 0 29 2 *", "*/5 * * * *", "0 0 L * 5#2", "H H * * *", "@yearly", "59-1/7 0 0 * * *", "0 0 15W * ?"} {
		f.Add(s, berlin)
	}
	f.Fuzz(func(t *testing.T, expr, zone string) {
		s, err := parseSchedule(wire.CronSchedule{Kind: "cron", Expr: expr, TZ: zone}, time.UnixMilli(1_767_600_000_000))
		if err != nil {
			return
		}
		if next := s.next(1_767_600_000_000); next <= 1_767_600_000_000 {
			t.Errorf("%q in %q: next is %d", expr, zone, next)
		}
	})
}

func TestPause(t *testing.T) {
	t.Parallel()
	var got []time.Duration
	for n := 1; n <= 9; n++ {
		got = append(got, time.Duration(pause(n))*time.Millisecond)
	}
	want := []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour}
	if !slices.Equal(got, want) {
		t.Errorf("pauses %v", got)
	}
}
