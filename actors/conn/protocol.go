package conn

import (
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// ConnsMessage is everything the supervisor accepts.
type ConnsMessage interface{ connsMessage() }

// Open starts the actor of a connection whose handshake succeeded.
type Open struct {
	actors.Reply[actors.Ref[Message]]
	Socket    Socket
	Peer      wire.Peer
	ConnectID string // the id of the connect request, which hello answers
	CanvasURL string // the canvas's address for this client; "" = there is none
}

// Count asks how many connections there are.
type Count struct{ actors.Reply[int] }

// gone says that a connection's actor has stopped.
type gone struct{}

func (Open) connsMessage()  {}
func (Count) connsMessage() {}
func (gone) connsMessage()  {}

// Message is everything a connection's actor accepts.
type Message interface{ connMessage() }

// Request is one frame from the client, already checked against the schema of its method. NewRequest makes it. When
// the socket is gone, the connection's actor is drained.
type Request struct {
	actors.Reply[struct{}] // sent when the actor has taken the call over
	frame                  *wire.Request
	call                   *pending
}

// NewRequest makes a request that is answered also when it never arrives.
func NewRequest(s Socket, frame *wire.Request) Request {
	p := &pending{socket: s, id: wire.QuoteID(frame.ID), since: time.Now()}
	return Request{frame: frame, call: p, Reply: actors.ReplyTo(func(_ struct{}, err error) {
		if err != nil {
			p.refuse(err)
		}
	})}
}

type (
	present struct { // the presence list that goes into hello
		list []wire.PresenceEntry
		err  error
	}
	healthy struct { // the health snapshot that goes into hello
		snapshot wire.Raw
		err      error
	}
	sweep    struct{} // look for calls that nobody answers
	helloDue struct{} // hello could not be put together in time
)

func (Request) connMessage()  {}
func (present) connMessage()  {}
func (healthy) connMessage()  {}
func (sweep) connMessage()    {}
func (helloDue) connMessage() {}

// Size is what a queued request weighs.
func (r Request) Size() int { return len(r.frame.Params) + 256 }

// Socket is what a connection's actor needs of the edge. All methods may be called from any goroutine and none
// blocks.
type Socket interface {
	// Hello queues the hello response: the first frame of the connection, before any event.
	Hello(frame []byte)
	// Send queues a response. Responses are never dropped.
	Send(frame []byte)
	// Offer queues an event; see eventstream.Sink.
	Offer(frame []byte, droppable bool)
	// Done says that a request has its last answer: the edge reads on when enough are done.
	Done()
	// Close closes with a code after what is queued has been written.
	Close(code wire.CloseCode, reason string)
}
