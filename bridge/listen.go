package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options for a Server. Core is required.
type Options struct {
	Log    *slog.Logger // nil = slog.Default
	Host   string       // address or name to listen on; "" = 127.0.0.1
	Port   int          // 0 = any free one
	Core   Core
	Limits Limits
}

// Core decides what the frames of nodes mean. Its functions are called from goroutines of the connection that they are
// given, and may block until ctx ends, which it does with the connection.
type Core interface {
	// Hello judges a hello. When it is good, hello-ok has been queued with c.Welcome, and the Node gets the frames that
	// follow. It may be the Node that the connection has already. An ErrorFrame is sent; nothing changes.
	Hello(ctx context.Context, c *Conn, h Hello) (Node, *ErrorFrame)
	// Pair waits until a person has decided on a request, and returns the token. Several may wait on one connection.
	Pair(ctx context.Context, c *Conn, p PairRequest) (token string, refused *ErrorFrame)
	// Admit is Hello for a node that has just been paired; pair-ok comes before hello-ok.
	Admit(ctx context.Context, c *Conn, p PairRequest, token string) (Node, *ErrorFrame)
}

// Node is the core's end of an authenticated connection. Its functions are called in the order of the frames, on the
// goroutine that reads them, and must not block.
type Node interface {
	// Req is a call of a method; id and method are not empty. It is answered with c.Send; done gives back what the
	// call holds, and must be called once when it has been.
	Req(r Req, done func())
	Event(e Event)
	InvokeRes(r InvokeRes)
	// Closed says that the connection has ended, or has become another node's.
	Closed()
}

// Server is the gateway's end of the bridge.
type Server struct {
	log       *slog.Logger
	core      Core
	limits    Limits
	budget    *Budget
	strangers *strangers
	listeners []net.Listener

	ctx    context.Context // ends with the server
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex
	conns  map[*Conn]struct{} // guarded by mu; nil once the server is stopping
	stopMu sync.Once
}

// Listen starts a server. Beside an address of the tailnet, or another special one, it also listens on 127.0.0.1, for
// what comes through a tunnel; when that port is taken, it does without.
func Listen(o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Host == "" {
		o.Host = "127.0.0.1"
	}
	first, err := net.Listen("tcp", net.JoinHostPort(o.Host, strconv.Itoa(o.Port)))
	if err != nil {
		return nil, fmt.Errorf("listen for nodes: %w", err)
	}
	s := &Server{
		log: o.Log, core: o.Core, limits: o.Limits.withDefaults(), listeners: []net.Listener{first}, conns: map[*Conn]struct{}{},
	}
	s.budget, s.strangers = NewBudget(s.limits.Memory), newStrangers(&s.limits)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if special(o.Host) {
		if second, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port()))); err == nil {
			s.listeners = append(s.listeners, second)
		}
	}
	for _, l := range s.listeners {
		s.wg.Go(func() { s.accept(l) })
	}
	return s, nil
}

// special tells whether host is an address that loopback is not part of.
func special(host string) bool {
	switch {
	case host == "" || host == "0.0.0.0" || host == "::" || host == "localhost" || host == "::1", strings.HasPrefix(host, "127."):
		return false
	}
	return true
}

// Addr is where the server listens, "host:port".
func (s *Server) Addr() string { return s.listeners[0].Addr().String() }

// Port is the port of all its listeners.
func (s *Server) Port() int {
	a, _ := s.listeners[0].Addr().(*net.TCPAddr)
	return a.Port
}

// Conns is how many connections are open, strangers among them.
func (s *Server) Conns() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Shutdown closes the listeners and every connection, and waits until all goroutines have ended, or ctx has.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopMu.Do(func() {
		s.cancel()
		close(s.strangers.stopped)
		for _, l := range s.listeners {
			_ = l.Close()
		}
		s.mu.Lock()
		open := s.conns
		s.conns = nil
		s.mu.Unlock()
		for c := range open {
			c.Close()
		}
	})
	ended := make(chan struct{})
	go func() {
		s.wg.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop the node bridge: %w", context.Cause(ctx))
	}
}

// acceptPause is how long an accept that failed is not repeated: out of file descriptors, mostly.
const acceptPause = 50 * time.Millisecond

func (s *Server) accept(l net.Listener) {
	for {
		nc, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			s.log.Warn("node connection not accepted", "err", err)
			select {
			case <-time.After(acceptPause):
			case <-s.ctx.Done():
				return
			}
			continue
		}
		s.wg.Go(func() { s.serve(nc) })
	}
}

// serve gives a connection a place among the strangers, and reads it.
func (s *Server) serve(nc net.Conn) {
	remote := addrOf(nc.RemoteAddr())
	release, ok := s.strangers.enter(remote)
	if !ok {
		s.log.Debug("node connection refused: too many strangers", "ip", remote.String())
		_ = nc.Close()
		return
	}
	defer release()
	c := newConn(s, nc, remote, release)
	s.mu.Lock()
	stopping := s.conns == nil
	if !stopping {
		s.conns[c] = struct{}{}
	}
	s.mu.Unlock()
	if stopping {
		_ = nc.Close()
		return
	}
	c.run()
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
}

func addrOf(a net.Addr) netip.Addr {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	ip, _ := netip.AddrFromSlice(t.IP)
	return ip.Unmap().WithZone(t.Zone)
}
