package codeagent

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/clawdbot/gateway/providers/child"
)

// Program says what to start.
type Program struct {
	Name    string // for logs
	Command string
	Args    []string
	Env     []string // its whole environment, "NAME=value"
	Dir     string   // where it works; absolute
	Keep    child.Keep
	Start   time.Duration // how long it may take until it takes a message; 0 = 60 s
	Version string        // of the gateway, for those who ask
	Log     *slog.Logger
}

// Turn is what an agent is asked to do.
type Turn struct {
	Message string
	Images  []Image
	// Resume names the agent's own session that is to go on; "" = a new one.
	Resume string
	// Fresh stands in front of the message in a new session, Missed in one that goes on.
	Fresh, Missed string
	Thinking      string // off, minimal, low, medium, high; "" = as the agent likes
}

// Image is a picture of the message.
type Image struct {
	MIME string
	Data []byte
}

// Run has a program started for one turn. It returns when the turn has ended, or soon (Farewell) after ctx ended, with what is
// known then. The process is ended with all that it has started; Result.Gone tells when it is gone.
type Run func(ctx context.Context, p Program, t Turn, h Host) (Result, error)

// Protocol is a way to talk to agents.
type Protocol struct {
	Kind string // as the configuration has it
	Run  Run
}

// Farewell is what an agent has to end a turn by itself that is not wanted any more.
const Farewell = 60 * time.Millisecond

// Host is who has an agent work. Hear is called from one goroutine and in order, the others from any.
type Host interface {
	Hear(e Event)
	// Permit asks whether the agent may do something. It waits for the answer; the error is that of ctx.
	Permit(ctx context.Context, q Question) (allowed bool, err error)
	// ReadFile and WriteFile serve the files of the workspace, to agents that ask for them. path is absolute, or relative
	// to the workspace. Errors that there is no such file wrap fs.ErrNotExist.
	ReadFile(ctx context.Context, path string) (string, error)
	WriteFile(ctx context.Context, path, text string) error
}

// Event is something an agent does.
type Event interface{ event() }

type (
	// Text is a piece of what it says, Thought of what it thinks.
	Text    string
	Thought string
	// Call is a tool that it uses. Args is a JSON object, or nothing.
	Call struct {
		ID, Name string
		Args     json.RawMessage
	}
	// Progress is what there is of the result so far.
	Progress struct{ ID, Text string }
	// Done is the result.
	Done struct {
		ID, Text string
		Failed   bool
	}
	// Plan is what it means to do. It takes the place of the plan before it.
	Plan []Step
	// Step is one of a plan. Status is pending, in_progress or completed.
	Step struct {
		Text   string `json:"text"`
		Status string `json:"status"`
	}
	// Session is the name of its own session, under which it goes on another time. Resumed: it did go on.
	Session struct {
		ID      string
		Resumed bool
	}
)

func (Text) event()     {}
func (Thought) event()  {}
func (Call) event()     {}
func (Progress) event() {}
func (Done) event()     {}
func (Plan) event()     {}
func (Session) event()  {}

// Question is something that an agent wants to be allowed.
type Question struct {
	Kind    string // execute, edit, delete, ...; as the agent says
	Title   string
	Command string          // the line for the shell, where it is one
	Args    json.RawMessage // everything else; nil = nothing
}

// Result is the end of a turn.
type Result struct {
	Stop    string // "length" = it was cut short; "" = it was not
	Usage   Usage  // of the whole turn
	Context int64  // tokens in the agent's context window now; 0 = not known
	Cost    float64
	Priced  bool // Cost is all of it, in US dollars
	// Gone is closed when the process and everything it has started is gone; nil = it was never started.
	Gone <-chan struct{}
}

// Usage counts tokens; zero where the agent does not say.
type Usage struct{ Input, Output, CacheRead, CacheWrite int64 }

// Errors that Run wraps.
var (
	ErrMissing = errors.New("no such program") // or it may not be run
	ErrFlood   = errors.New("it says too much")
)

// Limits on what an agent may say. More ends its turn.
const (
	MaxMessage = 9 << 20   // bytes of one message
	MaxText    = 256 << 10 // bytes of what it says, and of what it thinks, in one turn: each event has all of it, and a client may be slow
	MaxCalls   = 2000      // of one turn
	MaxResult  = 64 << 10
	perSecond  = 10_000 // messages
	maxNoise   = 200    // lines in a minute that are no message
)

// Clip bounds a text in bytes.
func Clip(s string, n int) string { return child.Clip(s, n) }
