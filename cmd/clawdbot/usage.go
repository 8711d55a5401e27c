package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) usageCommand() *cobra.Command {
	var f clientFlags
	var days int64
	c := &cobra.Command{
		Use:   "usage",
		Short: "Show what models have taken today, and how much of the limits is left",
		Long: "Show the tokens that models have taken today and on the days before, and what they cost as far as prices are known, by what\n" +
			"began the runs (chat, cron, heartbeat, hook, node) and by model. Limits are agent.limits in the config file; a day ends at\n" +
			"midnight where the gateway runs.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return query(a, c, f, "usage.status", wire.UsageStatusParams{Days: &days}, a.showUsage)
		},
	}
	c.Flags().Int64Var(&days, "days", 7, "how many days before today (0 to 34)")
	f.register(c)
	return c
}

func (a *app) showUsage(r wire.UsageStatusResult) error {
	fmt.Fprintf(a.out, "%s, until %s\n\n", r.Day, time.UnixMilli(r.EndsAt).Format("15:04 MST"))
	t := a.newTable("BEGUN BY", "RUNS", "TOKENS", "OF", "COST", "OF", "ONE RUN MAY TAKE")
	for _, g := range r.Triggers {
		t.row(g.Trigger, strconv.FormatInt(g.Used.Runs, 10), grouped(g.Used.Tokens), limitText(float64(g.DayTokens), tokensText),
			costText(g.Used), limitText(g.DayCostUSD, dollars), runText(g))
	}
	t.row("all", strconv.FormatInt(r.Total.Runs, 10), grouped(r.Total.Tokens), "", costText(r.Total), "", "")
	if err := t.flush(); err != nil {
		return err
	}
	for _, g := range r.Triggers {
		if g.Reached != nil {
			fmt.Fprintf(a.out, "\nNo more runs of %s until then: %s is reached.\n", oneLine(g.Trigger), oneLine(g.Reached.Setting))
		}
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(a.out, "\nWarning: %s.\n", oneLine(w))
	}
	if err := a.showUsed("MODEL", len(r.Models), func(i int) (string, wire.UsageCount) { return r.Models[i].Model, r.Models[i].Used }); err != nil {
		return err
	}
	return a.showUsed("DAY", len(r.Days), func(i int) (string, wire.UsageCount) { return r.Days[i].Day, r.Days[i].Used })
}

// showUsed prints a table of amounts.
func (a *app) showUsed(head string, n int, row func(i int) (string, wire.UsageCount)) error {
	if n == 0 {
		return nil
	}
	fmt.Fprintln(a.out)
	t := a.newTable(head, "RUNS", "REQUESTS", "INPUT", "OUTPUT", "FROM CACHE", "COST")
	for i := range n {
		name, u := row(i)
		t.row(name, strconv.FormatInt(u.Runs, 10), strconv.FormatInt(u.Requests, 10), grouped(u.Input+u.CacheWrite), grouped(u.Output), grouped(u.CacheRead), costText(u))
	}
	return t.flush()
}

func limitText(limit float64, show func(float64) string) string {
	if limit == 0 {
		return "-"
	}
	return show(limit)
}

func tokensText(v float64) string { return grouped(int64(v)) }

func dollars(v float64) string { return fmt.Sprintf("$%.2f", v) }

// costText says when it is not all of it.
func costText(u wire.UsageCount) string {
	switch {
	case u.UnpricedTokens > 0 && u.CostUSD == 0:
		return "unknown"
	case u.UnpricedTokens > 0:
		return "at least " + dollars(u.CostUSD)
	}
	return dollars(u.CostUSD)
}

func runText(g wire.UsageTrigger) string {
	var all []string
	if g.RunTokens > 0 {
		all = append(all, grouped(g.RunTokens)+" tokens")
	}
	if g.RunCostUSD > 0 {
		all = append(all, dollars(g.RunCostUSD))
	}
	return orElse(strings.Join(all, ", "), "-")
}

// grouped is a number with commas.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
