package session

import (
	"context"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// SessionsMessage is everything the supervisor accepts.
type SessionsMessage interface{ sessionsMessage() }

// Work says that there may be accepted runs for a session key.
type Work struct{ Key string }

// AbortRuns stops runs of a session (a stop word, a message that interrupts), by their ids in the store. It is a hint:
// the store knows which runs are to stop.
type AbortRuns struct{ Runs []string }

// Wait asks for the end of a run by its id on the wire (protocol 3.7).
type Wait struct {
	actors.Reply[WaitResult]
	RunID   string
	AfterMs *int64
	Timeout time.Duration
}

// WaitResult is the answer to agent.wait. Status is ok, error or timeout.
type WaitResult struct {
	RunID     string `json:"runId"`
	Status    string `json:"status"`
	StartedAt int64  `json:"startedAt,omitzero"`
	EndedAt   int64  `json:"endedAt,omitzero"`
	Error     string `json:"error,omitempty"`
}

// AbortRun stops a chat.send by its idempotency key (protocol 3.8). The reply tells whether there was one.
type AbortRun struct {
	actors.Reply[bool]
	Key   string // session key
	RunID string
}

// Drain stops what runs, for a shutdown: each run may take grace, then ends as interrupted. The reply comes when
// no run is left. Nothing new is started.
type Drain struct {
	actors.Reply[struct{}]
	Grace time.Duration
}

// DeleteSession ends the runs of a session and deletes it, with its transcript unless that is to be kept.
type DeleteSession struct {
	actors.Reply[wire.SessionsDeleteResult]
	Key            string
	KeepTranscript bool
}

// Active asks how many runs are in progress.
type Active struct{ actors.Reply[int] }

// Read runs a read of the store off the actors and answers with its result.
type Read struct {
	actors.Reply[any]
	f func(ctx context.Context) (any, error)
}

type (
	accepted struct { // a call's run is in the store, or was there before
		call *wire.Call
		*acceptance
	}
	outcomeFound struct { // a run had ended before its caller was listed
		id      string
		outcome *store.Outcome
	}
	readDone struct {
		actors.Reply[any]
		value any
		err   error
	}
	begin struct { // a session wants its next run started
		run store.Run
	}
	started struct {
		id   string
		job  agent.Job
		ok   bool // false: it had been started or ended before
		err  error
		orig store.Run
	}
	ended   struct{ agent.Ended }
	runGone struct {
		id     string
		reason error
	}
	sessionGone struct {
		key string
		ref actors.Ref[Message]
	}
	currentOf  struct{ key string }     // a new incarnation of a session asks what it was running
	inProgress struct{ key, id string } // and, when it hears nothing for a while, whether that is still so
	recovered  struct {
		runs []store.Run
		err  error
	}
	settled struct { // the end of a run whose actor did not say
		id    string
		end   agent.Ended
		fresh bool // it was made just now
		err   error
	}
	resettle struct{ run store.Run }
	cancel   struct { // a run that is to be stopped and was not in progress
		run *store.Run
		err error
	}
	abortFound struct {
		abort AbortRun
		id    string
		run   *store.Run
		err   error
	}
	found struct { // agent.wait looked into the store
		wait Wait
		res  *WaitResult
	}
	waitOver struct{ w *waiter }
	sweep    struct{}
	swept    struct {
		keys    []string    // sessions with work
		stopped []string    // runs that are to stop
		running []store.Run // runs that somebody should be doing
	}
	steer struct { // a session has a message for the run in progress
		into    string
		message agent.Steer
	}
	retryRun  struct{ id string }
	drainOver struct{}

	deleteFound struct { // a session that is to be deleted has these runs waiting
		d    *deletion
		runs []store.Run
		err  error
	}
	deleteDone struct {
		d      *deletion
		result wire.SessionsDeleteResult
		err    error
	}
	deleteRetry struct{ d *deletion }
	deleteOver  struct{ d *deletion }
)

func (Work) sessionsMessage()         {}
func (AbortRuns) sessionsMessage()    {}
func (cancel) sessionsMessage()       {}
func (Wait) sessionsMessage()         {}
func (AbortRun) sessionsMessage()     {}
func (Drain) sessionsMessage()        {}
func (Active) sessionsMessage()       {}
func (Read) sessionsMessage()         {}
func (readDone) sessionsMessage()     {}
func (outcomeFound) sessionsMessage() {}
func (accepted) sessionsMessage()     {}
func (begin) sessionsMessage()        {}
func (started) sessionsMessage()      {}
func (ended) sessionsMessage()        {}
func (runGone) sessionsMessage()      {}
func (sessionGone) sessionsMessage()  {}
func (currentOf) sessionsMessage()    {}
func (inProgress) sessionsMessage()   {}
func (recovered) sessionsMessage()    {}
func (settled) sessionsMessage()      {}
func (resettle) sessionsMessage()     {}
func (abortFound) sessionsMessage()   {}
func (found) sessionsMessage()        {}
func (waitOver) sessionsMessage()     {}
func (sweep) sessionsMessage()        {}
func (swept) sessionsMessage()        {}
func (steer) sessionsMessage()        {}
func (retryRun) sessionsMessage()     {}
func (drainOver) sessionsMessage()    {}

func (DeleteSession) sessionsMessage() {}
func (deleteFound) sessionsMessage()   {}
func (deleteDone) sessionsMessage()    {}
func (deleteRetry) sessionsMessage()   {}
func (deleteOver) sessionsMessage()    {}

// Message is everything the actor of one session accepts.
type Message interface{ sessionMessage() }

type (
	wake   struct{} // there may be new runs in the store
	pulled struct {
		epoch int
		runs  []store.Run
		err   error
	}
	runDone struct{ id string }
	current struct{ id string } // what this session is running, "" for nothing
	check   struct{}            // nothing was heard for a while
	idle    struct{}            // nothing happened for long
	calm    struct{}            // no message has come for as long as those that wait asked for
)

func (wake) sessionMessage()    {}
func (pulled) sessionMessage()  {}
func (runDone) sessionMessage() {}
func (current) sessionMessage() {}
func (check) sessionMessage()   {}
func (idle) sessionMessage()    {}
func (calm) sessionMessage()    {}

// CoalesceKey: one queued wake-up is as good as many.
func (wake) CoalesceKey() string { return "wake" }
