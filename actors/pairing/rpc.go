package pairing

import (
	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Methods answers pairing.list and pairing.approve, and node.pair.* (protocol 3.12).
func Methods(ref actors.Ref[Message]) wire.Table {
	return wire.Table{
		wire.Strict("pairing.list", func(c *wire.Call, _ struct{}) {
			ask(c, ref, func(r actors.Reply[wire.PairingListResult]) Message { return List{r} })
		}),
		wire.Strict("pairing.approve", func(c *wire.Call, p wire.PairingApproveParams) {
			reply := actors.ReplyTo(func(who wire.PairingSender, err error) {
				c.Answer(wire.PairingApproveResult{OK: true, Sender: who}, err)
			})
			if err := ref.Tell(Approve{Reply: reply, Code: p.Code}); err != nil {
				c.Fail(err)
			}
		}),
		wire.Strict("node.pair.request", func(c *wire.Call, p wire.NodePairRequestParams) {
			ask(c, ref, func(r actors.Reply[wire.NodePairRequestResult]) Message { return RequestNode{r, pending(p)} })
		}),
		wire.Strict("node.pair.list", func(c *wire.Call, _ wire.NoParams) {
			ask(c, ref, func(r actors.Reply[wire.NodePairListResult]) Message { return ListNodes{r} })
		}),
		wire.Strict("node.pair.approve", func(c *wire.Call, p wire.NodePairApproveParams) {
			ask(c, ref, func(r actors.Reply[wire.NodePairApproveResult]) Message { return ApproveNode{r, p.RequestID} })
		}),
		wire.Strict("node.pair.reject", func(c *wire.Call, p wire.NodePairRejectParams) {
			ask(c, ref, func(r actors.Reply[wire.NodePairRejectResult]) Message { return RejectNode{r, p.RequestID} })
		}),
		wire.Strict("node.pair.verify", func(c *wire.Call, p wire.NodePairVerifyParams) {
			ask(c, ref, func(r actors.Reply[wire.NodePairVerifyResult]) Message { return VerifyNode{r, p.NodeID, p.Token} })
		}),
		wire.Strict("node.pair.revoke", func(c *wire.Call, p wire.NodePairRevokeParams) {
			ask(c, ref, func(r actors.Reply[wire.NodePairRevokeResult]) Message { return RevokeNode{r, p.NodeID} })
		}),
	}
}

// ask puts a call to the actor and answers it with the reply.
func ask[T any](c *wire.Call, ref actors.Ref[Message], build func(actors.Reply[T]) Message) {
	if err := ref.Tell(build(actors.ReplyTo(func(r T, err error) { c.Answer(r, err) }))); err != nil {
		c.Fail(err)
	}
}

func pending(p wire.NodePairRequestParams) wire.NodePending {
	return wire.NodePending{
		NodeID: p.NodeID, DisplayName: p.DisplayName, Platform: p.Platform, Version: p.Version, DeviceFamily: p.DeviceFamily,
		ModelIdentifier: p.ModelIdentifier, Caps: p.Caps, Commands: p.Commands, RemoteIP: p.RemoteIP, Silent: p.Silent,
	}
}
