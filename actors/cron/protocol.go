package cron

import (
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// Message is everything the actor "cron" accepts.
type Message interface{ cronMessage() }

// Add makes a job; the reply comes after the event. Update and Remove likewise.
type Add struct {
	actors.Reply[wire.CronJob]
	Params wire.CronAddParams
}

// Update changes a job.
type Update struct {
	actors.Reply[wire.CronJob]
	Params wire.CronUpdateParams
}

// Remove deletes a job and tells whether there was one. A run of it in progress goes on.
type Remove struct {
	actors.Reply[bool]
	ID string
}

// Run runs a job now, or only if it is due, and answers when the run has ended.
type Run struct {
	actors.Reply[wire.CronRunResult]
	ID    string
	Force bool
}

// List asks for the jobs by next run.
type List struct {
	actors.Reply[[]wire.CronJob]
	All bool // disabled ones too
}

// Status asks what the scheduler is about to do.
type Status struct {
	actors.Reply[wire.CronStatusResult]
}

// Runs asks for the last Limit runs of a job, oldest first.
type Runs struct {
	actors.Reply[[]wire.CronRunLog]
	ID    string
	Limit int
}

// Preview asks for the next times of a schedule, or of all jobs that are enabled; at most Limit.
type Preview struct {
	actors.Reply[[]wire.CronTime]
	Schedule *wire.CronSchedule // nil = the jobs
	Limit    int
}

// Wake puts a line before the main session's next turn. The reply, once it is stored, is false for a blank text.
type Wake struct {
	actors.Reply[bool]
	Text   string
	Reason string // of the heartbeat to ask for; "" = none, the next one will do
}

// RunEnded says that some run of the agent has ended, its own or not.
type RunEnded struct{}

// Reload says that the configuration has changed.
type Reload struct{}

// Replan says that the clock was set: what was planned by it is planned anew.
type Replan struct{}

type (
	ready  struct{} // everybody is there: jobs may run
	look   struct{} // something may be due
	stored struct { // a change of the jobs is durable
		event *wire.CronEvent
		err   error
		then  func() // after the event
		fail  func(error)
	}
	looked struct {
		round
		wanted []Run
		as     occasion
		err    error
	}
	published struct{ run store.CronRun } // the event of a run's end is out
	told      struct {                    // that end is no news any more
		run store.CronRun
		err error
	}
	read struct { // the answer to a question to the store
		answer func()
	}
)

func (Add) cronMessage()       {}
func (Update) cronMessage()    {}
func (Remove) cronMessage()    {}
func (Run) cronMessage()       {}
func (List) cronMessage()      {}
func (Status) cronMessage()    {}
func (Runs) cronMessage()      {}
func (Preview) cronMessage()   {}
func (Wake) cronMessage()      {}
func (RunEnded) cronMessage()  {}
func (Reload) cronMessage()    {}
func (Replan) cronMessage()    {}
func (ready) cronMessage()     {}
func (look) cronMessage()      {}
func (stored) cronMessage()    {}
func (looked) cronMessage()    {}
func (published) cronMessage() {}
func (told) cronMessage()      {}
func (read) cronMessage()      {}

// CoalesceKey: one queued RunEnded is as good as many.
func (RunEnded) CoalesceKey() string { return "ended" }

// CoalesceKey: one queued look is as good as many.
func (look) CoalesceKey() string { return "look" }

// Size counts the texts against the mailbox.
func (m Add) Size() int { return 512 + len(m.Params.Payload.Text) + len(m.Params.Payload.Message) }

// Size counts the text against the mailbox.
func (m Wake) Size() int { return 128 + len(m.Text) }

// HeartbeatMessage is everything the actor "heartbeat" accepts.
type HeartbeatMessage interface{ heartbeatMessage() }

// Beat asks for a heartbeat soon. Several become one, with the last reason.
type Beat struct{ Reason string }

// ReloadHeartbeat says that the configuration has changed.
type ReloadHeartbeat struct{}

type (
	tick  struct{ timer int } // the interval is over
	fire  struct{ timer int } // a requested heartbeat is due
	begun struct {
		beat beat
		how  outcome
		err  error
	}
	check  struct{} // the run in progress may have ended
	ending struct { // what the store says of the last heartbeat
		beat  beat
		open  bool
		first bool // asked at the start
		err   error
	}
)

func (Beat) heartbeatMessage()            {}
func (ReloadHeartbeat) heartbeatMessage() {}
func (tick) heartbeatMessage()            {}
func (fire) heartbeatMessage()            {}
func (begun) heartbeatMessage()           {}
func (check) heartbeatMessage()           {}
func (ending) heartbeatMessage()          {}

// CoalesceKey: the last reason counts.
func (Beat) CoalesceKey() string { return "beat" }

// CoalesceKey: one queued check is as good as many.
func (check) CoalesceKey() string { return "check" }

// Waits of the heartbeat (protocol 3.4).
const (
	coalesce  = 250 * time.Millisecond
	busyRetry = time.Second
)
