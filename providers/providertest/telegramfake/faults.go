package telegramfake

import (
	"fmt"
	"io"
	"net/http"
)

// Fault is how one call goes wrong. The zero value is a call that goes right, to fill up a script.
type Fault struct {
	Code        int    `json:"code,omitempty"`        // answer with this error; nothing is done
	Description string `json:"description,omitempty"` // default: what the platform says with Code
	RetryAfter  int    `json:"retryAfter,omitempty"`  // seconds, with Code 429
	Raw         string `json:"raw,omitempty"`         // with Code: this body instead of a Bot API answer
	Act         bool   `json:"act,omitempty"`         // do the call first: the answer is what gets lost
	Drop        bool   `json:"drop,omitempty"`        // close the connection without an answer
	Hang        bool   `json:"hang,omitempty"`        // keep the connection and say nothing until it is closed
	// Gate holds the call back until it is closed, before anything else.
	Gate <-chan struct{} `json:"-"`
}

// Status is an error answer.
func Status(code int) Fault { return Fault{Code: code} }

// TooMany is a 429 with a delay in seconds.
func TooMany(seconds int) Fault { return Fault{Code: http.StatusTooManyRequests, RetryAfter: seconds} }

// DropBefore closes the connection before the call is done, DropAfter after it was done: the caller cannot tell.
func DropBefore() Fault { return Fault{Drop: true} }

// DropAfter does the call and closes the connection instead of answering.
func DropAfter() Fault { return Fault{Act: true, Drop: true} }

// Hang says nothing, on an open connection. Nothing is done.
func Hang() Fault { return Fault{Hang: true} }

// HangAfter does the call and then says nothing.
func HangAfter() Fault { return Fault{Act: true, Hang: true} }

// Script queues faults for the next calls of a method, one for each.
func (s *Server) Script(method string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scripts[method] = append(s.scripts[method], faults...)
}

// Silence leaves the poll that waits open and dead: it is never answered, and nothing that is pushed goes into it. With no
// poll waiting that is the next one's lot.
func (s *Server) Silence() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == nil {
		s.scripts["getUpdates"] = append(s.scripts["getUpdates"], Hang())
		return
	}
	s.waiting = nil
	close(s.mute)
	s.mute = make(chan struct{})
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
func (s *Server) misbehave(w http.ResponseWriter, r *http.Request, c call, f Fault, cut <-chan struct{}) {
	if f.Gate != nil {
		select {
		case <-f.Gate:
		case <-r.Context().Done():
		case <-cut:
			panic(http.ErrAbortHandler)
		}
	}
	var a answer
	if f.Act || f.Code == 0 && !f.Drop && !f.Hang {
		a = s.act(r.Context(), c, cut)
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
	case f.Code != 0 && f.Raw != "":
		w.WriteHeader(f.Code)
		_, _ = io.WriteString(w, f.Raw) // the client has gone; nobody to tell
	case f.Code != 0:
		write(w, f.answer())
	default:
		write(w, a)
	}
}

func (f Fault) answer() answer {
	text := f.Description
	if text == "" {
		text = descriptions[f.Code]
	}
	if text == "" {
		text = http.StatusText(f.Code)
	}
	a := refuse(f.Code, text)
	if f.RetryAfter > 0 {
		a.Description = fmt.Sprintf("%s: retry after %d", text, f.RetryAfter)
		a.Parameters = map[string]any{"retry_after": f.RetryAfter}
	}
	return a
}

// descriptions are the platform's words where they differ from HTTP's.
var descriptions = map[int]string{
	http.StatusBadRequest: "Bad Request: chat not found",
	http.StatusForbidden:  "Forbidden: bot was blocked by the user",
	http.StatusConflict:   conflictText,
}

const (
	conflictText = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
	webhookText  = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
