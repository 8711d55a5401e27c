package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) versionCommand() *cobra.Command {
	var asJSON, check bool
	var from string
	c := &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Long: "Print the version of this program. With --check, ask whether there is a newer one, at the file or address that update.url of the\n" +
			"configuration names, or --from: JSON with version, url and notes, or the version alone. Nobody is asked otherwise.\n\n" +
			"Exit code of --check: 0 this is the newest, or it cannot be compared; 3 there is a newer one.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if check || from != "" {
				return a.checkVersion(c.Context(), from, asJSON)
			}
			v, commit := buildInfo()
			if asJSON {
				return printValue(a.out, map[string]any{
					"version": v, "commit": commit, "go": runtime.Version(), "protocol": wire.ProtocolVersion,
				})
			}
			if commit != "" {
				v += " (" + commit + ")"
			}
			_, err := fmt.Fprintf(a.out, "clawdbot %s, protocol %d, %s\n", v, wire.ProtocolVersion, runtime.Version())
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	c.Flags().BoolVar(&check, "check", false, "ask whether there is a newer version")
	c.Flags().StringVar(&from, "from", "", "file or address to ask, in place of update.url")
	return c
}
