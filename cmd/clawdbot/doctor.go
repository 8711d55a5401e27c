package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/actors/doctor"
	"github.com/clawdbot/gateway/transport/client"
)

func (a *app) doctorCommand() *cobra.Command {
	var f clientFlags
	f.timeout = 20 * time.Second
	var fix bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Find out what is wrong, and what to do about it",
		Long: "Look at settings, files, ports, programs, the platforms and the running gateway. Each finding has an id (see docs/troubleshooting.md),\n" +
			"its cause and the next step. Nothing is changed without --fix.\n\nExit code: 0 nothing, or notes only; 3 warnings; 1 errors.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o, done := a.doctorOptions(c.Context(), f)
			defer done()
			o.Service = a.examineService(c.Context())
			return a.report(doctor.Examine(c.Context(), o), fix, f.json, "Nothing is wrong.")
		},
	}
	f.register(c)
	c.Flags().BoolVar(&fix, "fix", false, "repair what can be repaired without a decision of yours")
	return c
}

func (a *app) securityCommand() *cobra.Command {
	var asJSON, fix bool
	audit := &cobra.Command{
		Use:   "audit",
		Short: "Look for what lets others do what they should not",
		Long: "Look at binds, credentials, file modes, allowlists, the canvas, hooks and what is sent in plain text. No network, no gateway is needed.\n" +
			"The ids are those of docs/security.md.\n\nExit code: 0 nothing, or notes only; 3 warnings; 1 errors.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			v, _ := buildInfo()
			return a.report(doctor.Audit(c.Context(), doctor.Options{Env: a.env(), Lookup: a.lookup, Version: v}), fix, asJSON, "Nothing stands open.")
		},
	}
	audit.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	audit.Flags().BoolVar(&fix, "fix", false, "take away what others may do with files")
	c := &cobra.Command{Use: "security", Short: "See who could do what"}
	c.AddCommand(audit)
	return c
}

// doctorOptions connects to the gateway, if there is one. done closes that.
func (a *app) doctorOptions(ctx context.Context, f clientFlags) (o doctor.Options, done func()) {
	v, _ := buildInfo()
	o = doctor.Options{Env: a.env(), Lookup: a.lookup, Version: v}
	c, err := a.dial(ctx, f)
	if err != nil {
		o.Down, o.Refused = err, errors.Is(err, client.ErrUnauthorized)
		if down, ok := errors.AsType[*notRunning](err); ok {
			o.Down = fmt.Errorf("nobody listens at %s", down.at)
		}
		return o, func() {}
	}
	o.Running = c.Hello().Server.Version
	o.Call = func(ctx context.Context, method string, params, result any) error {
		ctx, cancel := context.WithTimeout(ctx, f.timeout)
		defer cancel()
		return c.Call(ctx, method, params, result)
	}
	return o, func() { c.Close() }
}

// exitWarning: nothing is broken, something is likely to be.
const exitWarning = 3

// report prints findings and turns the worst one into the exit code.
func (a *app) report(found []doctor.Finding, fix, asJSON bool, none string) error {
	var problem error
	if fix {
		problem = doctor.Repair(found)
	}
	if asJSON {
		if err := printValue(a.out, map[string]any{"findings": found}); err != nil {
			return err
		}
	} else {
		a.showFindings(found, none)
	}
	switch worst := doctor.Worst(found); {
	case problem != nil:
		return problem
	case worst == doctor.Error:
		return &failure{code: exitFailed, err: errors.New("there are errors")}
	case worst == doctor.Warning:
		return &failure{code: exitWarning, err: errors.New("there are warnings")}
	}
	return nil
}

func (a *app) showFindings(found []doctor.Finding, none string) {
	if len(found) == 0 {
		fmt.Fprintln(a.out, none)
		return
	}
	fixable := false
	for _, f := range found {
		word := string(f.Severity)
		if f.Fixed {
			word = "repaired"
		}
		fmt.Fprintf(a.out, "%-8s  %s  [%s]\n", word, oneLine(f.Message), f.ID)
		if !f.Fixed {
			fmt.Fprintf(a.out, "          -> %s\n", oneLine(f.Next))
		}
		fixable = fixable || f.Fixable && !f.Fixed
	}
	if fixable {
		fmt.Fprintln(a.out, "\nSome of it can be repaired at once: add --fix.")
	}
}
