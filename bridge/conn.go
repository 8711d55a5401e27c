package bridge

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is one connection of a node. Its exported methods may be called from any goroutine, and none blocks.
type Conn struct {
	srv     *Server
	nc      net.Conn
	remote  netip.Addr
	release func() // of the place among the strangers
	lines   *LineReader
	ctx     context.Context // ends with the connection
	cancel  context.CancelFunc
	waits   sync.WaitGroup // for decisions on pair requests

	authMu  sync.Mutex          // held while it becomes a node's: hello and pair-ok do not mix
	node    Node                // guarded by authMu for changes, and by mu; nil = a stranger
	pairing map[string]struct{} // guarded by mu: ids of nodes whose decision is waited for

	inFlight atomic.Int64 // requests without an answer

	mu        sync.Mutex
	queue     []item    // guarded by mu
	queued    int       // guarded by mu: bytes in it, and being written
	events    int       // guarded by mu: those of events that no writer has taken yet
	writing   bool      // guarded by mu: a writer runs
	slowSince time.Time // guarded by mu: since when events is over the limit; zero = it is not
	welcome   bool      // guarded by mu: hello-ok is queued
	checkBy   time.Time // guarded by mu: when there must have been a line; zero = whenever
	closed    bool      // guarded by mu
}

type item struct {
	line  []byte
	event bool
}

func newConn(s *Server, nc net.Conn, remote netip.Addr, release func()) *Conn {
	c := &Conn{srv: s, nc: nc, remote: remote, release: release, pairing: map[string]struct{}{}}
	c.ctx, c.cancel = context.WithCancel(s.ctx)
	c.lines = NewLineReader(nc, s.limits.StrangerLine, s.budget)
	return c
}

// RemoteIP is the peer's address without port; an IPv4 address is written as one.
func (c *Conn) RemoteIP() string { return c.remote.String() }

// Loopback says that the peer is on this host, or comes through a tunnel that ends here.
func (c *Conn) Loopback() bool { return c.remote.IsLoopback() }

// LocalIP is the address of this host that the peer is connected to.
func (c *Conn) LocalIP() netip.Addr { return addrOf(c.nc.LocalAddr()) }

// Node is whose connection it is; nil = a stranger's. Within Core.Hello and Core.Admit it does not change.
func (c *Conn) Node() Node {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.node
}

// waiting is how many bytes wait to be taken by the peer.
func (c *Conn) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queued
}

// Ended says that the connection is over.
func (c *Conn) Ended() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// Send queues frames, one behind the other with nothing between them. False: the connection has ended, and none of them
// was or will be written. What was queued may still be lost with the connection.
func (c *Conn) Send(frames ...Frame) bool {
	var line []byte
	for _, f := range frames {
		line = Append(line, f)
	}
	return c.enqueue(item{line: line})
}

// Welcome is Send for the frames that make a stranger a node: hello-ok, and what comes with it. Send and Offer before it
// are for errors alone.
func (c *Conn) Welcome(frames ...Frame) bool {
	c.mu.Lock()
	c.welcome = true
	c.mu.Unlock()
	return c.Send(frames...)
}

// Offer queues the line of an event, from Append, which the connections of several nodes may share. A slow node, one
// with more than Limits.Events of them waiting behind what is being written, does not get droppable ones; one that stays
// slow is closed. What is being written does not count: one event may be large, and its way long.
func (c *Conn) Offer(line []byte, droppable bool) bool {
	c.mu.Lock()
	l := &c.srv.limits
	switch {
	case c.events <= l.Events:
	case droppable:
		c.mu.Unlock()
		return false
	case time.Since(c.slowSince) > l.Grace:
		c.mu.Unlock()
		c.srv.log.Warn("node connection closed: it takes no events", "ip", c.RemoteIP())
		c.Close()
		return false
	}
	c.mu.Unlock()
	return c.enqueue(item{line: line, event: true})
}

func (c *Conn) enqueue(it item) bool {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return false
	}
	limit := c.srv.limits.Queue
	if !c.welcome {
		limit = c.srv.limits.StrangerLine
	}
	if c.queued > 0 && c.queued+len(it.line) > limit { // whatever its size, one line is taken when nothing waits
		c.mu.Unlock()
		c.srv.log.Info("node connection closed: it does not read", "ip", c.RemoteIP())
		c.Close()
		return false
	}
	c.queue = append(c.queue, it)
	c.queued += len(it.line)
	if it.event {
		c.events += len(it.line)
		if c.events > c.srv.limits.Events && c.slowSince.IsZero() {
			c.slowSince = time.Now()
		}
	}
	start := !c.writing
	c.writing = true
	c.mu.Unlock()
	if start {
		go c.write()
	}
	return true
}

// Check asks the node for a sign of life, and closes the connection if there is no line of it within limit.
func (c *Conn) Check(limit time.Duration) {
	if !c.Send(Ping{ID: "check"}) {
		return
	}
	c.mu.Lock()
	c.checkBy = time.Now().Add(limit)
	c.mu.Unlock()
	c.patience()
}

// Close ends the connection at once. What is queued is lost.
func (c *Conn) Close() {
	c.mu.Lock()
	was := c.closed
	c.closed = true
	c.mu.Unlock()
	if !was {
		c.cancel()
		_ = c.nc.Close()
	}
}

// write sends what is queued and ends. An idle connection has no writer.
func (c *Conn) write() {
	for {
		c.mu.Lock()
		batch := c.queue
		c.queue, c.events, c.slowSince = nil, 0, time.Time{}
		if len(batch) == 0 || c.closed {
			c.writing = false
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		for part := range slices.Chunk(batch, maxBuffers) {
			if err := c.writev(part); err != nil {
				c.Close()
				break
			}
			c.written(part)
		}
	}
}

// maxBuffers is how many lines go to the kernel in one call.
const maxBuffers = 64

func (c *Conn) writev(batch []item) error {
	if err := c.nc.SetWriteDeadline(time.Now().Add(c.srv.limits.Stall)); err != nil {
		return err
	}
	if len(batch) == 1 {
		_, err := c.nc.Write(batch[0].line)
		return err
	}
	bufs := make(net.Buffers, len(batch))
	for i, it := range batch {
		bufs[i] = it.line
	}
	_, err := bufs.WriteTo(c.nc)
	return err
}

// written takes lines off the books.
func (c *Conn) written(done []item) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, it := range done {
		c.queued -= len(it.line)
	}
}
