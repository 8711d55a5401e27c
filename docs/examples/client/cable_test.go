package main

import (
	"io"
	"net"
	"sync"
	"testing"
)

// cable carries connections to an address and can be cut.
type cable struct {
	listener net.Listener
	to       string
	work     sync.WaitGroup

	mu   sync.Mutex
	ends []net.Conn // guarded by mu
}

func newCable(t *testing.T, to string) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{listener: l, to: to}
	c.work.Go(c.accept)
	t.Cleanup(func() {
		_ = l.Close()
		c.cut()
		c.work.Wait()
	})
	return c
}

func (c *cable) addr() string { return c.listener.Addr().String() }

func (c *cable) accept() {
	for {
		near, err := c.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", c.to)
		if err != nil {
			_ = near.Close()
			continue
		}
		c.mu.Lock()
		c.ends = append(c.ends, near, far)
		c.mu.Unlock()
		c.work.Go(func() { carry(near, far) })
		c.work.Go(func() { carry(far, near) })
	}
}

func carry(from, to net.Conn) {
	_, _ = io.Copy(to, from) // however it ends, the other side is told
	_ = to.Close()
	_ = from.Close()
}

// cut ends the connections there are; new ones are carried.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.ends {
		_ = e.Close()
	}
	c.ends = nil
}
