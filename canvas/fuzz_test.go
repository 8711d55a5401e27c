package canvas

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzPath: no path reads a file outside of the root, whatever it is made of, nor what is no regular file.
func FuzzPath(f *testing.F) {
	root := filepath.Join(f.TempDir(), "canvas")
	for path, text := range map[string]string{"../secret.txt": "secret", "a/b.txt": "inside", "index.html": "inside"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o700); err != nil {
			f.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, path), []byte(text), 0o600); err != nil {
			f.Fatal(err)
		}
	}
	if err := os.Symlink("..", filepath.Join(root, "up")); err != nil {
		f.Fatal(err)
	}
	h, err := New(Options{Root: root})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(h.Close)
	for _, seed := range []string{"/a/b.txt", "/../secret.txt", "/..%2fsecret.txt", "/up/secret.txt", "/%2e%2e/secret.txt", "/a/../../secret.txt", "//../..", "/up%2fsecret.txt"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.ParseRequestURI(CanvasPath + "/" + strings.TrimPrefix(path, "/"))
		if err != nil {
			return
		}
		r := &http.Request{Method: http.MethodGet, URL: u, Host: "localhost", RemoteAddr: "127.0.0.1:1", Header: http.Header{}}
		w := httptest.NewRecorder()
		h.Alone().ServeHTTP(w, r)
		if strings.Contains(w.Body.String(), "secret") || w.Code >= 500 && !strings.HasPrefix(u.Path, A2UIPath) {
			t.Errorf("%q: %d %q", path, w.Code, w.Body.String())
		}
	})
}
