package discordfake

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/providertest/watch"
)

// Options say which bot the server knows. The zero value is a usable one.
type Options struct {
	Token    string        // the only one that is accepted; default DefaultToken
	Interval time.Duration // between heartbeats; default 41.25 s, as the real one
	// ShowNonce: a message that is read back has the nonce that it was sent with. The real platform is not known for it.
	ShowNonce bool
}

// DefaultToken is the token of Options{}. It is easy to find in a log.
const DefaultToken = "PLANTED-discord-token.0123456789.abcdefghijklmnop"

// What every server has from the start.
const (
	BotID   = "100000000000000001"
	AppID   = "100000000000000002"
	BotName = "fake_bot"
	BotRole = "100000000000000003" // the bot has it in Guild
	Ann     = "100000000000000011" // writes directly
	Bob     = "100000000000000012" // writes in the guild
	Guild   = "100000000000000021"
	General = "100000000000000022" // a channel of Guild
	Thread  = "100000000000000023" // a thread of General
	AnnDM   = "100000000000000031"
	GroupDM = "100000000000000032"
)

// Object is one JSON object of the platform.
type Object = map[string]any

// Server is the fake platform. All methods are safe for concurrent use.
type Server struct {
	opt Options
	url string
	mux *http.ServeMux

	mu       watch.Lock // guards the following fields
	closed   bool
	lastID   int64
	users    map[string]Object
	guilds   map[string]Object
	channels map[string]*channel
	dms      map[string]string // channel by user
	sessions map[string]*session
	sockets  map[*socket]bool
	most     int
	met      bool            // the account has logged in, ever
	files    map[string]file // by path
	posted   []*Message      // by the bot, in order
	nonces   map[string]*Message
	pending  map[string]*call // interactions by token
	lists    map[string][]Object
	faults   faults
	calls    map[string]int
	requests []Request
}

type channel struct {
	Object
	messages []*Message
	after    string // the highest id that somebody asked for what follows it
}

type file struct {
	mime string
	data []byte
}

// Request is a REST call that was made.
type Request struct {
	Method, Path string // without /api/v10
	Query        string
	Body         Object
	Reason       string // for the audit log
}

// New makes a server. Serve it as a handler at the address url; Close it when done.
func New(o Options, url string) *Server {
	if o.Token == "" {
		o.Token = DefaultToken
	}
	if o.Interval == 0 {
		o.Interval = 41250 * time.Millisecond
	}
	s := &Server{
		opt: o, url: url,
		users: map[string]Object{}, guilds: map[string]Object{}, channels: map[string]*channel{}, dms: map[string]string{},
		sessions: map[string]*session{}, sockets: map[*socket]bool{}, files: map[string]file{}, nonces: map[string]*Message{},
		pending: map[string]*call{}, lists: map[string][]Object{}, calls: map[string]int{},
	}
	s.populate()
	s.routes()
	return s
}

// Start serves a new server on loopback until the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	var s *Server
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.ServeHTTP(w, r) }))
	s = New(o, h.URL)
	t.Cleanup(func() {
		s.Close()
		h.Close()
	})
	return s
}

func (s *Server) populate() {
	for id, name := range map[string]string{BotID: BotName, Ann: "ann", Bob: "bob"} {
		s.users[id] = Object{"id": id, "username": name, "global_name": name, "discriminator": "0", "bot": id == BotID}
	}
	s.guilds[Guild] = Object{
		"id": Guild, "name": "The Guild", "roles": []Object{
			{"id": Guild, "name": "@everyone"}, {"id": BotRole, "name": BotName, "tags": Object{"bot_id": BotID}},
		},
		"members": []Object{{"user": s.users[BotID], "roles": []string{BotRole}}, {"user": s.users[Bob], "roles": []string{}}},
	}
	s.AddChannel(Object{"id": General, "guild_id": Guild, "name": "general", "type": 0})
	s.AddChannel(Object{"id": Thread, "guild_id": Guild, "name": "a thread", "type": 11, "parent_id": General})
	s.AddChannel(Object{"id": GroupDM, "type": 3, "recipients": []Object{s.users[Ann], s.users[Bob]}})
	s.AddChannel(Object{"id": AnnDM, "type": 1, "recipients": []Object{s.users[Ann]}})
	s.dms[Ann] = AnnDM
}

// AddChannel adds a channel, or takes over its changes.
func (s *Server) AddChannel(c Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := c["id"].(string)
	if old := s.channels[id]; old != nil {
		old.Object = c
		return
	}
	s.channels[id] = &channel{Object: c}
}

// Token is the token that is accepted.
func (s *Server) Token() string { return s.opt.Token }

// URL is the base address.
func (s *Server) URL() string { return s.url }

// Close ends all sockets.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.Drop()
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// id makes a new snowflake. s.mu is held.
func (s *Server) id() string {
	const epoch = 1420070400000
	s.lastID = max(s.lastID+1, (time.Now().UnixMilli()-epoch)<<22)
	return strconv.FormatInt(s.lastID, 10)
}

// Wait returns when cond, called with the server locked, is true.
func (s *Server) Wait(ctx context.Context, cond func() bool) error { return s.mu.Wait(ctx, cond) }

// Calls counts the calls of a method and route, "POST channels/{channel}/messages".
func (s *Server) Calls(route string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[route]
}

// Requests lists the REST calls, in order.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// Sockets is how many gateway sockets are open, and the most that ever were.
func (s *Server) Sockets() (open, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sockets), s.most
}

func write(w http.ResponseWriter, status int, v any) {
	if v == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}

// refuse answers as the platform does when it does not do something.
func refuse(w http.ResponseWriter, status, code int, format string, args ...any) {
	write(w, status, Object{"code": code, "message": fmt.Sprintf(format, args...)})
}
