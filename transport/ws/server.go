package ws

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// Options configures a Server.
type Options struct {
	Log *slog.Logger // nil discards
	// Auth says what a client has to show. Change it later with SetAuth.
	Auth Settings
	// AllowedHosts lists names a Host header may carry beside the loopback names and the address the
	// request arrived on. Without a port; case does not matter.
	AllowedHosts []string
	// AllowedOrigins lists origins ("https://ui.example.org:8443") that may connect beside the one that
	// the gateway itself serves.
	AllowedOrigins []string
	// TrustedProxies are those whose X-Forwarded headers are believed.
	TrustedProxies []netip.Prefix
	// Published is the name under which Tailscale, on this host, publishes the port now; "" = it does not. It is called for
	// requests that come through a proxy. Nil = it never does.
	Published func() string
	// Open is called for every accepted connect, on the connection's read goroutine: it must not block for
	// long. The Handler it returns gets the requests. Nil closes the connection with 1011.
	Open func(*Session, *wire.ConnectParams) Handler
	// Check judges a request before the Handler sees it; an error is answered at once. It runs on the read
	// goroutine. Nil accepts everything.
	Check func(method string, params []byte) *wire.Error
	// Limits: zero fields take the protocol's values.
	Limits Limits
	// Now is the clock of the rate limit; nil is time.Now.
	Now func() time.Time
}

// Handler receives what happens on one connection. Both methods are called on its read goroutine and must
// not block.
type Handler interface {
	// Request takes one checked request. Every request must be followed by exactly one Session.Done.
	Request(*wire.Request)
	// Closed is called once, last: the code and reason of the close frame, whoever sent it, or 1006 when
	// the connection broke.
	Closed(code int, reason string)
}

// Server accepts WebSocket connections. It is an http.Handler for upgrade requests on any path.
type Server struct {
	o       Options
	log     *slog.Logger
	limits  Limits
	guard   guard
	slots   *slots
	failed  *failures
	running sync.WaitGroup
	counts  counts

	// mu guards the fields below.
	mu       sync.Mutex
	auth     *credentials
	sessions map[*Session]struct{}
	stopping bool
}

// NewServer checks the credentials in o and returns a Server.
func NewServer(o Options) (*Server, error) {
	if o.Open == nil {
		return nil, errors.New("ws: Options.Open is not set")
	}
	auth, err := o.Auth.digest()
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	guard, err := newGuard(o.AllowedHosts, o.AllowedOrigins)
	if err != nil {
		return nil, err
	}
	guard.proxies, guard.published = o.TrustedProxies, o.Published
	limits := o.Limits.withDefaults()
	return &Server{
		o:        o,
		log:      o.Log,
		limits:   limits,
		guard:    guard,
		slots:    newSlots(limits),
		failed:   newFailures(o.Now),
		auth:     auth,
		sessions: make(map[*Session]struct{}),
	}, nil
}

// SetAuth replaces the credentials. When they differ from the ones in force, every connection that was
// accepted with the old ones is closed with 1008.
func (s *Server) SetAuth(a Settings) error {
	auth, err := a.digest()
	if err != nil {
		return err
	}
	s.mu.Lock()
	if auth.equal(s.auth) {
		s.mu.Unlock()
		return nil
	}
	s.auth = auth
	var old []*Session
	for sess := range s.sessions {
		if sess.auth != nil {
			old = append(old, sess)
		}
	}
	s.mu.Unlock()
	for _, sess := range old {
		sess.Close(wire.ClosePolicy, wire.ReasonAuth)
	}
	return nil
}

// Count says how many connections are open, accepted or not.
func (s *Server) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

// Shutdown refuses new connections, closes all others with 1012 after what is queued for them, and waits
// until they are gone. When ctx ends first it cuts the rest.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.stopping = true
	s.mu.Unlock()
	s.slots.close()
	s.each(func(sess *Session) { sess.Close(wire.CloseRestart, wire.ReasonRestart) })
	gone := make(chan struct{})
	go func() {
		s.running.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		s.each((*Session).drop)
		<-gone
		return ctx.Err()
	}
}

func (s *Server) each(f func(*Session)) {
	s.mu.Lock()
	all := make([]*Session, 0, len(s.sessions))
	for sess := range s.sessions {
		all = append(all, sess)
	}
	s.mu.Unlock()
	for _, sess := range all {
		f(sess)
	}
}

// add registers an upgraded connection; false when the server is stopping.
func (s *Server) add(sess *Session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return false
	}
	s.sessions[sess] = struct{}{}
	s.running.Add(1)
	return true
}

func (s *Server) remove(sess *Session) {
	s.mu.Lock()
	delete(s.sessions, sess)
	s.mu.Unlock()
	s.running.Done()
}

// current gives the credentials in force.
func (s *Server) current() *credentials {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.auth
}

// accept marks a connection as authenticated by auth; false when auth is no longer in force.
func (s *Server) accept(sess *Session, auth *credentials) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.auth != auth {
		return false
	}
	sess.auth = auth
	s.counts.accepted.Add(1)
	return true
}

// HTTPServer returns an http.Server with the limits that keep slow or oversized requests from holding
// resources (ReadHeaderTimeout, MaxHeaderBytes). Body limits belong to the handlers.
func HTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
	if log != nil {
		srv.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	}
	return srv
}
