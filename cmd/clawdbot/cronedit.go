package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

// jobFlags describe a job; cron add needs some of them, cron edit changes what is given.
type jobFlags struct {
	c *cobra.Command

	name, description, session, wake  string
	at, every, expr, tz               string
	event, message, thinking, channel string
	to, prefix                        string
	seconds                           int64
	disabled, deliver, bestEffort     bool
}

func (f *jobFlags) register(c *cobra.Command) {
	f.c = c
	flags := c.Flags()
	flags.StringVar(&f.name, "name", "", "what to call it")
	flags.StringVar(&f.description, "description", "", "what it is for")
	flags.StringVar(&f.session, "session", "", "main (with --system-event) or isolated (with --message); default: the one that fits")
	flags.StringVar(&f.wake, "wake", "next-heartbeat", "when the main session hears of it: now or next-heartbeat")
	flags.StringVar(&f.at, "at", "", "run once: 2026-01-31T08:00:00Z, \"2026-01-31 08:00\", or +20m from now")
	flags.StringVar(&f.every, "every", "", "run again and again: 10m, 1h, 1d")
	flags.StringVar(&f.expr, "cron", "", "run by a cron expression of 5 or 6 fields")
	flags.StringVar(&f.tz, "tz", "", "time zone of --cron and --at, like Europe/Berlin (default: this host's)")
	flags.StringVar(&f.event, "system-event", "", "line to put before the main session's next turn")
	flags.StringVar(&f.message, "message", "", "what to say to the agent, in a session of the job's own")
	flags.StringVar(&f.thinking, "thinking", "", "off, minimal, low, medium or high")
	flags.Int64Var(&f.seconds, "timeout-seconds", 0, "how long a run of the agent may take (default: the gateway's, 600)")
	flags.BoolVar(&f.deliver, "deliver", false, "send the agent's reply to somebody")
	flags.StringVar(&f.channel, "channel", "", "surface to deliver through: last, whatsapp, telegram, discord, slack, signal, imessage, or an account of it: telegram:work")
	flags.StringVar(&f.to, "to", "", "whom to deliver to")
	flags.BoolVar(&f.bestEffort, "best-effort-deliver", false, "a reply that cannot be delivered is no failure")
	flags.StringVar(&f.prefix, "post-prefix", "", "what the summary in the main session begins with (default Cron)")
}

func (a *app) cronAddCommand() *cobra.Command {
	var f clientFlags
	var j jobFlags
	c := &cobra.Command{
		Use:   "add --name NAME (--at TIME | --every SPAN | --cron EXPR) (--message TEXT | --system-event TEXT)",
		Short: "Make a job",
		Example: "  clawdbot cron add --name digest --cron \"0 7 * * *\" --tz Europe/Berlin --message \"Summarise my mail\"\n" +
			"  clawdbot cron add --name tea --at +4m --system-event \"The tea is ready\" --wake now",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if strings.TrimSpace(j.name) == "" {
				return usage("--name is needed")
			}
			p, err := j.patch(wire.CronPayload{}, time.Now())
			if err != nil {
				return err
			}
			if p.Schedule == nil {
				return usage("one of --at, --every, --cron is needed: it says when")
			}
			if p.Payload == nil {
				return usage("one of --message, --system-event is needed: it says what")
			}
			add := wire.CronAddParams{
				Name: j.name, Description: j.description, Schedule: *p.Schedule, SessionTarget: *p.SessionTarget, WakeMode: j.wake,
				Payload: *p.Payload, Isolation: p.Isolation,
			}
			if j.disabled {
				add.Enabled = new(bool)
			}
			return query(a, c, f, "cron.add", add, a.showJob)
		},
	}
	j.register(c)
	c.Flags().BoolVar(&j.disabled, "disabled", false, "make it, but do not run it yet")
	f.register(c)
	return c
}

func (a *app) cronEditCommand() *cobra.Command {
	var f clientFlags
	var j jobFlags
	c := &cobra.Command{
		Use:     "edit JOB",
		Short:   "Change a job; what is not given stays",
		Example: "  clawdbot cron edit digest --cron \"0 8 * * *\"",
		Args:    oneArg("JOB"),
		RunE: func(c *cobra.Command, args []string) error {
			if !j.any() {
				return usage("nothing to change: give at least one of the flags of cron add")
			}
			old, err := a.job(c, f, args[0])
			if err != nil {
				return err
			}
			p, err := j.patch(old.Payload, time.Now())
			if err != nil {
				return err
			}
			return query(a, c, f, "cron.update", wire.CronUpdateParams{ID: old.ID, Patch: p}, a.showJob)
		},
	}
	j.register(c)
	f.register(c)
	return c
}

func (f *jobFlags) given(name string) bool { return f.c.Flags().Changed(name) }

// ofPayload are the flags that only a run of the agent has.
var ofPayload = []string{"thinking", "timeout-seconds", "deliver", "channel", "to", "best-effort-deliver"}

// any tells whether a job flag was given.
func (f *jobFlags) any() bool {
	for _, name := range append([]string{
		"name", "description", "session", "wake", "at", "every", "cron", "tz", "system-event", "message", "post-prefix",
	}, ofPayload...) {
		if f.given(name) {
			return true
		}
	}
	return false
}

// patch is what the flags say of a job whose payload is old; what was not given stays nil.
func (f *jobFlags) patch(old wire.CronPayload, now time.Time) (p wire.CronPatch, err error) {
	if f.given("name") {
		p.Name = &f.name
	}
	if f.given("description") {
		p.Description = &f.description
	}
	if f.given("wake") {
		if f.wake != "now" && f.wake != "next-heartbeat" {
			return p, usage("--wake is now or next-heartbeat")
		}
		p.WakeMode = &f.wake
	}
	if f.given("post-prefix") {
		p.Isolation = &wire.CronIsolation{PostToMainPrefix: f.prefix}
	}
	if p.Schedule, err = f.schedule(now); err != nil {
		return p, err
	}
	if p.Payload, err = f.payload(old); err != nil {
		return p, err
	}
	switch {
	case f.given("session") && f.session != "main" && f.session != "isolated":
		return p, usage("--session is main or isolated")
	case f.given("session"):
		p.SessionTarget = &f.session
	case p.Payload != nil && p.Payload.Kind != old.Kind:
		target := "isolated"
		if p.Payload.Kind == "systemEvent" {
			target = "main"
		}
		p.SessionTarget = &target
	}
	return p, nil
}

// payload is what is run, laid over the old one; nil = nothing was said of it.
func (f *jobFlags) payload(old wire.CronPayload) (*wire.CronPayload, error) {
	turn := f.given("message")
	for _, name := range ofPayload {
		turn = turn || f.given(name)
	}
	switch {
	case f.given("system-event") && turn:
		return nil, usage("--system-event goes without --message and what belongs to it")
	case f.given("system-event"):
		return &wire.CronPayload{Kind: "systemEvent", Text: f.event}, nil
	case !turn:
		return nil, nil
	case old.Kind != "agentTurn" && !f.given("message"):
		return nil, usage("--message is needed: it says what the agent is asked")
	}
	p := old
	if p.Kind != "agentTurn" {
		p = wire.CronPayload{Kind: "agentTurn"}
	}
	for _, s := range []struct {
		name string
		from string
		to   *string
	}{{"message", f.message, &p.Message}, {"thinking", f.thinking, &p.Thinking}, {"channel", f.channel, &p.Channel}, {"to", f.to, &p.To}} {
		if f.given(s.name) {
			*s.to = s.from
		}
	}
	if f.given("timeout-seconds") {
		if f.seconds < 1 {
			return nil, usage("--timeout-seconds is at least 1")
		}
		p.TimeoutSeconds = &f.seconds
	}
	if f.given("deliver") {
		p.Deliver = &f.deliver
	}
	if f.given("best-effort-deliver") {
		p.BestEffortDeliver = &f.bestEffort
	}
	return &p, nil
}

// schedule is when; nil = nothing was said of it.
func (f *jobFlags) schedule(now time.Time) (*wire.CronSchedule, error) {
	n := 0
	for _, name := range []string{"at", "every", "cron"} {
		if f.given(name) {
			n++
		}
	}
	switch {
	case n > 1:
		return nil, usage("only one of --at, --every, --cron can be the schedule")
	case n == 0 && f.given("tz"):
		return nil, usage("--tz goes with --cron or --at")
	case n == 0:
		return nil, nil
	case f.given("at"):
		at, err := parseAt(f.at, f.tz, now)
		if err != nil {
			return nil, usage("--at: %v", err)
		}
		ms := at.UnixMilli()
		return &wire.CronSchedule{Kind: "at", AtMs: &ms}, nil
	case f.given("every"):
		d, err := parseSpan(f.every)
		if err != nil || d < time.Millisecond {
			return nil, usage("--every: want a span like 10m, 1h or 1d")
		}
		ms := d.Milliseconds()
		return &wire.CronSchedule{Kind: "every", EveryMs: &ms}, nil
	}
	return &wire.CronSchedule{Kind: "cron", Expr: f.expr, TZ: f.tz}, nil
}

// parseAt reads a moment: with a zone, without one (then it is in tz, "" = this host's), ms since the epoch, or
// "+20m" from now.
func parseAt(s, tz string, now time.Time) (time.Time, error) {
	if after, ok := strings.CutPrefix(s, "+"); ok {
		d, err := parseSpan(after)
		if err != nil {
			return now, errors.New("want a span after the +, like +20m")
		}
		return now.Add(d), nil
	}
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil && ms >= 1e11 {
		return time.UnixMilli(ms), nil
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return at, nil
	}
	zone := time.Local
	if tz != "" {
		var err error
		if zone, err = time.LoadLocation(tz); err != nil {
			return now, fmt.Errorf("no time zone is called %q", tz)
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04"} {
		if at, err := time.ParseInLocation(layout, s, zone); err == nil {
			return at, nil
		}
	}
	return now, errors.New("want a time like 2026-01-31T08:00:00Z or \"2026-01-31 08:00\", or +20m")
}

// parseSpan reads a duration, in days too.
func parseSpan(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		if err != nil || n < 0 || n > 36500 {
			return 0, errors.New("not a number of days")
		}
		return time.Duration(n * 24 * float64(time.Hour)), nil
	}
	d, err := time.ParseDuration(s)
	if err == nil && d < 0 {
		err = errors.New("negative")
	}
	return d, err
}
