package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/file"
)

// Snapshot is a copy of the database from before a migration.
type Snapshot struct {
	Path    string    `json:"path"`
	Version int       `json:"version"` // of its schema
	At      time.Time `json:"at"`
	Bytes   int64     `json:"bytes"`
}

const stampFormat = "20060102T150405.000Z"

// Snapshots lists those of a state directory, the newest first.
func Snapshots(dir string) ([]Snapshot, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "backups", "gateway-v*-*.db"))
	if err != nil {
		return nil, err
	}
	var all []Snapshot
	for _, path := range paths {
		version, stamp, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "gateway-v"), ".db"), "-")
		n, err := strconv.Atoi(version)
		at, timeErr := time.Parse(stampFormat, stamp)
		info, statErr := os.Stat(path)
		if err != nil || timeErr != nil || statErr != nil {
			continue // somebody else's
		}
		all = append(all, Snapshot{path, n, at, info.Size()})
	}
	sort.Slice(all, func(i, j int) bool { return all[i].At.After(all[j].At) })
	return all, nil
}

// Known is the newest schema version that this program can work with.
func Known() int {
	steps, err := embeddedSteps(migrationFiles)
	if err != nil {
		return 0 // a test keeps this from being built
	}
	return len(steps)
}

// Rollback puts a snapshot in the place of the database. What was there is kept in backups/ as aside, with all that came into it
// since. The gateway must not run: the error is a *LockedError when it does.
func Rollback(ctx context.Context, dir string, s Snapshot, now time.Time) (aside string, err error) {
	if s.Version > Known() {
		return "", &VersionError{Path: s.Path, Have: s.Version, Known: Known()}
	}
	lock, err := acquireLock(filepath.Join(dir, "gateway.lock"), now)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	path := filepath.Join(dir, "gateway.db")
	young := path + ".rollback"
	if err := copyFile(s.Path, young); err != nil {
		return "", errors.Join(fmt.Errorf("copy snapshot: %w", err), os.Remove(young))
	}
	if err := examineFile(ctx, young, Known()); err != nil {
		return "", errors.Join(err, os.Remove(young))
	}
	for _, suffix := range []string{"-wal", "-shm"} { // of having been looked at
		_ = os.Remove(young + suffix)
	}
	aside = filepath.Join(dir, "backups", "replaced-"+now.UTC().Format(stampFormat)+".db")
	// The log first: a database without its log is an older one, a log without its database is nothing.
	for _, suffix := range []string{"-wal", "-shm", ""} {
		if err := os.Rename(path+suffix, aside+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	if err := os.Rename(young, path); err != nil {
		return aside, err
	}
	return aside, firstError(file.SyncDir(filepath.Join(dir, "backups")), file.SyncDir(dir))
}

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return firstError(err, dst.Sync(), dst.Close())
}
