package providers

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// The cases in which "may have arrived" is not plain.
func TestExchange(t *testing.T) {
	t.Parallel()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		serve   http.HandlerFunc // nil = nobody listens
		ctx     context.Context  // nil = one that lasts
		base    http.RoundTripper
		status  int
		body    string
		written bool
	}{
		"answered":                  {serve: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "fine") }, status: 200, body: "fine", written: true},
		"refused":                   {serve: func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }, status: 403, body: "no\n", written: true},
		"redirected":                {serve: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, status: 302, written: true},
		"cut off without an answer": {serve: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, written: true},
		"half a success": {serve: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
		}, written: true},
		"half a refusal": {serve: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(500)
			_, _ = io.WriteString(w, "half")
		}, status: 500, body: "half", written: true},
		"too large":                      {serve: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 200)) }, written: true},
		"nobody listens":                 {},
		"ended before it began":          {serve: func(http.ResponseWriter, *http.Request) { t.Error("it was asked") }, ctx: ended},
		"a transport that tells nothing": {base: silent{}, written: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := "http://" + deadAddress(t)
			if c.serve != nil {
				srv := httptest.NewServer(c.serve)
				t.Cleanup(srv.Close)
				address = srv.URL
			}
			x := &Exchange{Ctx: t.Context(), Base: tr, Most: 100}
			if c.ctx != nil {
				x.Ctx = c.ctx
			}
			if c.base != nil {
				x.Base = c.base
			}
			resp, err := x.Client().Post(address, "text/plain", strings.NewReader("hello"))
			if (err == nil) != (c.status != 0) {
				t.Errorf("Post = %v", err)
			}
			if err == nil {
				resp.Body.Close()
			}
			if o := x.Outcome(); o.Status != c.status || c.body != "" && string(o.Body) != c.body || o.Written != c.written {
				t.Errorf("outcome %d, %q, written %v; want %d, %q, %v", o.Status, o.Body, o.Written, c.status, c.body, c.written)
			}
		})
	}
}

// silent is a transport without a trace, whose request got lost somewhere.
type silent struct{}

func (silent) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("lost") }

func deadAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A library that repeats a call, and one that makes none.
func TestExchange_once(t *testing.T) {
	t.Parallel()
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	tr := &http.Transport{}
	t.Cleanup(func() { tr.CloseIdleConnections(); srv.Close() })
	again := 0
	x := &Exchange{Ctx: t.Context(), Base: tr, Most: 100, Again: func() { again++ }}
	if x.Outcome().Written {
		t.Error("written without a call")
	}
	for i := range 2 {
		resp, err := x.Client().Get(srv.URL)
		if (err == nil) != (i == 0) {
			t.Errorf("call %d: %v", i, err)
		}
		if err == nil {
			resp.Body.Close()
		}
	}
	if o := x.Outcome(); asked != 1 || again != 1 || o.Status != 200 || !o.Written {
		t.Errorf("asked %d times, again %d, %+v", asked, again, o)
	}
}

// Of several requests the last one counts, also when it gets no answer.
func TestExchange_several(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/last" {
			panic(http.ErrAbortHandler)
		}
	}))
	tr := &http.Transport{}
	t.Cleanup(func() { tr.CloseIdleConnections(); srv.Close() })
	x := &Exchange{Ctx: t.Context(), Base: tr, Most: 100, Several: true}
	for _, path := range []string{"/first", "/second", "/last"} {
		resp, err := x.Client().Post(srv.URL+path, "text/plain", nil)
		if (err != nil) != (path == "/last") {
			t.Fatalf("%s: %v", path, err)
		}
		if err == nil {
			resp.Body.Close()
		}
	}
	if o := x.Outcome(); o.Status != 0 || !o.Written {
		t.Errorf("%+v", o)
	}
}
