package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// followEvery is how often --follow looks for new lines.
const followEvery = 500 * time.Millisecond

var logLevels = []string{"fatal", "error", "warn", "info", "debug", "trace"}

func (a *app) logsCommand() *cobra.Command {
	var f clientFlags
	var follow bool
	limit := int64(tailLimit)
	p := wire.LogsTailParams{Limit: &limit}
	c := &cobra.Command{
		Use:   "logs",
		Short: "Show what the running gateway logged last",
		Long: "Show what the running gateway logged last. With --json each line is the JSON object of the file, also with\n" +
			"--follow, which shows new lines until it is interrupted or the gateway ends.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if limit < 1 || limit > 5000 {
				return usage("--limit is between 1 and 5000")
			}
			if p.Level != "" && !slices.Contains(logLevels, p.Level) {
				return usage("--level is one of %s", strings.Join(logLevels, ", "))
			}
			ctx, cancel := context.WithTimeout(c.Context(), f.timeout)
			defer cancel()
			conn, err := a.dial(ctx, f)
			if err != nil {
				return err
			}
			defer conn.Close()
			return a.showLogs(c.Context(), conn, f, p, follow)
		},
	}
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what is logged from now on")
	c.Flags().Int64Var(&limit, "limit", limit, "at most so many lines")
	c.Flags().StringVar(&p.Level, "level", "", "leave out what matters less than fatal, error, warn, info, debug or trace")
	c.Flags().StringVar(&p.Contains, "grep", "", "only lines with this text in them, in capitals or not")
	f.register(c)
	return c
}

func (a *app) showLogs(ctx context.Context, conn *client.Client, f clientFlags, p wire.LogsTailParams, follow bool) error {
	for {
		var r wire.LogsTailResult
		calling, cancel := context.WithTimeout(ctx, f.timeout)
		err := conn.Call(calling, "logs.tail", p, &r)
		cancel()
		if err != nil {
			return explainCall(err, "logs.tail", f.timeout)
		}
		for _, line := range r.Lines {
			if !f.json {
				line = a.logLine(line)
			}
			if _, err := fmt.Fprintln(a.out, oneLine(line)); err != nil {
				return err
			}
		}
		if !follow {
			return nil
		}
		if p.Cursor == r.Cursor || len(r.Lines) == 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-conn.Done():
				return conn.Err()
			case <-time.After(followEvery):
			}
		}
		p.Cursor = r.Cursor
	}
}

// logLine is a line of the file for a person: time, level, message, and the rest by name.
func (a *app) logLine(line string) string {
	var fields map[string]wire.Raw
	if wire.Unmarshal([]byte(line), &fields) != nil {
		return line
	}
	text := func(key string) string {
		var s string
		if wire.Unmarshal(fields[key], &s) != nil {
			return string(fields[key])
		}
		return s
	}
	at := text("time")
	if t, err := time.Parse(time.RFC3339Nano, at); err == nil {
		at = t.Local().Format("01-02 15:04:05.000")
	}
	out := fmt.Sprintf("%s %-5s %s", at, text("level"), text("message"))
	names := make([]string, 0, len(fields))
	for name := range fields {
		if name != "time" && name != "level" && name != "message" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		value := text(name)
		if strings.ContainsAny(value, " =\"") {
			value = fmt.Sprintf("%q", value)
		}
		out += " " + name + "=" + value
	}
	return out
}
