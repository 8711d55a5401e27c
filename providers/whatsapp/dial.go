package whatsapp

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.mau.fi/whatsmeow"
)

// webHost has the socket and the page that names the client's version. Every other host has media.
const webHost = "web.whatsapp.com"

// endpoint replaces the platform's hosts in tests (dev.endpoints.whatsapp).
type endpoint struct {
	URL      string `json:"url"`
	MediaURL string `json:"mediaUrl"`
	RootKey  string `json:"rootKey"` // base64; vouches for the server instead of WhatsApp's own key
}

// hosts says where requests go instead of the platform's own hosts; nil = nowhere else.
type hosts struct{ web, media *url.URL }

func parseEndpoint(text string) (h hosts, err error) {
	if text == "" {
		return h, nil
	}
	var e endpoint
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return h, fmt.Errorf("dev.endpoints.whatsapp: %w", err)
	}
	if rest, ok := strings.CutPrefix(e.URL, "ws"); ok { // the socket is dialled over HTTP
		e.URL = "http" + rest
	}
	if h.web, err = url.Parse(e.URL); err != nil || h.web.Host == "" {
		return h, errors.New("dev.endpoints.whatsapp.url: must be a URL like http://127.0.0.1:port")
	}
	h.media = h.web
	if e.MediaURL != "" {
		if h.media, err = url.Parse(e.MediaURL); err != nil || h.media.Host == "" {
			return h, errors.New("dev.endpoints.whatsapp.mediaUrl: must be a URL like http://127.0.0.1:port")
		}
	}
	if e.RootKey == "" {
		return h, nil
	}
	key, err := base64.StdEncoding.DecodeString(e.RootKey)
	if err != nil || len(key) != len(whatsmeow.WACertPubKey) {
		return h, errors.New("dev.endpoints.whatsapp.rootKey: must be 32 bytes in base64")
	}
	trust([32]byte(key))
	return h, nil
}

var trusting sync.Mutex

// trust makes the library accept servers that key vouches for. The library has only this global: one fake per process.
func trust(key [32]byte) {
	trusting.Lock()
	defer trusting.Unlock()
	if whatsmeow.WACertPubKey != key {
		whatsmeow.WACertPubKey = key
	}
}

// redirect sends requests to where the platform's hosts are replaced by.
type redirect struct {
	hosts hosts
	next  http.RoundTripper
}

func (r redirect) RoundTrip(req *http.Request) (*http.Response, error) {
	to := r.hosts.media
	if req.URL.Hostname() == webHost {
		to = r.hosts.web
	}
	if to == nil {
		return r.next.RoundTrip(req)
	}
	clone := req.Clone(req.Context())
	u := *req.URL
	u.Scheme, u.Host, u.Path = to.Scheme, to.Host, strings.TrimRight(to.Path, "/")+u.Path
	clone.URL, clone.Host = &u, ""
	return r.next.RoundTrip(clone)
}

// capped refuses answers of more than limit bytes, whatever was announced.
type capped struct {
	limit int64
	next  http.RoundTripper
}

func (c capped) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(req)
	if err != nil || req.Method != http.MethodGet {
		return resp, err
	}
	if resp.ContentLength > c.limit {
		return nil, errors.Join(errBig, resp.Body.Close())
	}
	resp.Body = &cappedBody{resp.Body, c.limit}
	return resp, nil
}

var errBig = errors.New("the file is too large")

type cappedBody struct {
	io.ReadCloser
	left int64
}

func (b *cappedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errBig
	}
	return n, err
}

// line is the network below one client's socket: it knows whether anything is still open, and can cut it. The
// library's own way to disconnect waits for the other side's word, which a dead peer never gives, and leaves a goroutine
// behind when a frame comes at that moment.
type line struct {
	transport *http.Transport
	read      atomic.Int64 // when bytes last came, in unix nanoseconds

	mu    sync.Mutex
	open  map[*lineConn]bool
	empty chan struct{} // closed while nothing is open
	cut   bool
}

func newLine(dial time.Duration) *line {
	l := &line{open: map[*lineConn]bool{}, empty: make(chan struct{})}
	close(l.empty)
	d := &net.Dialer{Timeout: dial, KeepAlive: 15 * time.Second}
	l.transport = &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSHandshakeTimeout: dial,
		DisableKeepAlives:   true,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := d.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return l.add(c)
		},
	}
	return l
}

func (l *line) add(c net.Conn) (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return nil, errors.Join(net.ErrClosed, c.Close())
	}
	if len(l.open) == 0 {
		l.empty = make(chan struct{})
	}
	lc := &lineConn{Conn: c, line: l}
	l.open[lc] = true
	return lc, nil
}

func (l *line) remove(c *lineConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.open[c] {
		return
	}
	delete(l.open, c)
	if len(l.open) == 0 {
		close(l.empty)
	}
}

// sever cuts what is still open, for good. The other side hears nothing but the end; the library notices at its next
// read and closes its part.
func (l *line) sever() {
	l.mu.Lock()
	l.cut = true
	var open []*lineConn
	for c := range l.open {
		open = append(open, c)
	}
	l.mu.Unlock()
	for _, c := range open {
		_ = c.Conn.Close()
	}
}

// closed is a channel that is closed once the library has closed everything that it opened.
func (l *line) closed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.empty
}

// lull is how long the end of a connection is kept from the library. It forgets its socket at once then, without a lock,
// while others write to it: those that are at it have failed by the time.
const lull = 50 * time.Millisecond

type lineConn struct {
	net.Conn
	line *line
}

func (c *lineConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.line.read.Store(time.Now().UnixNano())
	}
	if err != nil {
		<-time.After(lull)
	}
	return n, err
}

func (c *lineConn) Close() error {
	err := c.Conn.Close()
	c.line.remove(c)
	return err
}
