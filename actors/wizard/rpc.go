package wizard

import (
	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Methods answers wizard.* (protocol 3.17).
func Methods(ref actors.Ref[Message]) wire.Table {
	return wire.Table{
		wire.Strict("wizard.start", func(c *wire.Call, p wire.WizardStartParams) {
			tell(c, ref, Begin{actors.ReplyTo(func(r wire.WizardResult, err error) { c.Answer(r, err) }), p})
		}),
		wire.Strict("wizard.next", func(c *wire.Call, p wire.WizardNextParams) {
			tell(c, ref, Answer{actors.ReplyTo(func(r wire.WizardResult, err error) { c.Answer(r, err) }), p})
		}),
		wire.Strict("wizard.cancel", func(c *wire.Call, p wire.WizardCancelParams) {
			tell(c, ref, Cancel{actors.ReplyTo(func(r wire.WizardStatusResult, err error) { c.Answer(r, err) }), p.SessionID})
		}),
		wire.Strict("wizard.status", func(c *wire.Call, p wire.WizardStatusParams) {
			tell(c, ref, Status{actors.ReplyTo(func(r wire.WizardStatusResult, err error) { c.Answer(r, err) }), p.SessionID})
		}),
	}
}

func tell(c *wire.Call, ref actors.Ref[Message], m Message) {
	if err := ref.Tell(m); err != nil {
		c.Fail(err)
	}
}
