package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) statusCommand(name string) *cobra.Command {
	var f clientFlags
	var deep, verbose bool
	c := &cobra.Command{
		Use:   name,
		Short: "Show surfaces, sessions and the outbox of the running gateway",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			show := func(s wire.StatusSummary) error { return a.showStatus(s, verbose) }
			if deep {
				return a.deepStatus(c.Context(), f, show)
			}
			return query(a, c, f, "status", nil, show)
		},
	}
	c.Flags().BoolVar(&deep, "deep", false, "ask the platforms themselves too")
	c.Flags().BoolVar(&verbose, "verbose", false, "show tokens of the sessions, and what waits for the next turn")
	f.register(c)
	return c
}

// deepStatus adds to the status what the platforms say. With --json it is one object: the status with members health
// and providers.
func (a *app) deepStatus(ctx context.Context, f clientFlags, show func(wire.StatusSummary) error) error {
	payload, err := a.call(ctx, f, "status", nil)
	if err != nil {
		return err
	}
	all := map[string]wire.Raw{}
	var s wire.StatusSummary
	if err := errors.Join(wire.Unmarshal(payload, &all), wire.Unmarshal(payload, &s)); err != nil {
		return fmt.Errorf("status: %w", err)
	}
	probe := wire.ProvidersStatusParams{Probe: true}
	if ms := f.timeout.Milliseconds() * 4 / 5; ms > 0 { // the answer has to be back before the patience ends
		probe.TimeoutMs = &ms
	}
	if all["providers"], err = a.call(ctx, f, "providers.status", probe); err != nil {
		return err
	}
	if all["health"], err = a.call(ctx, f, "health", nil); err != nil {
		return err
	}
	if f.json {
		return printValue(a.out, all)
	}
	if err := show(s); err != nil {
		return err
	}
	return a.showProviders(all["providers"])
}

// platform is what the states of all platforms have in common.
type platform struct {
	Configured bool    `json:"configured"`
	Linked     *bool   `json:"linked"`
	Running    bool    `json:"running"`
	LastError  *string `json:"lastError"`
	Probe      *struct {
		OK        bool    `json:"ok"`
		Error     *string `json:"error"`
		ElapsedMs int64   `json:"elapsedMs"`
	} `json:"probe"`
}

func (a *app) showProviders(payload wire.Raw) error {
	var all map[string]wire.Raw
	if err := wire.Unmarshal(payload, &all); err != nil {
		return fmt.Errorf("providers.status: %w", err)
	}
	fmt.Fprintln(a.out)
	t := a.newTable("PLATFORM", "CONFIGURED", "RUNNING", "ANSWERS", "LAST ERROR")
	for _, name := range []string{"whatsapp", "telegram", "discord", "slack", "signal", "imessage"} {
		var p platform
		if err := wire.Unmarshal(all[name], &p); err != nil {
			return fmt.Errorf("providers.status: %w", err)
		}
		answers, problem := "-", ""
		if p.LastError != nil {
			problem = *p.LastError
		}
		if p.Probe != nil {
			answers = yes(p.Probe.OK, fmt.Sprintf("yes, in %d ms", p.Probe.ElapsedMs), "no")
			if p.Probe.Error != nil {
				problem = *p.Probe.Error
			}
		}
		t.row(name, yes(p.Configured, "yes", "no"), yes(p.Running, "yes", "no"), answers, orElse(problem, "-"))
	}
	return t.flush()
}

func (a *app) showStatus(s wire.StatusSummary, verbose bool) error {
	if len(s.DevEndpoints) > 0 {
		fmt.Fprintf(a.out, "WARNING: test addresses replace %s (dev.endpoints)\n\n", oneLine(strings.Join(s.DevEndpoints, ", ")))
	}
	for _, line := range s.ProviderSummary {
		fmt.Fprintln(a.out, oneLine(line))
	}
	t := a.newTable()
	if o := s.Outbox; o != nil {
		t.row("Outbox", fmt.Sprintf("%d queued, %d sending, %d ambiguous, %d failed", o.Queued, o.Sending, o.Ambiguous, o.Failed))
	}
	model := "builtin"
	if m := s.Sessions.Defaults.Model; m != nil {
		model = *m
	}
	t.row("Model", model)
	if c := s.Config; c != nil {
		t.row("Config file", configState(*c))
	}
	t.row("Sessions", fmt.Sprint(s.Sessions.Count))
	if d := s.Discovery; d != nil {
		t.row("Discovery", discoveryState(*d))
	}
	if c := s.TLS; c != nil {
		t.row("Certificate", certificateState(*c, time.Now()))
		t.row("SHA-256 fingerprint", c.Fingerprint)
	}
	if ts := s.Tailscale; ts != nil {
		t.row("Tailscale "+ts.Mode, yes(ts.URL != "", ts.URL, "not published: "+ts.Problem))
	}
	if tr := s.Traces; tr != nil {
		t.row("Traces", yes(tr.Problem == "", fmt.Sprintf("%d spans sent, %d wait", tr.Sent, tr.Queued), oneLine(tr.Problem)))
	}
	if n := len(s.QueuedSystemEvents); n > 0 {
		t.row("Waiting for the next turn", count(n, "system event", "system events"))
	}
	if err := t.flush(); err != nil {
		return err
	}
	if verbose {
		for _, line := range s.QueuedSystemEvents {
			fmt.Fprintln(a.out, "  "+oneLine(line))
		}
	}
	if len(s.Sessions.Recent) == 0 {
		return nil
	}
	fmt.Fprintln(a.out)
	return a.showRecent(s.Sessions.Recent, verbose)
}

func discoveryState(d wire.DiscoveryInfo) string {
	line := "not announced: " + d.Reason
	if d.Announced {
		line = fmt.Sprintf("announced as %q on %s", d.Name, strings.Join(d.Interfaces, ", "))
	}
	switch {
	case d.Zone != "":
		line += "; zone file " + d.Zone
	case d.ZoneReason != "":
		line += "; no zone file: " + d.ZoneReason
	}
	return line
}

func certificateState(c wire.TLSInfo, now time.Time) string {
	end := time.UnixMilli(c.NotAfter)
	line := "until " + end.UTC().Format(time.DateOnly)
	if end.Before(now) {
		line = "ended on " + end.UTC().Format(time.DateOnly)
	}
	line += yes(c.Own, ", made by the gateway, ", ", ") + c.Path
	if c.Problem != "" {
		line += "; its new content is not used: " + c.Problem
	}
	return line
}

func configState(c wire.StatusConfig) string {
	switch {
	case c.Problem != "":
		return "not in force: " + c.Problem
	case c.RestartNeeded != "":
		return "waits for a restart: " + c.RestartNeeded
	}
	return yes(c.Valid, "in force", "not valid")
}

func (a *app) showRecent(recent []wire.SessionStatus, verbose bool) error {
	now := time.Now()
	heads := []string{"SESSION", "KIND", "UPDATED", "FLAGS"}
	if verbose {
		heads = append(heads, "MODEL", "TOKENS", "USED")
	}
	t := a.newTable(heads...)
	number := func(n *int64, unit string) string {
		if n == nil {
			return "-"
		}
		return fmt.Sprintf("%d%s", *n, unit)
	}
	for _, r := range recent {
		cells := []string{r.Key, r.Kind, ago(r.UpdatedAt, now), strings.Join(r.Flags, " ")}
		if verbose {
			model := "-"
			if r.Model != nil {
				model = *r.Model
			}
			cells = append(cells, model, number(r.TotalTokens, ""), number(r.PercentUsed, "%"))
		}
		t.row(cells...)
	}
	return t.flush()
}
