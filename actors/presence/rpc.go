package presence

import (
	"strings"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Methods answers system-presence and system-event (protocol 3.2).
func Methods(ref actors.Ref[Message]) wire.Table {
	return wire.Table{
		wire.Loose("system-presence", func(c *wire.Call) {
			reply := actors.ReplyTo(func(l wire.Raw, err error) { c.Answer(l, err) })
			if err := ref.Tell(List{reply}); err != nil {
				c.Fail(err)
			}
		}),
		wire.Loose("system-event", func(c *wire.Call) { systemEvent(ref, c) }),
	}
}

// systemEvent reads its params by hand: a field of the wrong type counts as absent, never as an error.
func systemEvent(ref actors.Ref[Message], c *wire.Call) {
	var p map[string]any
	if wire.Unmarshal(c.Params, &p) != nil {
		p = nil
	}
	str := func(k string) string { s, _ := p[k].(string); return strings.TrimSpace(s) }
	text := str("text")
	if text == "" {
		c.Fail(wire.InvalidRequest("text required"))
		return
	}
	f := wire.PresenceEntry{
		InstanceID: str("instanceId"), Host: str("host"), IP: str("ip"), Mode: str("mode"), Version: str("version"),
		Platform: str("platform"), DeviceFamily: str("deviceFamily"), ModelIdentifier: str("modelIdentifier"), Reason: str("reason"),
	}
	if n, ok := p["lastInputSeconds"].(float64); ok {
		whole := int64(n) // the apps decode it as an integer
		f.LastInputSeconds = &whole
	}
	reply := actors.ReplyTo(func(_ struct{}, err error) { c.Answer(wire.OKResult{OK: true}, err) })
	if err := ref.Tell(Report{Reply: reply, Text: text, Fields: f}); err != nil {
		c.Fail(err)
	}
}
