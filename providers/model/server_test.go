package model_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers/model"
)

// TestServer_address: what a request's path and query become below an address that may have both.
func TestServer_address(t *testing.T) {
	t.Parallel()
	var got string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Method + " " + r.RequestURI
		_, _ = io.WriteString(w, `{}`)
	}))
	defer srv.Close()
	for _, c := range []struct{ base, path, want string }{
		{"", "models", "GET /models"},
		{"/v1", "models?limit=1000", "GET /v1/models?limit=1000"},
		{"/x?api-version=2", "models", "GET /x/models?api-version=2"},
		{"/x?api-version=2&a=b", "models?alt=sse", "GET /x/models?a=b&alt=sse&api-version=2"},
		{"/v1", "models/a%2F..%2Fb:ask", "GET /v1/models/a%2F..%2Fb:ask"},
	} {
		s := model.NewServer(model.Endpoint{BaseURL: srv.URL + c.base, Transport: srv.Client().Transport}, "", func(model.Endpoint, http.Header) {}, nil)
		var into struct{}
		if err := s.Get(t.Context(), c.path, &into); err != nil || got != c.want {
			t.Errorf("%s, %s: %s, %v; want %s", c.base, c.path, got, err, c.want)
		}
	}
}

// TestServer_invalid: an address that is none is said without the key in it.
func TestServer_invalid(t *testing.T) {
	t.Parallel()
	const key = "sk-hunter2hunter2"
	s := model.NewServer(model.Endpoint{BaseURL: "http://[" + key, Key: key}, "", func(model.Endpoint, http.Header) {}, nil)
	err := s.Get(t.Context(), "models", new(struct{}))
	if model.KindOf(err) != model.Invalid || strings.Contains(err.Error(), key) {
		t.Error(err)
	}
}
