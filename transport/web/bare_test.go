package web

import (
	"net/http/httptest"
	"testing"
)

// TestNoAssets: a page that was built without its files says so.
func TestNoAssets(t *testing.T) {
	s := New(Options{ControlUI: true}).(*server)
	s.files = nil
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/", nil)
	r.Host = "localhost"
	s.ServeHTTP(w, r)
	if got := w.Body.String(); w.Code != 503 || got != "Control UI assets not found\n" {
		t.Errorf("%d %q, want 503", w.Code, got)
	}
}
