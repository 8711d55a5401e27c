package eventstream

import (
	"sync"
	"sync/atomic"
	"time"
)

// State is what must outlive an incarnation of the actor. The supervisor makes one per gateway and hands it to
// every incarnation; only the actor touches it, except for the atomics and the sinks.
type State struct {
	// Versions of presence and health: started at 1, process-wide (protocol 1.11). Their owners count them up.
	Presence, Health atomic.Int64

	seq   atomic.Int64 // of the last event; the actor alone counts it up
	sinks sinks
	runs  runNumbers
	next  time.Time    // when the next tick is due
	lost  atomic.Int64 // non-droppable events that were lost before they had a number
}

// NewState returns the state of a stream that has not sent anything.
func NewState() *State {
	s := &State{sinks: sinks{byID: map[string]func(Event){}}}
	s.Presence.Store(1)
	s.Health.Store(1)
	return s
}

// Seq is the number of the last event: how many there were.
func (s *State) Seq() int64 { return s.seq.Load() }

// Listeners is how many clients and others the events go to.
func (s *State) Listeners() int {
	s.sinks.mu.Lock()
	defer s.sinks.mu.Unlock()
	return len(s.sinks.byID)
}

// CountOn takes over the versions of a stream that is over. The numbers of events begin again.
func (s *State) CountOn(before *State) {
	s.Presence.Store(before.Presence.Load())
	s.Health.Store(before.Health.Load())
}

// sinks are who gets the events. They come and go without a message: one that was lost would leave a client that hears
// nothing, or a dead one that is offered events for ever.
type sinks struct {
	mu   sync.Mutex
	byID map[string]func(Event) // guarded by mu
}

func (s *sinks) add(id string, sink func(Event)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID[id] = sink
}

func (s *sinks) remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
}

// each calls f for every sink, and removes those it returns false for.
func (s *sinks) each(f func(id string, sink func(Event)) (keep bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, sink := range s.byID {
		if !f(id, sink) {
			delete(s.byID, id)
		}
	}
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
