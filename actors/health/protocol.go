package health

import (
	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Message is everything the health actor accepts.
type Message interface{ healthMessage() }

// Get asks for a snapshot: a cached one under 60 s old at once (and a refresh follows), else a new one.
type Get struct{ actors.Reply[wire.Raw] }

// Cached asks for the last snapshot whatever its age; "{}" before the first.
type Cached struct{ actors.Reply[wire.Raw] }

// Refresh asks for a new snapshot soon. Something the snapshot shows has changed, or a client came.
type Refresh struct{}

// Status asks for the status summary, computed for each call.
type Status struct {
	actors.Reply[wire.StatusSummary]
}

// Heartbeat records the outcome of an agent heartbeat and broadcasts it.
type Heartbeat struct{ Event wire.HeartbeatEvent }

// LastHeartbeat asks for the last heartbeat, nil before the first.
type LastHeartbeat struct {
	actors.Reply[*wire.HeartbeatEvent]
}

// SetHeartbeats switches agent heartbeats on or off until the process ends.
type SetHeartbeats struct {
	actors.Reply[bool]
	Enabled bool
}

// HeartbeatsEnabled asks for that switch.
type HeartbeatsEnabled struct{ actors.Reply[bool] }

type (
	computed struct {
		actors.Reply[wire.StatusSummary]
		status wire.StatusSummary
		err    error
	}
	due       struct{} // the coalescing window or the minute is over
	refreshed struct {
		snapshot wire.Raw
		ts       int64
		err      error
	}
)

func (Get) healthMessage()               {}
func (Cached) healthMessage()            {}
func (Refresh) healthMessage()           {}
func (Status) healthMessage()            {}
func (computed) healthMessage()          {}
func (Heartbeat) healthMessage()         {}
func (LastHeartbeat) healthMessage()     {}
func (SetHeartbeats) healthMessage()     {}
func (HeartbeatsEnabled) healthMessage() {}
func (due) healthMessage()               {}
func (refreshed) healthMessage()         {}

// CoalesceKey: one queued Refresh is as good as many.
func (Refresh) CoalesceKey() string { return "refresh" }
