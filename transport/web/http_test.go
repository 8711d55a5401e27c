package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/web"
)

// ask sends a request through a handler with the host of a browser on this machine.
func ask(h http.Handler, method, target string, header ...string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	r.Host = "127.0.0.1:18789"
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	plain := web.Options{ControlUI: true}
	based := web.Options{ControlUI: true, BasePath: "/chat/"}
	off := web.Options{}
	tests := []struct {
		name           string
		o              web.Options
		method, target string
		status         int
		want           string // in the body
	}{
		{"page", plain, "GET", "/", 200, `id="messages"`},
		{"page without body", plain, "HEAD", "/", 200, ""},
		{"fallback", plain, "GET", "/sessions/main", 200, `id="messages"`},
		{"fallback for a missing asset", plain, "GET", "/assets/none.js", 200, `id="messages"`},
		{"index by name", plain, "GET", "/index.html", 200, `id="messages"`},
		{"asset", plain, "GET", "/assets/main.js", 200, "new Client("},
		{"asset under any prefix", plain, "GET", "/some/where/assets/main.js", 200, "new Client("},
		{"no /ui", plain, "GET", "/ui", 404, "Not Found"},
		{"nothing below /ui", plain, "GET", "/ui/x", 404, "Not Found"},
		{"post", plain, "POST", "/", 405, "Method Not Allowed"},
		{"post to a probe", plain, "POST", "/healthz", 405, "Method Not Allowed"},
		{"options", plain, "OPTIONS", "/anything", 405, ""},
		{"traversal", plain, "GET", "/assets/../../doc.go", 404, ""},
		{"encoded traversal", plain, "GET", "/assets/%2e%2e/%2e%2e/doc.go", 404, ""},
		{"encoded slash", plain, "GET", "/assets%2f..%2f..%2fdoc.go", 404, ""},
		{"encoded twice", plain, "GET", "/%252e%252e/doc.go", 404, ""},
		{"encoded percent", plain, "GET", "/a%25", 404, ""},
		{"backslash", plain, "GET", `/assets/%5c..%5cx`, 404, ""},
		{"zero byte", plain, "GET", "/a%00", 404, ""},
		{"health", plain, "GET", "/healthz", 200, `{"ok":true}`},
		{"health without a page", off, "GET", "/healthz", 200, `{"ok":true}`},
		{"no page", off, "GET", "/", 404, "Not Found"},
		{"no page to post to", off, "POST", "/", 405, ""},
		{"ready", plain, "GET", "/readyz", 200, `{"ok":true}`},
		{"base", based, "GET", "/chat/", 200, `content="/chat"`},
		{"base redirects", based, "GET", "/chat?x=1", 302, ""},
		{"base fallback", based, "GET", "/chat/deep/link", 200, `id="messages"`},
		{"base asset", based, "GET", "/chat/assets/main.js", 200, "new Client("},
		{"base allows /ui", based, "GET", "/chat/ui", 200, `id="messages"`},
		{"outside base", based, "GET", "/", 404, ""},
		{"beside base", based, "GET", "/chatter", 404, ""},
		{"post outside base", based, "POST", "/", 405, ""},
		{"probe outside base", based, "GET", "/healthz", 200, `{"ok":true}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := ask(web.New(tt.o), tt.method, tt.target)
			got := body(t, r)
			if r.StatusCode != tt.status || !strings.Contains(got, tt.want) {
				t.Errorf("%s %s = %d %.80q, want %d with %q", tt.method, tt.target, r.StatusCode, got, tt.status, tt.want)
			}
			if tt.method == "HEAD" && got != "" {
				t.Errorf("HEAD has a body of %d bytes", len(got))
			}
			if r.StatusCode == 302 && r.Header.Get("Location") != "/chat/?x=1" {
				t.Errorf("redirect to %q", r.Header.Get("Location"))
			}
			if r.StatusCode == 405 && r.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("Allow %q", r.Header.Get("Allow"))
			}
			if tt.status >= 400 && r.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
				t.Errorf("Content-Type %q", r.Header.Get("Content-Type"))
			}
		})
	}
}

func TestNotReady(t *testing.T) {
	t.Parallel()
	parts := []web.Part{{Name: "actors", OK: true}, {Name: "store", Reasons: []string{"it migrates"}}}
	h := web.New(web.Options{Ready: func() []web.Part { return parts }})
	r := ask(h, "GET", "/readyz")
	if got := body(t, r); r.StatusCode != 503 || got != `{"ok":false,"reasons":["it migrates"],"parts":[{"part":"actors","ok":true},{"part":"store","ok":false,"reasons":["it migrates"]}]}`+"\n" {
		t.Errorf("%d %s", r.StatusCode, got)
	}
}

func TestUpgradeIsHandedOn(t *testing.T) {
	t.Parallel()
	var paths []string
	up := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { paths = append(paths, r.URL.Path); w.WriteHeader(418) })
	h := web.New(web.Options{Upgrade: up, ControlUI: true})
	for _, p := range []string{"/", "/any/path", "/healthz"} {
		// The upgrade handler has rules of its own for forwarded requests.
		if r := ask(h, "GET", p, "Upgrade", "WebSocket", "X-Forwarded-For", "10.0.0.1"); r.StatusCode != 418 {
			t.Errorf("upgrade of %s = %d", p, r.StatusCode)
		}
	}
	if r := ask(h, "GET", "/", "Upgrade", "websocket", "Host", "evil.example"); r.StatusCode != 403 {
		t.Errorf("upgrade with a foreign host = %d, want 403", r.StatusCode)
	}
	if len(paths) != 3 {
		t.Errorf("handed on %q", paths)
	}
	if r := ask(web.New(web.Options{}), "GET", "/", "Upgrade", "websocket"); r.StatusCode != 404 {
		t.Errorf("upgrade without a handler = %d, want 404", r.StatusCode)
	}
}

func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	h := web.New(web.Options{ControlUI: true})
	tests := []struct {
		header []string
		status int
	}{
		{[]string{"Host", "localhost:18789"}, 200},
		{[]string{"Host", "127.0.0.1"}, 200},
		{[]string{"Host", "[::1]:18789"}, 200},
		{[]string{"Host", "evil.example"}, 403},
		{[]string{"Host", "localhost.evil.example"}, 403},
		{[]string{"Host", "127.0.0.1.evil.example:18789"}, 403},
		{[]string{"Host", ""}, 403},
		{[]string{"Forwarded", "for=1.2.3.4"}, 403},
		{[]string{"X-Forwarded-For", "1.2.3.4"}, 403},
		{[]string{"X-Forwarded-Proto", "https"}, 403},
		{[]string{"X-Real-IP", "1.2.3.4"}, 403},
	}
	for _, tt := range tests {
		for _, path := range []string{"/", "/healthz"} {
			if r := ask(h, "GET", path, tt.header...); r.StatusCode != tt.status {
				t.Errorf("%s with %q = %d, want %d", path, tt.header, r.StatusCode, tt.status)
			}
		}
	}
	own := web.New(web.Options{ControlUI: true,
		CheckHost:    func(host string) bool { return host == "gateway.lan:18789" },
		CheckRequest: func(r *http.Request) bool { return r.Header.Get("X-Forwarded-For") == "" }})
	if r := ask(own, "GET", "/", "Host", "gateway.lan:18789", "X-Forwarded-Proto", "https"); r.StatusCode != 200 {
		t.Errorf("own rules: %d, want 200", r.StatusCode)
	}
	if r := ask(own, "GET", "/"); r.StatusCode != 403 {
		t.Errorf("own host rule: %d, want 403", r.StatusCode)
	}
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	h := web.New(web.Options{ControlUI: true, CheckHost: func(string) bool { return true }})
	for _, path := range []string{"/", "/assets/main.js", "/healthz", "/ui"} {
		r := ask(h, "GET", path)
		csp := r.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "form-action 'none'",
			"frame-ancestors 'none'", "require-trusted-types-for 'script'", "connect-src 'self' ws://127.0.0.1:18789 wss://127.0.0.1:18789;"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: policy lacks %q: %s", path, want, csp)
			}
		}
		if strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s", path, csp)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin"} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %s = %q, want %q", path, name, got, want)
			}
		}
		if r.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: CORS header", path)
		}
	}
	// A host that would end the directive, or that the policy's grammar does not have, is left out.
	for _, host := range []string{"x; script-src *", "a,b", "[::1]:18789", "a:1:2"} {
		if csp := ask(h, "GET", "/", "Host", host).Header.Get("Content-Security-Policy"); !strings.Contains(csp, "connect-src 'self';") {
			t.Errorf("host %q: %s", host, csp)
		}
	}
}

func TestCaching(t *testing.T) {
	t.Parallel()
	h := web.New(web.Options{ControlUI: true})
	for _, enc := range []string{"", "gzip", "gzip;q=0, br"} {
		r := ask(h, "GET", "/assets/app.css", "Accept-Encoding", enc)
		if got := r.Header.Get("Content-Encoding") == "gzip"; got != (enc == "gzip") {
			t.Errorf("Accept-Encoding %q: compressed %v", enc, got)
		}
		if cc := r.Header.Get("Cache-Control"); cc != "no-cache" {
			t.Errorf("Cache-Control %q", cc)
		}
		tag := r.Header.Get("ETag")
		for _, sent := range []string{tag, "W/" + tag, `"other", ` + tag} {
			again := ask(h, "GET", "/assets/app.css", "Accept-Encoding", enc, "If-None-Match", sent)
			if again.StatusCode != 304 || body(t, again) != "" {
				t.Errorf("Accept-Encoding %q, If-None-Match %s: %d", enc, sent, again.StatusCode)
			}
		}
		if r := ask(h, "GET", "/assets/app.css", "Accept-Encoding", enc, "If-None-Match", `"other"`); r.StatusCode != 200 {
			t.Errorf("another tag: %d", r.StatusCode)
		}
	}
	plain, zipped := ask(h, "GET", "/"), ask(h, "GET", "/", "Accept-Encoding", "gzip")
	if plain.Header.Get("ETag") == zipped.Header.Get("ETag") {
		t.Error("both encodings have one ETag")
	}
	zr, err := gzip.NewReader(zipped.Body)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(zr)
	if string(b) != body(t, plain) {
		t.Error("the compressed page differs")
	}
}

// TestFirstLoad follows the page as a browser does and adds up what goes over the wire: first what the chat needs, then what
// comes with all the views.
func TestFirstLoad(t *testing.T) {
	t.Parallel()
	const chatBudget, pageBudget = 100_000, 200_000
	h := web.New(web.Options{ControlUI: true})
	needed := regexp.MustCompile(`(?:src|href)="(assets/[^"]+)"|from '(\.[^']+)'`)
	later := regexp.MustCompile(`=> import\('(\.[^']+)'\)`)
	seen := map[string]bool{}
	total := 0
	var lazy []string
	var load func(at string)
	load = func(at string) {
		if seen[at] {
			return
		}
		seen[at] = true
		total += len(body(t, ask(h, "GET", at, "Accept-Encoding", "gzip")))
		r := ask(h, "GET", at)
		if ct := r.Header.Get("Content-Type"); at != "/" && strings.HasPrefix(ct, "text/html") {
			t.Errorf("%s is missing", at)
		}
		text := body(t, r)
		for _, m := range later.FindAllStringSubmatch(text, -1) {
			lazy = append(lazy, path.Join(path.Dir(at), m[1]))
		}
		for _, m := range needed.FindAllStringSubmatch(text, -1) {
			load(path.Join(path.Dir(at), m[1]+m[2]))
		}
	}
	load("/")
	if len(seen) < 20 || len(lazy) < len(views) {
		t.Errorf("only %d files found, %d of them later: %v", len(seen), len(lazy), seen)
	}
	if total > chatBudget {
		t.Errorf("the chat's first load is %d bytes, budget %d", total, chatBudget)
	}
	t.Logf("first load: %d files, %d bytes compressed", len(seen), total)
	for _, at := range append(lazy, "/assets/control.css") {
		if seen[at] {
			t.Errorf("the chat loads %s, which only a view needs", at)
		}
		load(at)
	}
	if total > pageBudget {
		t.Errorf("the whole page is %d bytes, budget %d", total, pageBudget)
	}
	t.Logf("whole page: %d files, %d bytes compressed", len(seen), total)
}

func TestPageHasNothingInline(t *testing.T) {
	t.Parallel()
	page := body(t, ask(web.New(web.Options{ControlUI: true, BasePath: `/"><script>x`}), "GET", `/%22%3E%3Cscript%3Ex/`))
	if !strings.Contains(page, `content="/&#34;&gt;&lt;script&gt;x"`) {
		t.Error("the base path is not escaped")
	}
	for _, bad := range []string{"<style", " style=", " onclick=", "javascript:"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if n := strings.Count(page, "<script"); n != strings.Count(page, "<script src=")+strings.Count(page, `<script type="module" src=`) {
		t.Error("the page has an inline script")
	}
}
