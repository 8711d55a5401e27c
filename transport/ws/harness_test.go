package ws

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/transport/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait for something that must happen.
const patience = 60 * time.Second

// host is a running server with a Handler that tests steer.
type host struct {
	*Server
	addr   string
	opened chan *client // every accepted connection
}

// client is the server's end of a connection, as its Handler sees it.
type client struct {
	*Session
	params   *wire.ConnectParams
	requests chan *wire.Request
	closed   chan closeCall
	manual   bool // requests are not answered
}

type closeCall struct {
	code   int
	reason string
}

func (c *client) Request(r *wire.Request) {
	if c.manual {
		c.requests <- r
		return
	}
	c.answer(r)
}

func (c *client) answer(r *wire.Request) {
	frame, err := wire.AppendResponse(nil, wire.QuoteID(r.ID), wire.Result{Payload: wire.Raw(`{"method":"` + r.Method + `"}`)})
	if err != nil {
		panic(err)
	}
	c.Send(frame)
	c.Done()
}

func (c *client) Closed(code int, reason string) { c.closed <- closeCall{code, reason} }

func (c *client) hello() { c.Hello(helloFrame(c.ConnectID())) }

func helloFrame(id string) []byte {
	return []byte(`{"type":"res","id":"` + id + `","ok":true,"payload":{"type":"hello-ok"}}`)
}

// startHost runs a server on a port of its own. tune may change the options; without Open the connections
// get hello at once and their requests an answer.
func startHost(t *testing.T, tune func(*Options)) *host {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveHost(t, ln, tune)
}

func serveHost(t *testing.T, ln net.Listener, tune func(*Options)) *host {
	t.Helper()
	h := &host{addr: ln.Addr().String(), opened: make(chan *client, 100)}
	o := Options{Open: func(s *Session, p *wire.ConnectParams) Handler {
		c := newClient(s, p)
		c.hello()
		h.opened <- c
		return c
	}}
	if tune != nil {
		tune(&o)
	}
	srv, err := NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	h.Server = srv
	hs := HTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Upgrade") == "websocket":
			srv.ServeHTTP(w, r)
		case srv.Admits(r):
			_, _ = io.WriteString(w, "page")
		default:
			http.Error(w, "refused", http.StatusForbidden)
		}
	}), nil)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = hs.Serve(ln)
	}()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = srv.Shutdown(ctx)
		_ = hs.Close()
		<-served
	})
	return h
}

func newClient(s *Session, p *wire.ConnectParams) *client {
	return &client{Session: s, params: p, requests: make(chan *wire.Request, 1000), closed: make(chan closeCall, 10)}
}

// holding makes Open hand the connection to the test before hello, with requests left to the test.
func (h *host) holding(o *Options) {
	o.Open = func(s *Session, p *wire.ConnectParams) Handler {
		c := newClient(s, p)
		c.manual = true
		h.opened <- c
		return c
	}
}

func within[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("%s did not come", what)
		panic("unreachable")
	}
}

// eventually waits for a condition that nothing announces.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}

// raw is a WebSocket client that can break every rule.
type raw struct {
	net.Conn
	r *bufio.Reader
}

const (
	opText, opBinary, opClose, opPing, opPong = 0x1, 0x2, 0x8, 0x9, 0xA
	fin                                       = 0x80
)

func (h *host) request(header string) string {
	return "GET / HTTP/1.1\r\nHost: " + h.addr + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" + header + "\r\n"
}

// tcp sends text over a new connection.
func (h *host) tcp(t *testing.T, text string) *raw {
	t.Helper()
	c, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(patience))
	return newRaw(c)
}

func newRaw(c net.Conn) *raw { return &raw{c, bufio.NewReader(c)} }

// upgrade opens a WebSocket; header lines end with CRLF.
func (h *host) upgrade(t *testing.T, header string) *raw {
	t.Helper()
	c := h.tcp(t, h.request(header))
	if status := c.status(t); status != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %d", status)
	}
	return c
}

func (r *raw) status(t *testing.T) int {
	t.Helper()
	resp, err := http.ReadResponse(r.r, nil)
	if err != nil {
		t.Fatalf("read response: %v", err)
	}
	return resp.StatusCode
}

// connect opens a WebSocket and introduces itself; the hello is read.
func (h *host) connect(t *testing.T) *raw {
	t.Helper()
	c := h.upgrade(t, "")
	c.text(t, connectFrame(""))
	if got := c.next(t); got != string(helloFrame("c1")) {
		t.Fatalf("hello: %s", got)
	}
	return c
}

// connectFrame is a valid connect; auth is the JSON of auth.
func connectFrame(auth string) string {
	if auth != "" {
		auth = `,"auth":` + auth
	}
	return `{"type":"req","id":"c1","method":"connect","params":{"minProtocol":2,"maxProtocol":2,` +
		`"client":{"name":"t","version":"1","platform":"p","mode":"cli"}` + auth + `}}`
}

func (r *raw) text(t *testing.T, s string) { r.frame(t, fin|opText, s, true) }

func (r *raw) frame(t *testing.T, first byte, payload string, masked bool) {
	t.Helper()
	if _, err := r.Write(encodeFrame(first, payload, masked)); err != nil {
		t.Fatalf("write frame: %v", err)
	}
}

func encodeFrame(first byte, payload string, masked bool) []byte {
	b := []byte{first}
	bit := byte(0)
	if masked {
		bit = 0x80
	}
	switch n := len(payload); {
	case n < 126:
		b = append(b, bit|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, bit|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, bit|127), uint64(n))
	}
	if masked {
		b = append(b, 0, 0, 0, 0) // a mask of zeros changes nothing
	}
	return append(b, payload...)
}

// next describes the next frame: a text's contents, "close 1008 reason", "pong x", or "eof".
func (r *raw) next(t *testing.T) string {
	t.Helper()
	var h [2]byte
	if _, err := io.ReadFull(r.r, h[:]); err != nil {
		return "eof"
	}
	n := uint64(h[1])
	switch n {
	case 126:
		var b [2]byte
		_, _ = io.ReadFull(r.r, b[:])
		n = uint64(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		_, _ = io.ReadFull(r.r, b[:])
		n = binary.BigEndian.Uint64(b[:])
	}
	p := make([]byte, n)
	if _, err := io.ReadFull(r.r, p); err != nil {
		return "eof"
	}
	switch h[0] & 0xf {
	case opText:
		return string(p)
	case opPong:
		return "pong " + string(p)
	case opClose:
		if len(p) < 2 {
			return "close"
		}
		return strings.TrimSpace(fmt.Sprintf("close %d %s", binary.BigEndian.Uint16(p), p[2:]))
	}
	return fmt.Sprintf("frame %x of %d bytes", h[0], n)
}

// expect reads the frames that must come next.
func (r *raw) expect(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := r.next(t); got != w {
			t.Fatalf("got  %s\nwant %s", clip(got), clip(w))
		}
	}
}

func clip(s string) string {
	if len(s) > 300 {
		return fmt.Sprintf("%s... (%d bytes)", s[:300], len(s))
	}
	return s
}

// silent checks that nothing comes before the answer to a request sent now.
func (r *raw) silent(t *testing.T) {
	t.Helper()
	r.text(t, `{"type":"req","id":"probe","method":"probe"}`)
	r.expect(t, `{"type":"res","id":"probe","ok":true,"payload":{"method":"probe"}}`)
}
