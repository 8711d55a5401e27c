package slackfake

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/providertest/watch"
)

// Options say which app the workspace has. The zero value is a usable one.
type Options struct {
	BotToken string // default DefaultBotToken
	AppToken string // default DefaultAppToken
	// PingEvery is the time between the server's pings; default 5 s.
	PingEvery time.Duration
	// AckWithin is how long an envelope waits for its acknowledgement before it is handed out again; default 3 s.
	AckWithin time.Duration
	// Retries is how often an envelope is handed out again before the platform gives up; 0 = for ever.
	Retries int
	// LoseOffline: what happens while no connection is open never comes through one. It is in the history all the same.
	LoseOffline bool
	// MaxSockets is how many connections an app may have; default 10.
	MaxSockets int
}

// Tokens of Options{}. They are easy to find in a log.
const (
	DefaultBotToken = "xoxb-PLANTED-slack-bot-token-0123456789"
	DefaultAppToken = "xapp-PLANTED-slack-app-token-0123456789"
)

// The app and its workspace.
const (
	BotUser = "U0BOT00001"
	BotID   = "B0BOT00001"
	BotName = "clawd"
	TeamID  = "T0TEAM0001"
)

// Server is the fake platform. All methods are safe for concurrent use.
type Server struct {
	opt Options
	url string

	mu       watch.Lock    // guards the following fields
	cut      chan struct{} // closed and replaced when calls in flight are cut
	closed   bool
	world    world
	queue    []*envelope
	sockets  []*socket
	most     int // sockets open at once
	dials    int
	silent   bool // the next connection carries nothing
	mute     bool // new connections are not answered
	scripts  map[string][]Fault
	always   map[string]Fault
	calls    map[string]int
	last     map[string]params
	tickets  map[string]bool
	uploads  map[string]*upload
	respond  []Response
	serving  sync.WaitGroup // sockets
	envelope int
}

// New makes a server. Serve it as a handler and tell it its address with SetURL; Close it when done.
func New(o Options) *Server {
	if o.BotToken == "" {
		o.BotToken = DefaultBotToken
	}
	if o.AppToken == "" {
		o.AppToken = DefaultAppToken
	}
	if o.PingEvery == 0 {
		o.PingEvery = 5 * time.Second
	}
	if o.AckWithin == 0 {
		o.AckWithin = 3 * time.Second
	}
	if o.MaxSockets == 0 {
		o.MaxSockets = 10
	}
	return &Server{
		opt: o, cut: make(chan struct{}), world: newWorld(),
		scripts: map[string][]Fault{}, always: map[string]Fault{}, calls: map[string]int{}, last: map[string]params{},
		tickets: map[string]bool{}, uploads: map[string]*upload{},
	}
}

// Start serves a new server on loopback until the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := New(o)
	h := httptest.NewServer(s)
	s.SetURL(h.URL)
	t.Cleanup(func() {
		s.Close()
		h.Close()
	})
	return s
}

// SetURL tells the server at which address it is reached; it gives out addresses of its own below it.
func (s *Server) SetURL(u string) { s.url = u }

// URL is the base address; the Web API is at /api/ below it.
func (s *Server) URL() string { return s.url }

// Close ends all connections and waits for them.
func (s *Server) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.cut)
		for _, c := range s.sockets {
			c.close()
		}
	}
	s.mu.Unlock()
	s.serving.Wait()
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch method, isAPI := strings.CutPrefix(r.URL.Path, "/api/"); {
	case isAPI:
		s.serveAPI(w, r, method)
	case r.URL.Path == "/link/":
		s.serveSocket(w, r)
	case strings.HasPrefix(r.URL.Path, "/files-pri/"):
		s.serveFile(w, r)
	case strings.HasPrefix(r.URL.Path, "/upload/"):
		s.serveUpload(w, r)
	case strings.HasPrefix(r.URL.Path, "/commands/"):
		s.serveResponse(w, r)
	default:
		http.NotFound(w, r)
	}
}

// serveAPI is one call of the Web API.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request, method string) {
	p, token, err := readParams(r)
	if err != nil {
		write(w, refuse("invalid_form_data"))
		return
	}
	want := s.opt.BotToken
	if method == "apps.connections.open" {
		want = s.opt.AppToken
	}
	s.mu.Lock()
	s.calls[method]++
	s.last[method] = p
	cut := s.cut
	fault, faulty := s.nextFault(method)
	s.mu.Broadcast()
	s.mu.Unlock()
	act := func() answer {
		switch {
		case token == "":
			return refuse("not_authed")
		case token != want && (token == s.opt.BotToken || token == s.opt.AppToken):
			return refuse("not_allowed_token_type")
		case token != want:
			return refuse("invalid_auth")
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		defer s.mu.Broadcast()
		return s.act(method, p)
	}
	if faulty {
		misbehave(w, r, fault, cut, act)
		return
	}
	write(w, act())
}

// params are the parameters of a call, however they came.
type params map[string]string

func readParams(r *http.Request) (p params, token string, err error) {
	p = params{}
	if err := r.ParseForm(); err != nil {
		return nil, "", err
	}
	for k, v := range r.Form {
		p[k] = v[0]
	}
	token = p["token"]
	delete(p, "token")
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		token = bearer
	}
	return p, token, nil
}

// answer is one reply of the Web API.
type answer map[string]any

func accept(fields map[string]any) answer {
	a := answer{"ok": true}
	maps.Copy(a, fields)
	return a
}

func refuse(code string) answer { return answer{"ok": false, "error": code} }

func write(w http.ResponseWriter, a answer) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(a) // the client has gone; nobody to tell
}

// Calls is how often each method was called, faults included.
func (s *Server) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.calls)
}

// LastCall is the parameters of the method's last call, without the token; nil if there was none.
func (s *Server) LastCall(method string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.last[method])
}

// WaitCalls returns when the method has been called n times.
func (s *Server) WaitCalls(ctx context.Context, method string, n int) error {
	return s.mu.Wait(ctx, func() bool { return s.calls[method] >= n })
}
