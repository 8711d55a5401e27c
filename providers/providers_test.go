package providers

import (
	"errors"
	"io"
	"testing"
)

func TestTerminal(t *testing.T) {
	t.Parallel()
	err := Terminal(io.ErrUnexpectedEOF)
	if !errors.Is(err, ErrTerminal) || !errors.Is(err, io.ErrUnexpectedEOF) || err.Error() != io.ErrUnexpectedEOF.Error() {
		t.Errorf("Terminal = %v", err)
	}
	if errors.Is(io.ErrUnexpectedEOF, ErrTerminal) {
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
