package eventstream

import (
	"sync/atomic"
	"time"
)

// State is what must outlive an incarnation of the actor. The supervisor makes one per gateway and hands it to
// every incarnation; only the actor touches it, except for the atomics.
type State struct {
	// Versions of presence and health: started at 1, process-wide (protocol 1.11). Their owners count them up.
	Presence, Health atomic.Int64

	seq   int64
	sinks map[string]Sink
	runs  runNumbers
	next  time.Time    // when the next tick is due
	lost  atomic.Int64 // non-droppable events that were lost before they had a number
}

// NewState returns the state of a stream that has not sent anything.
func NewState() *State {
	s := &State{sinks: map[string]Sink{}}
	s.Presence.Store(1)
	s.Health.Store(1)
	return s
}

// runNumbers counts agent events per run id. A run id may come back (every chat.send of a session shares one), so
// a number is kept after its run ended; two generations of at most maxRuns ids bound the memory.
type runNumbers struct{ young, old map[string]int64 }

const maxRuns = 8192

func (r *runNumbers) next(id string) int64 {
	n := r.last(id) + 1
	if r.young == nil || len(r.young) >= maxRuns {
		r.old, r.young = r.young, make(map[string]int64)
	}
	r.young[id] = n
	return n
}

func (r *runNumbers) last(id string) int64 {
	if n, ok := r.young[id]; ok {
		return n
	}
	return r.old[id]
}
