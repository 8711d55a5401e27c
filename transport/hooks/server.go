package hooks

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// Options says whom the handler asks, and what follows from a call.
type Options struct {
	// Config is the configuration in force; nil = there are no hooks. It must not block.
	Config func() *Config
	// Wake and Agent carry out a call, and return when that cannot be lost any more. ErrBusy means: not now. A call whose
	// Delivery was seen before changes nothing and gets the answer of the first one.
	Wake  func(context.Context, Wake) (Answer, error)
	Agent func(context.Context, Agent) (Answer, error)
	// FromOwnPage tells whether a request does not come from a web page of somebody else. Nil = no request does.
	FromOwnPage func(*http.Request) bool
	// GuessWait is how long no token from the request's address is looked at, because it has sent too many wrong ones;
	// GuessedWrong counts one. Nil = nobody counts.
	GuessWait    func(*http.Request) time.Duration
	GuessedWrong func(*http.Request)
	// Engine runs the transforms (transport/hooks/javascript): it calls a function of a module of dir with input, and returns the result,
	// both as JSON. What takes longer than limit is context.DeadlineExceeded. Nil = a mapping with a transform fails with ErrNoEngine.
	Engine Engine
	Limits Limits
	Log    *slog.Logger // nil = discard
}

// Engine is the type of Options.Engine.
type Engine func(dir, module, export, input string, limit time.Duration, memory uint64) (result string, err error)

// Limits bound what callers and transforms can use up. Zero fields take the value in brackets.
type Limits struct {
	Body       time.Duration // of the body of a call [10 s]
	Calls      int           // calls that are dealt with at one time [32]
	Effect     time.Duration // until a call is stored [10 s]
	Transforms int           // transforms that run at one time [2]
	Transform  time.Duration // of one transform [2 s]
	Memory     uint64        // of one transform, in bytes [32 MiB]
}

// ErrBusy says that a call cannot be taken now.
var ErrBusy = errors.New("too much is waiting already, try again later")

// ErrNoEngine says that transforms cannot be run here.
var ErrNoEngine = errors.New("this program was built without JavaScript, in which transforms are written; the full one has it")

// Server answers the calls of hooks.
type Server struct {
	o          Options
	log        *slog.Logger
	calls      chan struct{} // one for each call that is dealt with
	transforms *transforms
	open       context.Context // until Close
	close      context.CancelFunc

	mu     sync.Mutex
	warned map[string]bool // guarded by mu; paths that were warned about
}

// New makes a Server.
func New(o Options) *Server {
	l := &o.Limits
	or(&l.Body, 10*time.Second)
	or(&l.Calls, 32)
	or(&l.Effect, 10*time.Second)
	or(&l.Transforms, 2)
	or(&l.Transform, 2*time.Second)
	or(&l.Memory, 32<<20)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.FromOwnPage == nil {
		o.FromOwnPage = func(*http.Request) bool { return true }
	}
	if o.GuessWait == nil {
		o.GuessWait, o.GuessedWrong = func(*http.Request) time.Duration { return 0 }, func(*http.Request) {}
	}
	open, cancel := context.WithCancel(context.Background())
	return &Server{
		open: open, close: cancel, o: o, log: o.Log, calls: make(chan struct{}, l.Calls), transforms: newTransforms(o.Engine, *l, o.Log), warned: map[string]bool{},
	}
}

func or[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}

// Close ends the wait for bodies that are still coming, and refuses new calls. What has been read is carried out.
func (s *Server) Close() { s.close() }

// Owns tells whether a cleaned path is one of the hooks.
func (s *Server) Owns(path string) bool {
	cfg := s.o.Config()
	if cfg == nil {
		return false
	}
	_, ours := cfg.sub(path)
	return ours
}

// ServeHTTP answers a request whose path it owns, in the order of protocol 8.3.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// What is refused may have a body that never ends, which the server reads before the next request.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(leftover))
	cfg, at := s.o.Config(), path.Clean(r.URL.Path)
	if cfg == nil {
		plain(w, http.StatusNotFound, "Not Found")
		return
	}
	sub, ours := cfg.sub(at)
	switch {
	case !s.o.FromOwnPage(r):
		plain(w, http.StatusForbidden, "Forbidden")
	case !s.authorized(w, r, cfg, at):
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		plain(w, http.StatusMethodNotAllowed, "Method Not Allowed")
	case !ours || sub == "":
		plain(w, http.StatusNotFound, "Not Found")
	default:
		s.call(w, r, cfg, sub)
	}
}

// call deals with a call that may be made.
func (s *Server) call(w http.ResponseWriter, r *http.Request, cfg *Config, sub string) {
	select {
	case s.calls <- struct{}{}:
		defer func() { <-s.calls }()
	default:
		s.fail(w, sub, ErrBusy)
		return
	}
	if s.open.Err() != nil {
		s.fail(w, sub, ErrBusy)
		return
	}
	body, err := s.readBody(w, r, cfg.MaxBody)
	if err != nil {
		s.failBody(w, r, sub, err)
		return
	}
	payload, err := payloadOf(body)
	if err != nil {
		s.fail(w, sub, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.o.Limits.Effect)
	defer cancel()
	res, found, err := s.meaning(ctx, cfg, newCall(r, sub, payload))
	switch {
	case err != nil:
		s.fail(w, sub, err)
	case !found:
		plain(w, http.StatusNotFound, "Not Found")
	case res == result{}:
		w.WriteHeader(http.StatusNoContent)
	default:
		a, err := s.carryOut(ctx, res, delivery(r, sub, payload))
		if err != nil {
			s.fail(w, sub, err)
			return
		}
		answer(w, a)
	}
}

// meaning finds out what a call asks for.
func (s *Server) meaning(ctx context.Context, cfg *Config, c *call) (r result, found bool, err error) {
	switch c.sub {
	case "wake":
		wake, err := wakeOf(c.payload)
		return result{wake: &wake}, true, err
	case "agent":
		agent, err := agentOf(c.payload)
		return result{agent: &agent}, true, err
	}
	m := cfg.find(c.sub, c.payload.get("source").str())
	if m == nil {
		return r, false, nil
	}
	r, err = s.apply(ctx, cfg, m, c)
	return r, true, err
}

func (s *Server) carryOut(ctx context.Context, r result, delivery string) (Answer, error) {
	if r.wake != nil {
		r.wake.Delivery = delivery
		return s.o.Wake(ctx, *r.wake)
	}
	r.agent.Delivery = delivery
	return s.o.Agent(ctx, *r.agent)
}

func answer(w http.ResponseWriter, a Answer) {
	if a.RunID != "" {
		writeJSON(w, http.StatusAccepted, struct {
			OK    bool   `json:"ok"`
			RunID string `json:"runId"`
		}{true, a.RunID})
		return
	}
	writeJSON(w, http.StatusOK, struct {
		OK   bool   `json:"ok"`
		Mode string `json:"mode"`
	}{true, a.Mode})
}

// fail answers a call that came to nothing. Only mistakes of the caller are explained to him.
func (s *Server) fail(w http.ResponseWriter, sub string, err error) {
	var bad badCall
	var broken *transformError
	switch {
	case errors.As(err, &bad):
		refuse(w, http.StatusBadRequest, bad.Error())
	case errors.As(err, &broken):
		s.log.Warn("hook mapping failed", "hook", clip(sub, 100), "module", broken.module, "err", broken.err)
		refuse(w, http.StatusInternalServerError, "hook mapping failed")
	default:
		s.log.Warn("hook not taken", "hook", clip(sub, 100), "err", err)
		w.Header().Set("Retry-After", "5")
		refuse(w, http.StatusServiceUnavailable, ErrBusy.Error())
	}
}

func refuse(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, struct {
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}{false, text})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := wire.Marshal(v)
	if err != nil { // strings and flags only: cannot be
		plain(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// deliveryHeaders are how senders name a delivery, the same when they repeat it.
var deliveryHeaders = []string{
	"Idempotency-Key", "X-Github-Delivery", "X-Gitlab-Event-Uuid", "X-Shopify-Webhook-Id", "Webhook-Id", "Svix-Id",
}

// delivery names a call, for one path; "" = its sender did not.
func delivery(r *http.Request, sub string, payload value) string {
	for _, name := range deliveryHeaders {
		if v := strings.TrimSpace(r.Header.Get(name)); v != "" {
			return digest(sub, name, v)
		}
	}
	if v := payload.text("idempotencyKey"); v != "" && (sub == "wake" || sub == "agent") {
		return digest(sub, "Idempotency-Key", v)
	}
	return ""
}
