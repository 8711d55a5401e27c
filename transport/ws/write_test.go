package ws

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// held starts a server whose connections the test opens itself.
func held(t *testing.T, tune func(*Options)) (*host, func() (*raw, *client)) {
	t.Helper()
	opened := make(chan *client, 100)
	h := startHost(t, func(o *Options) {
		(&host{opened: opened}).holding(o)
		if tune != nil {
			tune(o)
		}
	})
	return h, func() (*raw, *client) {
		c := h.upgrade(t, "")
		c.text(t, connectFrame(""))
		return c, within(t, opened, "connection")
	}
}

func event(i int) string { return fmt.Sprintf(`{"type":"event","event":"e","seq":%d}`, i) }

// Whatever is queued before the hello follows it.
func TestWrite_helloFirst(t *testing.T) {
	t.Parallel()
	_, open := held(t, nil)
	c, s := open()
	s.Offer([]byte(event(1)), false)
	s.Send([]byte(`{"early":"response"}`))
	s.Offer([]byte(event(2)), true)
	s.hello()
	s.hello() // changes nothing
	s.Offer([]byte(event(3)), true)
	c.expect(t, string(helloFrame("c1")), event(1), `{"early":"response"}`, event(2), event(3))
}

// A connection that fails before its hello sends nothing but the close frame.
func TestWrite_closeBeforeHello(t *testing.T) {
	t.Parallel()
	_, open := held(t, nil)
	c, s := open()
	s.Offer([]byte(event(1)), false)
	s.Close(wire.CloseInternal, "hello timed out")
	c.expect(t, "close 1011 hello timed out")
	if got := within(t, s.closed, "Closed"); got != (closeCall{1011, "hello timed out"}) {
		t.Fatalf("%+v", got)
	}
}

// countingListener counts the writes of its connections.
type countingListener struct {
	net.Listener
	writes atomic.Int64
}

type countingConn struct {
	net.Conn
	writes *atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return &countingConn{c, &l.writes}, err
}

func (c *countingConn) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

// Everything that is queued when the writer wakes up leaves in one call.
func TestWrite_coalesces(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln := &countingListener{Listener: inner}
	opened := make(chan *client, 1)
	h := serveHost(t, ln, func(o *Options) { (&host{opened: opened}).holding(o) })
	c := h.upgrade(t, "")
	c.text(t, connectFrame(""))
	s := within(t, opened, "connection")
	want := []string{string(helloFrame("c1"))}
	for i := range 16 {
		s.Offer([]byte(event(i)), false)
		want = append(want, event(i))
	}
	before := ln.writes.Load()
	s.hello()
	c.expect(t, want...)
	if n := ln.writes.Load() - before; n != 1 {
		t.Errorf("17 frames took %d writes", n)
	}
}

// Frames of every size class arrive whole and in order, also around the batch size.
func TestWrite_sizes(t *testing.T) {
	t.Parallel()
	_, open := held(t, nil)
	c, s := open()
	s.hello()
	c.expect(t, string(helloFrame("c1")))
	var want []string
	for _, n := range []int{1, 125, 126, 65535, 65536, bigFrame, bigFrame + 1, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 200_000, 3} {
		want = append(want, strings.Repeat("y", n))
	}
	for round := range 3 {
		for _, w := range want {
			s.Offer([]byte(w), round == 0)
		}
		c.expect(t, want...)
	}
	eventually(t, "the books are even", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.events == 0 && s.responses == 0 && !s.writing && cap(s.queue) <= keptQueue
	})
}

const plenty = 8 << 20 // more than the sockets between a test and its server buffer

// stuffed gives a client that does not read and whose event queue is over the limit.
func stuffed(t *testing.T, open func() (*raw, *client)) (*raw, *client, string) {
	t.Helper()
	c, s := open()
	s.hello()
	c.expect(t, string(helloFrame("c1")))
	huge := strings.Repeat("h", plenty)
	s.Offer([]byte(huge), true) // into an empty queue: accepted whatever its size
	eventually(t, "the writer has taken it", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.queue) == 0
	})
	return c, s, huge
}

// A slow client misses droppable events, sees the gap, and stays.
func TestWrite_slowDropsDroppable(t *testing.T) {
	t.Parallel()
	_, open := held(t, nil)
	c, s, huge := stuffed(t, open)
	s.Offer([]byte(event(2)), true)
	s.Send([]byte(`{"a":"response"}`))
	c.expect(t, huge, `{"a":"response"}`)
	eventually(t, "the queue is empty", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.events == 0
	})
	s.Offer([]byte(event(3)), true)
	c.expect(t, event(3))
}

// An event that must not be dropped waits for the grace, and the client that catches up keeps it.
func TestWrite_slowCatchesUp(t *testing.T) {
	t.Parallel()
	_, open := held(t, func(o *Options) { o.Limits.SlowGrace = time.Minute; o.Limits.Events = plenty / 2 })
	c, s, huge := stuffed(t, open)
	s.Offer([]byte(event(2)), false)
	s.Offer([]byte(event(3)), true)
	c.expect(t, huge, event(2))
	eventually(t, "the grace is over", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.slowTimer == nil && s.slowSince.IsZero()
	})
	s.Offer([]byte(event(4)), true)
	c.expect(t, event(4))
}

// One that stays slow is cut at the end of the grace, without another event.
func TestWrite_slowIsCut(t *testing.T) {
	t.Parallel()
	h, open := held(t, func(o *Options) { o.Limits.SlowGrace = 50 * time.Millisecond; o.Limits.Events = plenty / 2 })
	c, s, huge := stuffed(t, open)
	s.Offer([]byte(event(2)), false)
	if got := within(t, s.closed, "Closed"); got != (closeCall{1008, "slow consumer"}) {
		t.Fatalf("%+v", got)
	}
	s.Offer([]byte(event(3)), false) // goes nowhere
	c.expect(t, huge, "close 1008 slow consumer")
	eventually(t, "the connection is gone", func() bool { return h.Count() == 0 })
}

// The queue is bounded within the grace too.
func TestWrite_slowCap(t *testing.T) {
	t.Parallel()
	_, open := held(t, func(o *Options) { o.Limits.SlowGrace = time.Hour; o.Limits.Events = plenty / 8 })
	_, s, _ := stuffed(t, open)
	s.Offer([]byte(event(2)), false)
	if got := within(t, s.closed, "Closed"); got != (closeCall{1008, "slow consumer"}) {
		t.Fatalf("%+v", got)
	}
}

// A client that never comes back is dropped at the end of its time.
func TestWrite_slowNeverReads(t *testing.T) {
	t.Parallel()
	h, open := held(t, func(o *Options) { o.Limits.SlowGrace = time.Millisecond; o.Limits.SlowClose = 20 * time.Millisecond })
	_, s, _ := stuffed(t, open)
	s.Offer([]byte(event(2)), false)
	within(t, s.closed, "Closed")
	eventually(t, "the connection is gone", func() bool { return h.Count() == 0 })
}

// One client that does not read slows nobody else.
func TestWrite_othersGoOn(t *testing.T) {
	t.Parallel()
	_, open := held(t, nil)
	stuffed(t, open)
	c, s := open()
	s.hello()
	c.expect(t, string(helloFrame("c1")))
	for i := range 100 {
		s.Offer([]byte(event(i)), false)
		c.expect(t, event(i))
	}
}

func TestClose_afterWhatIsQueued(t *testing.T) {
	t.Parallel()
	h, open := held(t, nil)
	c, s := open()
	s.hello()
	s.Offer([]byte(`{"type":"event","event":"shutdown"}`), false)
	stranger := h.upgrade(t, "")
	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		done <- h.Shutdown(ctx)
	}()
	c.expect(t, string(helloFrame("c1")), `{"type":"event","event":"shutdown"}`, "close 1012 service restart")
	stranger.expect(t, "close 1012 service restart")
	if got := within(t, s.closed, "Closed"); got != (closeCall{1012, "service restart"}) {
		t.Fatalf("%+v", got)
	}
	if err := within(t, done, "Shutdown"); err != nil {
		t.Fatal(err)
	}
	if status := h.tcp(t, h.request("")).status(t); status != 503 {
		t.Fatalf("upgrade after Shutdown: %d", status)
	}
	s.Close(wire.CloseInternal, "") // and nothing after the end does harm
	s.Send([]byte("x"))
	s.Done()
}

// Shutdown does not wait for those that do not read.
func TestClose_shutdownCuts(t *testing.T) {
	t.Parallel()
	h, open := held(t, func(o *Options) { o.Limits.Close = time.Hour })
	_, s, _ := stuffed(t, open)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := h.Shutdown(ctx); err == nil {
		t.Error("no error although a connection was cut")
	}
	within(t, s.closed, "Closed")
}

func TestClose_byPeer(t *testing.T) {
	t.Parallel()
	h, open := held(t, nil)
	for name, tc := range map[string]struct {
		payload, echo string
		want          closeCall
	}{
		"code and reason": {"\x0f\xa0bye", "close 4000 bye", closeCall{4000, "bye"}},
		"no code":         {"", "close", closeCall{1005, ""}},
		"broken reason":   {"\x03\xe8\xff", "close 1007", closeCall{1000, "\xff"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, s := open()
			s.hello()
			c.expect(t, string(helloFrame("c1")))
			c.frame(t, fin|opClose, tc.payload, true)
			c.expect(t, tc.echo, "eof")
			if got := within(t, s.closed, "Closed"); got != tc.want {
				t.Fatalf("%+v", got)
			}
		})
	}
	c, s := open()
	s.hello()
	_ = c.Conn.Close()
	if got := within(t, s.closed, "Closed"); got.code != 1006 {
		t.Fatalf("%+v", got)
	}
	eventually(t, "no connection is left", func() bool { return h.Count() == 0 })
}
