package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/clawdbot/gateway/actors/file"
	"github.com/clawdbot/gateway/actors/store"
)

// Running says that a gateway works on the state directory, and which.
type Running struct{ Holder string }

func (e *Running) Error() string {
	return fmt.Sprintf("a gateway is using the state directory (%s): stop it first (clawdbot service uninstall, systemctl --user stop, or SIGTERM)", e.Holder)
}

// Occupied says that something is where the backup is to go.
type Occupied struct{ Path string }

func (e *Occupied) Error() string {
	return fmt.Sprintf("there is something in %s already: --force moves it aside and keeps it", e.Path)
}

// Restored is what a restore did.
type Restored struct {
	Manifest *Manifest
	Aside    []string // where what was there is now
	Held     int      // deliveries that wait for a person's word
}

// RestoreOptions say how.
type RestoreOptions struct {
	Force bool // move aside what is there
	// Deliver has what was on its way then go out when the gateway starts. Otherwise a person says so of each: it may have gone out
	// since the backup was made.
	Deliver bool
}

// heldReason is what people are told of a delivery that is held.
const heldReason = "it waited when the backup was made that was restored, and may have gone out since"

// Restore puts an archive where p says: what it has is unpacked beside that and proven, and only then takes its place. What is
// there already is moved aside, and only if o says so. The error is a *Running or *Occupied, ErrArchive, ErrPassphrase, one of the
// store's, or of the file system; then nothing has changed.
func Restore(ctx context.Context, r io.Reader, passphrase string, p Places, o RestoreOptions, now time.Time) (*Restored, error) {
	if holder := store.Holder(p.StateDir); holder != "" {
		return nil, &Running{holder}
	}
	p = p.real()
	stamp := now.UTC().Format("20060102T150405Z")
	moves := moves(p, stamp)
	stages := map[string]string{"workspace": ""}
	for _, m := range moves {
		stages[m.root.name] = m.stage
		if empty, err := vacant(m.root.path); err != nil {
			return nil, err
		} else if !empty && !o.Force {
			return nil, &Occupied{m.root.path}
		}
	}
	for name, path := range map[string]string{"config": p.ConfigPath, "credentials": p.Credentials, "agent": p.Agent} {
		if _, apart := stages[name]; !apart { // here it is within the state directory, wherever it was when the backup was made
			rel, err := filepath.Rel(p.StateDir, path)
			if err != nil {
				return nil, err
			}
			stages[name] = filepath.Join(stages["state"], rel)
		}
	}
	if err := os.MkdirAll(filepath.Dir(p.StateDir), 0o700); err != nil {
		return nil, err
	}
	done := &Restored{}
	var err error
	if done.Manifest, err = unpack(ctx, r, passphrase, stages); err == nil {
		err = complete(ctx, done.Manifest, stages)
	}
	if err == nil && done.Manifest.Schema > 0 && !o.Deliver {
		done.Held, err = store.Withhold(ctx, stages["state"], heldReason, now)
	}
	if err == nil {
		done.Aside, err = place(moves, p.StateDir)
	}
	for _, m := range moves { // of what went well nothing is left there
		err = errors.Join(err, os.RemoveAll(m.stage))
	}
	if err != nil {
		return nil, err
	}
	return done, nil
}

// complete proves what was unpacked.
func complete(ctx context.Context, m *Manifest, stages map[string]string) error {
	if m.Schema == 0 {
		return nil
	}
	if err := proof(ctx, stages["state"]); err != nil {
		return err
	}
	for _, suffix := range []string{"-wal", "-shm"} { // of having been looked at
		_ = os.Remove(filepath.Join(stages["state"], "gateway.db"+suffix))
	}
	return nil
}

// move is one place that an archive fills.
type move struct {
	root         root
	stage, aside string
}

func moves(p Places, stamp string) (all []move) {
	for _, r := range p.roots() {
		all = append(all, move{r, r.path + ".restoring-" + stamp, r.path + ".before-restore-" + stamp})
	}
	return all
}

// vacant says that nothing is at path, or an empty directory.
func vacant(path string) (bool, error) {
	entries, err := os.ReadDir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true, nil
	case err != nil:
		if _, statErr := os.Stat(path); statErr == nil {
			return false, nil // a file
		}
		return false, err
	}
	return len(entries) == 0, nil
}

// place moves what is there aside and what was unpacked into its place, all of it or nothing. The lock of the state directory is held
// meanwhile: no gateway starts between.
func place(all []move, stateDir string) (aside []string, err error) {
	if _, err := os.Stat(stateDir); err == nil {
		release, err := store.HoldFile(filepath.Join(stateDir, "gateway.lock"), fmt.Sprintf("pid=%d restoring", os.Getpid()))
		if locked, ok := errors.AsType[*store.LockedError](err); ok {
			return nil, &Running{locked.Holder}
		}
		if err != nil {
			return nil, err
		}
		defer func() { _ = release() }() // the file has moved
	}
	var undo []func()
	defer func() {
		if err != nil {
			for i := len(undo) - 1; i >= 0; i-- {
				undo[i]()
			}
			aside = nil
		}
	}()
	rename := func(from, to string) error {
		err := os.Rename(from, to)
		if err == nil {
			undo = append(undo, func() { _ = os.Rename(to, from) })
		}
		return err
	}
	for _, m := range all {
		if _, err := os.Stat(m.stage); err != nil {
			continue // the archive has nothing of it
		}
		switch err := rename(m.root.path, m.aside); {
		case err == nil:
			aside = append(aside, m.aside)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
		if err := rename(m.stage, m.root.path); err != nil {
			return nil, err
		}
		if err := file.SyncDir(filepath.Dir(m.root.path)); err != nil {
			return nil, err
		}
	}
	return aside, nil
}
