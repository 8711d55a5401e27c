package telegramfake

import (
	"encoding/json"
	"net/http"
)

// State is everything a test may want to know of a server in another process.
type State struct {
	Sent     []Sent         `json:"sent"`
	Acked    int64          `json:"acked"`
	Pending  int            `json:"pending"`
	Overlaps int            `json:"overlaps"`
	Calls    map[string]int `json:"calls"`
}

// Control is the remote form of the methods: POST /push with an array of updates answers their ids, POST /script and
// POST /always with {"method", "faults"} set faults, POST /drop closes connections, GET /state answers a State.
// Never serve it to anything but a test.
func (s *Server) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /push", func(w http.ResponseWriter, r *http.Request) {
		var updates []Update
		if !read(w, r, &updates) {
			return
		}
		reply(w, s.Push(updates...))
	})
	type faults struct {
		Method string  `json:"method"`
		Faults []Fault `json:"faults"`
	}
	mux.HandleFunc("POST /script", func(w http.ResponseWriter, r *http.Request) {
		var f faults
		if read(w, r, &f) {
			s.Script(f.Method, f.Faults...)
		}
	})
	mux.HandleFunc("POST /always", func(w http.ResponseWriter, r *http.Request) {
		var f faults
		if !read(w, r, &f) {
			return
		}
		if len(f.Faults) == 0 {
			f.Faults = []Fault{{}}
		}
		s.Always(f.Method, f.Faults[0])
	})
	mux.HandleFunc("POST /drop", func(http.ResponseWriter, *http.Request) { s.DropConnections() })
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, State{Sent: s.Sent(), Acked: s.Acked(), Pending: s.Pending(), Overlaps: s.Overlaps(), Calls: s.Calls()})
	})
	return mux
}

func read(w http.ResponseWriter, r *http.Request, v any) bool {
	if err := json.NewDecoder(r.Body).Decode(v); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client has gone; nobody to tell
}
