package ws

import (
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// Limits bounds what one connection, one address and all strangers together can make the server hold.
// Zero fields take the value in brackets.
type Limits struct {
	HandshakeTimeout time.Duration // upgrade to connect request [10 s]
	FirstFrame       int           // bytes of the first message [64 KiB]
	Frame            int           // bytes of a later message [512 KiB]

	InFlight  int // unanswered calls of one connection before reading pauses [64]
	Responses int // bytes of queued responses of one connection before reading pauses [8 MiB]
	Events    int // bytes of queued events above which a client is slow [1.5 MiB]

	SlowGrace time.Duration // how long a client may stay slow before an event that must not be dropped cuts it [2 s]
	SlowClose time.Duration // how long a slow client gets to take what is half sent, and the close frame [30 s]
	Close     time.Duration // how long flushing and the close handshake may take otherwise [1 s]

	PerAddress int // connections of one address between upgrade and accepted connect [64]
	Strangers  int // the same over all addresses [1024]
	Waiting    int // upgrades that wait for one of the former to be decided [10240]
}

// slowCap times Limits.Events is what a slow client's queue may grow to within its grace.
const slowCap = 4

func (l Limits) withDefaults() Limits {
	def(&l.HandshakeTimeout, wire.HandshakeTimeout)
	def(&l.FirstFrame, wire.FirstFrameLimit)
	def(&l.Frame, wire.MaxPayload)
	def(&l.InFlight, wire.MaxInFlight)
	def(&l.Responses, wire.MaxHeldResponses)
	def(&l.Events, wire.MaxBuffered)
	def(&l.SlowGrace, 2*time.Second)
	def(&l.SlowClose, 30*time.Second)
	def(&l.Close, time.Second)
	def(&l.PerAddress, 64)
	def(&l.Strangers, 1024)
	def(&l.Waiting, 10*1024)
	return l
}

func def[T int | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}
