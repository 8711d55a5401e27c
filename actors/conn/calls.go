package conn

import (
	"sync"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// calls are the requests in flight of one connection. Owners answer from their own goroutines, hence the lock.
type calls struct {
	mu   sync.Mutex
	list map[*pending]struct{} // guarded by mu
}

// pending is one call between its request and its last answer.
type pending struct {
	calls    *calls
	socket   Socket
	id       wire.Raw
	since    time.Time
	answered bool // guarded by calls.mu
	held     bool // guarded by calls.mu: accepted, may take as long as a run
}

func (s *calls) add(socket Socket, id string) *pending {
	p := &pending{calls: s, socket: socket, id: wire.QuoteID(id), since: time.Now()}
	s.mu.Lock()
	if s.list == nil {
		s.list = make(map[*pending]struct{})
	}
	s.list[p] = struct{}{}
	s.mu.Unlock()
	return p
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
	}
	p.calls.mu.Unlock()
	frame, err := wire.AppendResponse(nil, p.id, r)
	if err != nil {
		frame, _ = wire.AppendResponse(nil, p.id, wire.Result{Err: wire.Unavailable("Error: cannot encode the answer: %v", err)})
	}
	p.socket.Send(frame)
	if !r.More {
		p.socket.Done()
	}
}

func (p *pending) hold() {
	p.calls.mu.Lock()
	p.held = true
	p.calls.mu.Unlock()
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
