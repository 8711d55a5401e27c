package devtools

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"

	"github.com/clawdbot/gateway/providers/media"
)

// proxy is the browser's only way out.
type proxy struct {
	server *http.Server
	addr   string
	dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	plain  *httputil.ReverseProxy
	trips  *http.Transport

	mu    sync.Mutex
	conns map[net.Conn]bool // guarded by mu; of tunnels; nil = closed
	done  sync.WaitGroup
}

// newProxy listens on a loopback port. Whoever else finds it reaches no more than the internet by it.
func newProxy(endpoint string) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{addr: l.Addr().String(), dial: media.Dialer(endpoint), conns: map[net.Conn]bool{}}
	p.trips = &http.Transport{DialContext: p.dial, TLSHandshakeTimeout: 10 * time.Second, DisableCompression: true, IdleConnTimeout: time.Minute}
	p.plain = &httputil.ReverseProxy{
		Rewrite:   func(*httputil.ProxyRequest) {}, // the address is in the request
		Transport: p.trips,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			refuse(w, err)
		},
	}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: time.Minute}
	p.done.Go(func() { _ = p.server.Serve(l) }) // ends with close
	return p, nil
}

func refuse(w http.ResponseWriter, err error) {
	status := http.StatusBadGateway
	if errors.Is(err, media.ErrForbidden) {
		status = http.StatusForbidden
	}
	http.Error(w, err.Error(), status)
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodConnect:
		p.tunnel(w, r)
	case r.URL.IsAbs() && r.URL.Scheme == "http":
		p.plain.ServeHTTP(w, r)
	default:
		http.Error(w, "this is a proxy", http.StatusBadRequest)
	}
}

// tunnel passes on bytes that are not ours to read.
func (p *proxy) tunnel(w http.ResponseWriter, r *http.Request) {
	out, err := p.dial(r.Context(), "tcp", r.Host)
	if err != nil {
		refuse(w, err)
		return
	}
	in, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil || !p.keep(in, out) {
		_ = out.Close()
		return
	}
	_, _ = io.WriteString(in, "HTTP/1.1 200 Connection established\r\n\r\n") // a failure shows below
	p.done.Go(func() {
		_, _ = io.Copy(out, buffered)
		p.drop(in, out)
	})
	p.done.Go(func() {
		_, _ = io.Copy(in, out)
		p.drop(in, out)
	})
}

func (p *proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		if p.conns == nil {
			_ = c.Close()
			continue
		}
		p.conns[c] = true
	}
	return p.conns != nil
}

func (p *proxy) drop(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
		delete(p.conns, c)
	}
}

// close ends all connections and waits for what serves them.
func (p *proxy) close() {
	_ = p.server.Close()
	p.mu.Lock()
	for c := range p.conns {
		_ = c.Close()
	}
	p.conns = nil
	p.mu.Unlock()
	p.trips.CloseIdleConnections()
	p.done.Wait()
}
