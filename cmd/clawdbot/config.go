package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) configCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "See and change the configuration of the running gateway",
		Long: "See and change the configuration of the running gateway. PATH is a dotted path, like gateway.port,\n" +
			"agent.modelFallbacks[0] or telegram.groups.*.requireMention. Secrets are never shown. A change keeps the comments and\n" +
			"the layout of the file, and comes into force at once where that is possible.",
	}
	c.AddCommand(
		a.configGetCommand(), a.configSetCommand(), a.configUnsetCommand(), a.configSchemaCommand(), a.configHistoryCommand(),
		a.configRollbackCommand(), a.configPathCommand(),
	)
	return c
}

func (a *app) configGetCommand() *cobra.Command {
	var f clientFlags
	var file bool
	c := &cobra.Command{
		Use:   "get [PATH]",
		Short: "Print what the config file says, or the value at PATH that holds",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if f.json && len(args) == 0 {
				return query(a, c, f, "config.get", struct{}{}, func(wire.ConfigSnapshot) error { return nil })
			}
			snap, err := a.snapshot(c, f)
			if err != nil {
				return err
			}
			a.warnInvalid(snap)
			if len(args) == 0 {
				return printJSON(a.out, snap.Parsed)
			}
			path, err := splitPath(args[0])
			if err != nil {
				return err
			}
			v, err := valueAt(snap.Parsed, path)
			if err == nil && v == nil && !file {
				v, err = a.defaultOf(c, f, path)
			}
			if err != nil {
				return err
			}
			if v == nil {
				return fmt.Errorf("%s is not set; what can be: clawdbot config schema", args[0])
			}
			return a.printValue(v, f.json)
		},
	}
	c.Flags().BoolVar(&file, "file", false, "only what the file says, not the default")
	f.register(c)
	return c
}

// valueAt is what a configuration says at a path, nil when it says nothing.
func valueAt(text wire.Raw, path []string) (any, error) {
	root, err := decodeTree(text)
	if err != nil {
		return nil, fmt.Errorf("config.get: %w", err)
	}
	v, _ := lookUp(root, path)
	return v, nil
}

// defaultOf is what holds at a path where the file says nothing, nil when there is no such thing.
func (a *app) defaultOf(c *cobra.Command, f clientFlags, path []string) (any, error) {
	payload, err := a.call(c.Context(), f, "config.schema", struct{}{})
	if err != nil {
		return nil, err
	}
	var r wire.ConfigSchemaResult
	if err := wire.Unmarshal(payload, &r); err != nil {
		return nil, fmt.Errorf("config.schema: %w", err)
	}
	root, err := decodeTree(r.Schema)
	if err != nil {
		return nil, fmt.Errorf("config.schema: %w", err)
	}
	var at []string
	for _, part := range path {
		at = append(at, "properties", part)
	}
	v, _ := lookUp(root, append(at, "default"))
	return v, nil
}

// printValue prints one value: a text without quotes, anything else as JSON.
func (a *app) printValue(v any, asJSON bool) error {
	if s, ok := v.(string); ok && !asJSON {
		_, err := fmt.Fprintln(a.out, printable(s))
		return err
	}
	out, err := encodeTree(v)
	if err == nil {
		_, err = fmt.Fprint(a.out, out)
	}
	return err
}

// snapshot is the gateway's view of its config file.
func (a *app) snapshot(c *cobra.Command, f clientFlags) (s wire.ConfigSnapshot, err error) {
	payload, err := a.call(c.Context(), f, "config.get", struct{}{})
	if err != nil {
		return s, err
	}
	if err := wire.Unmarshal(payload, &s); err != nil {
		return s, fmt.Errorf("config.get: %w", err)
	}
	return s, nil
}

// warnInvalid says that the file is not what the gateway runs with.
func (a *app) warnInvalid(s wire.ConfigSnapshot) {
	if s.Valid {
		return
	}
	fmt.Fprintf(a.err, "%s is not valid; the gateway runs on with what it had:\n%s", oneLine(s.Path), issueLines(s.Issues))
}

func issueLines(issues []wire.ConfigIssue) string {
	var b strings.Builder
	for _, i := range issues {
		b.WriteString("  " + oneLine(strings.TrimPrefix(i.Path+": "+i.Message, ": ")) + "\n")
	}
	return b.String()
}

func (a *app) configSetCommand() *cobra.Command {
	var f clientFlags
	var text bool
	c := &cobra.Command{
		Use:     "set PATH VALUE",
		Short:   "Set one value",
		Long:    "Set one value. VALUE is JSON where it can be read as that, and a text otherwise; - reads it from standard input, which\nkeeps a secret out of the list of processes.",
		Example: "  clawdbot config set telegram.enabled true\n  clawdbot config set agent.modelFallbacks '[\"openai/gpt-5.2\"]'",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("PATH and VALUE are needed")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			path, err := splitPath(args[0])
			if err != nil {
				return err
			}
			given := args[1]
			if given == "-" {
				b, err := io.ReadAll(io.LimitReader(a.in, 1<<20))
				if err != nil {
					return err
				}
				given = strings.TrimRight(string(b), "\r\n")
			}
			var value any = given
			if v, err := decodeTree([]byte(given)); err == nil && !text {
				value = v
			}
			return a.editConfig(c, f, func(root any) (any, error) { return setAt(root, path, value) })
		},
	}
	c.Flags().BoolVar(&text, "string", false, "take VALUE as a text, whatever it looks like")
	f.register(c)
	return c
}

func (a *app) configUnsetCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "unset PATH",
		Short: "Remove one value, so that its default holds",
		Args:  oneArg("PATH"),
		RunE: func(c *cobra.Command, args []string) error {
			path, err := splitPath(args[0])
			if err != nil {
				return err
			}
			return a.editConfig(c, f, func(root any) (any, error) {
				if _, ok := lookUp(root, path); !ok {
					return nil, fmt.Errorf("%s is not set in the file", args[0])
				}
				return unsetAt(root, path), nil
			})
		},
	}
	f.register(c)
	return c
}

// editConfig changes the config file through the gateway. What it sends is the file's content without its comments,
// which the gateway works into the file where it differs: secrets are placeholders there, and stay.
func (a *app) editConfig(c *cobra.Command, f clientFlags, change func(root any) (any, error)) error {
	s, err := a.snapshot(c, f)
	if err != nil {
		return err
	}
	root, err := decodeTree(s.Parsed)
	if err != nil {
		return fmt.Errorf("config.get: %w", err)
	}
	if object, ok := root.(map[string]any); !ok || !s.Valid && len(object) == 0 {
		return fmt.Errorf("%s cannot be read, so nothing in it can be changed; correct it first:\n%s", s.Path, issueLines(s.Issues))
	}
	if root, err = change(root); err != nil {
		return err
	}
	raw, err := encodeTree(root)
	if err != nil {
		return err
	}
	return query(a, c, f, "config.set", wire.ConfigSetParams{Raw: raw}, a.showWritten)
}

func (a *app) showWritten(r wire.ConfigSetResult) error {
	_, err := fmt.Fprintf(a.out, "Written: %s\n", oneLine(r.Path))
	return err
}

// configRefusal adds to an error what was wrong in the configuration.
func configRefusal(e *wire.Error) error {
	var d wire.ConfigIssues
	if raw, err := json.Marshal(e.Details); err != nil || json.Unmarshal(raw, &d) != nil || len(d.Issues) == 0 {
		return e
	}
	return fmt.Errorf("%s, nothing was changed:\n%s", e.Message, strings.TrimSuffix(issueLines(d.Issues), "\n"))
}

func (a *app) configPathCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "path",
		Short: "Print where the config file is",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := a.snapshot(c, f)
			if err != nil {
				return err
			}
			if f.json {
				return printValue(a.out, map[string]any{"path": s.Path, "exists": s.Exists, "valid": s.Valid})
			}
			_, err = fmt.Fprintln(a.out, oneLine(s.Path))
			return err
		},
	}
	f.register(c)
	return c
}

func (a *app) configHistoryCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "history",
		Short: "List the configurations that were good, the newest first",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return query(a, c, f, "config.history", struct{}{}, func(r wire.ConfigHistoryResult) error {
				if len(r.Generations) == 0 {
					_, err := fmt.Fprintln(a.out, "No history: there has been no config file yet.")
					return err
				}
				now := time.Now()
				t := a.newTable("NUMBER", "WRITTEN", "AGE", "BYTES", "")
				for _, g := range r.Generations {
					t.row(fmt.Sprint(g.Generation), time.UnixMilli(g.At).Format("2006-01-02 15:04:05"), ago(&g.At, now), fmt.Sprint(g.Bytes),
						yes(g.Current, "as it is now", ""))
				}
				return t.flush()
			})
		},
	}
	f.register(c)
	return c
}

func (a *app) configRollbackCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "rollback NUMBER",
		Short: "Put a configuration of the history back into the file",
		Args:  oneArg("NUMBER"),
		RunE: func(c *cobra.Command, args []string) error {
			n, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || n < 1 {
				return usage("NUMBER is one of those that clawdbot config history shows")
			}
			return query(a, c, f, "config.rollback", wire.ConfigRollbackParams{Generation: n}, a.showWritten)
		},
	}
	f.register(c)
	return c
}
