package mcp

import (
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/providers/mcp"
)

// Message is everything the supervisor accepts.
type Message interface{ mcpMessage() }

// Reload has it look at the configuration again.
type Reload struct{}

// Restart closes a server's connection, and its process, and begins anew at once.
type Restart struct {
	actors.Reply[struct{}]
	Server string
}

func (Reload) mcpMessage()  {}
func (Restart) mcpMessage() {}
func (gone) mcpMessage()    {}
func (sweep) mcpMessage()   {}

// CoalesceKey: one look is as good as many.
func (Reload) CoalesceKey() string { return "reload" }

type (
	gone  struct{ server string } // the actor of a server has stopped
	sweep struct{}                // look again: the word of a change may be lost
)

// Spec is a server as it is wanted.
type Spec struct {
	Server   mcp.Server // without Log and Changed
	Disabled string     // why it is not started; "" = it is
	Call     time.Duration
	Allow    []string // names or patterns of the server's tools; empty = all
	Deny     []string // wins
	Group    tools.Group
}

// message is what the actor of a server accepts from its supervisor and from itself.
type message interface{ serverMessage() }

type (
	begin struct{}              // start, or start over
	up    struct{ turn uint64 } // its tools are known
	ended struct {              // the connection is gone
		turn uint64
		err  error
	}
	retry struct{ turn uint64 }
	check struct{} // is everything as it should be?
)

func (begin) serverMessage() {}
func (up) serverMessage()    {}
func (ended) serverMessage() {}
func (retry) serverMessage() {}
func (check) serverMessage() {}

// CoalesceKey: one beginning is as good as many.
func (begin) CoalesceKey() string { return "begin" }

// Phase is how a server is.
type Phase string

// Phases of a server.
const (
	Disabled Phase = "disabled"
	Starting Phase = "starting"
	Up       Phase = "up"
	Backoff  Phase = "backoff" // it failed, and is tried again at NextAt
)

// State is how a server is, for people.
type State struct {
	Name     string
	HTTP     bool
	Phase    Phase
	Reason   string   // why it is not up
	Problems []string // what is wrong with its tools
	About    mcp.About
	Tools    []string // as models call them
	Since    int64    // ms; when the phase began
	NextAt   int64    // ms; of the next try, 0 = there is none
	Failures int      // in a row
	Starts   int
	Calls    int // that are under way
}
