package web

import (
	"encoding/json"
	"net/http"
)

// Part is one part of the gateway in the answer of /readyz.
type Part struct {
	Name string `json:"part"`
	OK   bool   `json:"ok"`
	// Reasons say why it is not ready; nil while it is.
	Reasons []string `json:"reasons,omitempty"`
}

// probe is the body of /healthz and /readyz.
type probe struct {
	OK      bool     `json:"ok"`
	Reasons []string `json:"reasons,omitempty"` // of all parts
	Parts   []Part   `json:"parts,omitempty"`
}

func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	p := probe{OK: true}
	if s.o.Ready != nil {
		p.Parts = s.o.Ready()
	}
	for _, part := range p.Parts {
		p.OK = p.OK && part.OK
		p.Reasons = append(p.Reasons, part.Reasons...)
	}
	p.write(w, r)
}

func (p probe) write(w http.ResponseWriter, r *http.Request) {
	status := http.StatusOK
	if !p.OK {
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(p)
	}
}
