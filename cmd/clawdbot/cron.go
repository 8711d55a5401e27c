package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

// jobPatience is how long a job that is run by hand may take by default: as long as a run of the agent, and a bit.
const jobPatience = defaultRunTimeout*time.Second + runMargin

func (a *app) cronCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "cron",
		Short: "Schedule what the agent does by itself, and see what it did",
		Long:  "Schedule what the agent does by itself, and see what it did. JOB is a job's id, the beginning of one, or its name.",
	}
	c.AddCommand(
		a.cronStatusCommand(), a.cronListCommand(), a.cronAddCommand(), a.cronEditCommand(), a.cronRemoveCommand(),
		a.cronSwitchCommand("enable", "Switch a job on", true), a.cronSwitchCommand("disable", "Switch a job off", false),
		a.cronRunsCommand(), a.cronRunCommand(),
	)
	return c
}

func (a *app) cronStatusCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "status",
		Short: "Show whether the scheduler is on, and what comes next",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return query(a, c, f, "cron.status", struct{}{}, func(s wire.CronStatusResult) error {
				t := a.newTable()
				t.row("Scheduler", yes(s.Enabled, "on", "off"))
				t.row("Jobs", fmt.Sprint(s.Jobs))
				t.row("Next run", orElse(moment(s.NextWakeAtMs, time.Now()), "none"))
				t.row("Kept in", s.StorePath)
				return t.flush()
			})
		},
	}
	f.register(c)
	return c
}

func (a *app) cronListCommand() *cobra.Command {
	var f clientFlags
	var p wire.CronListParams
	c := &cobra.Command{
		Use:   "list",
		Short: "List the jobs by their next run",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return query(a, c, f, "cron.list", p, a.showJobs)
		},
	}
	c.Flags().BoolVar(&p.IncludeDisabled, "all", false, "also those that are switched off")
	f.register(c)
	return c
}

func (a *app) showJobs(r wire.CronListResult) error {
	if len(r.Jobs) == 0 {
		_, err := fmt.Fprint(a.out, "No jobs. Make one with: clawdbot cron add\n")
		return err
	}
	now := time.Now()
	t := a.newTable("ID", "NAME", "SCHEDULE", "NEXT RUN", "LAST RUN", "STATUS", "SESSION")
	for _, j := range r.Jobs {
		status := orElse(j.State.LastStatus, "-")
		switch {
		case j.State.RunningAtMs != nil:
			status = "running"
		case !j.Enabled:
			status = "off"
		}
		t.row(j.ID, j.Name, scheduleText(j.Schedule), orElse(moment(j.State.NextRunAtMs, now), "-"), ago(j.State.LastRunAtMs, now),
			status, j.SessionTarget)
	}
	return t.flush()
}

// moment says when something is, and how far that is from now; "" = never.
func moment(ms *int64, now time.Time) string {
	if ms == nil {
		return ""
	}
	at := time.UnixMilli(*ms)
	if at.Before(now) {
		return at.Format("2006-01-02 15:04") + " (due)"
	}
	return fmt.Sprintf("%s (in %s)", at.Format("2006-01-02 15:04"), short(at.Sub(now)))
}

func scheduleText(s wire.CronSchedule) string {
	switch {
	case s.AtMs != nil:
		return "at " + time.UnixMilli(*s.AtMs).Format("2006-01-02 15:04")
	case s.EveryMs != nil:
		return "every " + exact(time.Duration(*s.EveryMs)*time.Millisecond)
	}
	return strings.TrimSpace(s.Expr + " " + s.TZ)
}

// exact is a duration without the zero parts that its String has.
func exact(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// job finds the job that an argument means: by id, by the beginning of an id, or by name.
func (a *app) job(c *cobra.Command, f clientFlags, arg string) (wire.CronJob, error) {
	payload, err := a.call(c.Context(), f, "cron.list", wire.CronListParams{IncludeDisabled: true})
	if err != nil {
		return wire.CronJob{}, err
	}
	var all wire.CronListResult
	if err := wire.Unmarshal(payload, &all); err != nil {
		return wire.CronJob{}, fmt.Errorf("cron.list: %w", err)
	}
	var found []wire.CronJob
	prefix := strings.TrimSuffix(arg, "…") // as a narrow table shows it
	for _, j := range all.Jobs {
		switch {
		case j.ID == arg:
			return j, nil
		case j.Name == arg, len(prefix) >= 4 && strings.HasPrefix(j.ID, prefix):
			found = append(found, j)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return wire.CronJob{}, fmt.Errorf("no job is called %q; list them with: clawdbot cron list --all", arg)
	}
	return wire.CronJob{}, fmt.Errorf("%d jobs are called %q; name one by its id: clawdbot cron list --all", len(found), arg)
}

func (a *app) cronRemoveCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:     "rm JOB",
		Aliases: []string{"remove"},
		Short:   "Delete a job",
		Args:    oneArg("JOB"),
		RunE: func(c *cobra.Command, args []string) error {
			j, err := a.job(c, f, args[0])
			if err != nil {
				return err
			}
			return query(a, c, f, "cron.remove", wire.CronRemoveParams{ID: j.ID}, func(r wire.CronRemoveResult) error {
				_, err := fmt.Fprintf(a.out, "%s %s.\n", yes(r.Removed, "Deleted", "Somebody else has deleted"), oneLine(j.Name))
				return err
			})
		},
	}
	f.register(c)
	return c
}

func (a *app) cronSwitchCommand(name, about string, on bool) *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   name + " JOB",
		Short: about,
		Args:  oneArg("JOB"),
		RunE: func(c *cobra.Command, args []string) error {
			j, err := a.job(c, f, args[0])
			if err != nil {
				return err
			}
			p := wire.CronUpdateParams{ID: j.ID, Patch: wire.CronPatch{Enabled: &on}}
			return query(a, c, f, "cron.update", p, a.showJob)
		},
	}
	f.register(c)
	return c
}

// showJob says how a job stands after a change.
func (a *app) showJob(j wire.CronJob) error {
	next := orElse(moment(j.State.NextRunAtMs, time.Now()), "never")
	if !j.Enabled {
		next = "never: it is off"
	}
	t := a.newTable()
	t.row("Job", j.Name)
	t.row("Id", j.ID)
	t.row("Schedule", scheduleText(j.Schedule))
	t.row("Session", j.SessionTarget)
	t.row("Next run", next)
	return t.flush()
}

func (a *app) cronRunsCommand() *cobra.Command {
	var f clientFlags
	var id string
	limit := int64(50)
	c := &cobra.Command{
		Use:   "runs JOB",
		Short: "Show how a job's runs ended, the last one at the bottom",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				id = args[0]
			}
			if id == "" {
				return usage("JOB is needed")
			}
			if limit < 1 || limit > 5000 {
				return usage("--limit is between 1 and 5000")
			}
			if j, err := a.job(c, f, id); err == nil {
				id = j.ID
			} else if uuid.Validate(id) != nil { // a job that is gone still has its log
				return err
			}
			return query(a, c, f, "cron.runs", wire.CronRunsParams{ID: id, Limit: &limit}, a.showRuns)
		},
	}
	c.Flags().StringVar(&id, "id", "", "the job, for those who prefer a flag")
	c.Flags().Int64Var(&limit, "limit", limit, "at most so many")
	f.register(c)
	return c
}

func (a *app) showRuns(r wire.CronRunsResult) error {
	if len(r.Entries) == 0 {
		_, err := fmt.Fprintln(a.out, "It has not run yet.")
		return err
	}
	t := a.newTable("ENDED", "STATUS", "TOOK", "RESULT")
	for _, e := range r.Entries {
		took := "-"
		if e.DurationMs != nil {
			took = short(time.Duration(*e.DurationMs) * time.Millisecond)
		}
		t.row(time.UnixMilli(e.TS).Format("2006-01-02 15:04:05"), orElse(e.Status, "-"), took, orElse(e.Error, e.Summary))
	}
	return t.flush()
}

func (a *app) cronRunCommand() *cobra.Command {
	f := clientFlags{timeout: jobPatience}
	var force bool
	c := &cobra.Command{
		Use:   "run JOB",
		Short: "Run a job that is due, or any with --force, and wait for its end",
		Args:  oneArg("JOB"),
		RunE: func(c *cobra.Command, args []string) error {
			j, err := a.job(c, f, args[0])
			if err != nil {
				return err
			}
			p := wire.CronRunParams{ID: j.ID, Mode: "due"}
			if force {
				p.Mode = "force"
			}
			return query(a, c, f, "cron.run", p, func(r wire.CronRunResult) error {
				if !r.Ran {
					return errors.New("it did not run: it is not due; run it anyway with --force")
				}
				_, err := fmt.Fprintf(a.out, "%s ran. How it ended: clawdbot cron runs %s\n", oneLine(j.Name), oneLine(j.ID))
				return err
			})
		},
	}
	c.Flags().BoolVar(&force, "force", false, "also when it is not due")
	f.register(c)
	return c
}
