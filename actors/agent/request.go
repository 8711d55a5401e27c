package agent

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// Request is what an accepted run has to do. It is stored with the run, so that a restart can do it.
type Request struct {
	Message  string `json:"message"`
	Plain    string `json:"plain,omitempty"` // the message without its envelope; empty = Message
	Thinking string `json:"thinking,omitempty"`
	System   string `json:"system,omitempty"`
	// Model is who is to answer where the session has no model of its own, as a person names it; "" = the default.
	Model string `json:"model,omitempty"`
	// Timeout in seconds: nil = the configured one, 0 or less fails the run (protocol 3.6).
	Timeout  *int64 `json:"timeout,omitempty"`
	Operator bool   `json:"operator,omitempty"`
	// Owner: the message comes from somebody on the surface's allowlist who writes directly. Sender is the platform's id of who
	// wrote it; Elevated that elevated mode was on for them.
	Owner    bool   `json:"owner,omitempty"`
	Elevated bool   `json:"elevated,omitempty"`
	Sender   string `json:"sender,omitempty"`
	// Foreign: the turn has been told something by people with other rights than those that it began with.
	Foreign bool `json:"foreign,omitempty"`
	// Deliver sends the answer along the run's Route too.
	Deliver bool `json:"deliver,omitempty"`
	// BestEffort: a route that nothing can deliver to does not fail the run.
	BestEffort bool   `json:"bestEffort,omitempty"`
	To         string `json:"to,omitempty"`
	NewSession bool   `json:"newSession,omitempty"`
	// ReceivedAt is when the message came in, in milliseconds; 0 where it is no surface's.
	ReceivedAt int64 `json:"receivedAt,omitempty"`
	// Audio are files of speech that came with the message; its text may be written down from them before the turn.
	Audio []string `json:"audio,omitempty"`
	// Images are files of pictures that came with the message.
	Images []string `json:"images,omitempty"`
	// Behalf: another run has asked for this one.
	Behalf *Behalf `json:"behalf,omitempty"`
	// Unasked: the message is of a group and not for the agent in particular. It may have nothing to say to it.
	Unasked bool `json:"unasked,omitempty"`
	// Problem is a mistake found at acceptance that the reference reports only in the final frame.
	Problem string `json:"problem,omitempty"`
}

// Share takes rights from a request that carries another's words, too: what is left is what both have.
func (r *Request) Share(o Request) {
	r.Operator = r.Operator && o.Operator
	r.Owner = r.Owner && o.Owner && r.Sender == o.Sender
	r.Elevated = r.Elevated && o.Elevated
}

// Job is a run on its way: what the store holds, decoded.
type Job struct {
	ID          string // primary key of the run: "agent:<key>", "chat:<key>", "in:<...>"
	EventRunID  string // the run id on the wire (protocol 4.1)
	ChatRunID   string // the run id of its chat events; empty = EventRunID
	Kind        Kind
	SessionKey  string
	SessionID   string
	NewSession  bool
	Request     Request
	Route       *providers.Route // where the answer goes besides the clients; nil = nowhere
	IdemScope   string           // scope and key of the idempotency record that the end settles; empty = none
	IdemKey     string
	AcceptedAt  int64
	StartedAt   int64
	History     []wire.Raw
	HistoryIDs  []int64  // of the lines of History
	Merged      []Job    // whose messages are part of this one's, and that have no turn of their own
	Notes       []string // system events of the main session
	Model       string   // as Turn has it, like the two after it
	Fallbacks   []string
	ImageModels []string
	Session     SessionRights
}

// SessionRights are what a session's own settings say of tools.
type SessionRights struct {
	Allow    []string `json:"allow,omitempty"` // names, as in agent.tools
	Deny     []string `json:"deny,omitempty"`
	Elevated string   `json:"elevated,omitempty"` // on, off; "" = as configured
}

// WireID is what clients know a run by that no call of theirs has made: the same after a restart (protocol 4.1).
func WireID(runID string) string { return uuid.NewSHA1(uuid.NameSpaceOID, []byte(runID)).String() }

// Kind is where a run comes from.
type Kind string

// Kinds of runs.
const (
	KindAgent   Kind = "agent"   // the agent method
	KindChat    Kind = "chat"    // chat.send
	KindInbound Kind = "inbound" // a message on a surface
	KindNode    Kind = "node"    // agent.request of a device node
	KindSub     Kind = "sub"     // the task of a sub-agent
	KindReport  Kind = "report"  // what became of it, for the session that asked
)

// jobEvents tells whether runs of this kind emit job events (protocol 4.1).
func (k Kind) jobEvents() bool { return k == KindAgent || k == KindChat || k == KindNode }

// State is how a run ended.
type State string

// Terminal states of a run.
const (
	Done    State = "done"
	Failed  State = "error"
	Aborted State = "aborted"
)

// Ended tells what became of a run.
type Ended struct {
	Job     Job
	State   State
	Err     string // S(err) of the reference, "Error: ..."; empty unless Failed
	EndedAt int64
	Details any   // of the error, for its caller
	Steered []Job // whose messages the run has taken: its end, if it is Done, is theirs too

	// Model is who answered, as provider/model, Stop why the answer ended, and Spent what the turn took; empty where that is not
	// known.
	Model string
	Stop  string
	Spent Spent
}

// Reasons why a run was stopped before its end; a Runner sees them as context.Cause.
var (
	ErrAborted     = errors.New("aborted")
	ErrTimeout     = errors.New("timed out")
	ErrInterrupted = errors.New("the gateway stopped while the run was in progress")
)

// DefaultTimeout is used while nothing is configured (protocol 3.6).
const DefaultTimeout = 600 * time.Second
