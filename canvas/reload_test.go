package canvas

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

func requestTo(host string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://x/", nil)
	r.Host = host
	return r
}

// page opens a reload socket; origin "" sends none.
func page(t *testing.T, addr, path, origin string) (*websocket.Conn, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	o := &websocket.DialOptions{HTTPHeader: http.Header{}}
	if origin != "" {
		o.HTTPHeader.Set("Origin", origin)
	}
	c, res, err := websocket.Dial(ctx, "ws://"+addr+path, o)
	status := 0
	if res != nil {
		status = res.StatusCode
	}
	if err != nil {
		return nil, status
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	return c, status
}

func next(t *testing.T, c *websocket.Conn) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	kind, b, err := c.Read(ctx)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return fmt.Sprint(kind == websocket.MessageText, " ", string(b))
}

func serve(t *testing.T, h *Host) *Server {
	t.Helper()
	s, err := h.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return s
}

// TestReload: what changes below the root, wherever, is told to every page, as one text message.
func TestReload(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), ".dot", "canvas") // a dot above the root does not count
	h := host(t, Options{Root: root, LiveReload: true}, map[string]string{"sub/old.txt": "1", ".git/x": "1", "node_modules/x": "1"})
	s := serve(t, h)
	one, _ := page(t, s.Addr().String(), ReloadPath, "")
	two, _ := page(t, s.Addr().String(), ReloadPath, "null")
	if one == nil || two == nil {
		t.Fatal("a page was refused")
	}
	until(t, "two pages", func() bool { return h.Pages() == 2 })
	if err := one.Write(t.Context(), websocket.MessageText, []byte("hello?")); err != nil { // ignored
		t.Fatal(err)
	}
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	told := func(what string) {
		t.Helper()
		for _, c := range []*websocket.Conn{one, two} {
			if got := next(t, c); got != "true reload" {
				t.Errorf("%s: %q", what, got)
			}
		}
	}
	select {
	case <-h.watching:
	case <-time.After(patience):
		t.Fatal("nothing is watched")
	}
	for _, name := range []string{"sub/old.txt", "new/deep/x.txt", "sub/new.txt"} {
		put(name, "2")
		told(name)
	}
	if err := os.Remove(filepath.Join(root, "sub/new.txt")); err != nil {
		t.Fatal(err)
	}
	told("remove")
}

func TestReload_whoMay(t *testing.T) {
	t.Parallel()
	h := host(t, Options{LiveReload: true}, nil)
	s := serve(t, h)
	addr := s.Addr().String()
	capability, _ := h.Mint(time.Minute)
	for _, c := range []struct {
		path, origin string
		status       int
	}{
		{ReloadPath, "", 101}, {ReloadPath, "null", 101}, {ReloadPath, "http://" + addr, 101},
		{"/__clawdbot__/cap/" + capability + ReloadPath, "null", 101},
		{"/__clawdbot__/cap/x.y" + ReloadPath, "null", 403},
		{ReloadPath, "http://evil.example", 403}, {ReloadPath, addr, 403}, {ReloadPath, "http://" + addr + ".evil.example", 403},
		{"/__clawdbot__/canvas/", "", 0}, {"/", "", 0}, // hung up on
	} {
		if _, status := page(t, addr, c.path, c.origin); status != c.status {
			t.Errorf("%s from %q: %d, want %d", strings.ReplaceAll(c.path, capability, "..."), c.origin, status, c.status)
		}
	}
}

// TestReload_close: sockets are told that the host goes away, and none is taken after that.
func TestReload_close(t *testing.T) {
	t.Parallel()
	h := host(t, Options{LiveReload: true}, nil)
	s := serve(t, h)
	c, _ := page(t, s.Addr().String(), ReloadPath, "")
	closed := make(chan error, 1)
	go func() {
		_, _, err := c.Read(t.Context())
		closed <- err
	}()
	until(t, "a page", func() bool { return h.Pages() == 1 })
	h.Close()
	if err := <-closed; websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the page saw %v", err)
	}
	if _, status := page(t, s.Addr().String(), ReloadPath, ""); status != http.StatusServiceUnavailable {
		t.Errorf("after the end: %d", status)
	}
}

// TestServer_badRequests: a percent sign that encodes nothing is refused before it gets here.
func TestServer_badRequests(t *testing.T) {
	t.Parallel()
	s := serve(t, host(t, Options{}, nil))
	for _, target := range []string{"/__clawdbot__/canvas/%zz", "/__clawdbot__/canvas/%"} {
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", target)
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", target, res.StatusCode)
		}
	}
}

// TestDebounce: many changes are one reload after a pause; changes without end do not keep pages waiting.
func TestDebounce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		changed := make(chan struct{}, 1)
		var fired atomic.Int32
		done := make(chan struct{})
		go func() {
			defer close(done)
			debounce(ctx, changed, func() { fired.Add(1) })
		}()
		for range 5 {
			notify(changed)
			time.Sleep(quiet - time.Millisecond)
			synctest.Wait()
		}
		if fired.Load() != 0 {
			t.Errorf("told %d times while files are written", fired.Load())
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if fired.Load() != 1 {
			t.Errorf("told %d times after a pause, want once", fired.Load())
		}
		for range 60 { // 3 s
			notify(changed)
			time.Sleep(50 * time.Millisecond)
		}
		synctest.Wait()
		if n := fired.Load(); n < 3 || n > 5 {
			t.Errorf("told %d times in 3 s of changes", n)
		}
		cancel()
		<-done
	})
}

func TestIgnored(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/r": false, "/r/a": false, "/r/a/b.html": false, "/r/.git": true, "/r/a/.x": true, "/r/node_modules/a": true, "/r/a/node_modules": true, "/r/x.node_modules": false,
	} {
		if ignored("/r", path) != want {
			t.Errorf("%s: %v", path, !want)
		}
	}
}
