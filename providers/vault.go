package providers

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"
)

// Vault keeps what a surface's own library must remember: credentials that change as they are used, and that only one
// program on the host may use at a time.
type Vault interface {
	// Exists says whether the surface's database was ever made.
	Exists(name string) bool
	// Open opens the database <name>.db in the state directory, which it makes for the user alone. Only what was opened
	// last may be used: everything on an older handle fails with ErrFenced, so a connection that was given up and lives
	// on cannot spoil the credentials of its successor. The caller closes the handle.
	Open(ctx context.Context, name string) (*sql.DB, error)
	// Remove deletes the database. Older handles are fenced off first. None there is no error.
	Remove(ctx context.Context, name string) error
	// Hold takes an identity (an account as linked to this device) for this process, on the whole host and whatever the
	// state directory is, until release is called. A *HeldError says who has it.
	Hold(identity string) (release func(), err error)
}

// ErrFenced: the database was opened again meanwhile.
var ErrFenced = errors.New("another connection owns these credentials now")

// Holder is the process that holds an identity.
type Holder struct {
	PID      int
	Host     string
	StateDir string
	Since    time.Time
	Ours     bool // it is this very account
}

// HeldError is the refusal of Vault.Hold.
type HeldError struct{ Holder Holder }

func (e *HeldError) Error() string {
	h := e.Holder
	if h.PID == 0 {
		return "another gateway on this host uses the same credentials"
	}
	return "another gateway uses the same credentials: " + h.String()
}

// String names the process for a person.
func (h Holder) String() string {
	return "pid " + strconv.Itoa(h.PID) + " on " + h.Host + " with the state directory " + h.StateDir + ", since " + h.Since.Local().Format(time.DateTime)
}
