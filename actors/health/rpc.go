package health

import (
	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Methods answers health, status, last-heartbeat and set-heartbeats (protocol 3.1, 3.3).
func Methods(ref actors.Ref[Message]) wire.Table {
	return wire.Table{
		wire.Loose("health", func(c *wire.Call) {
			tell(c, ref, Get{actors.ReplyTo(func(s wire.Raw, err error) { c.Answer(s, err) })})
		}),
		wire.Loose("status", func(c *wire.Call) {
			tell(c, ref, Status{actors.ReplyTo(func(s wire.StatusSummary, err error) { c.Answer(s, err) })})
		}),
		wire.Loose("last-heartbeat", func(c *wire.Call) {
			tell(c, ref, LastHeartbeat{actors.ReplyTo(func(h *wire.HeartbeatEvent, err error) {
				if h == nil {
					c.Answer(wire.Raw("null"), err)
					return
				}
				c.Answer(h, err)
			})})
		}),
		wire.Loose("set-heartbeats", func(c *wire.Call) {
			var p struct {
				Enabled *bool `json:"enabled"`
			}
			if wire.Unmarshal(c.Params, &p) != nil || p.Enabled == nil {
				c.Fail(wire.InvalidRequest("invalid set-heartbeats params: enabled (boolean) required"))
				return
			}
			tell(c, ref, SetHeartbeats{Enabled: *p.Enabled, Reply: actors.ReplyTo(func(on bool, err error) {
				c.Answer(wire.SetHeartbeatsResult{OK: true, Enabled: on}, err)
			})})
		}),
	}
}

func tell(c *wire.Call, ref actors.Ref[Message], m Message) {
	if err := ref.Tell(m); err != nil {
		c.Fail(err)
	}
}
