package modeltest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/clawdbot/gateway/providers/model"
)

// Dialect is how one vendor's servers speak.
type Dialect interface {
	Format() string
	// Base is the path of the base URL, as people configure it.
	Base() string
	// kind of a request: "answer", "models" or "" for what there is not; key is what it shows.
	kind(r *http.Request) (what, key string)
	read(r *http.Request, body []byte) (Seen, error)
	write(s *stream, step Step, seen Seen)
	// fail words an error.
	fail(kind model.Kind, message string) (status int, body string)
	list(models []string) string
}

// Key is what a server wants to be shown.
const Key = "sk-test-CANARY-0123456789abcdef"

// Server is a vendor's server.
type Server struct {
	Dialect
	http *httptest.Server

	mu     sync.Mutex
	models []string // guarded by mu
	script []Step   // guarded by mu
	play   func(Seen) Step
	seen   []Seen
	told   chan struct{} // closed at the next request
	gone   chan struct{} // the server stops
}

// New starts a server that answers with the steps, one a request, and has no answer after them. It stops with the test.
func New(t testing.TB, d Dialect, script ...Step) *Server {
	s := &Server{Dialect: d, script: script, models: []string{"test-model", "other-model"}, told: make(chan struct{}), gone: make(chan struct{})}
	s.http = httptest.NewServer(s)
	t.Cleanup(func() {
		close(s.gone)
		s.http.CloseClientConnections()
		s.http.Close()
	})
	return s
}

// Play answers by a function from now on.
func (s *Server) Play(f func(Seen) Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.play = f
}

// Add puts steps behind the script.
func (s *Server) Add(steps ...Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = append(s.script, steps...)
}

// Offer makes the server know these models only.
func (s *Server) Offer(models ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.models = models
}

// URL is the base URL.
func (s *Server) URL() string { return s.http.URL + s.Base() }

// Endpoint is the server with its key.
func (s *Server) Endpoint() model.Endpoint {
	return model.Endpoint{BaseURL: s.URL(), Key: Key, Transport: s.http.Client().Transport}
}

// Seen is what has been asked so far.
func (s *Server) Seen() []Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// Await waits until n requests have come. done ends the waiting with fewer.
func (s *Server) Await(done <-chan struct{}, n int) []Seen {
	for {
		s.mu.Lock()
		seen, told := slices.Clone(s.seen), s.told
		s.mu.Unlock()
		if len(seen) >= n {
			return seen
		}
		select {
		case <-told:
		case <-done:
			return seen
		}
	}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<20))
	if err != nil {
		return
	}
	what, key := s.kind(r)
	switch {
	case what == "":
		http.NotFound(w, r)
	case key != Key:
		s.refuse(w, model.BadKey, "", "")
	case what == "models":
		s.mu.Lock()
		defer s.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, s.list(s.models))
	default:
		s.answer(w, r, body)
	}
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, body []byte) {
	seen, err := s.read(r, body)
	if err == nil {
		err = strict(seen.Request.Messages)
	}
	if err != nil {
		s.refuse(w, model.Invalid, err.Error(), "")
		return
	}
	_, seen.Key = s.kind(r)
	seen.Body = body
	step, known := s.next(seen)
	switch {
	case !known:
		s.refuse(w, model.UnknownModel, "", "")
	case step.Fail != "":
		s.refuse(w, step.Fail, step.Message, step.RetryAfter)
	default:
		out := &stream{w: w, r: r, gone: s.gone}
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
		out.flush()
		s.write(out, step, seen)
		if out.broken && step.Break == Hangup {
			panic(http.ErrAbortHandler)
		}
	}
}

// next notes a request and takes the next step.
func (s *Server) next(seen Seen) (step Step, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.models, seen.Request.Model) {
		return step, false
	}
	s.seen = append(s.seen, seen)
	close(s.told)
	s.told = make(chan struct{})
	if s.play != nil {
		return s.play(seen), true
	}
	if len(s.script) == 0 {
		return Step{Fail: model.Invalid, Message: "the script of the test has no step for this request"}, true
	}
	step, s.script = s.script[0], s.script[1:]
	return step, true
}

func (s *Server) refuse(w http.ResponseWriter, kind model.Kind, message, retryAfter string) {
	status, body := s.fail(kind, message)
	w.Header().Set("Content-Type", "application/json")
	if retryAfter != "" {
		w.Header().Set("Retry-After", retryAfter)
	}
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}

// stream writes server-sent events.
type stream struct {
	w      http.ResponseWriter
	r      *http.Request
	gone   <-chan struct{}
	broken bool   // nothing more is to be written
	named  string // the name of an event, where events have names
}

// event writes one; name may be empty.
func (s *stream) event(name, data string) {
	if s.broken {
		return
	}
	if name != "" {
		fmt.Fprintf(s.w, "event: %s\n", name)
	}
	fmt.Fprintf(s.w, "data: %s\n\n", data)
	s.flush()
}

// flush fails only when the client has left, which its context says, too.
func (s *stream) flush() { _ = http.NewResponseController(s.w).Flush() }

// text gives the pieces of a step's text to write, each when it may come, and then breaks as the step says: garbage and
// trouble are the vendor's.
func (s *stream) text(step Step, write func(piece string), trouble string) {
	for _, piece := range step.Text {
		if step.Gate != nil {
			select {
			case <-step.Gate:
			case <-s.r.Context().Done():
			case <-s.gone:
			}
		}
		write(piece)
	}
	switch step.Break {
	case Hangup, Early:
		s.broken = true
	case Quiet:
		select {
		case <-s.r.Context().Done():
		case <-s.gone:
		}
		s.broken = true
	case Garbage:
		s.event(s.named, `{"type": "what", `)
		s.broken = true
	case Trouble:
		name, data, _ := strings.Cut(trouble, "\n")
		s.event(name, data)
		s.broken = true
	}
}
