package gateway_test

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// tunnel forwards a port of its own to addr, as ssh -L does, until the test ends.
func tunnel(t *testing.T, addr string) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer in.Close()
				out, err := net.Dial("tcp", addr)
				if err != nil {
					return
				}
				defer out.Close()
				done := make(chan struct{})
				go func() {
					defer close(done)
					_, _ = io.Copy(out, in) // either end may go first
					_ = out.(*net.TCPConn).CloseWrite()
				}()
				_, _ = io.Copy(in, out)
				_ = in.(*net.TCPConn).CloseWrite()
				<-done
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

// TestTunnel: through another port of another host's loopback, handshake, token and page are the same.
func TestTunnel(t *testing.T) {
	t.Parallel()
	g := setup{env: map[string]string{"CLAWDBOT_GATEWAY_TOKEN": "tunnel-token"}}.start(t)
	port := tunnel(t, g.Addr())
	for _, host := range []string{"127.0.0.1", "localhost"} {
		url := "ws://" + host + ":" + port
		c := dial(t, url, token("tunnel-token"), as("ui", "far-away"))
		c.ok("chat.send", chatSend("main", "through the tunnel", host), nil)
		c.wait("its events", 0, chat(host, "final"))
		if f := open(t, url, nil).connect(token("wrong")); f.OK || f.Error.Message != "unauthorized" {
			t.Errorf("wrong token: %s", f.raw)
		}
		if f := open(t, url, nil).connect(); f.OK {
			t.Errorf("no token: %s", f.raw)
		}
		// A page that came through the tunnel has the tunnel's origin.
		page := open(t, url, map[string][]string{"Origin": {"http://" + host + ":" + port}})
		if f := page.connect(token("tunnel-token")); !f.OK {
			t.Errorf("the page: %s", f.raw)
		}
	}
	if b := get(t, "http://127.0.0.1:"+port+"/"); !strings.Contains(b, "<html") {
		t.Errorf("page %s", cut(b))
	}
}
