package ws

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/clawdbot/gateway/transport/request"
	"github.com/clawdbot/gateway/transport/wire"
)

// The library keeps both buffers for the life of a connection. Reads longer than the read buffer go
// straight to their destination; the write buffer holds one control frame.
const (
	readBuffer  = 1 << 10
	writeBuffer = 128
)

// ServeHTTP upgrades a request to a WebSocket. It refuses with 403 what the guard does not let in, with 503
// what finds too many handshakes undecided, and as RFC 6455 says what is no proper upgrade.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	from, refused := s.guard.request(r, s.current().tailscale)
	if refused == "" {
		refused = s.guard.upgrade(r, from)
	}
	if refused != "" {
		s.log.Info("upgrade refused", "remote", from.addr.String(), "reason", refused)
		http.Error(w, refused, http.StatusForbidden)
		return
	}
	if err := s.slots.acquire(r.Context(), from.addr); err != nil {
		w.Header().Set("Retry-After", "1")
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	sess, err := s.upgrade(w, r, from)
	if err != nil {
		s.slots.release(from.addr)
		s.log.Debug("upgrade failed", "remote", from.addr.String(), "err", err)
		return
	}
	// A goroutine of its own: the one that serves HTTP keeps buffers and the request alive.
	go sess.serve()
}

// Admits judges a plain HTTP request on the same port as ServeHTTP judges an upgrade: its Host, and what
// proxies say of it. One that is not admitted is answered 403.
func (s *Server) Admits(r *http.Request) bool {
	from, refused := s.guard.request(r, s.current().tailscale)
	if refused != "" {
		s.log.Info("request refused", "remote", from.addr.String(), "reason", refused)
	}
	return refused == ""
}

func (s *Server) upgrade(w http.ResponseWriter, r *http.Request, from origin) (*Session, error) {
	h := &hijacker{ResponseWriter: w}
	conn, err := websocket.Accept(h, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // the guard has checked Origin, more strictly
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(-1) // reading has its own limit, whose close frame has no reason
	sess := &Session{srv: s, conn: h.conn, ws: conn, from: from, via: Via{
		Host:  r.Host,
		Local: request.LocalAddr(r).String(),
		HTTPS: from.https,
	}}
	sess.wake.L = &sess.mu
	sess.peer.ConnID = uuid.NewString()
	sess.peer.RemoteIP = from.addr.String()
	sess.peer.Local = from.local
	if !s.add(sess) {
		_ = h.conn.SetDeadline(time.Now().Add(s.limits.Close))
		_ = conn.Close(websocket.StatusServiceRestart, wire.ReasonRestart)
		return nil, errStopping
	}
	return sess, nil
}

// hijacker slips a frameConn under the WebSocket library, with buffers no larger than it needs.
type hijacker struct {
	http.ResponseWriter
	conn *frameConn
}

// Hijack takes the connection over from the HTTP server.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, brw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.conn = &frameConn{Conn: conn}
	if n := brw.Reader.Buffered(); n > 0 {
		early, _ := brw.Reader.Peek(n) // what is buffered can be peeked
		h.conn.early = bytes.Clone(early)
	}
	return h.conn, bufio.NewReadWriter(
		bufio.NewReaderSize(h.conn, readBuffer),
		bufio.NewWriterSize(h.conn, writeBuffer),
	), nil
}
