package node

import (
	"strings"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Methods answers node.list, node.describe, node.rename and node.invoke (protocol 3.12), talk.mode and voicewake.* (3.16).
func Methods(ref actors.Ref[Message], o Options) wire.Table {
	return wire.Table{
		wire.Strict("node.list", func(c *wire.Call, _ wire.NoParams) {
			ask(c, ref, func(r actors.Reply[wire.NodeListResult]) Message { return List{r} })
		}),
		wire.Strict("node.describe", func(c *wire.Call, p wire.NodeDescribeParams) {
			id := strings.TrimSpace(p.NodeID)
			if id == "" {
				c.Fail(wire.InvalidRequest("nodeId required"))
				return
			}
			ask(c, ref, func(r actors.Reply[wire.NodeDescribeResult]) Message { return Describe{r, id} })
		}),
		wire.Strict("node.rename", func(c *wire.Call, p wire.NodeRenameParams) {
			name := strings.TrimSpace(p.DisplayName)
			if name == "" {
				c.Fail(wire.InvalidRequest("displayName required"))
				return
			}
			ask(c, ref, func(r actors.Reply[wire.NodeRenameResult]) Message {
				return Rename{r, strings.TrimSpace(p.NodeID), name}
			})
		}),
		wire.Strict("node.invoke", func(c *wire.Call, p wire.NodeInvokeParams) { invoke(c, o, p) }),
		wire.Loose("talk.mode", func(c *wire.Call) { talkMode(c, ref, o) }),
		wire.Loose("voicewake.get", func(c *wire.Call) {
			ask(c, ref, func(r actors.Reply[wire.Voicewake]) Message { return Triggers{r} })
		}),
		wire.Loose("voicewake.set", func(c *wire.Call) {
			var p struct {
				Triggers any `json:"triggers"`
			}
			given, isList := []any(nil), false
			if wire.Unmarshal(c.Params, &p) == nil {
				given, isList = p.Triggers.([]any)
			}
			if !isList {
				c.Fail(wire.InvalidRequest("voicewake.set requires triggers: string[]"))
				return
			}
			ask(c, ref, func(r actors.Reply[wire.Voicewake]) Message { return SetTriggers{r, given} })
		}),
	}
}

// ask puts a call to the actor and answers it with the reply.
func ask[T any](c *wire.Call, ref actors.Ref[Message], build func(actors.Reply[T]) Message) {
	if err := ref.Tell(build(actors.ReplyTo(func(r T, err error) { c.Answer(r, err) }))); err != nil {
		c.Fail(err)
	}
}

func invoke(c *wire.Call, o Options, p wire.NodeInvokeParams) {
	p.NodeID, p.Command = strings.TrimSpace(p.NodeID), strings.TrimSpace(p.Command)
	switch {
	case o.Bridge == nil:
		c.Fail(wire.Unavailable("bridge not running"))
	case p.NodeID == "" || p.Command == "":
		c.Fail(wire.InvalidRequest("nodeId and command required"))
	case !o.isConnected(p.NodeID):
		c.Fail(wire.Unavailable("Error: UNAVAILABLE: node not connected (%s)", p.NodeID))
	default:
		o.Bridge.Invoke(c, p)
	}
}

func (o *Options) isConnected(id string) bool {
	for _, l := range o.connected() {
		if l.NodeID == id {
			return true
		}
	}
	return false
}

// talkMode checks its own params: whether anybody can talk comes first.
func talkMode(c *wire.Call, ref actors.Ref[Message], o Options) {
	webchat := c.Peer.Mode == "webchat" || c.Peer.Name == "webchat-ui"
	if webchat && !o.talksHere() {
		c.Fail(wire.Unavailable("talk disabled: no connected iOS/Android nodes"))
		return
	}
	if err := wire.Validate(c.Method, c.Params); err != nil {
		c.Fail(err)
		return
	}
	var p wire.TalkModeParams
	if err := wire.Unmarshal(c.Params, &p); err != nil {
		c.Fail(wire.InvalidRequest("invalid %s params: %v", c.Method, err))
		return
	}
	ask(c, ref, func(r actors.Reply[wire.TalkMode]) Message { return Talk{r, p} })
}
