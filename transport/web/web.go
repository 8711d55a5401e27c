package web

import (
	"log/slog"
	"net/http"
	"path"
	"strings"

	"github.com/clawdbot/gateway/transport/request"
)

// Options says what the handler serves and whom it asks.
type Options struct {
	// Upgrade gets every request with "Upgrade: websocket", whatever its path, after the Host check.
	// It makes its own decision about forwarding headers and Origin. Nil answers 404.
	Upgrade http.Handler
	// Ready answers /readyz: how each part is. It is called on request goroutines and must be quick. Nil means always
	// ready.
	Ready func() []Part
	// Metrics answers GET /metrics, and decides itself who may ask. Nil means that there are none.
	Metrics http.Handler
	// BasePath is where the page lives, such as "/chat". Empty or "/" is the root.
	BasePath string
	// ControlUI enables the page. The probes and the upgrade work without it.
	ControlUI bool
	// Hooks answers plain requests of any method whose cleaned path IsHook names, before everything else
	// is looked at. Nil means none.
	Hooks  http.Handler
	IsHook func(path string) bool
	// Mounts are the paths at which platforms post, exempt from CheckHost and CheckRequest. Nil means none.
	Mounts *Mounts
	// Canvas answers the requests that IsCanvas names, upgrades among them, once their Host and what proxies say of them is
	// fine. It sets headers of its own. Nil means none.
	Canvas   http.Handler
	IsCanvas func(*http.Request) bool
	// Version is shown to the page and sent in its connect call. Empty means "dev".
	Version string
	// CheckHost decides whether a request's Host header may be served at all, which ends DNS
	// rebinding. It gets the header as sent, port included. Nil admits loopback names only.
	CheckHost func(host string) bool
	// CheckRequest decides about a plain HTTP request once its Host is fine: false is answered 403.
	// Nil refuses every request that carries a forwarding header, because no proxy is trusted.
	CheckRequest func(*http.Request) bool
	// Log gets refused requests at debug level. Nil discards.
	Log *slog.Logger
}

type server struct {
	o     Options
	base  string // "" or "/x/y"
	files map[string]*asset
	log   *slog.Logger
}

// New returns the handler for everything on the gateway's port.
func New(o Options) http.Handler {
	s := &server{o: o, base: normalBase(o.BasePath), log: o.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if o.CheckHost == nil {
		s.o.CheckHost = loopbackHost
	}
	if o.CheckRequest == nil {
		// Nobody said which proxy to believe, and a request that came through one is not local just because the proxy is.
		s.o.CheckRequest = func(r *http.Request) bool { return len(request.Forwarding(r.Header)) == 0 }
	}
	version := o.Version
	if version == "" {
		version = "dev"
	}
	s.files = loadAssets(s.base, version)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.mounted(w, r) {
		return
	}
	if !s.o.CheckHost(r.Host) {
		s.refuse(w, r, http.StatusForbidden, "Host not allowed")
		return
	}
	if s.o.Canvas != nil && s.o.IsCanvas(r) {
		s.canvas(w, r)
		return
	}
	if request.IsUpgrade(r) {
		if s.o.Upgrade == nil {
			s.refuse(w, r, http.StatusNotFound, "Not Found")
			return
		}
		s.o.Upgrade.ServeHTTP(w, r)
		return
	}
	if !s.o.CheckRequest(r) {
		s.refuse(w, r, http.StatusForbidden, "Forwarded requests are not accepted")
		return
	}
	secure(w.Header(), r.Host)
	p, ok := cleanPath(r)
	if !ok {
		s.refuse(w, r, http.StatusNotFound, "Not Found")
		return
	}
	if s.o.Hooks != nil && s.o.IsHook(p) {
		s.o.Hooks.ServeHTTP(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		s.refuse(w, r, http.StatusMethodNotAllowed, "Method Not Allowed")
		return
	}
	switch {
	case p == "/healthz":
		probe{OK: true}.write(w, r)
	case p == "/readyz":
		s.readyz(w, r)
	case p == "/metrics" && s.o.Metrics != nil:
		s.o.Metrics.ServeHTTP(w, r)
	case s.o.ControlUI:
		s.page(w, r, p)
	default:
		s.refuse(w, r, http.StatusNotFound, "Not Found")
	}
}

// canvas hands a request on. Its pages are no part of this one: they get none of the headers that protect it.
func (s *server) canvas(w http.ResponseWriter, r *http.Request) {
	if !s.o.CheckRequest(r) {
		s.refuse(w, r, http.StatusForbidden, "Forwarded requests are not accepted")
		return
	}
	s.o.Canvas.ServeHTTP(w, r)
}

// page answers a cleaned path by the rules of the control UI (protocol 8.6): an existing file, the
// assets under any prefix, else index.html so that the page's own routes survive a reload.
func (s *server) page(w http.ResponseWriter, r *http.Request, p string) {
	switch {
	case s.base == "" && (p == "/ui" || strings.HasPrefix(p, "/ui/")):
		s.refuse(w, r, http.StatusNotFound, "Not Found")
		return
	case s.base != "" && p == s.base && !strings.HasSuffix(r.URL.Path, "/"):
		target := s.base + "/"
		if r.URL.RawQuery != "" {
			target += "?" + r.URL.RawQuery
		}
		w.Header().Set("Location", target)
		w.WriteHeader(http.StatusFound)
		return
	case s.base != "" && p != s.base && !strings.HasPrefix(p, s.base+"/"):
		s.refuse(w, r, http.StatusNotFound, "Not Found")
		return
	}
	name := strings.TrimPrefix(strings.TrimPrefix(p, s.base), "/")
	if i := strings.LastIndex(p, "/assets/"); i >= 0 {
		name = p[i+1:]
	}
	a, ok := s.files[name]
	if !ok {
		a, ok = s.files["index.html"]
	}
	if !ok {
		s.refuse(w, r, http.StatusServiceUnavailable, "Control UI assets not found")
		return
	}
	a.serve(w, r)
}

// cleanPath returns the path to match: decoded once and cleaned. It refuses what no link of ours
// contains and what only serves to be read differently by somebody else: an encoded percent sign,
// parent segments, backslashes, control characters.
func cleanPath(r *http.Request) (string, bool) {
	p := r.URL.Path
	if !strings.HasPrefix(p, "/") || strings.Contains(r.URL.EscapedPath(), "%25") {
		return "", false
	}
	for i := range len(p) {
		if p[i] < 0x20 || p[i] == 0x7f || p[i] == '\\' {
			return "", false
		}
	}
	for seg := range strings.SplitSeq(p, "/") {
		if seg == ".." {
			return "", false
		}
	}
	return path.Clean(p), true
}

// normalBase gives a base path one leading slash and no trailing one; the root is "".
func normalBase(p string) string {
	p = path.Clean("/" + strings.TrimSpace(p))
	if p == "/" {
		return ""
	}
	return p
}

func (s *server) refuse(w http.ResponseWriter, r *http.Request, status int, text string) {
	s.log.Debug("http request refused", "status", status, "method", r.Method, "why", text)
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(text + "\n"))
	}
}
