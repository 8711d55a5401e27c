//go:build nomcp || notui || slim

package main

import "github.com/spf13/cobra"

// leftOut stands in the place of a command that this program was built without.
func leftOut(name, said string) *cobra.Command {
	return &cobra.Command{Use: name, Short: "Not in this program: it was built without it", Hidden: true, DisableFlagParsing: true, RunE: func(*cobra.Command, []string) error {
		return usage("%s", said)
	}}
}
