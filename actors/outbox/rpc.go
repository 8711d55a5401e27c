package outbox

import (
	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// Methods answers send (protocol 3.5), outbox.* and why.
func Methods(ref actors.Ref[Message]) wire.Table {
	return wire.Table{
		wire.Strict("send", func(c *wire.Call, p wire.SendParams) {
			reply := actors.ReplyTo(func(o store.Outcome, err error) { answer(c, o, err) })
			if err := ref.Tell(Send{Reply: reply, Params: p, Hold: c.Hold}); err != nil {
				c.Fail(unavailable(err))
			}
		}),
		wire.Strict("outbox.list", func(c *wire.Call, p wire.OutboxListParams) {
			reply := actors.ReplyTo(func(r wire.OutboxListResult, err error) { c.Answer(r, err) })
			if err := ref.Tell(List{Reply: reply, State: p.State}); err != nil {
				c.Fail(err)
			}
		}),
		wire.Strict("outbox.retry", func(c *wire.Call, p wire.OutboxItemParams) { change(ref, c, p.ID, false) }),
		wire.Strict("outbox.drop", func(c *wire.Call, p wire.OutboxItemParams) { change(ref, c, p.ID, true) }),
		wire.Strict("outbox.show", func(c *wire.Call, p wire.OutboxItemParams) {
			reply := actors.ReplyTo(func(r wire.OutboxItemResult, err error) { c.Answer(r, err) })
			if err := ref.Tell(Show{Reply: reply, ID: p.ID}); err != nil {
				c.Fail(err)
			}
		}),
		wire.Strict("why", func(c *wire.Call, p wire.WhyParams) {
			reply := actors.ReplyTo(func(r wire.WhyResult, err error) { c.Answer(r, err) })
			if err := ref.Tell(Why{Reply: reply, Params: p}); err != nil {
				c.Fail(err)
			}
		}),
	}
}

func change(ref actors.Ref[Message], c *wire.Call, id int64, drop bool) {
	reply := actors.ReplyTo(func(r wire.OutboxItemResult, err error) { c.Answer(r, err) })
	if err := ref.Tell(Change{Reply: reply, ID: id, Drop: drop}); err != nil {
		c.Fail(err)
	}
}

// answer repeats an outcome as it was stored.
func answer(c *wire.Call, o store.Outcome, err error) {
	if err != nil {
		c.Fail(unavailable(err))
		return
	}
	if o.OK {
		c.OK(wire.Raw(o.Payload))
		return
	}
	we := &wire.Error{}
	if err := wire.Unmarshal(o.Error, we); err != nil {
		we = wire.Unavailable("Error: the stored answer cannot be read: %v", err)
	}
	c.Fail(we)
}
