package signalfake

import (
	"io"
	"net/http"
	"strconv"
)

// Fault is how one call goes wrong. The zero value is a call that goes right, to fill up a script.
type Fault struct {
	Status     int    // answer with this HTTP status; nothing is done
	RetryAfter int    // seconds, with Status
	Code       int    // answer with this JSON-RPC error
	Message    string // of the error
	Result     string // with Code: type of the only recipient's result
	Seconds    int    // with Result: what it asks to wait
	Body       string // answer with this body instead
	Act        bool   // do the call first
	Empty      bool   // answer 201 without a body
	Drop       bool   // close the connection without an answer
	Hang       bool   // keep the connection and say nothing
}

// Script queues faults for the next calls of a method, one for each. "check" and "events" are methods too.
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

// misbehave counts a call and carries out its fault; false when it is to go right. act does the call.
func (s *Server) misbehave(w http.ResponseWriter, r *http.Request, method string, act func()) bool {
	s.mu.Lock()
	s.calls[method]++
	f := s.always[method]
	if q := s.scripts[method]; len(q) > 0 {
		s.scripts[method], f = q[1:], q[0]
	}
	cut := s.cut
	s.mu.Broadcast()
	s.mu.Unlock()
	if f == (Fault{}) {
		return false
	}
	if f.Act && act != nil {
		act()
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
	case f.Empty:
		w.WriteHeader(http.StatusCreated)
	case f.Status != 0:
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
		}
		http.Error(w, f.Message, f.Status)
	case f.Code != 0:
		write(w, f.rpc())
	default:
		_, _ = io.WriteString(w, f.Body) // the client has gone; nobody to tell
	}
	return true
}

// rpc is the fault as JSON-RPC.
func (f Fault) rpc() any {
	e := map[string]any{"code": f.Code, "message": f.Message}
	if f.Result != "" {
		r := map[string]any{"type": f.Result}
		if f.Seconds > 0 {
			r["retryAfterSeconds"] = f.Seconds
		}
		e["data"] = map[string]any{"response": map[string]any{"results": []any{r}}}
	}
	return map[string]any{"jsonrpc": "2.0", "error": e, "id": "1"}
}
