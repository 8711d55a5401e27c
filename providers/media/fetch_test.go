package media

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// site is a stand-in of a platform on this host.
func site(t *testing.T, h http.HandlerFunc) (address, dir string, s *Store) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	dir = t.TempDir()
	return srv.URL, dir, New(dir, srv.URL+"/api")
}

func TestFetch(t *testing.T) {
	t.Parallel()
	address, _, s := site(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer xoxb" || r.Header.Get("Accept-Encoding") != "" {
			w.WriteHeader(http.StatusForbidden)
		}
		w.Header().Set("Content-Type", "image/jpeg")
		fmt.Fprint(w, png)
	})
	m, err := s.Fetch(t.Context(), address+"/files/cat.png?x=1", http.Header{"authorization": {"Bearer xoxb"}}, "", 1000)
	if err != nil || m.MIME != "image/png" || m.Name != "cat.png" || m.Size != int64(len(png)) {
		t.Errorf("got %+v, %v", m, err)
	}
}

// Every way to say an address of this host or of an inner network is refused before anything is sent there.
func TestFetch_onlyPublicAddresses(t *testing.T) {
	t.Parallel()
	reached := make(chan string, 100)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { reached <- r.Host }))
	t.Cleanup(srv.Close)
	_, port, _ := strings.Cut(strings.TrimPrefix(srv.URL, "http://"), ":")
	dir := t.TempDir()
	s := New(dir, "http://127.0.0.1:1") // an endpoint opens its own port and no other
	for _, host := range []string{
		"127.0.0.1", "127.1.2.3", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]",
		"10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "[fe80::1]", "[fd00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		_, err := s.Fetch(ctx, "http://"+host+":"+port+"/latest/meta-data", nil, "", 100)
		cancel()
		if err == nil {
			t.Errorf("%s was fetched", host)
		} else if !errors.Is(err, ErrForbidden) {
			t.Errorf("%s: %v", host, err)
		}
	}
	select {
	case host := <-reached:
		t.Errorf("%s was reached", host)
	default:
	}
}

func TestFetch_addresses(t *testing.T) {
	t.Parallel()
	s := New(t.TempDir(), "")
	for address, want := range map[string]string{
		"file:///etc/passwd": "only http and https", "gopher://h/": "only http", "http://": "no host", "http://u:pw@example.com/": "user name",
		"http://a b": "not an address", "": "only http", "//example.com/x": "only http", "http:///x": "no host",
	} {
		if _, err := s.Fetch(t.Context(), address, nil, "", 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestFetch_redirects(t *testing.T) {
	t.Parallel()
	var inner *httptest.Server
	address, dir, s := site(t, func(w http.ResponseWriter, r *http.Request) {
		var n int
		switch _, err := fmt.Sscanf(r.URL.Path, "/hop/%d", &n); {
		case r.URL.Path == "/inner":
			http.Redirect(w, r, inner.URL+"/secret-path", http.StatusFound)
		case r.URL.Path == "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case err == nil && n > 0:
			http.Redirect(w, r, fmt.Sprintf("/hop/%d", n-1), http.StatusFound)
		default:
			if r.Header.Get("Referer") != "" {
				t.Errorf("Referer %q", r.Header.Get("Referer"))
			}
			fmt.Fprint(w, "end")
		}
	})
	inner = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the inner server was reached") }))
	t.Cleanup(inner.Close)
	for path, want := range map[string]string{
		"/hop/5": "", "/hop/6": "more than 5 redirects", "/inner": ErrForbidden.Error(), "/file": "only http and https",
	} {
		_, err := s.Fetch(t.Context(), address+path+"?token=sesame", nil, "", 100)
		switch {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", path, err, want)
		case err != nil && (strings.Contains(err.Error(), "sesame") || strings.Contains(err.Error(), "secret-path")):
			t.Errorf("%s: the error repeats the address: %v", path, err)
		}
	}
	if n := len(files(t, dir)); n != 1 {
		t.Errorf("%d files kept", n)
	}
}

// What a request carries stays with the host that it was meant for, also when that host's neighbour sends it back.
func TestFetch_headersStay(t *testing.T) {
	t.Parallel()
	for _, hop := range []struct {
		to   string
		kept bool
	}{{"http://a.example/2", true}, {"http://b.example/2", false}, {"https://a.example/2", false}, {"http://a.example:81/2", false}} {
		from, _ := url.Parse("http://a.example/1")
		trip := &trip{header: http.Header{"x-token": {"s"}}, from: from}
		ctx := context.WithValue(t.Context(), tripKey{}, trip)
		request := func(address string) *http.Request {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Token", "s")
			r.Header.Set("Referer", "http://a.example/1")
			return r
		}
		for _, address := range []string{hop.to, "http://a.example/back"} {
			r := request(address)
			if err := redirect(r, make([]*http.Request, 1)); err != nil {
				t.Fatal(err)
			}
			if kept := r.Header.Get("X-Token") != ""; kept != hop.kept || r.Header.Get("Referer") != "" {
				t.Errorf("%s then %s: headers %v", hop.to, address, r.Header)
			}
		}
	}
}

func TestFetch_badAnswers(t *testing.T) {
	t.Parallel()
	hung := make(chan struct{})
	address, dir, s := site(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/404":
			http.NotFound(w, r)
		case "/announced":
			w.Header().Set("Content-Length", "9000")
			w.WriteHeader(http.StatusOK)
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		case "/cut":
			w.Header().Set("Content-Length", "900")
			fmt.Fprint(w, "short")
		case "/hangs":
			fmt.Fprint(w, "some")
			w.(http.Flusher).Flush()
			close(hung)
			<-r.Context().Done()
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go func() {
		select {
		case <-hung:
		case <-t.Context().Done():
		}
		cancel()
	}()
	for _, tt := range []struct {
		path string
		want error
		text string
	}{
		{"/404", nil, "404"}, {"/announced", providers.ErrTooLarge, ""}, {"/endless", providers.ErrTooLarge, ""},
		{"/cut", nil, "unexpected EOF"}, {"/empty", nil, "empty"}, {"/hangs", context.Canceled, ""},
	} {
		_, err := s.Fetch(ctx, address+tt.path, nil, "", 1000)
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %v", tt.path, err)
		}
	}
	if left := files(t, dir); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}
