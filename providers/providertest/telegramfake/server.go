package telegramfake

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/clawdbot/gateway/providers/providertest/watch"
)

// Options say which bot the server knows. The zero value is a usable one.
type Options struct {
	Token    string // the only token that is accepted; default DefaultToken
	BotID    int64  // default: the number in front of the token's colon
	Username string // default "fake_bot"
}

// DefaultToken is the token of Options{}. It is easy to find in a log.
const DefaultToken = "424242:PLANTED-telegram-token-0123456789abc"

// Server is the fake platform. All methods are safe for concurrent use.
type Server struct {
	opt Options
	url string

	mu       watch.Lock    // guards the following fields
	cut      chan struct{} // closed and replaced by DropConnections
	mute     chan struct{} // closed and replaced by Silence
	closed   bool
	updates  []stored
	nextID   int64 // of the next update
	nextMsg  int64 // of the next message, in either direction
	acked    int64
	hook     webhook
	waiting  chan struct{} // the getUpdates that waits for updates; closing it answers it with 409
	overlaps int
	sent     []Sent
	scripts  map[string][]Fault
	always   map[string]Fault
	calls    map[string]int
	last     map[string]map[string]string
	files    map[string][]byte
	allowed  string               // the kinds of update that the bot asked for last, as it wrote them
	reacted  map[[2]string]string // by chat and message
	pinned   map[[2]string]bool

	posters sync.WaitGroup // the goroutines that post to webhooks
}

// New makes a server. Serve it as a handler; Close it when done.
func New(o Options) *Server {
	if o.Token == "" {
		o.Token = DefaultToken
	}
	if o.BotID == 0 {
		o.BotID = parseID(strings.Split(o.Token, ":")[0])
	}
	if o.Username == "" {
		o.Username = "fake_bot"
	}
	return &Server{
		opt: o, cut: make(chan struct{}), mute: make(chan struct{}),
		nextID: 1000, nextMsg: 1,
		scripts: map[string][]Fault{}, always: map[string]Fault{}, calls: map[string]int{},
		last: map[string]map[string]string{}, files: map[string][]byte{},
		reacted: map[[2]string]string{}, pinned: map[[2]string]bool{},
	}
}

// Start serves a new server on loopback until the test ends.
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

// URL is the base address of a started server.
func (s *Server) URL() string { return s.url }

// Token is the token that is accepted.
func (s *Server) Token() string { return s.opt.Token }

// Username is the bot's name, without "@".
func (s *Server) Username() string { return s.opt.Username }

// Close ends all waiting calls, by closing their connections, and the posting to a webhook.
func (s *Server) Close() {
	defer s.posters.Wait() // after the unlocking
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	if s.hook.stop != nil {
		s.hook.stop()
	}
	close(s.cut)
}

// DropConnections closes the connection of every call in flight without an answer.
func (s *Server) DropConnections() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop()
}

// DropPolling waits until a getUpdates waits for something and closes the connections then: the bot must notice.
func (s *Server) DropPolling(ctx context.Context) error {
	return s.mu.Wait(ctx, func() bool {
		if s.waiting != nil {
			s.drop()
			return true
		}
		return false
	})
}

// drop needs s.mu.
func (s *Server) drop() {
	if !s.closed {
		close(s.cut)
		s.cut = make(chan struct{})
	}
}

// ServeHTTP implements http.Handler: /bot<token>/<method> and /file/bot<token>/<path>.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if rest, ok := strings.CutPrefix(path, "/file/bot"+s.opt.Token+"/"); ok {
		s.serveFile(w, rest)
		return
	}
	token, method, ok := strings.Cut(strings.TrimPrefix(path, "/bot"), "/")
	if !ok || !strings.HasPrefix(path, "/bot") || !strings.Contains(token, ":") {
		write(w, refuse(http.StatusNotFound, "Not Found"))
		return
	}
	if token != s.opt.Token {
		write(w, refuse(http.StatusUnauthorized, "Unauthorized"))
		return
	}
	c, err := readCall(r, method)
	if err != nil {
		write(w, refuse(http.StatusBadRequest, "Bad Request: "+err.Error()))
		return
	}
	s.mu.Lock()
	s.calls[method]++
	s.last[method] = c.params
	cut := s.cut
	fault, faulty := s.nextFault(method)
	s.mu.Broadcast()
	s.mu.Unlock()
	if faulty {
		s.misbehave(w, r, c, fault, cut)
		return
	}
	write(w, s.act(r.Context(), c, cut))
}

// answer is one reply of the Bot API.
type answer struct {
	OK          bool           `json:"ok"`
	Result      any            `json:"result,omitempty"`
	Code        int            `json:"error_code,omitempty"`
	Description string         `json:"description,omitempty"`
	Parameters  map[string]any `json:"parameters,omitempty"`
}

func accept(result any) answer { return answer{OK: true, Result: result} }

func refuse(code int, description string) answer { return answer{Code: code, Description: description} }

func write(w http.ResponseWriter, a answer) {
	w.Header().Set("Content-Type", "application/json")
	if !a.OK {
		w.WriteHeader(a.Code)
	}
	_ = json.NewEncoder(w).Encode(a) // the client has gone; nobody to tell
}

// act does what the method does.
func (s *Server) act(ctx context.Context, c call, cut <-chan struct{}) answer {
	switch c.method {
	case "getMe":
		return accept(map[string]any{"id": s.opt.BotID, "is_bot": true, "first_name": "Fake", "username": s.opt.Username})
	case "getUpdates":
		return s.getUpdates(ctx, c, cut)
	case "sendMessage", "sendPhoto", "sendDocument", "sendVideo", "sendAnimation", "sendVoice", "sendAudio":
		return s.send(c)
	case "sendChatAction":
		return accept(true)
	case "deleteWebhook":
		s.SetWebhook("")
		return accept(true)
	case "setWebhook":
		return s.setWebhook(c)
	case "getWebhookInfo":
		return s.webhookInfo()
	case "getFile":
		return s.getFile(c)
	}
	if does, ok := doing[c.method]; ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		defer s.mu.Broadcast()
		return does(s, c)
	}
	return refuse(http.StatusNotFound, "Not Found: method not found")
}

// Calls is how often each method was called, faults included.
func (s *Server) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.calls)
}

// LastCall is the parameters of the method's last call; nil if there was none.
func (s *Server) LastCall(method string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.last[method])
}

// WaitCalls returns when the method has been called n times.
func (s *Server) WaitCalls(ctx context.Context, method string, n int) error {
	return s.mu.Wait(ctx, func() bool { return s.calls[method] >= n })
}
