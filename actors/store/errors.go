package store

import (
	"errors"
	"fmt"
)

var (
	// ErrUnavailable marks a failure that may pass: the batch could not be committed, the queue is full, the store is
	// stopped. Unless the operation never ran, its outcome is unknown, so a repeat must be one that cannot act twice.
	ErrUnavailable error = passing("store unavailable, try again")

	// ErrExists means that a row with this unique key is there already.
	ErrExists = errors.New("exists already")

	// ErrState means that the row is not in a state this step starts from (or is not there): somebody else was
	// first. Returned out of an Op it takes the whole Op back.
	ErrState = errors.New("not in a state for this step")
)

// LockedError says that another process (or another Store of this one) holds the state directory.
type LockedError struct {
	Path   string // the lock file
	Holder string // what the holder wrote: "pid=… since=… addr=…"; may be empty
}

func (e *LockedError) Error() string {
	holder := e.Holder
	if holder == "" {
		holder = "holder unknown"
	}
	return fmt.Sprintf("another gateway is using this state directory (%s): stop it, or give this one a state directory of its own (lock file %s)", holder, e.Path)
}

// CorruptError says that the database file is not one, or is damaged. Nothing was written to it.
type CorruptError struct {
	Path string
	Err  error
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("database %s is damaged or not a gateway database: %v; it was left as it is: clawdbot restore puts a backup in its place, clawdbot rollback the last snapshot of the backups folder; or move it and its -wal and -shm files away and start empty", e.Path, e.Err)
}

func (e *CorruptError) Unwrap() error { return e.Err }

// VersionError says that the database was written by a newer program.
type VersionError struct {
	Path        string
	Have, Known int // schema version of the file, and the newest one this program knows
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("database %s has schema version %d, this program knows up to %d: run the newer program, or go back to the snapshot from before: clawdbot rollback", e.Path, e.Have, e.Known)
}

// MigrationError says that a migration failed and was rolled back.
type MigrationError struct {
	To       int    // the version that could not be reached
	Snapshot string // copy of the database from before; empty when the database was new
	Err      error
}

func (e *MigrationError) Error() string {
	if e.Snapshot == "" {
		return fmt.Sprintf("migration to schema version %d: %v", e.To, e.Err)
	}
	return fmt.Sprintf("migration to schema version %d was rolled back: %v; the database from before is saved as %s", e.To, e.Err, e.Snapshot)
}

func (e *MigrationError) Unwrap() error { return e.Err }

// passing is an error that a repeat may not meet.
type passing string

func (p passing) Error() string { return string(p) }

// Retryable is what clients are told.
func (p passing) Retryable() bool { return true }

func unavailable(cause error) error { return fmt.Errorf("%w: %w", ErrUnavailable, cause) }
