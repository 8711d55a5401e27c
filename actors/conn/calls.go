package conn

import (
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors/metrics"
	"github.com/clawdbot/gateway/transport/wire"
)

// calls are the requests in flight of one connection. Owners answer from their own goroutines, hence the lock.
type calls struct {
	mu   sync.Mutex
	list map[*pending]struct{} // guarded by mu
	held int                   // guarded by mu: accepted calls that wait for the end of their run
}

// maxHeld bounds the accepted calls that one connection may wait for beside its calls in flight.
const maxHeld = 4096

// pending is one call between its request and its last answer.
type pending struct {
	socket   Socket
	id       wire.Raw
	since    time.Time
	count    *metrics.Method // set before anybody can answer
	calls    *calls          // nil until the connection's actor has taken it over
	answered bool            // guarded by calls.mu
	held     bool            // guarded by calls.mu: accepted, may take as long as a run
	released bool            // guarded by calls.mu: no longer one of the calls in flight
}

func (s *calls) add(p *pending) {
	p.calls = s
	s.mu.Lock()
	if s.list == nil {
		s.list = make(map[*pending]struct{})
	}
	s.list[p] = struct{}{}
	s.mu.Unlock()
}

// refuse answers a call that was never taken over.
func (p *pending) refuse(why error) {
	frame, err := wire.AppendResponse(nil, p.id, wire.Result{Err: wire.AsError(why)})
	if err == nil { // an error without details always encodes
		p.socket.Send(frame)
	}
	p.socket.Done()
}

// respond sends one answer; what comes after the last one is ignored.
func (p *pending) respond(r wire.Result) {
	p.calls.mu.Lock()
	if p.answered {
		p.calls.mu.Unlock()
		return
	}
	if !r.More {
		p.answered = true
		delete(p.calls.list, p)
		if p.released {
			p.calls.held--
		}
	}
	done := !r.More && !p.released
	p.calls.mu.Unlock()
	if !r.More {
		p.count.Done(time.Since(p.since), r.Err)
	}
	frame, err := wire.AppendResponse(nil, p.id, r)
	if err != nil {
		frame, _ = wire.AppendResponse(nil, p.id, wire.Result{Err: wire.Unavailable("Error: cannot encode the answer: %v", err)})
	}
	p.socket.Send(frame)
	if done {
		p.socket.Done()
	}
}

// hold marks a call as accepted for good. It stops counting as a call in flight: a client that waits for many runs
// must still be able to abort one.
func (p *pending) hold() {
	p.calls.mu.Lock()
	done := false
	if p.held = true; !p.released && !p.answered && p.calls.held < maxHeld {
		p.released, done = true, true
		p.calls.held++
	}
	p.calls.mu.Unlock()
	if done {
		p.socket.Done()
	}
}

// expire answers every call that is older than limit and not held, and tells whether any call is left.
func (s *calls) expire(limit time.Duration) bool {
	var late []*pending
	s.mu.Lock()
	for p := range s.list {
		if !p.held && time.Since(p.since) >= limit {
			late = append(late, p)
		}
	}
	s.mu.Unlock()
	for _, p := range late {
		p.respond(wire.Result{Err: &wire.Error{
			Code: wire.CodeUnavailable, Message: "Error: no answer in time; try again", Retryable: true,
		}})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.list) > 0
}
