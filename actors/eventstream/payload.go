package eventstream

import (
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// agentPayload is the body of an agent event; number 0 leaves seq out, as notices do (protocol 4.1).
func agentPayload(m PublishRun, number int64) wire.Raw {
	return encode(wire.AgentEvent{
		RunID: m.RunID, Seq: number, Stream: m.Stream, TS: time.Now().UnixMilli(), Data: m.Data, SessionKey: m.SessionKey,
	})
}

// chatEvent is wire.ChatEvent with a message that is encoded already.
type chatEvent struct {
	RunID        string   `json:"runId"`
	SessionKey   string   `json:"sessionKey"`
	Seq          int64    `json:"seq"`
	State        string   `json:"state"`
	Message      wire.Raw `json:"message,omitzero"`
	ErrorMessage string   `json:"errorMessage,omitempty"`
}

// chatPayload is the body of a chat event (protocol 4.2).
func chatPayload(c *Chat, number int64) wire.Raw {
	return encode(chatEvent{c.RunID, c.SessionKey, number, c.State, c.Message, c.ErrorMessage})
}

// encode cannot fail for these types: their only free parts are bytes that were encoded before.
func encode(v any) wire.Raw {
	b, err := wire.Marshal(v)
	if err != nil {
		return wire.Raw("{}")
	}
	return b
}
