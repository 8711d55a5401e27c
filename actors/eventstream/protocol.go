package eventstream

import (
	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Message is everything the event stream accepts.
type Message interface{ eventstreamMessage() }

// Publish broadcasts one encoded event. The reply comes when it has been numbered and offered to every sink.
type Publish struct {
	actors.Reply[int64] // the sequence number it got
	Name                string
	Payload             wire.Raw
	Droppable           bool
	Stamped             bool // carries stateVersion (presence and health only)
}

// PublishRun broadcasts one event of an agent run, and the chat event that follows from it. Either may be
// absent: without Stream only the chat event goes out, with the run's last number.
type PublishRun struct {
	actors.Reply[int64]
	RunID      string // the run id on the wire (protocol 4.1)
	SessionKey string
	Stream     string
	Data       wire.Raw
	Chat       *Chat
}

// Chat is the chat event derived from an agent event (protocol 4.2).
type Chat struct {
	RunID        string // the client's run id
	SessionKey   string
	State        string // delta, final, error, aborted
	Message      wire.Raw
	ErrorMessage string
}

// Sink is a connection's write queue.
type Sink interface {
	// Offer queues an encoded frame or, for a slow client, drops it or cuts the client. It never blocks. The
	// bytes are shared by all sinks and must not be changed.
	Offer(frame []byte, droppable bool)
}

// Event is an event as it goes out to everybody.
type Event struct {
	Name       string
	SessionKey string   // of agent and chat events, the session of the run; "" = none
	Payload    wire.Raw // shared, as Frame is
	Frame      []byte   // name, payload and number, encoded
	Droppable  bool     // a slow client may miss it
}

// Listener is told what an event is, and chooses.
type Listener interface {
	// Hear must not block, nor change the bytes of the event.
	Hear(e Event)
}

type tick struct{}

func (Publish) eventstreamMessage()    {}
func (PublishRun) eventstreamMessage() {}
func (tick) eventstreamMessage()       {}

// Size is what a queued event weighs.
func (p Publish) Size() int { return len(p.Payload) + 128 }

// Size is what a queued event weighs.
func (p PublishRun) Size() int {
	n := len(p.Data) + 256
	if p.Chat != nil {
		n += len(p.Chat.Message)
	}
	return n
}
