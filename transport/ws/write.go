package ws

import (
	"encoding/binary"
	"net"
	"sync"
	"unicode/utf8"

	"github.com/clawdbot/gateway/transport/wire"
)

// batchSize is how many bytes of small frames go to the kernel in one call. A frame over bigFrame is not
// copied: it goes out with what precedes it in one vectored write.
const (
	batchSize = 32 << 10
	bigFrame  = 8 << 10
)

var batches = sync.Pool{New: func() any { return new([batchSize]byte) }}

// frameConn is the network connection under the WebSocket library, which flushes after every message. The
// session's frames bypass the library and go out as many at once as are queued; the library goes on to
// write control frames, each in one call to Write, so both only ever meet between two frames.
type frameConn struct {
	net.Conn
	early []byte // what the client sent with its upgrade request

	writeMu sync.Mutex
}

func (c *frameConn) Read(p []byte) (int, error) {
	if len(c.early) > 0 {
		n := copy(p, c.early)
		if c.early = c.early[n:]; len(c.early) == 0 {
			c.early = nil
		}
		return n, nil
	}
	return c.Conn.Read(p)
}

// Write writes one control frame of the library. The library echoes the reason of a close frame without
// looking at it; one that is not UTF-8 is answered with 1007 instead (RFC 6455 5.5.1, 8.1).
func (c *frameConn) Write(p []byte) (int, error) {
	const finClose, reasonAt = 0x88, 4
	frame := p
	if len(p) > reasonAt && p[0] == finClose && !utf8.Valid(p[reasonAt:]) {
		frame = binary.BigEndian.AppendUint16([]byte{finClose, 2}, uint16(wire.CloseInvalidUTF8))
	}
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	if _, err := c.Conn.Write(frame); err != nil {
		return 0, err
	}
	return len(p), nil
}

// writeSome writes as many of the frames as go into one system call and says how many those were.
func (c *frameConn) writeSome(frames []item) (int, error) {
	batch := batches.Get().(*[batchSize]byte)
	defer batches.Put(batch)
	buf := batch[:0]
	for n, it := range frames {
		if len(it.frame) > bigFrame {
			buf = appendHeader(buf, len(it.frame))
			return n + 1, c.writev(net.Buffers{buf, it.frame})
		}
		if len(buf)+maxHeader+len(it.frame) > batchSize-maxHeader { // keeps room for a big frame's header
			return n, c.writev(net.Buffers{buf})
		}
		buf = append(appendHeader(buf, len(it.frame)), it.frame...)
	}
	return len(frames), c.writev(net.Buffers{buf})
}

func (c *frameConn) writev(bufs net.Buffers) error {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	if len(bufs) == 1 {
		_, err := c.Conn.Write(bufs[0])
		return err
	}
	_, err := bufs.WriteTo(c.Conn)
	return err
}

// maxHeader is the longest frame header a server sends.
const maxHeader = 10

// appendHeader appends the header of an unfragmented text message of n bytes (RFC 6455 5.2).
func appendHeader(b []byte, n int) []byte {
	const finText = 0x81
	switch {
	case n < 126:
		return append(b, finText, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, finText, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(b, finText, 127), uint64(n))
}

// startWriter makes sure that somebody writes what is queued. The caller holds s.mu.
func (s *Session) startWriter() {
	if s.writing || s.gated {
		return
	}
	s.writing = true
	go s.write()
}

// write sends all that is queued, and the close frame when the session is closing, and ends.
func (s *Session) write() {
	var spare []item
	for {
		s.mu.Lock()
		batch := s.queue
		if len(batch) == 0 {
			if s.closing {
				s.mu.Unlock()
				s.handshakeClose()
				s.mu.Lock()
			}
			s.writing = false
			s.queue = nil
			if cap(batch) <= keptQueue {
				s.queue = batch
			}
			s.wake.Broadcast()
			s.mu.Unlock()
			return
		}
		s.queue = spare
		s.mu.Unlock()
		spare = batch[:0]
		for len(batch) > 0 {
			n, err := s.conn.writeSome(batch)
			if err != nil {
				s.broken(err)
				break
			}
			s.written(batch[:n])
			batch = batch[n:]
		}
	}
}

// keptQueue is the capacity of the queue that an idle connection keeps.
const keptQueue = 4
