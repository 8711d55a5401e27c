package slackfake

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// envelope is something that the app has to acknowledge.
type envelope struct {
	id, kind string
	payload  map[string]any
	key      string // what a test calls it: the id of the message
	attempt  int    // how often it was handed out again
	conn     *socket
	sent     time.Time
	acked    bool
	given    bool // the platform has given up
	ackBody  json.RawMessage
}

// leaveWithin is how long an app that was told to go may stay.
const leaveWithin = 5 * time.Second

// socket is one connection of the app.
type socket struct {
	s      *Server
	conn   *websocket.Conn
	out    chan any // frames to write
	done   chan struct{}
	silent bool // guarded by Server.mu
}

func (c *socket) close() { _ = c.conn.Close() }

var upgrader = websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}

// serveSocket is one connection from its handshake to its end.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	ticket := r.URL.Query().Get("ticket")
	valid := s.tickets[ticket] && !s.closed
	delete(s.tickets, ticket)
	mute, cut := s.mute, s.cut
	s.mu.Unlock()
	if mute {
		select {
		case <-r.Context().Done():
		case <-cut:
		}
		return
	}
	if !valid {
		http.Error(w, "invalid ticket", http.StatusForbidden)
		return
	}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	defer conn.Close()
	c := &socket{s: s, conn: conn, out: make(chan any, 4096), done: make(chan struct{})}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.serving.Add(1)
	defer s.serving.Done()
	s.dials++
	if len(s.sockets) >= s.opt.MaxSockets {
		s.mu.Broadcast()
		s.mu.Unlock()
		_ = conn.WriteJSON(disconnect("too_many_websockets")) // the app has gone; nobody to tell
		return
	}
	s.sockets = append(s.sockets, c)
	s.most = max(s.most, len(s.sockets))
	c.silent = s.silent
	s.silent = false
	c.out <- map[string]any{
		"type": "hello", "num_connections": len(s.sockets), "connection_info": map[string]any{"app_id": "A0APP00001"},
		"debug_info": map[string]any{"host": "fake", "approximate_connection_time": 18060},
	}
	s.dispatch()
	s.mu.Broadcast()
	s.mu.Unlock()
	go c.read()
	c.write()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sockets = slices.DeleteFunc(s.sockets, func(o *socket) bool { return o == c })
	for _, e := range s.queue {
		if e.conn == c && !e.acked {
			e.conn = nil // goes to the next connection
			e.attempt++
		}
	}
	s.dispatch()
	s.mu.Broadcast()
}

func disconnect(reason string) map[string]any {
	return map[string]any{"type": "disconnect", "reason": reason, "debug_info": map[string]any{"host": "fake"}}
}

// read takes acknowledgements until the connection ends.
func (c *socket) read() {
	defer close(c.done)
	for {
		_, b, err := c.conn.ReadMessage()
		if err != nil {
			return
		}
		var ack struct {
			ID      string          `json:"envelope_id"`
			Payload json.RawMessage `json:"payload"`
		}
		if json.Unmarshal(b, &ack) != nil {
			continue
		}
		c.s.mu.Lock()
		for _, e := range c.s.queue {
			if e.id == ack.ID && !e.acked {
				e.acked, e.ackBody = true, ack.Payload
			}
		}
		c.s.mu.Broadcast()
		c.s.mu.Unlock()
	}
}

// write writes frames and pings, and looks for envelopes that are due again.
func (c *socket) write() {
	defer c.close()
	ping := time.NewTicker(c.s.opt.PingEvery)
	defer ping.Stop()
	due := time.NewTicker(c.s.opt.AckWithin / 10)
	defer due.Stop()
	for {
		select {
		case <-c.done:
			return
		case frame := <-c.out:
			if c.mute() {
				continue
			}
			if c.conn.WriteJSON(frame) != nil {
				return
			}
			if m, ok := frame.(map[string]any); ok && m["type"] == "disconnect" {
				c.leave()
				return
			}
		case <-ping.C:
			if !c.mute() && c.conn.WriteControl(websocket.PingMessage, []byte("ping"), time.Now().Add(5*time.Second)) != nil {
				return
			}
		case <-due.C:
			c.s.mu.Lock()
			c.s.overdue(c)
			c.s.mu.Unlock()
		}
	}
}

// leave gives the app time to go by itself, as Slack does: slack-go forgets a frame that the end of the connection overtakes.
func (c *socket) leave() {
	select {
	case <-c.done:
	case <-time.After(leaveWithin):
	}
}

func (c *socket) mute() bool {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.silent
}

// overdue hands out again what a connection has not acknowledged in time. s.mu is held.
func (s *Server) overdue(c *socket) {
	for _, e := range s.queue {
		if e.conn == c && !e.acked && time.Since(e.sent) >= s.opt.AckWithin {
			e.conn = nil
			e.attempt++
			s.mu.Broadcast()
		}
	}
	s.dispatch()
}

// dispatch gives envelopes without a connection to the newest one. s.mu is held.
func (s *Server) dispatch() {
	if len(s.sockets) == 0 || s.closed {
		return
	}
	c := s.sockets[len(s.sockets)-1]
	for _, e := range s.queue {
		if e.acked || e.given || e.conn != nil {
			continue
		}
		if s.opt.Retries > 0 && e.attempt > s.opt.Retries {
			e.given = true
			continue
		}
		frame := map[string]any{
			"envelope_id": e.id, "type": e.kind, "payload": e.payload, "accepts_response_payload": e.kind == "slash_commands",
		}
		if e.attempt > 0 {
			frame["retry_attempt"], frame["retry_reason"] = e.attempt, "timeout"
		}
		select {
		case c.out <- frame:
			e.conn, e.sent = c, time.Now()
		default: // the app does not read; later
			return
		}
	}
}

// enqueue adds an envelope, unless nobody is there and that loses it. s.mu is held.
func (s *Server) enqueue(kind, key string, payload map[string]any) {
	if s.opt.LoseOffline && len(s.sockets) == 0 {
		return
	}
	s.envelope++
	s.queue = append(s.queue, &envelope{id: fmt.Sprintf("env-%d", s.envelope), kind: kind, key: key, payload: payload})
}

// Sockets is how many connections are open now, and the most that ever were at once.
func (s *Server) Sockets() (open, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sockets), s.most
}

// Dials is how many connections were ever made.
func (s *Server) Dials() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

// WaitDials returns when n connections have ever been made.
func (s *Server) WaitDials(ctx context.Context, n int) error {
	return s.mu.Wait(ctx, func() bool { return s.dials >= n })
}

// Mute has new connections accepted and never answered.
func (s *Server) Mute(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mute = on
}

// WaitSockets returns when n connections are open.
func (s *Server) WaitSockets(ctx context.Context, n int) error {
	return s.mu.Wait(ctx, func() bool { return len(s.sockets) == n })
}

// Drop cuts every connection of the app, without a word.
func (s *Server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.sockets {
		c.close()
	}
}

// Silence keeps the open connections open and lets nothing through any more, not even pings; with none open, the next one.
func (s *Server) Silence() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = len(s.sockets) == 0
	for _, c := range s.sockets {
		c.silent = true
	}
}

// Disconnect tells every connection to go, with a reason: warning, refresh_requested, link_disabled, too_many_websockets.
func (s *Server) Disconnect(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.sockets {
		c.out <- disconnect(reason)
	}
}

// Acked says whether the envelope of a message was acknowledged.
func (s *Server) Acked(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.acked(key)
}

func (s *Server) acked(key string) bool {
	return slices.ContainsFunc(s.queue, func(e *envelope) bool { return e.key == key && e.acked })
}

// WaitAcked returns when the envelope of a message is acknowledged.
func (s *Server) WaitAcked(ctx context.Context, key string) error {
	return s.mu.Wait(ctx, func() bool { return s.acked(key) })
}

// AckBody is what an acknowledgement carried, for a slash command.
func (s *Server) AckBody(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.queue {
		if e.key == key && e.acked {
			return strings.TrimSpace(string(e.ackBody))
		}
	}
	return ""
}

// Attempts is how often the envelope of a message was handed out again.
func (s *Server) Attempts(key string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.queue {
		if e.key == key {
			return e.attempt
		}
	}
	return 0
}

// WaitAttempts returns when the envelope of a message was handed out again n times.
func (s *Server) WaitAttempts(ctx context.Context, key string, n int) error {
	return s.mu.Wait(ctx, func() bool {
		return slices.ContainsFunc(s.queue, func(e *envelope) bool { return e.key == key && e.attempt >= n })
	})
}
