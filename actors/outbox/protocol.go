package outbox

import (
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// Message is everything the outbox accepts.
type Message interface{ outboxMessage() }

// Wake says that there are new rows.
type Wake struct{}

// AccountUp says that an account can send again.
type AccountUp struct{ Account string }

// Send is the method send: the answer is its final outcome, once the message is delivered or never will be. A repeat of
// the idempotency key gets the outcome of the first, also one that comes while that is under way. The error is a
// *wire.Error when the call was wrong or the answer takes too long.
type Send struct {
	actors.Reply[store.Outcome]
	Params wire.SendParams
	Hold   func() // called once the message is on disk: its answer may take its time. nil = not needed. Must not block
}

// List asks for the latest items, of one state if given.
type List struct {
	actors.Reply[wire.OutboxListResult]
	State string
}

// Show asks for one item, however old. The error is a *wire.Error when it is not there.
type Show struct {
	actors.Reply[wire.OutboxItemResult]
	ID int64
}

// Why asks what became of a message. The error is a *wire.Error when nothing has the id.
type Why struct {
	actors.Reply[wire.WhyResult]
	Params wire.WhyParams
}

// Change is a person's decision on one item: send it again, or give it up. The error is a *wire.Error when the item is not
// there or not in a state for it.
type Change struct {
	actors.Reply[wire.OutboxItemResult]
	ID   int64
	Drop bool
}

// Count asks how many items there are in the states that status shows.
type Count struct{ actors.Reply[Counts] }

// Counts by state.
type Counts struct {
	Queued    int `json:"queued"`
	Sending   int `json:"sending"`
	Ambiguous int `json:"ambiguous"`
	Failed    int `json:"failed"`
}

// Attempt is one attempt to deliver an item, with its outcome: sent, failed, ambiguous or Retry.
type Attempt struct {
	Item    store.OutItem // as it was before
	Run     string        // that has said it; "" = none, as with the method send
	Number  int           // of the item's attempts, from 1
	Outcome string
	Class   providers.Class // of what went wrong; "" = nothing did, or it was a crash of ours
	Began   time.Time       // with the question what became of it, where a crash left that open
	Ended   time.Time
}

// Quiesce starts nothing new and answers when the attempts in progress have their outcome on disk. What is queued stays.
type Quiesce struct{ actors.Reply[struct{}] }

type (
	lanes struct { // the lanes that have work
		lanes []store.Lane
		err   error
	}
	laneGone struct {
		lane   store.Lane
		ref    actors.Ref[laneMessage]
		reason error
	}
	sweep   struct{} // look for work that nobody spoke of
	claimed struct { // the key of a Send is taken
		key     string
		join    uint64
		outcome *store.Outcome // nil: not final yet
		err     error
	}
	settled struct { // a Send has its final outcome
		key     string
		outcome store.Outcome
	}
	limit struct { // a Send has waited long enough
		key  string
		join uint64
	}
	found  struct{ outcomes map[string]store.Outcome } // of Sends, by key
	looked struct {
		key     string
		join    uint64
		outcome *store.Outcome
		err     error
	}
	answered struct{} // work off the actor has given its own answer
)

func (Wake) outboxMessage()      {}
func (AccountUp) outboxMessage() {}
func (Send) outboxMessage()      {}
func (List) outboxMessage()      {}
func (Show) outboxMessage()      {}
func (Why) outboxMessage()       {}
func (Change) outboxMessage()    {}
func (Count) outboxMessage()     {}
func (Quiesce) outboxMessage()   {}
func (lanes) outboxMessage()     {}
func (laneGone) outboxMessage()  {}
func (sweep) outboxMessage()     {}
func (claimed) outboxMessage()   {}
func (settled) outboxMessage()   {}
func (limit) outboxMessage()     {}
func (found) outboxMessage()     {}
func (looked) outboxMessage()    {}
func (answered) outboxMessage()  {}

// CoalesceKey: one queued Wake is as good as many.
func (Wake) CoalesceKey() string { return "wake" }

// CoalesceKey: there are few accounts.
func (m AccountUp) CoalesceKey() string { return "up " + m.Account }

// Size counts the text against the mailbox.
func (m Send) Size() int { return 256 + len(m.Params.Message) }

// laneMessage is what a lane accepts.
type laneMessage interface{ laneMessage() }

type (
	wake   struct{ accountUp bool }
	finish struct{} // stop once the attempt in progress has its outcome on disk
	pulled struct {
		step  uint64
		items []store.OutItem
		err   error
	}
	due     struct{ step uint64 } // a wait is over
	idle    struct{ step uint64 } // nothing to do for a long time
	landed  struct{ flight *flight }
	look    struct{ flight *flight } // has it landed?
	overdue struct {                 // an attempt, or a question about it, that should have ended
		flight *flight
		asking bool
	}
	ask      struct{ flight *flight } // ask about it again
	recorded struct {
		flight  *flight
		outcome *store.Outcome // of a Send that is settled now
		err     error
	}
	reconsider struct{ flight *flight } // record again
)

func (wake) laneMessage()       {}
func (finish) laneMessage()     {}
func (pulled) laneMessage()     {}
func (due) laneMessage()        {}
func (idle) laneMessage()       {}
func (landed) laneMessage()     {}
func (look) laneMessage()       {}
func (overdue) laneMessage()    {}
func (ask) laneMessage()        {}
func (recorded) laneMessage()   {}
func (reconsider) laneMessage() {}

// The facts are in the table and in the flight; these messages only say "look".
func (w wake) CoalesceKey() string {
	if w.accountUp {
		return "up"
	}
	return "wake"
}
func (landed) CoalesceKey() string { return "landed" }
func (finish) CoalesceKey() string { return "finish" }
