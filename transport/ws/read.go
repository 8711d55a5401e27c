package ws

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"unicode/utf8"

	"github.com/clawdbot/gateway/transport/wire"
)

var (
	errTooBig  = errors.New("message is over the limit")
	errNotUTF8 = errors.New("message is not UTF-8")
)

// serve is the connection's read goroutine: handshake, then requests until the connection ends.
func (s *Session) serve() {
	defer s.finish()
	defer func() {
		if p := recover(); p != nil {
			s.srv.log.Error("connection handler panicked", "conn", s.peer.ConnID,
				"err", fmt.Sprint(p), "stack", string(debug.Stack()))
			s.Close(wire.CloseInternal, "")
		}
	}()
	if !s.handshake() {
		return
	}
	for s.mayRead() {
		msg, err := s.read(s.srv.limits.Frame)
		if err != nil {
			s.readFailed(err)
			return
		}
		s.request(msg)
	}
}

// finish tells the Handler, waits for the writer's last words, and leaves nothing behind.
func (s *Session) finish() {
	s.mu.Lock()
	code, reason := s.code, s.reason
	s.mu.Unlock()
	if s.handler != nil {
		s.handler.Closed(code, reason)
	}
	s.mu.Lock()
	for s.writing {
		s.wake.Wait()
	}
	s.mu.Unlock()
	s.cut()
	s.releaseSlot()
	s.srv.remove(s)
}

// mayRead waits while the client has too much in flight; false when the connection ends.
func (s *Session) mayRead() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.paused() {
		s.wake.Wait()
	}
	return !s.closing
}

// readFailed ends a connection that cannot be read on. While a close is under way that is as it should be,
// and the writer has the last word.
func (s *Session) readFailed(err error) {
	s.mu.Lock()
	closing := s.closing
	s.mu.Unlock()
	switch {
	case closing:
	case errors.Is(err, errTooBig):
		s.Close(wire.CloseTooBig, "")
	case errors.Is(err, errNotUTF8):
		s.Close(wire.CloseInvalidUTF8, "")
	case violated(err):
		s.Close(wire.CloseProtocol, "")
	default:
		s.broken(err)
	}
}

// request judges a message after the handshake (protocol 1.6).
func (s *Session) request(msg []byte) {
	req, ferr := wire.ParseRequest(msg)
	switch {
	case ferr != nil && ferr.NotJSON:
		s.srv.log.Debug("message is not JSON", "conn", s.peer.ConnID)
		return
	case ferr != nil:
		s.refuse(ferr.IDRaw, ferr.Response())
		return
	case req.Method == wire.MethodConnect:
		s.refuse(wire.QuoteID(req.ID), wire.InvalidRequest("connect is only valid as the first request"))
		return
	}
	if check := s.srv.o.Check; check != nil {
		if err := check(req.Method, req.Params); err != nil {
			s.refuse(wire.QuoteID(req.ID), err)
			return
		}
	}
	s.mu.Lock()
	s.calls++
	s.mu.Unlock()
	s.handler.Request(req)
}

// refuse answers a request that never reaches the Handler.
func (s *Session) refuse(id wire.Raw, e *wire.Error) {
	frame, err := wire.AppendResponse(nil, id, wire.Result{Err: e})
	if err != nil { // only Details could fail to encode, and none of ours do
		s.srv.log.Error("encode error response", "conn", s.peer.ConnID, "err", err)
		return
	}
	s.Send(frame)
}

// scratch holds a message while it arrives; what it was is copied out at its exact size.
var scratch = sync.Pool{New: func() any { return bytes.NewBuffer(make([]byte, 0, 4<<10)) }}

const maxScratch = 64 << 10 // a larger buffer is not kept

// read reads one message of at most limit bytes, text or binary.
func (s *Session) read(limit int) ([]byte, error) {
	_, r, err := s.ws.Reader(context.Background())
	if err != nil {
		return nil, err
	}
	buf := scratch.Get().(*bytes.Buffer)
	buf.Reset()
	defer func() {
		if buf.Cap() <= maxScratch {
			scratch.Put(buf)
		}
	}()
	if _, err := buf.ReadFrom(io.LimitReader(r, int64(limit)+1)); err != nil {
		return nil, err
	}
	switch {
	case buf.Len() > limit:
		return nil, errTooBig
	case !utf8.Valid(buf.Bytes()):
		return nil, errNotUTF8
	}
	return bytes.Clone(buf.Bytes()), nil
}
