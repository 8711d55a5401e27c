package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestVersion_check(t *testing.T) {
	// not parallel: it sets the version of the program
	was := version
	version = "2026.3.2"
	defer func() { version = was }()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/newer":
			_, _ = w.Write([]byte(`{"version":"v2026.4.0","url":"https://example.org/get","notes":"faster"}`))
		case "/same":
			_, _ = w.Write([]byte("2026.3.2\n"))
		case "/odd":
			_, _ = w.Write([]byte("<html>sign in</html>"))
		default:
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "newest")
	if err := os.WriteFile(file, []byte("2026.3.10"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		config, args string
		code         int
		want         string
	}{
		{"", "version --check", exitFailed, "nobody is asked by default"},
		{"{update: {url: '" + server.URL + "/newer'}}", "version --check", exitWarning, "newer version: v2026.4.0 (this is 2026.3.2)"},
		{"{update: {url: '" + server.URL + "/newer'}}", "version --check --from " + server.URL + "/same", 0, "This is the newest"},
		{"{update: {url: '" + file + "'}}", "version --check --json", exitWarning, `"older": true`},
		{"", "version --from file://" + file, exitWarning, "2026.3.10"},
		{"", "version --check --from " + server.URL + "/odd", exitFailed, "is no version"},
		{"", "version --check --from " + server.URL + "/none", exitFailed, "418"},
		{"", "version --check --from http://example.org/x", exitFailed, "use https"},
		{"", "version --check --from /no/such/file", exitFailed, "no such file"},
	} {
		r := invoke(home(t, c.config), strings.Fields(c.args)...)
		if r.code != c.code || !strings.Contains(r.out+r.err, c.want) {
			t.Errorf("%s %s: %+v, want %d %q", c.config, c.args, r, c.code, c.want)
		}
	}
	for _, c := range []struct {
		a, b      string
		is, known bool
	}{
		{"1.2.3", "1.2.4", true, true}, {"1.10.0", "1.9.9", false, true}, {"v1.2.3-5-gabc", "1.2.3", false, true}, {"dev", "1.2.3", false, false}, {"1.2", "1.2.1", true, true},
	} {
		if is, known := older(c.a, c.b); is != c.is || known != c.known {
			t.Errorf("%s, %s: %v %v", c.a, c.b, is, known)
		}
	}
}
