package hooks

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	tokenHeader = "x-clawdbot-token"
	tokenParam  = "token"

	maxWarned = 64 // paths that are remembered for the warning about tokens in them
)

// tokenOf is the token of a request: the first that is there.
func tokenOf(r *http.Request) (token string, inQuery bool) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " ")
	if rest = strings.TrimSpace(rest); strings.EqualFold(scheme, "Bearer") && rest != "" {
		return rest, false
	}
	if t := strings.TrimSpace(r.Header.Get(tokenHeader)); t != "" {
		return t, false
	}
	t := strings.TrimSpace(r.URL.Query().Get(tokenParam))
	return t, t != ""
}

// authorized judges the token, and answers a request whose token is not right. While an address has guessed too often,
// no token of it is looked at: guessing would go on otherwise.
func (s *Server) authorized(w http.ResponseWriter, r *http.Request, cfg *Config, path string) bool {
	if wait := s.o.GuessWait(r); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
		plain(w, http.StatusTooManyRequests, "Too Many Requests")
		return false
	}
	token, inQuery := tokenOf(r)
	if !cfg.TokenIs(token) {
		if token != "" {
			s.o.GuessedWrong(r)
		}
		s.log.Info("hook refused", "remote", r.RemoteAddr, "reason", reason(token))
		plain(w, http.StatusUnauthorized, "Unauthorized")
		return false
	}
	if inQuery {
		s.warnOnce(path)
	}
	return true
}

func reason(token string) string {
	if token == "" {
		return "no token"
	}
	return "wrong token"
}

// warnOnce says that a token in the query ends up in logs, once for each path.
func (s *Server) warnOnce(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.warned[path] || len(s.warned) >= maxWarned {
		return
	}
	s.warned[path] = true
	s.log.Warn("a hook is called with its token in the query, where proxies log it; send it as Authorization: Bearer", "path", path)
}

// plain answers with a text.
func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = fmt.Fprint(w, text)
}
