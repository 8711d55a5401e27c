package canvas

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience is how long a condition may take to come true.
const patience = 60 * time.Second

// node is the address of the one node that is connected in tests.
var node = netip.MustParseAddr("192.0.2.7")

// host makes a Host on a directory with these files.
func host(t *testing.T, o Options, files map[string]string) *Host {
	t.Helper()
	if o.Root == "" {
		o.Root = filepath.Join(t.TempDir(), "canvas")
	}
	for name, text := range files {
		write := filepath.Join(o.Root, name)
		if err := os.MkdirAll(filepath.Dir(write), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(write, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if o.Node == nil {
		o.Node = func(a netip.Addr) bool { return a == node }
	}
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// ask is one request to a handler; its zero fields are a GET from this machine.
type ask struct {
	method, path, from, host string
	header                   map[string]string
}

type answer struct {
	status int
	kind   string
	body   string
	header http.Header
}

func (a ask) to(t *testing.T, h http.Handler) answer {
	t.Helper()
	if a.method == "" {
		a.method = http.MethodGet
	}
	r := httptest.NewRequest(a.method, "http://localhost"+a.path, nil)
	r.RequestURI = a.path
	r.RemoteAddr = "127.0.0.1:50000"
	if a.from != "" {
		r.RemoteAddr = net.JoinHostPort(a.from, "50000")
	}
	r.Host = "127.0.0.1:18793"
	if a.host != "" {
		r.Host = a.host
	}
	for k, v := range a.header {
		r.Header.Set(k, v)
	}
	local := &net.TCPAddr{IP: net.ParseIP("192.0.2.1"), Port: 18793}
	r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(local)))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	res := w.Result()
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header.Get("Content-Type"), string(b), res.Header}
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

func count(s, part string) int { return strings.Count(s, part) }
