package ws

import (
	"net/http"
	"time"
)

// ModeHook is the class under which wrong tokens of plain requests are counted.
const ModeHook Mode = "hook"

// FromOwnPage judges a plain request that may change something as ServeHTTP judges an upgrade: if a web page has made it,
// it must be one that may connect.
func (s *Server) FromOwnPage(r *http.Request) bool {
	from, refused := s.guard.request(r, s.current().tailscale)
	return refused == "" && s.guard.upgrade(r, from) == ""
}

// GuessWait says how long no token of a plain request from this address is to be looked at; 0 = it may be.
func (s *Server) GuessWait(r *http.Request) time.Duration {
	from, _ := s.guard.request(r, s.current().tailscale)
	return s.failed.wait(from, ModeHook)
}

// GuessedWrong counts a wrong token of a plain request.
func (s *Server) GuessedWrong(r *http.Request) {
	from, _ := s.guard.request(r, s.current().tailscale)
	s.failed.count(from, ModeHook)
}
