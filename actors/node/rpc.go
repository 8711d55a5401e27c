package node

import (
	"strings"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
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
		wire.Strict("node.invoke", func(c *wire.Call, p wire.NodeInvokeParams) { invoke(c, ref, o, p) }),
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

func invoke(c *wire.Call, ref actors.Ref[Message], o Options, p wire.NodeInvokeParams) {
	p.NodeID, p.Command = strings.TrimSpace(p.NodeID), strings.TrimSpace(p.Command)
	switch {
	case o.Running == nil || !o.Running():
		c.Fail(wire.Unavailable("bridge not running"))
		return
	case p.NodeID == "" || p.Command == "":
		c.Fail(wire.InvalidRequest("nodeId and command required"))
		return
	}
	if c.Hold != nil {
		c.Hold() // it may take as long as its caller says
	}
	reply := actors.ReplyTo(func(out store.Outcome, err error) {
		if err != nil {
			c.Fail(err)
			return
		}
		c.Respond(result(out))
	})
	if err := ref.Tell(Invoke{Reply: reply, Params: p}); err != nil {
		c.Fail(err)
	}
}

// result is the answer that an outcome stands for.
func result(o store.Outcome) wire.Result {
	if o.OK {
		return wire.Result{Payload: wire.Raw(o.Payload)}
	}
	e := &wire.Error{}
	if err := wire.Unmarshal(o.Error, e); err != nil {
		e = wire.Unavailable("Error: the outcome cannot be read")
	}
	return wire.Result{Err: e}
}

// talkMode checks its own params: whether anybody can talk comes first.
func talkMode(c *wire.Call, ref actors.Ref[Message], o Options) {
	webchat := c.Peer.Mode == "webchat" || c.Peer.Name == "webchat-ui"
	if webchat && !o.Directory.talksHere() {
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
