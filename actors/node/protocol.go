package node

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// Message is everything the actor "nodes" accepts.
type Message interface{ nodesMessage() }

// List asks for all nodes, connected ones first.
type List struct {
	actors.Reply[wire.NodeListResult]
}

// Describe asks for one node.
type Describe struct {
	actors.Reply[wire.NodeDescribeResult]
	NodeID string
}

// Rename gives a paired node a name. A connected one keeps the old name until it connects again.
type Rename struct {
	actors.Reply[wire.NodeRenameResult]
	NodeID, Name string
}

// Talk broadcasts that talk mode goes on or off.
type Talk struct {
	actors.Reply[wire.TalkMode]
	Params wire.TalkModeParams
}

// Triggers asks for the wake words.
type Triggers struct{ actors.Reply[wire.Voicewake] }

// SetTriggers stores the wake words and tells every client and node.
type SetTriggers struct {
	actors.Reply[wire.Voicewake]
	Triggers []any
}

// Invoke has a node carry out a command. It is answered when the node has answered, its connection has ended or the time
// is over; of a key that was used before, with the outcome of the first call.
type Invoke struct {
	actors.Reply[store.Outcome]
	Params wire.NodeInvokeParams // ids trimmed and not empty
}

// Attach makes a connection that of a node, whose token has been checked. An older one of the node is closed. The reply
// comes when the node is connected and hello-ok is queued. Use Connect.
type Attach struct {
	actors.Reply[actors.Ref[NodeMessage]]
	Live   Live
	Socket Socket
	words  wakeState
}

// TokenChanged says that a node's token may have been replaced or taken away: a connection that was opened with another
// one is closed.
type TokenChanged struct{ NodeID string }

// Check has every connection looked at: the machine has slept, say, and those whose node does not answer are closed.
type Check struct{}

type (
	done    struct{} // the end of work off the actor; its answer has been given
	started struct { // a node is connected: what waits for it may go out
		id string
	}
	gone struct { // a node's actor has stopped
		id  string
		ref actors.Ref[NodeMessage]
	}
	claimed struct { // the store has said what there is of a key
		key   string
		join  uint64
		found claim
		err   error
	}
	ran struct { // a node's actor is done with an invoke
		key    string
		join   uint64
		result Ran
		err    error
	}
	settled struct { // the outcome is on disk, or could not be put there
		key     string
		join    uint64
		outcome store.Outcome
		err     error
	}
	taken struct { // what waited for a node
		id   string
		list []letter
	}
	overdue struct { // a word of an invoke must have been lost
		key  string
		join uint64
	}
)

func (List) nodesMessage()         {}
func (Describe) nodesMessage()     {}
func (Rename) nodesMessage()       {}
func (Talk) nodesMessage()         {}
func (Triggers) nodesMessage()     {}
func (SetTriggers) nodesMessage()  {}
func (Invoke) nodesMessage()       {}
func (Attach) nodesMessage()       {}
func (TokenChanged) nodesMessage() {}
func (Check) nodesMessage()        {}
func (done) nodesMessage()         {}
func (started) nodesMessage()      {}
func (gone) nodesMessage()         {}
func (claimed) nodesMessage()      {}
func (ran) nodesMessage()          {}
func (settled) nodesMessage()      {}
func (taken) nodesMessage()        {}
func (overdue) nodesMessage()      {}

// NodeMessage is everything that the actor of one connected node accepts.
type NodeMessage interface{ nodeMessage() }

// Run has the node carry out a command. The reply says that it was taken over; a failed one, that the node was not told.
type Run struct {
	actors.Reply[struct{}]
	ID, Command string
	ParamsJSON  *string // JSON text; nil = none
	Timeout     time.Duration
	// Done gets the node's answer, or why there is none. It is called once if Run was taken over, and must not block.
	Done func(Ran, error)
}

// Ran is a node's answer to an invoke.
type Ran struct {
	PayloadJSON *string
	Refused     bool            // the node says that it did not work,
	Err         *wire.NodeError // and why; nil = it does not say
}

// Answered is the node's answer to the invoke with this id.
type Answered struct {
	Socket Socket
	ID     string
	Ran
}

// Call is a request of the node. NewCall makes it.
type Call struct {
	actors.Reply[struct{}] // sent when the actor has it; a failed one answers the node

	Socket     Socket
	ID, Method string
	ParamsJSON *string
	done       func()       // gives back what it holds of the edge
	begun      *atomic.Bool // a doubled message changes nothing
}

// NewCall makes a call that is answered also when it never arrives. done is called once it has its answer, or nobody
// waits for that any more.
func NewCall(s Socket, id, method string, paramsJSON *string, done func()) Call {
	done = sync.OnceFunc(done)
	lost := actors.ReplyTo(func(_ struct{}, err error) {
		if err != nil {
			s.Respond(id, wire.Result{Err: wire.AsError(err)})
			done()
		}
	})
	return Call{lost, s, id, method, paramsJSON, done, new(atomic.Bool)}
}

// Said is an event of the node. What follows from it follows once for each Key, which is unique.
type Said struct {
	Socket      Socket
	Key, Event  string
	PayloadJSON *string
}

// Detach says that a connection is over, or another node's.
type Detach struct{ Socket Socket }

type (
	attach  struct{ Attach }
	beat    struct{}             // the node's presence is told again
	expired struct{ id string }  // nobody waits for an invoke any longer
	sweep   struct{}             // calls that nobody has answered are answered
	recheck struct{}             // is the token still the one that was used?
	answer  struct{}             // the node is to show that it is there
	checked struct{ valid bool } // and it is, or is not
	late    struct{ call *call } // a chat.send is answered before its run has ended
)

func (Run) nodeMessage()      {}
func (Answered) nodeMessage() {}
func (Call) nodeMessage()     {}
func (Said) nodeMessage()     {}
func (Detach) nodeMessage()   {}
func (attach) nodeMessage()   {}
func (beat) nodeMessage()     {}
func (expired) nodeMessage()  {}
func (sweep) nodeMessage()    {}
func (recheck) nodeMessage()  {}
func (answer) nodeMessage()   {}
func (checked) nodeMessage()  {}
func (late) nodeMessage()     {}

// Size is what a queued answer weighs.
func (m Answered) Size() int { return 128 + length(m.PayloadJSON) }

// Size is what a queued request weighs.
func (m Call) Size() int { return 128 + length(m.ParamsJSON) }

// Size is what a queued event weighs.
func (m Said) Size() int { return 128 + length(m.PayloadJSON) }

// Size is what a queued invoke weighs.
func (m Run) Size() int { return 128 + length(m.ParamsJSON) }

// Size is what a queued invoke weighs.
func (m Invoke) Size() int { return 256 + len(m.Params.Params) }

// Size is what a queued answer weighs.
func (m ran) Size() int { return 128 + length(m.result.PayloadJSON) }

// Size is what a queued outcome weighs.
func (m settled) Size() int { return 128 + len(m.outcome.Payload) + len(m.outcome.Error) }

func length(s *string) int {
	if s == nil {
		return 0
	}
	return len(*s)
}

// Socket is what the actor of a node needs of the edge. Its functions are called from any goroutine and do not block.
// Two are equal when they are the same connection.
type Socket interface {
	// Welcome queues the first lines of the connection: hello-ok, and voicewake.changed with these words.
	Welcome(words wire.Voicewake) bool
	// Invoke queues a command. False: the connection is over, and the node will not see it.
	Invoke(id, command string, paramsJSON *string) bool
	// Respond queues the answer to a request of the node.
	Respond(id string, r wire.Result)
	// Refuse queues an error that answers no request.
	Refuse(e *wire.Error)
	// Offer queues the encoded line of an event, which a slow node may miss when it is droppable.
	Offer(line []byte, droppable bool) bool
	// Check closes the connection if the node does not say anything within limit; it is asked to.
	Check(limit time.Duration)
	// Ended says that the connection is over.
	Ended() bool
	// Close ends the connection at once.
	Close()
}

// Live is a connected node: what it said of itself, and what was stored of it. What is empty or nil is not known.
type Live struct {
	NodeID, DisplayName, Platform, Version, DeviceFamily, ModelIdentifier, RemoteIP string
	Caps, Commands                                                                  []string
	Permissions                                                                     map[string]bool
	Loopback                                                                        bool   // the connection comes from this host
	TokenHash                                                                       []byte // of the token that it was opened with
}
