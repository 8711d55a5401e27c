package bridge

import (
	"errors"
	"io"
	"net"
	"runtime/debug"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// run reads the connection until it ends.
func (c *Conn) run() {
	defer func() {
		c.Close()
		c.waits.Wait()
		c.lines.Close()
		if n := c.Node(); n != nil {
			n.Closed()
		}
	}()
	defer c.recovered()
	for {
		c.patience()
		line, err := c.lines.ReadLine()
		if err != nil {
			c.farewell(err)
			return
		}
		c.heard()
		frame, err := Decode(line)
		if err != nil {
			c.refuse(wire.CodeInvalidRequest, err.Error())
			continue
		}
		c.handle(frame, len(line))
	}
}

// recovered keeps a mistake with one connection from the others.
func (c *Conn) recovered() {
	if r := recover(); r != nil {
		c.srv.log.Error("node connection failed", "ip", c.RemoteIP(), "err", r, "stack", string(debug.Stack()))
		c.Close()
	}
}

// heard notes a line: that was the sign of life.
func (c *Conn) heard() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checkBy = time.Time{}
}

// patience sets how long the next line may take: a node may be silent for as long as it likes, unless it is being checked.
func (c *Conn) patience() {
	c.mu.Lock()
	defer c.mu.Unlock()
	until := c.checkBy
	if c.node == nil {
		until = time.Now().Add(c.srv.limits.Idle)
	}
	_ = c.nc.SetReadDeadline(until) // fails only when it is closed
}

// The last word to a peer may take so long, and so much of what it still says is read for it: a connection that is closed
// with unread data in it takes back what was written last.
const (
	farewellLimit = time.Second
	farewellBytes = 1 << 20
)

// farewell tells the peer of its mistake before the connection is closed, if it was one.
func (c *Conn) farewell(err error) {
	var f ErrorFrame
	if long, ok := errors.AsType[*LineTooLong](err); ok {
		f = ErrorFrame{wire.CodeInvalidRequest, long.Error()}
	} else if errors.Is(err, ErrMemory) {
		f = ErrorFrame{wire.CodeUnavailable, err.Error()}
	} else {
		return
	}
	c.srv.log.Info("node connection closed", "ip", c.RemoteIP(), "err", err)
	c.mu.Lock()
	free := !c.writing && !c.closed
	c.writing = true // nobody else will
	c.mu.Unlock()
	tcp, ok := c.nc.(*net.TCPConn)
	if !ok || !free || c.nc.SetDeadline(time.Now().Add(farewellLimit)) != nil {
		return
	}
	if _, err := c.nc.Write(Append(nil, f)); err == nil && tcp.CloseWrite() == nil {
		_, _ = io.CopyN(io.Discard, c.nc, farewellBytes)
	}
}

func (c *Conn) refuse(code, message string) { c.Send(ErrorFrame{code, message}) }

// handle does what the frame of a node asks for, or refuses it (bridge-canvas 1.3).
func (c *Conn) handle(f Frame, size int) {
	switch f := f.(type) {
	case Hello:
		if c.named(f.About, size) {
			c.onHello(f)
		}
	case PairRequest:
		if c.named(f.About, size) {
			c.onPairRequest(f)
		}
	case Req:
		c.onReq(f, size)
	case Event:
		if n := c.authenticated(); n != nil {
			n.Event(f)
		}
	case InvokeRes:
		if n := c.authenticated(); n != nil {
			n.InvokeRes(f)
		}
	case Ping:
		if c.authenticated() != nil {
			c.Send(Pong(f))
		}
	case Pong:
	case Invoke, Res:
		c.refuse(wire.CodeInvalidRequest, TypeOf(f)+" not allowed from node")
	default:
		c.refuse(wire.CodeInvalidRequest, unknownType)
	}
}

// authenticated is the node of the connection. A stranger is refused.
func (c *Conn) authenticated() Node {
	n := c.Node()
	if n == nil {
		c.refuse(CodeUnauthorized, "not authenticated")
	}
	return n
}

func (c *Conn) onReq(r Req, size int) {
	no := func(id string, e *wire.Error) { c.Send(Res{ID: id, Err: e}) }
	n := c.Node()
	switch {
	case n == nil:
		no(r.ID, &wire.Error{Code: CodeUnauthorized, Message: "not authenticated"})
		return
	case r.ID == "":
		no("invalid", wire.InvalidRequest("id and method required"))
		return
	case r.Method == "":
		no(r.ID, wire.InvalidRequest("id and method required"))
		return
	case c.inFlight.Load() >= int64(c.srv.limits.InFlight) || c.waiting() > c.srv.limits.Answers:
		no(r.ID, &wire.Error{Code: wire.CodeUnavailable, Message: "too many requests without an answer; try again", Retryable: true})
		return
	}
	held := 0
	if size > freeBuffer {
		held = size
	}
	if !c.srv.budget.Claim(held) {
		no(r.ID, &wire.Error{Code: wire.CodeUnavailable, Message: ErrMemory.Error(), Retryable: true})
		return
	}
	c.inFlight.Add(1)
	n.Req(r, func() {
		c.srv.budget.Release(held)
		c.inFlight.Add(-1)
	})
}
