package gateway_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/clawdbot/gateway/actors/gateway"
)

// fetch is one plain request.
func fetch(t *testing.T, method, target string) (status int, body string, h http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(deadline(t), method, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b), res.Header
}

// TestCanvas_twoPorts: the same files on the canvas's own port and, in a sandbox, on the gateway's.
func TestCanvas_twoPorts(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir()}
	g := s.start(t)
	own := dial(t, g.URL()).hello.CanvasHostURL
	u, err := url.Parse(own)
	if err != nil || u.Scheme != "http" || u.Hostname() != "127.0.0.1" || u.Path != "" || u.Host == g.Addr() {
		t.Fatalf("canvasHostUrl %q", own)
	}
	if node := gateway.CanvasForNode(g, "127.0.0.1:18790"); node != own {
		t.Errorf("a node is told %q", node)
	}
	file := filepath.Join(s.dir, "clawd", "canvas", "drawn.html")
	if err := os.WriteFile(file, []byte("<p>drawn</p>"), 0o600); err != nil {
		t.Fatal(err)
	}
	for base, sandbox := range map[string]string{own: "", "http://" + g.Addr(): "sandbox allow-scripts allow-forms"} {
		status, body, h := fetch(t, "GET", base+"/__clawdbot__/canvas/drawn.html")
		if status != 200 || !strings.HasPrefix(body, "<p>drawn</p>") || h.Get("Content-Security-Policy") != sandbox || h.Get("X-Content-Type-Options") != "" {
			t.Errorf("%s: %d %.40q %v", base, status, body, h)
		}
		if status, body, _ := fetch(t, "GET", base+"/__clawdbot__/canvas/..%2f..%2fclawdbot.db"); status != 404 || body != "not found" {
			t.Errorf("%s: out of the root: %d %q", base, status, body)
		}
		if status, body, _ := fetch(t, "POST", base+"/__clawdbot__/canvas/"); status != 405 || body != "Method Not Allowed" {
			t.Errorf("%s: POST: %d %q", base, status, body)
		}
		if status, body, _ := fetch(t, "GET", base+"/__clawdbot/ws"); status != 426 || body != "upgrade required" {
			t.Errorf("%s: the socket: %d %q", base, status, body)
		}
		c, res, err := websocket.Dial(deadline(t), strings.Replace(base, "http", "ws", 1)+"/__clawdbot/ws",
			&websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"null"}}})
		if err != nil {
			t.Fatalf("%s: the reload socket: %v %v", base, err, res)
		}
		defer func() { _ = c.CloseNow() }()
		told := make(chan string, 1)
		go func() {
			_, m, err := c.Read(deadline(t))
			told <- string(m) + errText(err)
		}()
		waitReload(t, file, told)
	}
	if status, body, _ := fetch(t, "GET", own+"/"); status != 404 || body != "Not Found" {
		t.Errorf("the page on the canvas's port: %d %q", status, body)
	}
	if _, _, err := websocket.Dial(deadline(t), "ws://"+g.Addr()+"/", &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"null"}}}); err == nil {
		t.Error("the gateway's own socket takes the origin of a sandbox")
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// waitReload changes the file until a page hears of it: the watching begins in its own time.
func waitReload(t *testing.T, file string, told <-chan string) {
	t.Helper()
	ctx := deadline(t)
	for {
		if err := os.WriteFile(file, []byte("<p>drawn</p>"), 0o600); err != nil {
			t.Fatal(err)
		}
		select {
		case m := <-told:
			if m != "reload" {
				t.Errorf("the page was told %q", m)
			}
			return
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal("no reload")
		}
	}
}

// TestCanvas_settings: which ports there are, and what clients are told, by configuration and environment.
func TestCanvas_settings(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]setup{
		"off in the configuration": {config: "{canvasHost: {enabled: false}}"},
		"off in the environment":   {env: map[string]string{"CLAWDBOT_SKIP_CANVAS_HOST": "1"}},
		"its root is a file":       {config: "{canvasHost: {root: '/dev/null'}}"},
	} {
		g := s.start(t)
		if h := dial(t, g.URL()).hello; h.CanvasHostURL != "" || gateway.CanvasForNode(g, "127.0.0.1") != "" {
			t.Errorf("%s: canvasHostUrl %q", name, h.CanvasHostURL)
		}
		if status, body, _ := fetch(t, "GET", "http://"+g.Addr()+"/__clawdbot__/canvas/"); status != 200 || !strings.Contains(body, "<title>Clawdbot</title>") {
			t.Errorf("%s: %d %.60q, want the page", name, status, body)
		}
	}
	for name, s := range map[string]setup{
		"no bridge": {config: "{bridge: {enabled: false}}"}, "no bridge in the environment": {env: map[string]string{"CLAWDBOT_BRIDGE_ENABLED": "0"}},
	} {
		g := s.start(t)
		if h := dial(t, g.URL()).hello; h.CanvasHostURL != "http://"+g.Addr() || gateway.CanvasForNode(g, "127.0.0.1") != "" {
			t.Errorf("%s: canvasHostUrl %q, gateway %s", name, h.CanvasHostURL, g.Addr())
		}
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	for name, s := range map[string]setup{
		"a port of the environment":   {env: map[string]string{"CLAWDBOT_CANVAS_HOST_PORT": port}},
		"a port of the configuration": {config: "{canvasHost: {port: " + port + "}}"},
	} { // that somebody else has: the gateway's own port serves the canvas then
		g := s.start(t)
		if h := dial(t, g.URL()).hello; h.CanvasHostURL != "http://"+g.Addr() {
			t.Errorf("%s that is taken: canvasHostUrl %q", name, h.CanvasHostURL)
		}
	}
	g := setup{config: "{canvasHost: {liveReload: false}}"}.start(t)
	if status, body, _ := fetch(t, "GET", "http://"+g.Addr()+"/__clawdbot/ws"); status != 404 || body != "not found" {
		t.Errorf("the socket without live reload: %d %q", status, body)
	}
}

// TestCanvas_stop: the port is free when the gateway has stopped, and pages were told.
func TestCanvas_stop(t *testing.T) {
	t.Parallel()
	g, err := setup{}.new(t)
	if err != nil {
		t.Fatal(err)
	}
	base := strings.Replace(dial(t, g.URL()).hello.CanvasHostURL, "http", "ws", 1)
	c, _, err := websocket.Dial(deadline(t), base+"/__clawdbot/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	go func() {
		_, _, err := c.Read(context.Background())
		closed <- err
	}()
	stop(t, g)
	if err := <-closed; websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the page saw %v", err)
	}
	if _, err := net.Dial("tcp", strings.TrimPrefix(base, "ws://")); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the canvas's port is still open: %v", err)
	}
}
