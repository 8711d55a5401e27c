package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) versionCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
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
	return c
}
