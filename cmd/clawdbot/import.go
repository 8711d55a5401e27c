package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/importer"
	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) importCommand() *cobra.Command {
	var f clientFlags
	var rehearse bool
	var dir string
	c := &cobra.Command{
		Use:   "import",
		Short: "Show what came over from the gateway that used the state directory before",
		Long: "Show what came over from the gateway that used the state directory before. The gateway imports by itself, at its first\n" +
			"start there. --dry-run needs no gateway: it reads the directory, says what would come over, and changes nothing.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case rehearse:
				return a.rehearse(c.Context(), dir, f.json)
			case dir != "":
				return usage("--state-dir is for --dry-run: a running gateway has its own")
			}
			return query(a, c, f, "import.status", wire.NoParams{}, a.showImport)
		},
		Example: "  clawdbot import --dry-run --state-dir ~/.clawdbot",
	}
	c.Flags().BoolVar(&rehearse, "dry-run", false, "read the state directory and say what would come over")
	c.Flags().StringVar(&dir, "state-dir", "", "state directory to rehearse with (default: CLAWDBOT_STATE_DIR, else ~/.clawdbot)")
	f.register(c)
	return c
}

func (a *app) showImport(r wire.ImportStatusResult) error {
	switch {
	case r.Report == nil:
		_, err := fmt.Fprintln(a.out, "Nothing has been imported.")
		return err
	case r.State == "running":
		fmt.Fprintln(a.out, "The import is running; this is what is known so far.")
	}
	return a.showReport(*r.Report)
}

// showReport prints the items of a report and then its figures.
func (a *app) showReport(r wire.ImportReport) error {
	for _, it := range r.Items {
		fmt.Fprintln(a.out, oneLine(fmt.Sprintf("%s %s: %s", yes(it.Problem, "!", "-"), it.Path, it.Text)))
	}
	_, err := fmt.Fprintf(a.out, "\nSessions %d, transcripts %d with %d messages, jobs %d with %d runs, nodes %d.\n",
		r.Sessions, r.Transcripts, r.Lines, r.CronJobs, r.CronRuns, r.Nodes)
	return err
}

// rehearse reports what an import of a directory would bring over.
func (a *app) rehearse(ctx context.Context, dir string, asJSON bool) error {
	env := a.envOf(dir)
	if info, err := os.Stat(env.StateDir); err != nil || !info.IsDir() {
		return fmt.Errorf("%s is not a directory", env.StateDir)
	}
	places, item := a.importPlaces(env)
	r, err := importer.Rehearse(ctx, places, item)
	if err != nil {
		return err
	}
	if asJSON {
		return printValue(a.out, r)
	}
	if !places.Found() {
		_, err := fmt.Fprintf(a.out, "There is nothing to import in %s.\n", env.StateDir)
		return err
	}
	fmt.Fprintf(a.out, "A rehearsal with %s. Nothing is changed.\n", env.StateDir)
	if _, err := os.Stat(filepath.Join(env.StateDir, "gateway.db")); err == nil {
		fmt.Fprintln(a.out, "This gateway has used the directory: what has come over does not come again. \"clawdbot import\" shows what has.")
	}
	fmt.Fprintln(a.out)
	return a.showReport(r)
}

// envOf is the environment with another state directory, and the config file in there; "" = as it is.
func (a *app) envOf(dir string) config.Env {
	if dir == "" {
		return a.env()
	}
	return config.ParseEnv(func(name string) (string, bool) {
		switch name {
		case "CLAWDBOT_STATE_DIR":
			return dir, true
		case "CLAWDBOT_CONFIG_PATH":
			return "", false
		}
		return a.lookup(name)
	})
}

// importPlaces is where an import looks, and what becomes of the config file; nil = nothing does.
func (a *app) importPlaces(env config.Env) (importer.Places, *wire.ImportItem) {
	p := importer.Places{StateDir: env.StateDir, Home: env.Home}
	it := &wire.ImportItem{Path: env.ConfigPath}
	doc, err := config.Load(env.ConfigPath, a.getenv)
	if err != nil {
		it.Text, it.Problem = "is not valid, and the gateway does not start with it: "+doc.Issues[0].String(), true
		return p, it
	}
	p.SessionStore, p.CronStore = doc.Config.Session.Store, doc.Config.Cron.Store
	bind := doc.FormerBind(env)
	if bind == "" || !p.Found() {
		return p, nil
	}
	it.Text = "gets bridge.bind \"" + bind + "\", as the bridge was listening before; the file as it is is kept beside it"
	return p, it
}
