package main

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/actors/store"
)

func (a *app) rollbackCommand() *cobra.Command {
	var yes, asJSON bool
	c := &cobra.Command{
		Use:   "rollback [SNAPSHOT]",
		Short: "Go back to the database as it was before an update, with the gateway stopped",
		Long: "Go back to the database as it was before an update, with the gateway stopped. Each migration is preceded by a snapshot; the newest one\n" +
			"that this program can work with is taken, or the one that is named. The database that is there is kept in backups/, with all that\n" +
			"came into it since. Without --yes it is shown what there is, and nothing is done.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			all, err := store.Snapshots(a.env().StateDir)
			if err != nil {
				return err
			}
			if asJSON {
				return printValue(a.out, map[string]any{"known": store.Known(), "snapshots": all})
			}
			chosen, err := choose(all, args)
			if err != nil {
				return err
			}
			if !yes {
				return a.showSnapshots(all, chosen)
			}
			aside, err := store.Rollback(c.Context(), a.env().StateDir, chosen, time.Now())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "The database is that of %s again. The one that was there is %s\n", chosen.At.Local().Format(time.DateTime), aside)
			return err
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do it")
	c.Flags().BoolVar(&asJSON, "json", false, "print the snapshots as JSON")
	return c
}

// choose finds the snapshot that is named, or the newest one that this program can work with.
func choose(all []store.Snapshot, args []string) (store.Snapshot, error) {
	known := store.Known()
	for _, s := range all {
		if len(args) == 0 && s.Version <= known || len(args) == 1 && (s.Path == args[0] || filepath.Base(s.Path) == args[0]) {
			return s, nil
		}
	}
	switch {
	case len(args) == 1:
		return store.Snapshot{}, fmt.Errorf("there is no snapshot %s: clawdbot rollback shows those that there are", args[0])
	case len(all) > 0:
		return store.Snapshot{}, fmt.Errorf("all %d snapshots are newer than this program (schema version %d)", len(all), known)
	}
	return store.Snapshot{}, fmt.Errorf("there are no snapshots: no migration has taken place, or they were removed")
}

func (a *app) showSnapshots(all []store.Snapshot, chosen store.Snapshot) error {
	for _, s := range all {
		mark := " "
		if s == chosen {
			mark = "*"
		}
		fmt.Fprintf(a.out, "%s %s  schema version %d, %s, %d KB\n", mark, filepath.Base(s.Path), s.Version, s.At.Local().Format(time.DateTime), s.Bytes>>10)
	}
	_, err := fmt.Fprintf(a.out, "\nTo go back to the one with the star: clawdbot rollback %s --yes\nWhat came in since is not part of it.\n", filepath.Base(chosen.Path))
	return err
}
