package canvas

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/clawdbot/gateway/transport/packed"
)

const (
	plainText = "text/plain; charset=utf-8"
	webPage   = "text/html; charset=utf-8"
)

// TestPaths is bridge-canvas 5.2 and 5.3, request by request.
func TestPaths(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "canvas")
	h := host(t, Options{Root: root, LiveReload: true}, map[string]string{
		"index.html": "<p>start</p>", "a.txt": "text", "dir/index.html": "<p>dir</p>", "dir/b c.js": "1", "empty/x": "x",
		".hidden": "dot", "PAGE.HTM": "<body>p</BODY></html>", "noext": "?", "in/real.txt": "in", "../outside.txt": "secret", "../other/x.txt": "secret",
	})
	for link, to := range map[string]string{
		"out.txt": "../outside.txt", "outdir": "../other", "indir": "in", "inlink.txt": "a.txt", "abs.txt": filepath.Join(root, "a.txt"), "loop": "loop",
	} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(root, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	const notFound = "not found"
	long := strings.Repeat("x", 4000)
	for _, c := range []struct {
		path   string
		status int
		kind   string
		body   string // the beginning
	}{
		{"/__clawdbot__/canvas", 200, webPage, "<p>start</p>"},
		{"/__clawdbot__/canvas/", 200, webPage, "<p>start</p>"},
		{"/__clawdbot__/canvas/index.html", 200, webPage, "<p>start</p>"},
		{"/__clawdbot__/canvas/a.txt?x=1", 200, "text/plain", "text"},
		{"/__clawdbot__/canvas/./dir/../a.txt", 200, "text/plain", "text"},
		{"/__clawdbot__/canvas//a.txt", 200, "text/plain", "text"},
		{"/__clawdbot__/canvas/dir", 200, webPage, "<p>dir</p>"},
		{"/__clawdbot__/canvas/dir/", 200, webPage, "<p>dir</p>"},
		{"/__clawdbot__/canvas/dir/b%20c.js", 200, "text/javascript; charset=utf-8", "1"},
		{"/__clawdbot__/canvas/dir%2Fb%20c.js", 200, "text/javascript; charset=utf-8", "1"},
		{"/__clawdbot__/canvas/.hidden", 200, "application/octet-stream", "dot"},
		{"/__clawdbot__/canvas/PAGE.HTM", 200, webPage, "<body>p"},
		{"/__clawdbot__/canvas/noext", 200, "application/octet-stream", "?"},
		{"/__clawdbot__/canvas/indir/real.txt", 200, "text/plain", "in"},
		{"/__clawdbot__/canvas/empty/", 404, webPage, "<!doctype html>"},
		{"/__clawdbot__/canvas/nothing/", 404, webPage, "<!doctype html>"},
		{"/__clawdbot__/canvas/nothing", 404, plainText, notFound},
		{"/__clawdbot__/canvas/empty", 404, plainText, notFound},
		{"/__clawdbot__/canvas/out.txt", 404, plainText, notFound},
		{"/__clawdbot__/canvas/outdir/x.txt", 404, plainText, notFound},
		{"/__clawdbot__/canvas/inlink.txt", 404, plainText, notFound},
		{"/__clawdbot__/canvas/abs.txt", 404, plainText, notFound},
		{"/__clawdbot__/canvas/loop", 404, plainText, notFound},
		{"/__clawdbot__/canvas/pipe", 404, plainText, notFound},
		{"/__clawdbot__/canvas/..%2f..%2fetc/passwd", 404, plainText, notFound},
		{"/__clawdbot__/canvas/..%2foutside.txt", 404, plainText, notFound},
		{"/__clawdbot__/canvas/%252e%252e%252foutside.txt", 404, plainText, notFound},
		{"/__clawdbot__/canvas/a%00.txt", 404, plainText, notFound},
		{"/__clawdbot__/canvas/dir%5c..%5ca.txt", 404, plainText, notFound},
		{"/__clawdbot__/canvas/" + long, 404, plainText, notFound},
		{"/__clawdbot__/canvas/%2e%2e/%2e%2e/etc/passwd", 404, plainText, "Not Found"},
		{"/__clawdbot__/canvas/../../etc/passwd", 404, plainText, "Not Found"},
		{"/__clawdbot__/canvasX", 404, plainText, "Not Found"},
		{"/__clawdbot__/", 404, plainText, "Not Found"},
		{"/", 404, plainText, "Not Found"},
		{"/__clawdbot/ws", 426, plainText, "upgrade required"},
		{"/__clawdbot/ws/", 404, plainText, "Not Found"},
		{"/__clawdbot__/ws", 404, plainText, "Not Found"},
	} {
		got := ask{path: c.path}.to(t, h.Alone())
		if got.status != c.status || got.kind != c.kind || !strings.HasPrefix(got.body, c.body) {
			t.Errorf("%s: %d %s %.80q, want %d %s %q", c.path, got.status, got.kind, got.body, c.status, c.kind, c.body)
		}
		if strings.Contains(got.body, "secret") || strings.Contains(got.body, "root:") {
			t.Errorf("%s leads out of the root: %q", c.path, got.body)
		}
		if got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Content-Type-Options") != "" {
			t.Errorf("%s: headers %v", c.path, got.header)
		}
		if c.status != 404 || c.kind == webPage {
			head := ask{method: http.MethodHead, path: c.path}.to(t, h.Alone())
			if head.status != c.status || head.kind != c.kind || head.body != "" {
				t.Errorf("HEAD %s: %d %s %q", c.path, head.status, head.kind, head.body)
			}
		}
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	h := host(t, Options{LiveReload: true}, nil)
	for _, c := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"POST", "/__clawdbot__/canvas/", 405, "Method Not Allowed"},
		{"DELETE", "/__clawdbot__/a2ui/", 405, "Method Not Allowed"},
		{"OPTIONS", "/__clawdbot__/canvas/x", 405, "Method Not Allowed"},
		{"POST", "/__clawdbot/ws", 426, "upgrade required"},
		{"POST", "/else", 404, "Not Found"},
	} {
		got := ask{method: c.method, path: c.path}.to(t, h.Alone())
		if got.status != c.status || got.body != c.body || got.header.Get("Allow") != "" {
			t.Errorf("%s %s: %d %q %v", c.method, c.path, got.status, got.body, got.header)
		}
	}
	off := host(t, Options{}, nil)
	if got := (ask{path: "/__clawdbot/ws"}).to(t, off.Alone()); got.status != 404 || got.body != "not found" {
		t.Errorf("the socket without live reload: %d %q", got.status, got.body)
	}
}

// TestMissing: the page that says where a page belongs names the directory, and nothing in its name is markup.
func TestMissing(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "<b>canvas")
	h := host(t, Options{Root: root}, map[string]string{"sub/x": "x"})
	got := ask{path: "/__clawdbot__/canvas/sub/"}.to(t, h.Alone())
	if got.status != 404 || !strings.Contains(got.body, "<title>Clawdbot Canvas</title>") || !strings.Contains(got.body, "<pre>Missing file.\nCreate /") ||
		!strings.Contains(got.body, "&lt;b&gt;canvas/index.html</pre>") {
		t.Errorf("%d %q", got.status, got.body)
	}
}

// TestFirstPage: it is written where there is none, and only there.
func TestFirstPage(t *testing.T) {
	t.Parallel()
	h := host(t, Options{}, map[string]string{"other.html": "x"})
	got := ask{path: CanvasPath + "/"}.to(t, h.Alone())
	for _, want := range []string{"Clawdbot Canvas</h1>", "Interactive test page", `id="btn-hello"`, `id="btn-time"`, `id="btn-photo"`, `id="btn-dalek"`, "clawdbot:a2ui-action-status"} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the first page has no %q", want)
		}
	}
	own := host(t, Options{}, map[string]string{"index.html": "mine"})
	if got := (ask{path: CanvasPath + "/"}).to(t, own.Alone()); got.body != "mine" {
		t.Errorf("my page became %q", got.body)
	}
	if _, err := New(Options{Root: "relative"}); err == nil {
		t.Error("a relative root was accepted")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Root: file}); err == nil {
		t.Error("a file was accepted as root")
	}
}

// TestMounted: on the gateway's port every answer is sandboxed, and only what is the canvas's is answered.
func TestMounted(t *testing.T) {
	t.Parallel()
	h := host(t, Options{LiveReload: true}, nil)
	for _, path := range []string{"/__clawdbot__/canvas/", "/__clawdbot__/canvas/none", "/__clawdbot__/a2ui/"} {
		got := ask{path: path}.to(t, h.Mounted())
		if got.header.Get("Content-Security-Policy") != "sandbox allow-scripts allow-forms" || got.header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: headers %v", path, got.header)
		}
	}
	upgrade := http.Header{"Upgrade": {"websocket"}}
	for path, want := range map[string][2]bool{ // plain, upgrade
		"/__clawdbot__/canvas/x": {true, false}, "/__clawdbot__/a2ui/": {true, false}, "/__clawdbot/ws": {true, true},
		"/": {false, false}, "/__clawdbot__/canvasX": {false, false}, "/__clawdbot__/cap/t/__clawdbot__/canvas/": {true, false},
		"/__clawdbot__/cap/t/__clawdbot/ws": {true, true}, "/__clawdbot__/cap/t": {false, false}, "/__clawdbot__/canvas/../../chat": {false, false},
	} {
		plain, _ := http.NewRequest(http.MethodGet, "http://h"+path, nil)
		up := plain.Clone(t.Context())
		up.Header = upgrade
		if got := [2]bool{h.Owns(plain), h.Owns(up)}; got != want {
			t.Errorf("%s is owned %v, want %v", path, got, want)
		}
	}
}

func TestInject(t *testing.T) {
	t.Parallel()
	s := string(script())
	for in, want := range map[string]string{
		"<body>a</body></html>":            "<body>a" + s + "</body></html>",
		"<BODY>a</BoDy>":                   "<BODY>a" + s + "</BoDy>",
		"a</body>b</body>c":                "a</body>b" + s + "</body>c",
		"no end":                           "no end" + s,
		"":                                 s,
		"<script>'</body>'</script></bod>": "<script>'" + s + "</body>'</script></bod>",
	} {
		if got := string(inject([]byte(in))); got != want {
			t.Errorf("inject(%q) = %.80q", in, got)
		}
	}
	if strings.Contains(s[10:len(s)-11], "</script") || !strings.Contains(s, "clawdbotCanvasA2UIAction") {
		t.Errorf("the script: %q", s)
	}
	on, off := host(t, Options{LiveReload: true}, nil), host(t, Options{}, nil)
	if got := (ask{path: CanvasPath}).to(t, on.Alone()); count(got.body, "/__clawdbot/ws") != 1 {
		t.Error("a page has no script")
	}
	if got := (ask{path: CanvasPath}).to(t, off.Alone()); count(got.body, "/__clawdbot/ws") != 0 {
		t.Error("a page has the script without live reload")
	}
}

// TestA2UI_compressed: the renderer is the same script with and without gzip, and says which it is.
func TestA2UI_compressed(t *testing.T) {
	t.Parallel()
	if !HasA2UI() {
		t.Skip("built without the A2UI renderer")
	}
	h := host(t, Options{}, nil)
	get := func(accept string) answer {
		return ask{path: A2UIPath + "/a2ui.bundle.js", header: map[string]string{"Accept-Encoding": accept}}.to(t, h.Alone())
	}
	plain, zipped := get("identity"), get("br, gzip")
	if plain.status != 200 || plain.header.Get("Content-Encoding") != "" {
		t.Errorf("without gzip: %d, %v", plain.status, plain.header)
	}
	if zipped.status != 200 || zipped.header.Get("Content-Encoding") != "gzip" || zipped.header.Get("Vary") != "Accept-Encoding" {
		t.Fatalf("with gzip: %d, %v", zipped.status, zipped.header)
	}
	script := packed.Plain([]byte(zipped.body))
	if string(script) != plain.body || len(script) < 100_000 {
		t.Errorf("unpacked it is %d bytes, without gzip %d", len(script), len(plain.body))
	}
	if plain.kind != "text/javascript; charset=utf-8" || zipped.kind != plain.kind {
		t.Errorf("the types: %q, %q", plain.kind, zipped.kind)
	}
}

// TestA2UI: the page has the script also without live reload; without the bundle it says what is missing.
func TestA2UI(t *testing.T) {
	t.Parallel()
	h := host(t, Options{}, nil)
	paths := map[string]int{A2UIPath: 200, A2UIPath + "/": 200, A2UIPath + "/a2ui.bundle.js": 200, A2UIPath + "/x": 404, A2UIPath + "/a2ui.bundle.js/": 404, A2UIPath + "/../canvas/": 200}
	for path, status := range paths {
		got := ask{path: path}.to(t, h.Alone())
		switch {
		case !HasA2UI() && !strings.HasSuffix(path, "canvas/"):
			if got.status != 503 || got.kind != plainText || !strings.HasPrefix(got.body, "A2UI assets not found") {
				t.Errorf("%s without the bundle: %d %q", path, got.status, got.body)
			}
		case got.status != status:
			t.Errorf("%s: %d, want %d", path, got.status, status)
		case path == A2UIPath+"/" && (count(got.body, "/__clawdbot/ws") != 1 || !strings.Contains(got.body, `src="a2ui.bundle.js"`)):
			t.Errorf("the page: %q", got.body)
		}
	}
}
