package slack

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// dialer makes the socket's connections: counted, with a deadline on every read and write.
func (p *Provider) dialer() *websocket.Dialer {
	return &websocket.Dialer{
		Proxy: http.ProxyFromEnvironment,
		NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := (&net.Dialer{Timeout: p.opt.dial, KeepAlive: 15 * time.Second}).DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			if n := p.sockets.Add(1); n > 1 { // cannot be: the old one is closed before
				p.env.Log.Error("slack: more than one socket is open", "account", p.env.Account, "open", n)
			}
			return &wire{Conn: c, p: p}, nil
		},
		HandshakeTimeout: p.opt.dial,
		WriteBufferSize:  32 << 10, // an answer in several frames would be lost
	}
}

// wire is a connection on which nothing waits for ever.
type wire struct {
	net.Conn
	p    *Provider
	once sync.Once

	mu    sync.Mutex
	limit time.Time // of a handshake; guarded by mu
}

func (w *wire) Read(b []byte) (int, error) {
	deadline := time.Now().Add(w.p.opt.read)
	w.mu.Lock()
	if !w.limit.IsZero() && w.limit.Before(deadline) {
		deadline = w.limit
	}
	w.mu.Unlock()
	if err := w.Conn.SetReadDeadline(deadline); err != nil {
		return 0, err
	}
	n, err := w.Conn.Read(b)
	if n > 0 {
		w.p.seen.Store(time.Now().UnixNano())
	}
	return n, err
}

func (w *wire) Write(b []byte) (int, error) {
	if err := w.Conn.SetWriteDeadline(time.Now().Add(w.p.opt.dial)); err != nil {
		return 0, err
	}
	return w.Conn.Write(b)
}

// SetDeadline is the library's limit for the handshake; it gives none afterwards.
func (w *wire) SetDeadline(t time.Time) error {
	w.mu.Lock()
	w.limit = t
	w.mu.Unlock()
	return w.Conn.SetDeadline(t)
}

func (w *wire) Close() error {
	w.once.Do(func() { w.p.sockets.Add(-1) })
	return w.Conn.Close()
}

// tap listens to the library's log for what it tells in no other way: why a connection ended.
type tap struct {
	mu     sync.Mutex
	reason string // guarded by mu
}

// Output implements the library's logger.
func (t *tap) Output(_ int, line string) error {
	if rest, ok := strings.CutPrefix(line, "Received WebSocket message: "); ok {
		if strings.Contains(rest, `"disconnect"`) {
			t.note(disconnectReason(rest))
		}
	} else if rest, ok := strings.CutPrefix(line, "Reconnecting due to "); ok {
		t.note(strings.TrimSpace(rest))
	}
	return nil
}

// note keeps the first reason: the others follow from it.
func (t *tap) note(reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.reason == "" {
		t.reason = reason
	}
}

func (t *tap) said() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reason
}
