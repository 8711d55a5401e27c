package web

import (
	"errors"
	"fmt"
	"net/http"
	"path"
	"sync"
	"time"
)

const (
	maxPost  = 1 << 20          // bytes of one post to a mounted path
	postTime = 60 * time.Second // for reading the post and answering it
)

// ErrTaken: somebody else answers at this path.
var ErrTaken = errors.New("the path is taken")

// Mounts are the paths at which messaging platforms post to us. The zero value has none and is ready for use. Safe for
// concurrent use.
//
// A platform comes from outside, through whatever tunnel or proxy, with that one's name in Host and with forwarding
// headers: so these paths are exempt from the rules about both, and what is mounted must tell by itself who posts. In
// return nothing but POST gets there, with at most 1 MiB of body.
type Mounts struct {
	// Reserved names paths that somebody answers already. Nil = only the probes and the root. Set it before use.
	Reserved func(path string) bool

	mu sync.RWMutex
	at map[string]*mount // guarded by mu
}

type mount struct{ h http.Handler }

// Mount serves h at exactly this path until unmount is called, which may be done more than once. Requests that h has
// begun go on after that. ErrTaken when the path has an owner; another error when it is no clean absolute path.
func (m *Mounts) Mount(p string, h http.Handler) (unmount func(), err error) {
	if p == "" || p[0] != '/' || path.Clean(p) != p {
		return nil, fmt.Errorf("%q is no path: it must begin with a slash and have neither empty nor dotted segments", p)
	}
	if p == "/" || p == "/healthz" || p == "/readyz" || p == "/metrics" || m.Reserved != nil && m.Reserved(p) {
		return nil, fmt.Errorf("%q: %w", p, ErrTaken)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at[p] != nil {
		return nil, fmt.Errorf("%q: %w", p, ErrTaken)
	}
	if m.at == nil {
		m.at = map[string]*mount{}
	}
	mine := &mount{h}
	m.at[p] = mine
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.at[p] == mine { // not a later owner's
			delete(m.at, p)
		}
	}, nil
}

// handler is what is mounted at a cleaned path, nil if nothing is.
func (m *Mounts) handler(p string) http.Handler {
	if m == nil {
		return nil
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if mine := m.at[p]; mine != nil {
		return mine.h
	}
	return nil
}

// mounted answers a request for a mounted path; false = there is nothing mounted at it.
func (s *server) mounted(w http.ResponseWriter, r *http.Request) bool {
	p, ok := cleanPath(r)
	if !ok {
		return false
	}
	h := s.o.Mounts.handler(p)
	if h == nil {
		return false
	}
	secure(w.Header(), "")
	if r.Method != http.MethodPost {
		s.refuse(w, r, http.StatusNotFound, "Not Found")
		return true
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(postTime)) // a writer of a test's own has none
	r.Body = http.MaxBytesReader(w, r.Body, maxPost)
	h.ServeHTTP(w, r)
	return true
}
