package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/process"
)

// Message is everything the actor accepts.
type Message interface{ jobsMessage() }

// Start has a command run and answers when it does. The error may be a *process.StartError or wrap ErrTooMany.
type Start struct {
	actors.Reply[*Job]
	Spec Spec
}

// Spec is a command and what it is bound to.
type Spec struct {
	// ID is unique: what is told twice is run once. See NewID.
	ID string
	// With ends with the run that the job belongs to, and then so does the job. Required.
	With    context.Context
	Session string // key of the session
	Run     string
	Title   string // the command, for a person
	Argv    []string
	Dir     string
	Env     []string
	Stdin   bool // it is written to later; otherwise it reads nothing
	Confine *process.Confinement
	Timeout time.Duration // 0 = none
	Output  int           // bytes of output that are kept
}

// NewID makes the name of a job.
func NewID() string { return uuid.NewString()[:13] }

// Drain ends all jobs, starts none any more, and answers when they have ended.
type Drain struct{ actors.Reply[struct{}] }

// ErrTooMany: nothing is started beside so many others.
var ErrTooMany = errors.New("too many commands are running: end some first (process kill)")

// Limits of what runs at a time.
const (
	MaxRunning = 64
	MaxSession = 16
	maxEnded   = 64 // jobs that are kept after their end
)

type (
	started struct {
		reply actors.Reply[*Job]
		job   *Job
		err   error
	}
	ended  struct{} // some job
	sweep  struct{}
	reaped struct{ err error }
)

func (Start) jobsMessage()   {}
func (Drain) jobsMessage()   {}
func (started) jobsMessage() {}
func (ended) jobsMessage()   {}
func (sweep) jobsMessage()   {}
func (reaped) jobsMessage()  {}

// CoalesceKey: which jobs have ended is in the table.
func (ended) CoalesceKey() string { return "ended" }

func tooMany(n int, where string) error { return fmt.Errorf("%w; %d run %s", ErrTooMany, n, where) }
