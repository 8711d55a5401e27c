package ws

import (
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/coder/websocket"

	"github.com/clawdbot/gateway/transport/wire"
)

// handshake reads and judges the first message (protocol 1.5). Later messages wait until it is done. False
// when the connection ends.
func (s *Session) handshake() bool {
	s.readBefore(time.Now().Add(s.srv.limits.HandshakeTimeout))
	msg, err := s.read(s.srv.limits.FirstFrame)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.Close(wire.CloseNormal, "")
		return false
	case err != nil:
		s.readFailed(err)
		return false
	}
	req, ferr := wire.ParseRequest(msg)
	switch {
	case ferr != nil && (ferr.NotJSON || ferr.Hostile):
		s.Close(wire.CloseNormal, "")
		return false
	case ferr != nil:
		s.Close(wire.ClosePolicy, wire.ReasonHandshake)
		return false
	}
	s.connectID = req.ID
	params, deny := s.judge(req)
	if deny != nil {
		s.refuse(wire.QuoteID(req.ID), deny.err)
		s.Close(deny.code, deny.reason)
		return false
	}
	s.introduce(params.Client)
	s.mu.Lock()
	s.gated = true
	s.mu.Unlock()
	s.readBefore(time.Time{})
	s.releaseSlot()
	if s.handler = s.srv.o.Open(s, params); s.handler == nil {
		s.Close(wire.CloseInternal, "")
		return false
	}
	return true
}

// denial is how a connect request is refused.
type denial struct {
	err    *wire.Error
	code   wire.CloseCode
	reason string
}

func (s *Session) judge(req *wire.Request) (*wire.ConnectParams, *denial) {
	if req.Method != wire.MethodConnect {
		return nil, badHandshake(wire.InvalidRequest("invalid handshake: first request must be connect"))
	}
	if err := wire.Validate(req.Method, req.Params); err != nil {
		return nil, badHandshake(err)
	}
	p := &wire.ConnectParams{}
	if err := wire.Unmarshal(req.Params, p); err != nil {
		return nil, badHandshake(wire.InvalidRequest("invalid connect params: %v", err))
	}
	if p.MaxProtocol < wire.ProtocolVersion || p.MinProtocol > wire.ProtocolVersion {
		err := wire.InvalidRequest("protocol mismatch")
		err.Details = wire.MismatchDetails{ExpectedProtocol: wire.ProtocolVersion}
		return nil, &denial{err, wire.CloseProtocol, wire.ReasonMismatch}
	}
	if err := s.authenticate(p.Auth); err != nil {
		return nil, &denial{err, wire.ClosePolicy, wire.ReasonAuth}
	}
	p.Auth = nil // nobody else needs the secret
	return p, nil
}

func badHandshake(err *wire.Error) *denial {
	return &denial{err, wire.ClosePolicy, wire.ReasonHandshake}
}

// authenticate checks what the client shows against the credentials in force, which may be replaced
// meanwhile.
func (s *Session) authenticate(a *wire.ConnectAuth) *wire.Error {
	show := shown{from: s.from}
	if a != nil {
		show.token, show.password = a.Token, a.Password
	}
	for {
		auth := s.srv.current()
		if wait := s.srv.failed.wait(s.from, auth.mode); wait > 0 {
			err := wire.InvalidRequest("unauthorized: too many failed attempts")
			err.Retryable, err.RetryAfterMs = true, wait.Milliseconds()+1
			return err
		}
		switch auth.check(show) {
		case accepted:
			if s.srv.accept(s, auth) {
				return nil
			}
			continue
		case wrong:
			s.srv.failed.count(s.from, auth.mode)
		}
		s.srv.counts.unauthorized.Add(1)
		s.srv.log.Warn("connect unauthorized", "conn", s.peer.ConnID, "remote", s.peer.RemoteIP)
		return wire.InvalidRequest("unauthorized")
	}
}

func (s *Session) introduce(c wire.ConnectClient) {
	s.peer.Name = c.Name
	s.peer.Version = c.Version
	s.peer.Platform = c.Platform
	s.peer.DeviceFamily = c.DeviceFamily
	s.peer.ModelIdentifier = c.ModelIdentifier
	s.peer.Mode = c.Mode
	s.peer.InstanceID = c.InstanceID
}

// releaseSlot gives the place among strangers back, once. Only the read goroutine calls it.
func (s *Session) releaseSlot() {
	if !s.released {
		s.released = true
		s.srv.slots.release(s.from.addr)
	}
}

// readBefore makes reading fail from t on; the zero time lifts that.
func (s *Session) readBefore(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing { // closing has deadlines of its own
		_ = s.conn.SetReadDeadline(t)
	}
}

// violated says that the peer broke RFC 6455, as opposed to being gone.
func violated(err error) bool {
	if websocket.CloseStatus(err) != -1 || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return false
	}
	_, network := errors.AsType[net.Error](err)
	return !network
}
