package approvals

import (
	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Methods answers exec.approvals.list, exec.approval.resolve and exec.approvals.forget, additions to the protocol.
func Methods(ref actors.Ref[Message]) wire.Table {
	return wire.Table{
		wire.Strict("exec.approvals.list", func(c *wire.Call, _ wire.NoParams) {
			ask(c, ref, func(r actors.Reply[wire.ExecApprovalsListResult]) Message { return List{r} })
		}),
		wire.Strict("exec.approval.resolve", func(c *wire.Call, p wire.ExecApprovalResolveParams) {
			ask(c, ref, func(r actors.Reply[wire.ExecApprovalResolved]) Message {
				return Resolve{r, p.ID, p.Decision, c.Peer.Name}
			})
		}),
		wire.Strict("exec.approvals.forget", func(c *wire.Call, p wire.ExecApprovalsForgetParams) {
			ask(c, ref, func(r actors.Reply[wire.ExecAllowed]) Message { return Forget{r, p.ID} })
		}),
	}
}

func ask[T any](c *wire.Call, ref actors.Ref[Message], build func(actors.Reply[T]) Message) {
	if err := ref.Tell(build(actors.ReplyTo(func(r T, err error) { c.Answer(r, err) }))); err != nil {
		c.Fail(err)
	}
}
