package wire

import (
	"errors"
	"fmt"
	"testing"
)

type passing bool

func (p passing) Error() string   { return "it may pass" }
func (p passing) Retryable() bool { return bool(p) }

func TestAsError(t *testing.T) {
	own := InvalidRequest("no")
	for _, c := range []struct {
		in   error
		want Error
	}{
		{fmt.Errorf("wrapped: %w", own), *own},
		{errors.New("broken"), Error{Code: CodeUnavailable, Message: "Error: broken"}},
		{fmt.Errorf("call: %w", passing(true)), Error{Code: CodeUnavailable, Message: "Error: call: it may pass", Retryable: true}},
		{passing(false), Error{Code: CodeUnavailable, Message: "Error: it may pass"}},
	} {
		if got := AsError(c.in); *got != c.want {
			t.Errorf("AsError(%v) = %+v, want %+v", c.in, *got, c.want)
		}
	}
	if AsError(nil) != nil {
		t.Error("AsError(nil) is an error")
	}
}
