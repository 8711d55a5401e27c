package pairing

import (
	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// Message is everything the pairing actor accepts.
type Message interface{ pairingMessage() }

// List asks for the senders who wait and those who are let in.
type List struct {
	actors.Reply[wire.PairingListResult]
}

// Approve lets the holder of a code in. The answer is the code's row; a *wire.Error says what was wrong with it.
type Approve struct {
	actors.Reply[store.PairCode]
	Code string
}

// done is the end of work off the actor; its answer has been given.
type done struct{}

func (List) pairingMessage()    {}
func (Approve) pairingMessage() {}
func (done) pairingMessage()    {}
