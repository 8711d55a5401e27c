package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

var update = flag.Bool("update", false, "write docs/cli.md")

const cliDoc = "../../docs/cli.md"

// TestDocs: docs/cli.md lists every command with its flags.
func TestDocs(t *testing.T) {
	t.Parallel()
	a := &app{lookup: func(string) (string, bool) { return "", false }}
	var b strings.Builder
	b.WriteString("# Commands\n\nWritten from the program itself (`go test ./cmd/clawdbot -run TestDocs -update`).\n\n" +
		"Commands that talk to a running gateway take the flags `" + strings.Join(clientFlagNames(), "`, `") + "`: which gateway, how\n" +
		"long to wait for it, and its answer as JSON in place of a text. Tables fit the width of the terminal, or `COLUMNS`; cells that\n" +
		"were cut end with `…`. Exit codes: 0 done, 1 failed, 2 wrong usage, 78 configuration or database with which it cannot run (`gateway` only).\n\n" +
		"Every command takes `--profile NAME`, which gives it a state directory of its own, `~/.clawdbot-NAME`, and `--dev`, which is the\n" +
		"profile dev on port 19001.\n")
	describe(&b, a.root())
	if *update {
		if err := os.WriteFile(cliDoc, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(cliDoc)
	if err != nil || string(have) != b.String() {
		t.Errorf("docs/cli.md is not what the program says (%v); run: go test ./cmd/clawdbot -run TestDocs -update", err)
	}
}

// clientFlagNames are the flags that clientFlags.register adds.
func clientFlagNames() (names []string) {
	c := &cobra.Command{}
	new(clientFlags).register(c)
	for _, usage := range flagUsages(c) {
		names = append(names, flagName(usage))
	}
	return names
}

// flagUsages are the lines of help about a command's own flags.
func flagUsages(c *cobra.Command) []string {
	return slices.DeleteFunc(strings.Split(c.LocalFlags().FlagUsages(), "\n"), func(line string) bool {
		return line == "" || flagName(line) == "--help"
	})
}

func flagName(usage string) string { return regexp.MustCompile(`--[a-z-]+`).FindString(usage) }

func describe(b *strings.Builder, c *cobra.Command) {
	if c.HasParent() && c.Runnable() {
		fmt.Fprintf(b, "\n## `%s`\n\n%s.\n\n    %s\n", c.CommandPath(), strings.TrimSuffix(orElse(c.Long, c.Short), "."), c.UseLine())
		usages := flagUsages(c)
		if c.Flags().Lookup("url") != nil {
			usages = slices.DeleteFunc(usages, func(line string) bool { return slices.Contains(clientFlagNames(), flagName(line)) })
		}
		if len(usages) > 0 {
			b.WriteString("\n" + strings.Join(usages, "\n") + "\n")
		}
		if c.Example != "" {
			b.WriteString("\n" + strings.ReplaceAll(c.Example, "  clawdbot", "    clawdbot") + "\n")
		}
	}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "help" {
			describe(b, sub)
		}
	}
}
