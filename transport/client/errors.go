package client

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/clawdbot/gateway/transport/certificate"
	"github.com/clawdbot/gateway/transport/wire"
)

var (
	// ErrClosed is wrapped by every error that says the socket is gone.
	ErrClosed = errors.New("gateway closed")
	// ErrUnauthorized means the gateway refused the credentials; trying again with the same ones is useless.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrCertificate is wrapped by a *CertificateError.
	ErrCertificate = errors.New("certificate not accepted")
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

// CertificateError says that what answers shows a certificate that proves nothing to us. Nothing was sent to it.
type CertificateError struct {
	Shown string // the fingerprint of the certificate
	Want  string // the one that Options.TLSFingerprint asks for; "" = it asks for none
	Cause error  // why it cannot be trusted, without a fingerprint
}

func (e *CertificateError) Error() string {
	if e.Want != "" {
		return fmt.Sprintf("%v: its fingerprint is %s, and not %s", ErrCertificate, e.Shown, e.Want)
	}
	return fmt.Sprintf("%v: %v (its fingerprint is %s)", ErrCertificate, e.Cause, e.Shown)
}

// Is makes errors.Is(err, ErrCertificate) true.
func (e *CertificateError) Is(target error) bool { return target == ErrCertificate }

func (e *CertificateError) Unwrap() error { return e.Cause }

// Distrusted is the certificate that a failed connect was about; nil = it failed for another reason.
func Distrusted(err error) *CertificateError {
	if e, ok := errors.AsType[*CertificateError](err); ok {
		return e
	}
	e, ok := errors.AsType[*tls.CertificateVerificationError](err)
	if !ok || len(e.UnverifiedCertificates) == 0 {
		return nil
	}
	return &CertificateError{Shown: certificate.Fingerprint(e.UnverifiedCertificates[0].Raw), Cause: e.Err}
}

// HTTPError says that what answers at the address opens no WebSocket.
type HTTPError struct {
	Status int
	Text   string // the beginning of the answer's body
}

func (e *HTTPError) Error() string {
	return strings.TrimSuffix(fmt.Sprintf("%d %s: %s", e.Status, http.StatusText(e.Status), e.Text), ": ")
}

// RedirectError says that what answers at the address sends us to another one. Nobody is followed with a credential.
type RedirectError struct{ To string }

func (e *RedirectError) Error() string { return "the address leads elsewhere, to " + e.To }

// unauthorized adds to the gateway's refusal what to do about it.
func unauthorized(refusal *wire.Error, o *Options) error {
	step := "give the client the token or password that the gateway was started with"
	switch {
	case o.Token != "":
		step = "the token is not the gateway's, or it wants a password: compare it with gateway.auth.token or CLAWDBOT_GATEWAY_TOKEN of the gateway"
	case o.Password != "":
		step = "the password is not the gateway's, or it wants a token: compare it with gateway.auth.password or CLAWDBOT_GATEWAY_PASSWORD of the gateway"
	}
	return fmt.Errorf("%w: %w: %s", ErrUnauthorized, refusal, step)
}
