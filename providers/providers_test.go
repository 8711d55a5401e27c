package providers

import (
	"errors"
	"io"
	"testing"
)

func TestTerminal(t *testing.T) {
	t.Parallel()
	cause := errors.New("wrong token")
	err := Terminal(cause)
	if !errors.Is(err, ErrTerminal) || !errors.Is(err, cause) || err.Error() != cause.Error() {
		t.Errorf("Terminal = %v", err)
	}
	if plain := errors.New("plain"); errors.Is(plain, ErrTerminal) {
		t.Error("a plain error is terminal")
	}
}

func TestSendError(t *testing.T) {
	t.Parallel()
	var err error = &SendError{Class: Ambiguous, Err: io.EOF}
	if !errors.Is(err, io.EOF) || err.Error() != "ambiguous: EOF" {
		t.Errorf("SendError = %v", err)
	}
}
