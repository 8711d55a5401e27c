package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/clawdbot/gateway/actors/file"
	"github.com/clawdbot/gateway/actors/store"
)

const (
	lowBytes     = 1 << 30   // a warning
	leastBytes   = 100 << 20 // an error
	leastFiles   = 1000
	largeWAL     = 256 << 20
	tomorrow     = 5 * time.Minute // a file this far in the future: the clock was set back
	mostListed   = 3
	mostExamined = 20000 // files of the state directory
)

// directory looks at the state directory itself.
func (p *patient) directory() {
	dir := p.Env.StateDir
	info, err := os.Stat(dir)
	p.fresh = errors.Is(err, fs.ErrNotExist)
	p.over = !p.fresh && (err != nil || !info.IsDir())
	switch {
	case p.fresh:
		p.add("state.new", Info, "clawdbot onboard, or clawdbot gateway", "there is no state directory yet: %s", dir)
		return
	case err != nil:
		p.add("state.unusable", Error, "Make it readable for you, or set CLAWDBOT_STATE_DIR.", "%v", err)
		return
	case !info.IsDir():
		p.add("state.unusable", Error, "Move it away, or set CLAWDBOT_STATE_DIR.", "%s is not a directory", dir)
		return
	}
	if owner, ok := owner(info); ok && owner != p.Host.UID() && p.Host.UID() != 0 {
		p.add("state.owner", Error, fmt.Sprintf("sudo chown -R %d %s", p.Host.UID(), dir), "%s belongs to another user (%d)", dir, owner)
	}
	if err := p.Host.Write(dir); err != nil {
		p.add("state.read-only", Error, "Make it writable for you: is its file system mounted read-only?", "nothing can be written to %s: %v", dir, err)
	}
}

// writable tries it.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// modes: what is kept is for its owner alone.
func (p *patient) modes() {
	open := []string{}
	n, workspace := 0, p.Env.ExpandHome(p.cfg.Agent.Workspace)
	err := filepath.WalkDir(p.Env.StateDir, func(path string, e fs.DirEntry, err error) error {
		if n++; err != nil || n > mostExamined {
			return fs.SkipAll
		}
		if path == workspace {
			return fs.SkipDir // the agent's own; its programs need their modes
		}
		info, err := e.Info()
		if err == nil && info.Mode()&fs.ModeSymlink == 0 && (info.IsDir() || info.Mode().IsRegular()) && openTo(info, 0o077) {
			open = append(open, path)
		}
		return nil
	})
	if err != nil {
		return // the directory itself was looked at before
	}
	names := make([]string, len(open))
	for i, path := range open {
		if names[i], _ = filepath.Rel(p.Env.StateDir, path); names[i] == "." {
			p.add("state.mode", Error, "clawdbot doctor --fix, or chmod 700 "+p.Env.StateDir, "others on this machine can look into %s", p.Env.StateDir).
				with(func() error { return private(path) })
		}
	}
	rest := names
	if len(open) > 0 && names[0] == "." {
		open, rest = open[1:], names[1:]
	}
	if len(rest) > 0 {
		p.add("state.file-mode", Error, "clawdbot doctor --fix, or chmod -R go= "+p.Env.StateDir, "others on this machine can read %s", first(rest, mostListed)).
			with(func() error {
				var errs []error
				for _, path := range open {
					errs = append(errs, private(path))
				}
				return errors.Join(errs...)
			})
	}
	if info, err := os.Stat(p.Env.ConfigPath); err == nil && openTo(info, 0o077) && filepath.Dir(p.Env.ConfigPath) != p.Env.StateDir {
		p.add("config.mode", Error, "clawdbot doctor --fix, or chmod 600 "+p.Env.ConfigPath, "others on this machine can read %s", p.Env.ConfigPath).
			with(func() error { return private(p.Env.ConfigPath) })
	}
}

// openTo tells whether the mode of a file gives others one of these rights.
func openTo(info fs.FileInfo, rights fs.FileMode) bool {
	return file.Modes && info.Mode().Perm()&rights != 0
}

// private takes away what others may do.
func private(path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&fs.ModeSymlink != 0 {
		return err
	}
	return os.Chmod(path, info.Mode().Perm()&^0o077)
}

// database reads the whole of it.
func (p *patient) database() {
	dir := p.Env.StateDir
	err := store.Examine(p.ctx, dir)
	var corrupt *store.CorruptError
	var version *store.VersionError
	switch {
	case errors.As(err, &version):
		p.add("database.newer", Error, "Run the newer program, or go back: clawdbot rollback", "%v", err)
	case errors.As(err, &corrupt):
		p.add("database.damaged", Error, "Stop the gateway, then clawdbot restore FILE of a backup, or clawdbot rollback.", "%v", err)
	case err != nil:
		p.add("database.unreadable", Error, "Try again; if it stays, look at the file system.", "%v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, "gateway.db-wal")); err == nil && info.Size() > largeWAL {
		p.add("database.log-large", Warning, "Restart the gateway: it is written back then.", "gateway.db-wal has %d MB", info.Size()>>20)
	}
	for _, name := range []string{"gateway.db", "gateway.db-wal"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.ModTime().After(p.Host.Now().Add(tomorrow)) {
			p.add("clock.back", Warning, "Set the clock; schedules wait until it has caught up.", "%s is from the future (%s): was the clock set back?", name, info.ModTime().UTC().Format(time.RFC3339))
			break
		}
	}
}

// room looks at the file system.
func (p *patient) room() {
	dir := p.Env.StateDir
	if _, err := os.Stat(dir); err != nil {
		dir = filepath.Dir(dir)
	}
	bytes, files, nfiles, err := p.Host.Free(dir)
	if err != nil {
		return // a file system that does not tell
	}
	switch {
	case bytes < leastBytes:
		p.add("disk.full", Error, "Make room: what cannot be stored is not accepted.", "%d MB are left for %s", bytes>>20, dir)
	case bytes < lowBytes:
		p.add("disk.low", Warning, "Make room before it is full.", "%d MB are left for %s", bytes>>20, dir)
	}
	if nfiles > 0 && files < leastFiles {
		p.add("disk.files", Error, "Remove files: the file system has no place for more, however small.", "%d more files fit into the file system of %s", files, dir)
	}
}
