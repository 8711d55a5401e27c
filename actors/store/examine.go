package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// Examine reads a state directory's whole database without its lock and changes nothing, also while a gateway works on it.
// The error is nil for a sound database and for none at all; else a *VersionError, a *CorruptError, or what kept it from
// being read.
func Examine(ctx context.Context, dir string) error {
	path := filepath.Join(dir, "gateway.db")
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return examineFile(ctx, path, Known())
}

// examineFile is Examine for one file, which must be there. known is the newest schema that is.
func examineFile(ctx context.Context, path string, known int) (err error) {
	db, err := openReaders(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	m := &migrator{db: db, path: path}
	have, err := m.inspect(ctx)
	if err != nil {
		return classify(path, err)
	}
	if have > known {
		return &VersionError{Path: path, Have: have, Known: known}
	}
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return classify(path, fmt.Errorf("check database: %w", err))
	}
	if verdict != "ok" {
		return &CorruptError{Path: path, Err: errors.New(verdict)}
	}
	return nil
}

// Holder says who holds the lock on a state directory, as its file has it; "" = nobody. It tries the lock for an instant.
func Holder(dir string) string {
	path := filepath.Join(dir, "gateway.lock")
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	fl := flock.New(path, flock.SetFlag(os.O_RDONLY))
	if ok, err := fl.TryRLock(); ok || err != nil { // a file that a killed process left behind, or none of ours
		_ = fl.Close()
		return ""
	}
	_ = fl.Close()
	if line := readHolder(path); line != "" {
		return line
	}
	return "a process that has not said who it is"
}
