package importer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

func TestMain(m *testing.M) { actortest.Main(m) }

const patience = 60 * time.Second

func deadline(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// rig is a process: a store, and an import into it. stop ends it as an exit would.
type rig struct {
	t     testing.TB
	dir   string
	store *store.Store
	sys   *actors.System
	im    *Importer
}

func start(t testing.TB, dir string, fault func(stage string) error, p Places) *rig {
	t.Helper()
	s, err := store.Open(store.Options{Dir: dir, Fault: fault})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, dir: dir, store: s, sys: actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)})}
	if err := s.Start(r.sys); err != nil {
		t.Fatal(err)
	}
	p.StateDir = dir
	r.im = New(Options{Store: s, Log: slog.New(slog.DiscardHandler), Places: p})
	return r
}

func (r *rig) stop() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := errors.Join(r.sys.Stop(ctx), r.store.Close()); err != nil {
		r.t.Error(err)
	}
}

// run imports to the end.
func (r *rig) run() wire.ImportReport {
	r.t.Helper()
	if err := r.im.Begin(deadline(r.t)); err != nil {
		r.t.Fatal(err)
	}
	if r.im.Pending() {
		ref, err := actors.Spawn(r.sys, "import", r.im.Props())
		if err != nil {
			r.t.Fatal(err)
		}
		select {
		case <-ref.Done():
		case <-time.After(patience):
			r.t.Fatal("the import does not end")
		}
	}
	s, err := r.im.Status(deadline(r.t))
	if err != nil || s.State != "done" {
		r.t.Fatalf("status %+v, %v", s, err)
	}
	return *s.Report
}

// imported imports a directory into a store of its own, and stops with the test.
func imported(t testing.TB, dir string, p Places) (*rig, wire.ImportReport) {
	t.Helper()
	r := start(t, dir, nil, p)
	t.Cleanup(r.stop)
	return r, r.run()
}

// texts are the messages of a session, oldest first.
func (r *rig) texts(sessionID string) (all []string) {
	r.t.Helper()
	err := r.store.View(deadline(r.t), func(v *store.View) error {
		lines, err := v.History(sessionID, 1_000_000)
		for _, l := range lines {
			all = append(all, string(l.Message))
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

func (r *rig) session(key string) *store.Session {
	r.t.Helper()
	var s *store.Session
	err := r.store.View(deadline(r.t), func(v *store.View) (err error) {
		s, err = v.Session(key)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// put writes a file of the other gateway.
func put(t testing.TB, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// said tells whether the report has a line that begins with path and contains all of text.
func said(r wire.ImportReport, path string, text ...string) bool {
next:
	for _, it := range r.Items {
		if it.Path != path {
			continue
		}
		for _, part := range text {
			if !strings.Contains(it.Text, part) {
				continue next
			}
		}
		return true
	}
	return false
}

func show(r wire.ImportReport) string {
	var b strings.Builder
	for _, it := range r.Items {
		fmt.Fprintf(&b, "%s: %s (%v)\n", it.Path, it.Text, it.Problem)
	}
	return b.String()
}
