package web

import (
	"encoding/json"
	"net/http"
)

// probe is the body of /healthz and /readyz.
type probe struct {
	OK      bool     `json:"ok"`
	Reasons []string `json:"reasons,omitempty"`
}

func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	if s.o.Ready == nil {
		writeProbe(w, r, true, nil)
		return
	}
	ok, reasons := s.o.Ready()
	writeProbe(w, r, ok, reasons)
}

func writeProbe(w http.ResponseWriter, r *http.Request, ok bool, reasons []string) {
	status := http.StatusOK
	if !ok {
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(probe{OK: ok, Reasons: reasons})
	}
}
