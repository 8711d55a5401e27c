package pairing

import (
	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Methods answers pairing.list and pairing.approve.
func Methods(ref actors.Ref[Message]) wire.Table {
	return wire.Table{
		wire.Strict("pairing.list", func(c *wire.Call, _ struct{}) {
			reply := actors.ReplyTo(func(r wire.PairingListResult, err error) { c.Answer(r, err) })
			if err := ref.Tell(List{reply}); err != nil {
				c.Fail(err)
			}
		}),
		wire.Strict("pairing.approve", func(c *wire.Call, p wire.PairingApproveParams) {
			reply := actors.ReplyTo(func(who wire.PairingSender, err error) {
				c.Answer(wire.PairingApproveResult{OK: true, Sender: who}, err)
			})
			if err := ref.Tell(Approve{Reply: reply, Code: p.Code}); err != nil {
				c.Fail(err)
			}
		}),
	}
}
