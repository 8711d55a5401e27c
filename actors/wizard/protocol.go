package wizard

import (
	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Message is everything the wizard actor accepts.
type Message interface{ wizardMessage() }

// Begin starts a dialogue, at most one at a time.
type Begin struct {
	actors.Reply[wire.WizardResult]
	Params wire.WizardStartParams
}

// Answer goes on with a dialogue.
type Answer struct {
	actors.Reply[wire.WizardResult]
	Params wire.WizardNextParams
}

// Cancel ends a dialogue without writing anything.
type Cancel struct {
	actors.Reply[wire.WizardStatusResult]
	ID string
}

// Status tells how a dialogue stands.
type Status struct {
	actors.Reply[wire.WizardStatusResult]
	ID string
}

type (
	moved struct { // a dialogue has taken a step, off the actor
		dialogue *Dialogue
		answer   func()
	}
	look struct{} // for a dialogue that was left
)

func (Begin) wizardMessage()  {}
func (Answer) wizardMessage() {}
func (Cancel) wizardMessage() {}
func (Status) wizardMessage() {}
func (moved) wizardMessage()  {}
func (look) wizardMessage()   {}
