package files

import (
	"fmt"
	"io/fs"
)

// Kind is why a path or a file was refused.
type Kind string

// Kinds of refusals.
const (
	Outside Kind = "outside"   // not in the directories that the tools work in
	Special Kind = "special"   // a device, a pipe or a socket
	Secret  Kind = "secret"    // the gateway's own
	Missing Kind = "missing"   // there is no such file
	Binary  Kind = "binary"    // not a text
	Large   Kind = "too large" // more than the tools take
	Changed Kind = "changed"   // it was exchanged while it was opened
	Other   Kind = "error"     // what the system said
)

// Error is a refusal.
type Error struct {
	Kind Kind
	Path string // as it was asked for
	Text string // what is wrong, and what to do
}

func (e *Error) Error() string { return fmt.Sprintf("%.300s: %s", e.Path, e.Text) }

// Unwrap is fs.ErrNotExist for what is not there.
func (e *Error) Unwrap() error {
	if e.Kind == Missing {
		return fs.ErrNotExist
	}
	return nil
}

func refuse(k Kind, path, format string, args ...any) *Error {
	return &Error{k, path, fmt.Sprintf(format, args...)}
}
