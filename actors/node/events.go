package node

import (
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// maxSaid is the longest text that a node may have the agent told, in UTF-16 units.
const maxSaid = 20_000

// onSaid does what an event of the node asks for (bridge-canvas 1.11). Unknown events and such without a payload are
// ignored.
func (n *node) onSaid(c *actors.Context[NodeMessage], m Said) {
	if m.Socket != n.socket || m.PayloadJSON == nil {
		return
	}
	var p map[string]any
	if payload := []byte(*m.PayloadJSON); wire.Valid(payload) != nil || wire.Unmarshal(payload, &p) != nil || p == nil {
		return
	}
	switch m.Event {
	case "chat.subscribe", "chat.unsubscribe":
		key, _ := p["sessionKey"].(string)
		if key = strings.TrimSpace(key); key == "" {
			return
		}
		if m.Event == "chat.unsubscribe" {
			n.o.Directory.unfollow(n.id, n.socket, key)
			return
		}
		if !n.o.Directory.follow(n.id, n.socket, key) {
			n.socket.Refuse(wire.InvalidRequest("chat.subscribe: at most %d sessions", maxFollowed))
			return
		}
		n.o.Subscribed()
	case "voice.transcript":
		n.onVoice(c, m.Key, p)
	case "agent.request":
		if err := n.onRequest(c, m.Key, p); err != nil {
			n.socket.Refuse(err)
		}
	}
}

// said is a text of a node that may be passed on; "" = it may not.
func said(v any) string {
	s, _ := v.(string)
	s = strings.TrimSpace(s)
	if len(s) > maxSaid && len(utf16.Encode([]rune(s))) > maxSaid {
		return ""
	}
	return s
}

// onVoice is what a person said to the node: a chat of its session, which clients see as "voice-" and an id.
func (n *node) onVoice(c *actors.Context[NodeMessage], once string, p map[string]any) {
	text := said(p["text"])
	if text == "" {
		return
	}
	key, _ := p["sessionKey"].(string)
	if key = strings.TrimSpace(key); key == "" {
		key = n.o.MainKey()
	}
	method, ok := n.o.Method("chat.send")
	if !ok {
		return
	}
	params, err := wire.Marshal(wire.ChatSendParams{
		SessionKey: key, Message: text, Thinking: "low", IdempotencyKey: "voice-" + once,
	})
	if err != nil {
		c.Log().Warn("voice transcript not passed on", "err", err)
		return
	}
	method.Handle(n.unanswered(c, once, "chat.send", params))
}

// surfaces are those that an agent.request may have its answer sent to.
var surfaces = []string{"whatsapp", "telegram", "signal", "imessage"}

// onRequest is a run that the node asks for: a tap on its canvas, a link that was opened on it.
func (n *node) onRequest(c *actors.Context[NodeMessage], once string, p map[string]any) *wire.Error {
	for _, name := range []string{"message", "sessionKey", "thinking", "channel", "to"} {
		if _, isText := p[name].(string); p[name] != nil && !isText {
			return wire.InvalidRequest("agent.request: %s must be a string", name)
		}
	}
	text := func(name string) string {
		s, _ := p[name].(string)
		return strings.TrimSpace(s)
	}
	r := Request{Message: said(p["message"]), SessionKey: text("sessionKey"), Thinking: text("thinking")}
	if r.Message == "" {
		return nil
	}
	if r.SessionKey == "" {
		r.SessionKey = "node-" + n.id
	}
	if channel := strings.ToLower(text("channel")); p["deliver"] == true && slices.Contains(surfaces, channel) {
		r.Deliver, r.Channel, r.To = true, channel, text("to")
	}
	if seconds, ok := p["timeoutSeconds"].(float64); ok && seconds > 0 && seconds < 1e6 {
		whole := int64(seconds)
		r.TimeoutSeconds = &whole
	}
	n.o.Request(n.unanswered(c, once, "agent.request", nil), r)
	return nil
}

// unanswered is a call whose answer nobody waits for.
func (n *node) unanswered(c *actors.Context[NodeMessage], once, method string, params []byte) *wire.Call {
	log, id := c.Log(), n.id
	return &wire.Call{
		ID: once, Method: method, Params: params, Peer: n.peer(),
		Respond: func(r wire.Result) {
			if r.Err != nil {
				log.Warn("what a node asked for has failed", "node", id, "event", method, "err", r.Err)
			}
		},
	}
}
