package wire

import (
	"math"
	"time"
)

// Limits and intervals of protocol 2. The first three are told to every client in hello-ok.
const (
	ProtocolVersion = 2

	MaxPayload   = 512 << 10        // bytes of one inbound message after the handshake; more closes 1009
	MaxBuffered  = 3 << 19          // bytes queued for one client before it counts as slow
	TickInterval = 30 * time.Second // distance of tick events

	HandshakeTimeout = 10 * time.Second // from the open socket to a connect request
	FirstFrameLimit  = 64 << 10         // bytes of the first message; more closes 1009
	MaxInFlight      = 64               // unanswered calls of one connection before reading pauses
	MaxHeldResponses = 8 << 20          // bytes of queued responses of one connection before reading pauses
)

// Millis turns a millisecond count of a client into a duration. Negative counts are 0 and what does not
// fit is the longest duration, so that arithmetic on it needs no overflow check at the call site.
func Millis(ms int64) time.Duration {
	switch {
	case ms <= 0:
		return 0
	case ms > math.MaxInt64/int64(time.Millisecond):
		return math.MaxInt64
	}
	return time.Duration(ms) * time.Millisecond
}
