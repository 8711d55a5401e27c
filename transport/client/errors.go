package client

import (
	"errors"
	"fmt"
)

var (
	// ErrClosed is wrapped by every error that says the socket is gone.
	ErrClosed = errors.New("gateway closed")
	// ErrUnauthorized means the gateway refused the credentials; trying again with the same ones is useless.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrSlowSubscriber ends a Subscription whose buffer was full.
	ErrSlowSubscriber = errors.New("subscriber did not keep up")
)

// ClosedError says how the socket ended: the code and reason of the close frame, 1006 when there was none.
type ClosedError struct {
	Code   int
	Reason string
}

func (e *ClosedError) Error() string { return fmt.Sprintf("gateway closed (%d): %s", e.Code, e.Reason) }

// Is makes errors.Is(err, ErrClosed) true.
func (e *ClosedError) Is(target error) bool { return target == ErrClosed }

// unauthorized adds to the gateway's refusal what to do about it.
func unauthorized(refusal error, o *Options) error {
	step := "give the client the token or password that the gateway was started with"
	switch {
	case o.Token != "":
		step = "the token is not the gateway's: compare it with gateway.auth.token or CLAWDBOT_GATEWAY_TOKEN of the gateway"
	case o.Password != "":
		step = "the password is not the gateway's: compare it with gateway.auth.password or CLAWDBOT_GATEWAY_PASSWORD of the gateway"
	}
	return fmt.Errorf("%w: %w: %s", ErrUnauthorized, refusal, step)
}
