package signalfake

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/providertest/watch"
)

// Options say what the daemon is like. The zero value is a usable one.
type Options struct {
	Account  string        // its account; default "+15550001000"
	Password string        // wanted by a proxy in front of it, for the user "gateway"; "" = no proxy
	Alive    time.Duration // between two comments on an idle stream; default 15 s, as the real one
	// Old is a daemon that does not number its events and keeps none: what comes while nobody listens is lost, or waits at
	// Signal if it was started with --receive-mode manual.
	Old, Manual bool
	// Late holds the head of a stream's answer back until the first byte of its body, as some versions do.
	Late bool
}

// DefaultPassword is easy to find in a log.
const DefaultPassword = "PLANTED-signal-proxy-password-0123456789"

// kept is how many events the real daemon keeps.
const kept = 1000

// Sent is a message that arrived at Signal.
type Sent struct {
	Timestamp int64
	Chat      string // a number, "group:<id>" or "username:<name>"
	Text      string
	Files     []SentFile
	Params    map[string]any
}

// SentFile is an attachment, read from its path when it was sent.
type SentFile struct {
	Name string
	Data []byte
}

// Server is the fake daemon. All methods are safe for concurrent use.
type Server struct {
	opt Options
	url string

	mu       watch.Lock    // guards the following fields
	cut      chan struct{} // closed and replaced to close streams
	mute     chan struct{} // closed and replaced to make streams silent
	closed   bool
	accounts []string
	events   []stored
	nextID   int
	waiting  []stored // at Signal: for a daemon that receives only while somebody listens
	seen     int      // the highest Last-Event-ID that was presented
	clock    int64
	open     int
	most     int
	sent     []Sent
	typing   []string
	scripts  map[string][]Fault
	always   map[string]Fault
	calls    map[string]int
	files    map[string][]byte
	reacted  map[string]string // our reactions, by chat, author and time
	argv     []string
}

// stored is an event of the stream.
type stored struct {
	id   int
	data []byte
}

// New makes a daemon. Serve it as a handler; Close it when done.
func New(o Options) *Server {
	if o.Account == "" {
		o.Account = "+15550001000"
	}
	if o.Alive == 0 {
		o.Alive = 15 * time.Second
	}
	return &Server{
		opt: o, cut: make(chan struct{}), mute: make(chan struct{}),
		accounts: []string{o.Account}, nextID: 1, clock: time.Now().UnixMilli(),
		scripts: map[string][]Fault{}, always: map[string]Fault{}, calls: map[string]int{}, files: map[string][]byte{},
		reacted: map[string]string{},
	}
}

// Start serves a new daemon on loopback until the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := New(o)
	h := httptest.NewServer(s)
	s.url = h.URL
	t.Cleanup(func() {
		s.Close()
		h.Close()
	})
	return s
}

// URL is the daemon's address, with the password if it has one.
func (s *Server) URL() string {
	u, err := url.Parse(s.url)
	if err != nil || s.opt.Password == "" {
		return s.url
	}
	u.User = url.UserPassword("gateway", s.opt.Password)
	return u.String()
}

// Account is the number of the daemon's account.
func (s *Server) Account() string { return s.opt.Account }

// Close ends all streams and hanging calls.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		close(s.cut)
	}
}

// Drop closes all streams and hanging calls.
func (s *Server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		close(s.cut)
		s.cut = make(chan struct{})
	}
}

// Silence lets the open streams carry nothing more, not even signs of life.
func (s *Server) Silence() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.mute)
	s.mute = make(chan struct{})
}

// Unlink takes the account away, as the person can from the phone.
func (s *Server) Unlink() {
	s.mu.Lock()
	s.accounts = nil
	s.mu.Unlock()
	s.Drop()
}

// SetAccounts replaces the daemon's accounts.
func (s *Server) SetAccounts(numbers ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts = numbers
}

// Restart forgets all events, as a new daemon process does.
func (s *Server) Restart() {
	s.mu.Lock()
	s.events, s.nextID = nil, 100_000+s.nextID
	s.mu.Unlock()
	s.Drop()
}

// WaitStreams returns when n streams are open.
func (s *Server) WaitStreams(ctx context.Context, n int) error {
	return s.mu.Wait(ctx, func() bool { return s.open == n })
}

// Streams is how many streams are open now, and the most that ever were at once.
func (s *Server) Streams() (open, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open, s.most
}

// Presented is the highest event id that a stream was asked to go on from: what is before it was taken.
func (s *Server) Presented() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

// Sent is every message sent so far, in order.
func (s *Server) Sent() []Sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// WaitSent returns the messages sent so far as soon as there are n.
func (s *Server) WaitSent(ctx context.Context, n int) ([]Sent, error) {
	err := s.mu.Wait(ctx, func() bool { return len(s.sent) >= n })
	return s.Sent(), err
}

// WaitCalls returns when a method was called n times ("check" and "events" too).
func (s *Server) WaitCalls(ctx context.Context, method string, n int) error {
	return s.mu.Wait(ctx, func() bool { return s.calls[method] >= n })
}

// Typing lists where typing was shown.
func (s *Server) Typing() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.typing)
}

// Argv is what a child was started with last (Child).
func (s *Server) Argv() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.argv)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a := r.Header.Get(argvHeader); a != "" {
		s.mu.Lock()
		s.argv = strings.Split(a, "\t")
		s.mu.Unlock()
	}
	if _, pw, _ := r.BasicAuth(); s.opt.Password != "" && pw != s.opt.Password {
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	switch r.URL.Path {
	case "/api/v1/check":
		if !s.misbehave(w, r, "check", nil) {
			w.WriteHeader(http.StatusOK)
		}
	case "/api/v1/rpc":
		s.rpc(w, r)
	case "/api/v1/events":
		s.stream(w, r)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client has gone; nobody to tell
}
