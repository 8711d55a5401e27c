package actors

import (
	"errors"
	"fmt"
)

var (
	// ErrFull means that the mailbox had no room for the message.
	ErrFull = errors.New("mailbox full")
	// ErrStopped means that the actor has stopped or is stopping.
	ErrStopped = errors.New("actor stopped")
	// ErrCrashed means that the actor failed before it answered. What it did before that stands.
	ErrCrashed = errors.New("actor crashed")
	// ErrNameTaken means that an actor of that path still lives.
	ErrNameTaken = errors.New("actor name taken")
	// ErrReplaced means that a later message with the same coalesce key took the message's place.
	ErrReplaced = errors.New("message replaced by a later one")
)

// Error says which actor an error is about. It wraps one of the errors above.
type Error struct {
	Path string
	Err  error
}

func (e *Error) Error() string {
	if e.Path == "" {
		return "no actor: " + e.Err.Error()
	}
	return e.Path + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// Retryable: an actor that was full, or has crashed, may be there again in a moment.
func (e *Error) Retryable() bool {
	return errors.Is(e.Err, ErrFull) || errors.Is(e.Err, ErrCrashed) || errors.Is(e.Err, ErrStopped)
}

// PanicError is a recovered panic with the stack of the place that raised it. It
// unwraps to the panic value if that is an error.
type PanicError struct {
	Value any
	Stack string
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// errGoexit is the failure of code that ended its goroutine instead of returning.
var errGoexit = errors.New("runtime.Goexit called")
