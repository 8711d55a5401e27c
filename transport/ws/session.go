package ws

import (
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/clawdbot/gateway/transport/wire"
)

// Session is one client connection. All methods are safe for concurrent use and never block.
type Session struct {
	srv  *Server
	conn *frameConn
	ws   *websocket.Conn
	from origin
	via  Via

	// Fixed once connect was accepted, before Open is called.
	peer      wire.Peer
	connectID string
	handler   Handler
	auth      *credentials // guarded by Server.mu; nil until accepted
	released  bool         // the place among strangers has been given back; read goroutine only

	mu   sync.Mutex // guards the fields below
	wake sync.Cond  // reading may go on, or the writer has ended

	queue     []item
	responses int  // bytes of responses not yet written
	events    int  // bytes of events not yet written
	calls     int  // requests without Done
	gated     bool // accepted, but Hello has not come: nothing is written
	writing   bool // a writer goroutine runs

	slowSince time.Time   // since when events is over the limit; zero if it is not
	slowTimer *time.Timer // cuts the client at the end of its grace; nil until it has a reason to

	closing bool // no frame is accepted any more
	code    int  // of the close frame
	reason  string
}

type item struct {
	frame []byte
	event bool
}

// Via is how the client reached the gateway (protocol 1.9).
type Via struct {
	Host  string // the Host header
	Local string // the address of this host that the socket is connected to
	HTTPS bool   // the client speaks TLS, to us or to a proxy that is believed
}

// Peer is what the client said of itself in connect, and what its socket says of it.
func (s *Session) Peer() wire.Peer { return s.peer }

// Via is how the client reached the gateway.
func (s *Session) Via() Via { return s.via }

// ConnectID is the id of the connect request, which the frame given to Hello answers.
func (s *Session) ConnectID() string { return s.connectID }

// Hello queues the response to connect before everything else and opens the gate: what was sent and offered
// until now follows it. Calls after the first do nothing.
func (s *Session) Hello(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || !s.gated {
		return
	}
	s.gated = false
	s.queue = slices.Insert(s.queue, 0, item{frame: frame})
	s.responses += len(frame)
	s.startWriter()
}

// Send queues a response. It is dropped only when the connection is closing. The frame must not be
// changed afterwards.
func (s *Session) Send(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return
	}
	s.queue = append(s.queue, item{frame: frame})
	s.responses += len(frame)
	s.startWriter()
}

// Done ends one request that the Handler was given. Reading pauses while too many have not ended.
func (s *Session) Done() {
	s.mu.Lock()
	s.calls--
	s.wake.Broadcast()
	s.mu.Unlock()
}

// Offer queues an event. A slow client, one with more than Limits.Events of events waiting, does not get
// droppable ones; one that must not be dropped is still queued, but cuts the client (1008 "slow consumer")
// when it stays slow for Limits.SlowGrace or the queue reaches four times the limit. The frame is shared
// between sessions and must not be changed.
func (s *Session) Offer(frame []byte, droppable bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return
	}
	limits := &s.srv.limits
	if s.events > limits.Events {
		if droppable {
			s.srv.counts.skipped.Add(1)
			return
		}
		left := limits.SlowGrace - time.Since(s.slowSince)
		if left <= 0 || s.events > slowCap*limits.Events {
			s.cutSlow()
			return
		}
		if s.slowTimer == nil {
			s.slowTimer = time.AfterFunc(left, s.graceEnded)
		}
	}
	s.queue = append(s.queue, item{frame: frame, event: true})
	s.events += len(frame)
	if s.events > limits.Events && s.slowSince.IsZero() {
		s.slowSince = time.Now()
	}
	s.startWriter()
}

// written takes frames that the kernel has accepted off the books.
func (s *Session) written(done []item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range done {
		if done[i].event {
			s.events -= len(done[i].frame)
		} else {
			s.responses -= len(done[i].frame)
		}
		done[i] = item{}
	}
	if s.events <= s.srv.limits.Events {
		s.notSlow()
	}
	s.wake.Broadcast()
}

func (s *Session) notSlow() {
	s.slowSince = time.Time{}
	if s.slowTimer != nil {
		s.slowTimer.Stop()
		s.slowTimer = nil
	}
}

func (s *Session) graceEnded() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing && !s.slowSince.IsZero() && time.Since(s.slowSince) >= s.srv.limits.SlowGrace {
		s.cutSlow()
	}
}

// paused says that no further request may be read now.
func (s *Session) paused() bool {
	return !s.closing && (s.calls >= s.srv.limits.InFlight || s.responses > s.srv.limits.Responses)
}
