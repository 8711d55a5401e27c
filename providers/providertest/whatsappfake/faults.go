package whatsappfake

import (
	"net/http"
	"time"

	"github.com/clawdbot/gateway/providers/providertest"
)

// ConnectFault is how one attempt to connect goes wrong.
type ConnectFault struct {
	Status int // the websocket is refused with this HTTP status; or:
	// Reason is that of the login's failure: 401 logged out, 402 banned for a while, 403 the phone's account is gone, 405
	// outdated, 406 banned, 500 and 503 the platform's own trouble.
	Reason int
	Code   int           // with 402: why, 101 to 106
	Expire time.Duration // with 402: for how long
}

// SendFault is how the platform treats one message of the client.
type SendFault struct {
	Code int  // it is refused with this error: 429 too many, 403 not allowed here, 500
	Act  bool // it is delivered nevertheless: the answer is what gets lost
	Drop bool // the connection is cut instead of an answer
	Hang bool // no answer ever comes
}

// faults is a script: what goes wrong next, and what does for ever after it.
type faults[F comparable] struct {
	script []F
	always *F
}

// next takes the fault of this occasion if it is of the right kind.
func (f *faults[F]) next(fits func(F) bool) (fault F, faulty bool) {
	if len(f.script) > 0 {
		if !fits(f.script[0]) {
			return fault, false
		}
		fault, f.script = f.script[0], f.script[1:]
		return fault, true
	}
	if f.always != nil && fits(*f.always) {
		return *f.always, true
	}
	return fault, false
}

// ScriptConnect makes the next attempts to connect go wrong, one fault each.
func (s *Server) ScriptConnect(faults ...ConnectFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connectFaults.script = append(s.connectFaults.script, faults...)
}

// AlwaysConnect makes every attempt to connect go wrong once the script is used up; the zero fault ends that.
func (s *Server) AlwaysConnect(f ConnectFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connectFaults.always = nil
	if f != (ConnectFault{}) {
		s.connectFaults.always = &f
	}
}

// ScriptSend queues faults for the next messages of the client, one each.
func (s *Server) ScriptSend(faults ...SendFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sendFaults.script = append(s.sendFaults.script, faults...)
}

// ScriptUpload makes the next uploads fail with HTTP statuses.
func (s *Server) ScriptUpload(statuses ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uploadFaults.script = append(s.uploadFaults.script, statuses...)
}

// ScriptQuery makes the next info queries of a namespace fail: "usync" with 429 is how the platform slows down who asks
// for too many devices. 0 lets one pass.
func (s *Server) ScriptQuery(namespace string, codes ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.queryFaults[namespace]
	if f == nil {
		f = &faults[int]{}
		s.queryFaults[namespace] = f
	}
	f.script = append(f.script, codes...)
}

// queryFault is what is wrong with a query; 0 is nothing. s.mu is held.
func (s *Server) queryFault(namespace string) (code int, text string) {
	f := s.queryFaults[namespace]
	if f == nil {
		return 0, ""
	}
	code, _ = f.next(func(int) bool { return true })
	return code, queryErrors[code]
}

// queryErrors are the platform's words.
var queryErrors = map[int]string{
	400: "bad-request", 401: "not-authorized", 403: "forbidden", 404: "item-not-found", 406: "not-acceptable",
	429: "rate-overlimit", 500: "internal-server-error", 503: "service-unavailable",
}

func (s *Server) dialFault() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, _ := s.connectFaults.next(func(f ConnectFault) bool { return f.Status != 0 })
	return f.Status
}

// Drop cuts every connection without a word.
func (s *Server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.cut()
	}
}

// StreamError ends the live connections with an error code: "515" restart, "503" unavailable.
func (s *Server) StreamError(code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.end(streamError(code))
	}
}

// Replace ends the live connection as if another program had logged in with the same device.
func (s *Server) Replace() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.device != nil {
			c.end(streamError("", conflict("replaced")))
		}
	}
}

// LogOut unlinks the device, as its owner does on the phone: a live connection is told, a later one is refused.
func (s *Server) LogOut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.device != nil {
			c.end(streamError("401", conflict("device_removed")))
		}
	}
	s.remove()
	s.mu.Broadcast()
}

// Silence leaves the live connections open and dead: nothing that comes is understood, nothing is said any more. With
// no live connection the next login falls silent.
func (s *Server) Silence() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silenceNext = true
	for c := range s.conns {
		if c.device != nil && !c.ended {
			c.silent, c.active = true, false
			s.silenceNext = false
		}
	}
	s.mu.Broadcast()
}

// Inject shows a fault of the contract; false where the platform has no such thing: nothing here asks for a delay, and
// being replaced is for a person to mend.
func (s *Server) Inject(f providertest.Fault) bool {
	switch f {
	case providertest.RefuseLogin:
		s.AlwaysConnect(ConnectFault{Reason: 401})
	case providertest.RevokeLogin:
		s.LogOut()
	case providertest.ReceiveServerError:
		s.ScriptConnect(ConnectFault{Status: http.StatusServiceUnavailable}, ConnectFault{Reason: 503})
		s.StreamError("503")
	case providertest.ReceiveDrop:
		s.Drop()
	case providertest.ReceiveSilence:
		s.Silence()
	case providertest.ReceiveDown:
		s.AlwaysConnect(ConnectFault{Status: http.StatusServiceUnavailable})
		s.Drop()
	case providertest.SendRateLimit:
		s.ScriptSend(SendFault{Code: 429})
	case providertest.SendServerError:
		s.ScriptSend(SendFault{Code: 500})
	case providertest.SendRefused:
		s.ScriptSend(SendFault{Code: 403})
	case providertest.SendUnauthorized:
		s.ScriptSend(SendFault{Code: 401})
	case providertest.SendDropBefore:
		s.ScriptSend(SendFault{Drop: true})
	case providertest.SendDropAfter:
		s.ScriptSend(SendFault{Drop: true, Act: true})
	case providertest.SendSilence:
		s.ScriptSend(SendFault{Hang: true, Act: true})
	default:
		return false
	}
	return true
}
