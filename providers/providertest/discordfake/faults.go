package discordfake

import (
	"net/http"
	"strconv"
	"time"

	"github.com/clawdbot/gateway/providers/providertest"
)

// RetryAfter is what a limited call is told to wait.
const RetryAfter = time.Second

// faults are what goes wrong from now on. Guarded by Server.mu.
type faults struct {
	revoked    bool
	closeLogin int // close code for whoever logs in
	muteNew    bool
	down       bool
	links      []int // status of the next attempts to connect
	posts      []providertest.Fault
}

// refusesLink answers an attempt to connect with a fault, if there is one.
func (s *Server) refusesLink(w http.ResponseWriter) bool {
	s.mu.Lock()
	code := 0
	switch f := &s.faults; {
	case len(f.links) > 0:
		code, f.links = f.links[0], f.links[1:]
	case f.down:
		code = http.StatusInternalServerError
	}
	s.mu.Unlock()
	switch code {
	case 0:
		return false
	case http.StatusTooManyRequests:
		limited(w, false)
	default:
		http.Error(w, "<html>broken</html>", code)
	}
	return true
}

func limited(w http.ResponseWriter, global bool) {
	w.Header().Set("Retry-After", strconv.Itoa(int(RetryAfter/time.Second)))
	write(w, http.StatusTooManyRequests, Object{"message": "You are being rate limited.", "retry_after": RetryAfter.Seconds(), "global": global})
}

// RefuseLogins closes whoever logs in with a code, until it is called with 0.
func (s *Server) RefuseLogins(code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.closeLogin = code
}

// MuteNew makes new sockets say nothing, not even hello.
func (s *Server) MuteNew(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.muteNew = on
}

// Inject shows a fault of the contract suite. It is false where Discord has no such thing.
func (s *Server) Inject(f providertest.Fault) bool {
	s.mu.Lock()
	switch f {
	case providertest.RefuseLogin, providertest.RevokeLogin:
		s.faults.revoked = true
	case providertest.ReceiveRateLimit:
		s.faults.links = []int{http.StatusTooManyRequests}
	case providertest.ReceiveServerError:
		s.faults.links = []int{500, 502, 503}
	case providertest.ReceiveDown:
		s.faults.down = true
	case providertest.ReceiveDrop, providertest.ReceiveSilence:
	case providertest.SendRateLimit, providertest.SendServerError, providertest.SendRefused, providertest.SendUnauthorized,
		providertest.SendDropBefore, providertest.SendDropAfter, providertest.SendSilence:
		s.faults.posts = append(s.faults.posts, f)
	default:
		s.mu.Unlock()
		return false
	}
	s.mu.Unlock()
	switch f {
	case providertest.RevokeLogin:
		s.CloseAll(4004)
	case providertest.ReceiveRateLimit, providertest.ReceiveServerError, providertest.ReceiveDrop:
		s.Drop()
	case providertest.ReceiveSilence:
		s.Mute()
	}
	return true
}

// nextPost takes the fault of this message, if there is one. s.mu is held.
func (s *Server) nextPost() (f providertest.Fault) {
	if len(s.faults.posts) > 0 {
		f, s.faults.posts = s.faults.posts[0], s.faults.posts[1:]
	}
	return f
}

// misbehaves shows a fault of sending that comes before the message is kept. True: there is nothing more to do.
func misbehaves(w http.ResponseWriter, f providertest.Fault) bool {
	switch f {
	case providertest.SendRateLimit:
		limited(w, false)
	case providertest.SendServerError:
		refuse(w, http.StatusInternalServerError, 0, "500: Internal Server Error")
	case providertest.SendRefused:
		refuse(w, http.StatusForbidden, 50013, "Missing Permissions")
	case providertest.SendUnauthorized:
		refuse(w, http.StatusUnauthorized, 0, "401: Unauthorized")
	case providertest.SendDropBefore:
		cut(w)
	default:
		return false
	}
	return true
}

// cut closes the connection of a call without an answer.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		conn.Close()
	}
}

// Recover ends the faults of the link.
func (s *Server) Recover() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = faults{}
}
