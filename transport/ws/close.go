package ws

import (
	"crypto/tls"
	"errors"
	"time"

	"github.com/coder/websocket"

	"github.com/clawdbot/gateway/transport/wire"
)

// codeAbnormal stands for a close frame that never came (RFC 6455 7.1.5).
const codeAbnormal = 1006

// Close ends the connection with a close frame after what is queued. The first call decides code and
// reason; a reason has at most 123 bytes. Without Hello nothing but the close frame is sent.
func (s *Session) Close(code wire.CloseCode, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return
	}
	s.beginClose(code, reason, s.srv.limits.Close)
}

// cutSlow closes a slow client: what waits for it is thrown away, what is half sent may be finished.
func (s *Session) cutSlow() {
	s.queue = nil
	s.srv.counts.slow.Add(1)
	s.beginClose(wire.ClosePolicy, wire.ReasonSlow, s.srv.limits.SlowClose)
}

// beginClose makes the writer flush and close, and the reader stop. The caller holds s.mu.
func (s *Session) beginClose(code wire.CloseCode, reason string, limit time.Duration) {
	s.closing, s.code, s.reason = true, int(code), reason
	if s.gated {
		s.gated, s.queue = false, nil
	}
	s.notSlow()
	_ = s.conn.SetWriteDeadline(time.Now().Add(limit)) // fails on a dead socket only, where nothing blocks
	_ = s.conn.SetReadDeadline(time.Unix(1, 0))        // wakes the reader
	s.wake.Broadcast()
	s.startWriter()
}

// broken drops a connection that the peer has ended, as err says, or that cannot be written any more.
func (s *Session) broken(err error) {
	s.mu.Lock()
	if !s.closing {
		s.closing, s.code = true, codeAbnormal
		if ce, ok := errors.AsType[websocket.CloseError](err); ok {
			s.code, s.reason = int(ce.Code), ce.Reason
		}
	}
	s.queue = nil
	s.notSlow()
	s.mu.Unlock()
	s.cut()
}

// handshakeClose sends the close frame and waits for the peer's, which also takes what it still sends:
// a socket that is closed with unread data is reset, and the close frame could be lost. If the library has
// sent a close frame of its own (a protocol violation), this only waits.
func (s *Session) handshakeClose() {
	s.mu.Lock()
	code, reason := s.code, s.reason
	limit := time.Now().Add(s.srv.limits.Close)
	s.mu.Unlock()
	_ = s.conn.SetReadDeadline(limit)
	_ = s.ws.Close(websocket.StatusCode(code), reason) // the peer may be gone: nothing is left to do then
	s.cut()
}

// drop is cut for a connection that may not take a byte any more: TLS says goodbye otherwise, and waits for that.
func (s *Session) drop() {
	if t, ok := s.conn.Conn.(*tls.Conn); ok {
		_ = t.NetConn().Close()
	}
	s.cut()
}

// cut drops the connection without a close frame.
func (s *Session) cut() { _ = s.ws.CloseNow() }
