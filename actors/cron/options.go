package cron

import (
	"context"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// Kinds of the runs that this package accepts.
const (
	KindCron      agent.Kind = "cron"      // of an isolated job
	KindHeartbeat agent.Kind = "heartbeat" // of the main session
	KindHook      agent.Kind = "hook"      // of a call of the HTTP hooks
)

// Options for both actors.
type Options struct {
	Store     *store.Store
	Stream    eventstream.Stream
	Dir       string        // where runs/<job>.jsonl go
	StorePath string        // shown where the reference shows its file of jobs
	MainKey   func() string // session of notes and heartbeats, as the configuration has it now
	// Heartbeat is asked for beats. Only the actor "cron" needs it.
	Heartbeat actors.Ref[HeartbeatMessage]
	// Ready is closed when everybody is there. Until then the jobs can be changed, and nothing runs.
	Ready <-chan struct{}
	// Config is the configuration as it is now. It must not block.
	Config func() Config
	// Sweep is the longest time between two looks at the store; 0 = 10 s.
	Sweep time.Duration

	// OpenSession opens a session inside the commit that accepts a run for it. renew: one that has rested for long begins
	// anew.
	OpenSession func(tx *store.Tx, key string, now int64, renew bool) (sessionID string, isNew bool, err error)
	// Work tells the sessions that there is a new run. It must not block.
	Work func(sessionKey string)
	// Unready says why nothing can be delivered to a surface, as one word ("whatsapp-not-linked"); "" = it can.
	Unready func(surface string) string
	// AllowFrom is the surface's allowlist.
	AllowFrom func(surface string) []string
	// HeartbeatsOn asks for the switch of set-heartbeats. It may block until ctx ends.
	HeartbeatsOn func(ctx context.Context) (bool, error)
	// Report takes the outcome of a heartbeat. It must not block.
	Report func(wire.HeartbeatEvent)
}

// Config is what may change while the gateway runs.
type Config struct {
	Enabled       bool // jobs run by themselves
	MaxConcurrent int  // isolated jobs at one time; 0 = 4
	Heartbeat     HeartbeatConfig
}

// HeartbeatConfig is agent.heartbeat.
type HeartbeatConfig struct {
	Every  time.Duration // 0 = no heartbeats at all
	Target string        // last, none or a surface; "" = last
	To     string
	Prompt string
	Model  string // as agent.heartbeat.model has it; "" = the session's
}

func (o Options) withDefaults() Options {
	if o.Sweep <= 0 {
		o.Sweep = 10 * time.Second
	}
	return o
}

// Places is how many isolated jobs, and how many runs of hooks, may be in progress at one time.
func (c Config) Places() int {
	if c.MaxConcurrent <= 0 {
		return 4
	}
	return c.MaxConcurrent
}
