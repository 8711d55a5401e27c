package web_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/web"
)

// post makes one request of a platform: through a proxy, with its Host.
func post(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "bot.example.org"
	r.Header.Set("X-Forwarded-For", "192.0.2.1")
	r.Header.Set("Origin", "https://evil.example")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestMounts(t *testing.T) {
	t.Parallel()
	mounts := &web.Mounts{Reserved: func(p string) bool { return p == "/hooks" }}
	h := web.New(web.Options{Mounts: mounts, ControlUI: true})
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		_, _ = w.Write(append([]byte("got "), b...))
	})
	if w := post(h, "POST", "/in", "x"); w.Code != http.StatusForbidden {
		t.Errorf("before the mount: %d", w.Code)
	}
	unmount, err := mounts.Mount("/in", echo)
	if err != nil {
		t.Fatal(err)
	}
	if w := post(h, "POST", "/in", "x"); w.Code != http.StatusOK || w.Body.String() != "got x" {
		t.Errorf("post: %d %q", w.Code, w.Body)
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS"} {
		if w := post(h, method, "/in", ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
	for _, path := range []string{"/in/more", "/IN", "/i", "/", "/healthz", "/%69n%25"} {
		if w := post(h, "POST", path, "x"); w.Code != http.StatusForbidden {
			t.Errorf("%s is reached from outside: %d", path, w.Code)
		}
	}
	if w := post(h, "POST", "/in", strings.Repeat("x", 1<<20+1)); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body over the limit: %d", w.Code)
	}
	for _, path := range []string{"/in", "/hooks", "/", "/healthz", "/readyz", "/metrics"} {
		if _, err := mounts.Mount(path, echo); !errors.Is(err, web.ErrTaken) {
			t.Errorf("second owner of %s: %v", path, err)
		}
	}
	for _, path := range []string{"", "in", "/in/", "//in", "/a/../b", "/./x"} {
		if _, err := mounts.Mount(path, echo); err == nil || errors.Is(err, web.ErrTaken) {
			t.Errorf("mount at %q: %v", path, err)
		}
	}

	unmount()
	if w := post(h, "POST", "/in", "x"); w.Code != http.StatusForbidden {
		t.Errorf("after the unmount: %d", w.Code)
	}
	r := httptest.NewRequest("POST", "/in", nil)
	r.Host = "localhost"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusMethodNotAllowed { // as any path of the page
		t.Errorf("after the unmount, from this host: %d", w.Code)
	}
	if _, err := mounts.Mount("/in", echo); err != nil {
		t.Fatal(err)
	}
	unmount() // the first owner's, once more
	if w := post(h, "POST", "/in", "x"); w.Code != http.StatusOK {
		t.Errorf("the first owner took the second one's mount away: %d", w.Code)
	}
}
