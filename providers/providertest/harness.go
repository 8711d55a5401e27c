package providertest

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// Harness is what one surface brings to the suite.
type Harness struct {
	// Start sets up a fresh fake platform for one subtest and takes it down at its end.
	Start func(t *testing.T) Platform
}

// Platform is a fake platform with one account and one direct chat. It must behave while the provider is not
// connected too: what is delivered then waits, where the real platform keeps it.
type Platform struct {
	// New is the factory's New, with waits (backoff, deadlines) short enough for a test.
	New func(providers.Env) (providers.Provider, error)
	// Env holds Config, Endpoint and Getenv of the account; Files, if it is to be another than a temporary directory. The suite fills in the rest.
	Env providers.Env
	// Unreachable changes an Env so that nothing listens where it points to.
	Unreachable func(*providers.Env)
	Secret      string // the account's credential: must show up nowhere
	Chat        string // the direct chat's id
	// OverLink: sends go over the link. While it is down Send fails at once, with a transient error.
	OverLink bool

	// HearsItself: the platform shows the account its own messages as it shows it those of others (Env.Echo).
	HearsItself bool

	// Deliver makes the platform hand out texts of the chat's person, in one batch where it has batches. It returns
	// the platform's message ids.
	Deliver func(texts ...string) []string
	// Redeliver hands out a delivered message once more; nil where that cannot happen.
	Redeliver func(id string)
	// DeliverReversed is Deliver with the last message first on the wire; nil where order is certain.
	DeliverReversed func(texts ...string) []string
	// Acked says whether the platform was told that a message was taken; WaitAcked waits for it.
	Acked     func(id string) bool
	WaitAcked func(ctx context.Context, id string) error

	// Sent is the text of every message that has arrived at the platform; WaitSent waits until there are n.
	Sent     func() []string
	WaitSent func(ctx context.Context, n int) error
	// Inject makes the platform show a fault. It is false where the platform has no such thing.
	Inject func(Fault) bool
	// RetryAfter is the delay that the rate-limit faults ask for.
	RetryAfter time.Duration
}

// Fault is something that goes wrong at the platform's side.
type Fault string

// Faults of the receiving link.
const (
	// RefuseLogin: the credential is refused from now on, at connect.
	RefuseLogin Fault = "refuse login"
	// RevokeLogin: the credential was good and is refused from now on, on the live link.
	RevokeLogin Fault = "revoke login"
	// Conflict: once, another consumer takes the link away.
	Conflict Fault = "conflict"
	// ReceiveRateLimit: once, the link is told to come back after RetryAfter.
	ReceiveRateLimit Fault = "receive rate limit"
	// ReceiveServerError: a few times in a row, the platform answers that it is broken.
	ReceiveServerError Fault = "receive server error"
	// ReceiveDrop: the live connection is cut.
	ReceiveDrop Fault = "receive drop"
	// ReceiveSilence: once, the connection stays open and carries nothing.
	ReceiveSilence Fault = "receive silence"
	// ReceiveDown: every attempt fails from now on.
	ReceiveDown Fault = "receive down"
)

// Faults of the next send, once each.
const (
	SendRateLimit    Fault = "send rate limit" // with RetryAfter
	SendServerError  Fault = "send server error"
	SendRefused      Fault = "send refused" // for this chat, for good
	SendUnauthorized Fault = "send unauthorized"
	SendDropBefore   Fault = "send drop before" // the connection is cut, the message did not arrive
	SendDropAfter    Fault = "send drop after"  // the connection is cut, the message did arrive
	SendSilence      Fault = "send silence"     // it arrived, and no answer ever comes
)

// DeadEndpoint is a loopback address where nothing listens.
func DeadEndpoint(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}
