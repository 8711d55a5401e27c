package ws

import (
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Stats is what the server has seen so far.
type Stats struct {
	Open         int    // connections now, accepted or not
	Accepted     uint64 // connects that were let in
	Unauthorized uint64 // connects and requests that did not show the credential
	Slow         uint64 // connections that were closed because they did not keep up
	Skipped      uint64 // droppable events that a slow connection did not get
}

// counts are added to on everybody's way: no lock.
type counts struct{ accepted, unauthorized, slow, skipped atomic.Uint64 }

// Stats reads the counters.
func (s *Server) Stats() Stats {
	return Stats{
		Open: s.Count(), Accepted: s.counts.accepted.Load(), Unauthorized: s.counts.unauthorized.Load(),
		Slow: s.counts.slow.Load(), Skipped: s.counts.skipped.Load(),
	}
}

// Vouched judges a plain HTTP request that Admits has let pass, for what is only for this host and those who have the
// credential. It is true for a program on this host, with no proxy in between, and for a request that shows the token or the
// password as "Authorization: Bearer SECRET". Wrong secrets are counted like those of connects: after too many the answer is
// false without a look, and wait says for how long.
func (s *Server) Vouched(r *http.Request) (ok bool, wait time.Duration) {
	auth := s.current()
	from, refused := s.guard.request(r, auth.tailscale)
	if refused != "" {
		return false, 0
	}
	if from.direct && !from.browser {
		return true, 0
	}
	if wait := s.failed.wait(from, auth.mode); wait > 0 {
		return false, wait
	}
	secret := bearer(r.Header)
	switch auth.check(shown{token: secret, password: secret, from: from}) {
	case accepted:
		return true, 0
	case wrong:
		s.failed.count(from, auth.mode)
	}
	s.counts.unauthorized.Add(1)
	return false, 0
}

// bearer is the secret of an Authorization header; "" = there is none, or more than one.
func bearer(h http.Header) string {
	values := h.Values("Authorization")
	if len(values) != 1 {
		return ""
	}
	scheme, secret, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(secret)
}
