package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clawdbot/gateway/providers/mcp"
)

// overHTTP is the transport to an address, and what lets go of its connections.
func overHTTP(s mcp.Server) (sdk.Transport, func(), error) {
	base, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, nil, errors.New("this program has replaced the transport of HTTP")
	}
	t, open := base.Clone(), &sockets{conns: map[net.Conn]bool{}}
	t.ResponseHeaderTimeout = time.Minute
	t.DialContext = open.dial
	return &sdk.StreamableClientTransport{
		Endpoint: s.URL, MaxRetries: 3, MaxEventSize: mcp.MaxMessage,
		HTTPClient: &http.Client{
			Transport: &dressed{t, s.Headers},
			// A key goes to the address it is for, and nowhere else.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, open.close, nil
}

// sockets are those of one session: whatever waits for something on one of them ends with it.
type sockets struct {
	mu     sync.Mutex // guards the fields below
	conns  map[net.Conn]bool
	closed bool
}

func (s *sockets) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		c.Close()
		return nil, net.ErrClosed
	}
	s.conns[c] = true
	return &socket{c, s}, nil
}

func (s *sockets) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for c := range s.conns {
		c.Close()
	}
}

// socket is one of them.
type socket struct {
	net.Conn
	of *sockets
}

func (s *socket) Close() error {
	s.of.mu.Lock()
	delete(s.of.conns, s.Conn)
	s.of.mu.Unlock()
	return s.Conn.Close()
}

// dressed adds headers to each request, and bounds each answer that is no stream.
type dressed struct {
	base    http.RoundTripper
	headers map[string]string
}

func (d *dressed) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, value := range d.headers {
		r.Header.Set(name, value)
	}
	resp, err := d.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		resp.Body.Close()
		return nil, fmt.Errorf("the server answers %s, which leads elsewhere; write the address that it leads to", resp.Status)
	}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		resp.Body = &bounded{resp.Body, mcp.MaxMessage}
	}
	return resp, nil
}

// bounded is a body of which only so much is read.
type bounded struct {
	io.ReadCloser
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("%w: an answer of more than %d MiB", mcp.ErrFlood, mcp.MaxMessage>>20)
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
