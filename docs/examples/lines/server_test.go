package lines

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/providertest"
)

// server is the state of the platform, which outlives connections.
type server struct {
	ln net.Listener

	mu      sync.Mutex    // guards the following fields
	changed chan struct{} // closed and replaced at each change
	token   string
	conns   map[*client]bool // that are logged in
	inbox   []message
	acked   map[string]bool
	sent    []string
	broken  int
	down    bool
	fault   providertest.Fault // of the next SEND
}

type message struct{ id, text string }

type client struct {
	conn net.Conn
	mute bool
}

// newServer listens on loopback until the test ends.
func newServer(t *testing.T) *server {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{ln: ln, changed: make(chan struct{}), token: token, conns: map[*client]bool{}, acked: map[string]bool{}}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		s.change(s.drop)
		all.Wait()
	})
	return s
}

// change does something under the lock and wakes who waits.
func (s *server) change(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *server) wait(ctx context.Context, done func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		s.mu.Lock()
		ok, changed := done(), s.changed
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *server) texts() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

func (s *server) isAcked(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.acked[id]
}
