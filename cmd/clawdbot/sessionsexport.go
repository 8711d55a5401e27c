package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// exportFlags say what is exported, and where to.
type exportFlags struct {
	clientFlags
	session, out string
	all          bool
}

// exported is a transcript that was written.
type exported struct {
	Key       string `json:"key"`
	SessionID string `json:"sessionId"`
	Path      string `json:"path"`
	Messages  int    `json:"messages"`
}

func (a *app) sessionsExportCommand() *cobra.Command {
	var f exportFlags
	c := &cobra.Command{
		Use:   "export",
		Short: "Write transcripts as JSONL files",
		Long: "Write transcripts as JSONL: a line about the session, then one for each message. With --out DIR each session becomes a\n" +
			"file DIR/<session id>.jsonl",
		Example: "  clawdbot sessions export --session main > main.jsonl\n  clawdbot sessions export --all --out ./transcripts",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case f.all && f.session != "":
				return usage("give --session or --all, not both")
			case f.all && f.out == "-" && f.json:
				return usage("--json lists the files that were written: give --out DIR with it")
			case !f.all && f.session == "":
				f.session = "main"
			}
			return a.export(c.Context(), f)
		},
	}
	c.Flags().StringVar(&f.session, "session", "", "key of the session (default main)")
	c.Flags().BoolVar(&f.all, "all", false, "every session")
	c.Flags().StringVar(&f.out, "out", "-", "directory for the files; - is standard output")
	f.register(c)
	return c
}

func (a *app) export(ctx context.Context, f exportFlags) error {
	defer a.progress("exporting")()
	dialing, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	conn, err := a.dial(dialing, f.clientFlags)
	if err != nil {
		return err
	}
	defer conn.Close()
	e := exporter{conn: conn, f: f}
	keys := []string{f.session}
	if f.all {
		var list wire.SessionsListResult
		if err := e.call(ctx, "sessions.list", wire.SessionsListParams{IncludeGlobal: true, IncludeUnknown: true}, &list); err != nil {
			return err
		}
		keys = keys[:0]
		for _, s := range list.Sessions {
			keys = append(keys, s.Key)
		}
	}
	done := []exported{}
	for _, key := range keys {
		x, err := a.exportOne(ctx, e, key)
		if err != nil {
			return fmt.Errorf("session %s: %w", key, err)
		}
		done = append(done, x)
	}
	return a.showExported(f, done)
}

// exportOne writes one session to standard output, or to a file that appears when it is whole.
func (a *app) exportOne(ctx context.Context, e exporter, key string) (x exported, err error) {
	if e.f.out == "-" {
		return e.copy(ctx, key, a.out)
	}
	if err := os.MkdirAll(e.f.out, 0o700); err != nil {
		return x, err
	}
	draft, err := os.CreateTemp(e.f.out, ".export-*") // mode 0600
	if err != nil {
		return x, err
	}
	x, err = e.copy(ctx, key, draft)
	if err := errors.Join(err, draft.Close()); err != nil {
		return x, errors.Join(err, os.Remove(draft.Name()))
	}
	x.Path = filepath.Join(e.f.out, exportName(x.SessionID))
	return x, os.Rename(draft.Name(), x.Path)
}

// exportName is the name of a session's file. The id may be any text.
func exportName(sessionID string) string {
	name := url.PathEscape(sessionID)
	if name[0] == '.' {
		name = "_" + name
	}
	return name[:min(len(name), 200)] + ".jsonl"
}

func (a *app) showExported(f exportFlags, done []exported) error {
	switch {
	case f.out == "-":
		return nil
	case f.json:
		return printValue(a.out, map[string]any{"files": done})
	}
	t := a.newTable("SESSION", "MESSAGES", "FILE")
	for _, x := range done {
		t.row(x.Key, fmt.Sprint(x.Messages), x.Path)
	}
	return t.flush()
}

// exporter fetches transcripts part by part on one connection.
type exporter struct {
	conn *client.Client
	f    exportFlags
}

func (e exporter) call(ctx context.Context, method string, params, result any) error {
	ctx, cancel := context.WithTimeout(ctx, e.f.timeout)
	defer cancel()
	if err := e.conn.Call(ctx, method, params, result); err != nil {
		return explainCall(err, method, e.f.timeout)
	}
	return nil
}

// copy writes a whole transcript.
func (e exporter) copy(ctx context.Context, key string, to io.Writer) (exported, error) {
	x := exported{Key: key}
	w := bufio.NewWriter(to)
	p := wire.SessionsExportParams{Key: key}
	for {
		var part wire.SessionsExportResult
		if err := e.call(ctx, "sessions.export", p, &part); err != nil {
			return x, err
		}
		switch {
		case part.SessionID == "":
			return x, errors.New("the gateway gave no session id")
		case x.SessionID == "":
			x.SessionID, x.Messages = part.SessionID, -1 // the line about the session
		case x.SessionID != part.SessionID:
			return x, errors.New("it was begun anew meanwhile; export it again")
		}
		for _, line := range part.Lines {
			w.Write(line) // Flush has the error
			w.WriteByte('\n')
		}
		x.Messages += len(part.Lines)
		if part.AfterID == nil {
			return x, w.Flush()
		}
		p.AfterID = *part.AfterID
	}
}
