package wire

import (
	"errors"
	"fmt"
)

// Error codes of protocol 2 (protocol 1.2). The WebSocket side emits only the first two.
const (
	CodeInvalidRequest = "INVALID_REQUEST"
	CodeUnavailable    = "UNAVAILABLE"
	CodeNotLinked      = "NOT_LINKED"
	CodeAgentTimeout   = "AGENT_TIMEOUT"
)

// Error is the error object of a response frame.
type Error struct {
	Code         string `json:"code" jsonschema:"minLength=1"`
	Message      string `json:"message" jsonschema:"minLength=1"`
	Details      any    `json:"details,omitempty"`
	Retryable    bool   `json:"retryable,omitzero"`
	RetryAfterMs int64  `json:"retryAfterMs,omitzero" jsonschema:"minimum=0"`
}

func (e *Error) Error() string { return e.Message }

// InvalidRequest is the caller's mistake; the message says what to change.
func InvalidRequest(format string, args ...any) *Error {
	return &Error{Code: CodeInvalidRequest, Message: fmt.Sprintf(format, args...)}
}

// Unavailable means it did not work now; the same call may work later.
func Unavailable(format string, args ...any) *Error {
	return &Error{Code: CodeUnavailable, Message: fmt.Sprintf(format, args...)}
}

// AsError turns err into a wire error: itself if it is one, else UNAVAILABLE in the form
// "Error: <text>" (protocol 1.4), retryable if err, or what it wraps, has a method Retryable() bool that says so. Nil
// stays nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if we, ok := errors.AsType[*Error](err); ok {
		return we
	}
	passing, ok := errors.AsType[interface {
		error
		Retryable() bool
	}](err)
	return &Error{Code: CodeUnavailable, Message: "Error: " + err.Error(), Retryable: ok && passing.Retryable()}
}
