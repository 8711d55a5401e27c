package pairing

import (
	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Message is everything the pairing actor accepts.
type Message interface{ pairingMessage() }

// List asks for the senders who wait and those who are let in.
type List struct {
	actors.Reply[wire.PairingListResult]
}

// Approve lets the holder of a code in. The answer is who that is; a *wire.Error says what was wrong with the code.
type Approve struct {
	actors.Reply[wire.PairingSender]
	Code string
}

// done is the end of work off the actor; its answer has been given.
type done struct{}

func (List) pairingMessage()    {}
func (Approve) pairingMessage() {}
func (done) pairingMessage()    {}
