package slackfake

import (
	"io"
	"net/http"
	"strconv"
)

// Fault is how one call of the Web API goes wrong. The zero value is a call that goes right, to fill up a script.
type Fault struct {
	Error      string // the platform's error code, with status 200; nothing is done
	Needed     string // with Error "missing_scope": the scope
	Status     int    // answer with this HTTP status and no answer of the Web API
	RetryAfter int    // seconds, with Status 429
	Act        bool   // do the call first: the answer is what gets lost
	Drop       bool   // close the connection without an answer
	Hang       bool   // keep the connection and say nothing until it is closed
}

// Refuse is an error of the platform.
func Refuse(code string) Fault { return Fault{Error: code} }

// Status is an HTTP error.
func Status(code int) Fault { return Fault{Status: code} }

// TooMany is a 429 with a delay in seconds.
func TooMany(seconds int) Fault {
	return Fault{Status: http.StatusTooManyRequests, RetryAfter: seconds}
}

// DropBefore closes the connection before the call is done, DropAfter after it was done: the caller cannot tell.
func DropBefore() Fault { return Fault{Drop: true} }

// DropAfter does the call and closes the connection instead of answering.
func DropAfter() Fault { return Fault{Act: true, Drop: true} }

// HangAfter does the call and then says nothing.
func HangAfter() Fault { return Fault{Act: true, Hang: true} }

// Script queues faults for the next calls of a method, one for each. The methods "upload" and "files-pri" are the
// transfers of files.
func (s *Server) Script(method string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scripts[method] = append(s.scripts[method], faults...)
}

// Always makes every call of a method go wrong once its script is used up. The zero Fault ends that.
func (s *Server) Always(method string, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f == (Fault{}) {
		delete(s.always, method)
		return
	}
	s.always[method] = f
}

// nextFault takes the fault of this call. s.mu is held.
func (s *Server) nextFault(method string) (Fault, bool) {
	if q := s.scripts[method]; len(q) > 0 {
		s.scripts[method] = q[1:]
		return q[0], q[0] != Fault{}
	}
	f, ok := s.always[method]
	return f, ok
}

// misbehave carries out a fault.
func misbehave(w http.ResponseWriter, r *http.Request, f Fault, cut <-chan struct{}, act func() answer) {
	a := refuse(f.Error)
	if f.Needed != "" {
		a["needed"] = f.Needed
	}
	if f.Act || f.Error == "" && f.Status == 0 && !f.Drop && !f.Hang {
		a = act()
	}
	switch {
	case f.Hang:
		select {
		case <-r.Context().Done():
		case <-cut:
		}
		panic(http.ErrAbortHandler)
	case f.Drop:
		panic(http.ErrAbortHandler) // net/http closes the connection
	case f.Status != 0:
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
		}
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, "<html>trouble</html>") // the client has gone; nobody to tell
	default:
		write(w, a)
	}
}
