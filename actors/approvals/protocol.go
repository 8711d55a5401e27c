package approvals

import (
	"slices"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/transport/wire"
)

// Options for the actor. All are required but Now.
type Options struct {
	Store  *store.Store
	Stream eventstream.Stream
	State  *State
	// Settings are what the configuration in force says. It must not block.
	Settings func() Settings
	Now      func() time.Time // nil = time.Now
}

// Settings are agent.tools.exec.
type Settings struct {
	Security string   // deny, allowlist, full: what runs that nobody is asked about
	Ask      string   // off, on-miss, always
	Allow    []string // commands that are listed
	Timeout  time.Duration
}

// Decisions of people.
const (
	AllowOnce   = "allow-once"
	AllowAlways = "allow-always"
	Deny        = "deny"
)

// Message is everything the actor "approvals" accepts.
type Message interface{ approvalsMessage() }

// Ask puts a question, or asks what became of it: ID names it. The answer comes when there is one.
type Ask struct {
	actors.Reply[Verdict]
	ID      string
	Caller  tools.Caller
	Request tools.ExecRequest
	// Must: somebody is asked also where the settings ask about nothing, unless the command is listed.
	Must bool
}

// Verdict is the answer. Reason says why not.
type Verdict struct {
	Allowed bool
	Reason  string
}

// Withdraw ends a question whose run has ended.
type Withdraw struct{ ID string }

// Resolve answers a question.
type Resolve struct {
	actors.Reply[wire.ExecApprovalResolved]
	ID, Decision, By string
}

// List asks for what waits and what is allowed.
type List struct {
	actors.Reply[wire.ExecApprovalsListResult]
}

// Forget takes a command off the list of those that are always allowed.
type Forget struct {
	actors.Reply[wire.ExecAllowed]
	ID string
}

type (
	tick   struct{}
	loaded struct {
		allowed []wire.ExecAllowed
		err     error
	}
	saved struct {
		version int
		err     error
	}
)

func (Ask) approvalsMessage()      {}
func (Withdraw) approvalsMessage() {}
func (Resolve) approvalsMessage()  {}
func (List) approvalsMessage()     {}
func (Forget) approvalsMessage()   {}
func (tick) approvalsMessage()     {}
func (loaded) approvalsMessage()   {}
func (saved) approvalsMessage()    {}

// Size counts the command against the mailbox.
func (a Ask) Size() int {
	n := 512 + len(a.Request.Command)
	for _, s := range slices.Concat(a.Request.Argv, a.Request.Env) {
		n += len(s)
	}
	return n
}
