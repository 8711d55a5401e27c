package signalfake

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Envelope is a message as the daemon shows it; build it with Direct or Group and change what matters.
type Envelope map[string]any

// Direct is a message of a person to the account.
func Direct(from, text string) Envelope {
	return Envelope{"sourceNumber": from, "sourceUuid": "", "sourceName": "Ann Lee", "sourceDevice": 1, "dataMessage": map[string]any{"message": text}}
}

// Group is a message of a person in a group.
func Group(id, from, text string) Envelope {
	return Direct(from, text).Data("groupInfo", map[string]any{"groupId": id, "groupName": "Friends", "type": "DELIVER"})
}

// Data is the envelope with one field of its data message set.
func (e Envelope) Data(field string, value any) Envelope {
	e = maps.Clone(e)
	d := maps.Clone(e["dataMessage"].(map[string]any))
	d[field] = value
	e["dataMessage"] = d
	return e
}

// With is the envelope with one field set.
func (e Envelope) With(field string, value any) Envelope {
	e = maps.Clone(e)
	e[field] = value
	return e
}

// Push hands out envelopes and returns their times, which with the sender are Signal's identity of a message. A time that
// is given stays: that is how to deliver one message twice or out of order.
func (s *Server) Push(envelopes ...Envelope) []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var times []int64
	for _, e := range envelopes {
		at, ok := e["timestamp"].(int64)
		if !ok {
			s.clock++
			at = s.clock
			e = e.With("timestamp", at)
		}
		if _, ok := e["serverReceivedTimestamp"]; !ok {
			e = e.With("serverReceivedTimestamp", time.Now().UnixMilli())
		}
		if d, ok := e["dataMessage"].(map[string]any); ok {
			if _, ok := d["timestamp"]; !ok {
				e = e.Data("timestamp", at)
			}
		}
		times = append(times, at)
		s.push(map[string]any{"envelope": e, "account": s.opt.Account})
	}
	s.mu.Broadcast()
	return times
}

// push adds an event. s.mu is held.
func (s *Server) push(v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // a test built something that is no JSON
	}
	ev := stored{s.nextID, raw}
	switch {
	case s.opt.Old && s.open == 0 && !s.opt.Manual:
		return
	case s.opt.Old && s.open == 0:
		s.waiting = append(s.waiting, ev)
		return
	}
	s.nextID++
	s.events = append(s.events, ev)
	if len(s.events) > kept {
		s.events = s.events[1:]
	}
}

// Raw hands out an event whose data is no envelope of ours.
func (s *Server) Raw(data string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, stored{s.nextID, []byte(data)})
	s.nextID++
	s.mu.Broadcast()
}

// LastEvent is the id of the newest event.
func (s *Server) LastEvent() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nextID - 1
}

// stream answers GET /api/v1/events.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	if s.misbehave(w, r, "events", nil) {
		return
	}
	s.mu.Lock()
	if account := r.URL.Query().Get("account"); account != "" && !slices.Contains(s.accounts, account) {
		s.mu.Unlock()
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	next := s.from(r.Header.Get("Last-Event-ID"))
	cut, mute := s.cut, s.mute
	s.open++
	s.most = max(s.most, s.open)
	s.mu.Broadcast()
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.open--
		s.mu.Broadcast()
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	if !s.opt.Late {
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
	}
	alive := time.NewTicker(s.opt.Alive)
	defer alive.Stop()
	for {
		select {
		case <-mute:
			select {
			case <-r.Context().Done():
			case <-cut:
			}
			return
		default:
		}
		batch, changed := s.after(next)
		for _, ev := range batch {
			next = ev.id
			s.emit(w, ev)
		}
		if len(batch) > 0 {
			w.(http.Flusher).Flush()
		}
		select {
		case <-changed:
		case <-alive.C:
			_, _ = io.WriteString(w, ":\n") // a client that has gone shows below
			w.(http.Flusher).Flush()
		case <-mute:
		case <-r.Context().Done():
			return
		case <-cut:
			panic(http.ErrAbortHandler)
		}
	}
}

// from is the event id after which a stream goes on. s.mu is held.
func (s *Server) from(last string) int {
	if s.opt.Old {
		for _, ev := range s.waiting {
			ev.id = s.nextID
			s.nextID++
			s.events = append(s.events, ev)
		}
		from := s.nextID - 1 - len(s.waiting)
		s.waiting = nil
		return from
	}
	if last == "" {
		return s.nextID - 1
	}
	n, err := strconv.Atoi(last)
	known := err == nil && slices.ContainsFunc(s.events, func(e stored) bool { return e.id == n })
	if !known {
		return 0
	}
	s.seen = max(s.seen, n)
	return n
}

func (s *Server) after(id int) ([]stored, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.events, func(e stored) bool { return e.id > id })
	if i < 0 {
		return nil, s.mu.Changed()
	}
	return slices.Clone(s.events[i:]), s.mu.Changed()
}

// emit writes an event with the line ends and the split data that the standard allows.
func (s *Server) emit(w io.Writer, ev stored) {
	var b strings.Builder
	if !s.opt.Old {
		fmt.Fprintf(&b, "id: %d\r\n", ev.id)
	}
	b.WriteString("event:receive\r\n")
	half := len(ev.data)
	if i := strings.Index(string(ev.data), `,"`); i > 0 {
		half = i + 1 // between two fields a line break is white space
	}
	fmt.Fprintf(&b, "data:%s\n", ev.data[:half])
	if half < len(ev.data) {
		fmt.Fprintf(&b, "data: %s\n", ev.data[half:])
	}
	b.WriteString("\n")
	_, _ = io.WriteString(w, b.String()) // the client has gone; its context ends
}
