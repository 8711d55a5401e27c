package whatsappfake

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/store/sqlstore"
	"go.mau.fi/whatsmeow/types/events"
	waLog "go.mau.fi/whatsmeow/util/log"
	"go.uber.org/goleak"
	_ "modernc.org/sqlite"
)

func TestMain(m *testing.M) {
	whatsmeow.WACertPubKey = New(Options{}).RootKey()
	goleak.VerifyTestMain(m)
}

// client is the plain library with a store of its own and a record of its events.
type client struct {
	*whatsmeow.Client
	t       *testing.T
	ctx     context.Context
	net     *toFake
	mu      sync.Mutex // guards the following fields
	events  []any
	changed chan struct{}
	fail    bool // handlers do not take messages
}

// within is how long a test waits at most. It outlives the test's own context: a client whose context ends while it
// disconnects races with itself.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// toFake sends every request to the fake, whatever host it names, and knows the websocket's connection.
type toFake struct {
	base *url.URL
	next *http.Transport

	mu   sync.Mutex
	last *parking // guarded by mu
}

// parking is a connection that can be made to bring nothing more.
//
// The library leaks the goroutine that reads when a stanza comes in while it disconnects: it hands the stanza to nobody,
// for ever. So before it disconnects the connection falls silent, at a moment when all that was read is handed over, and
// ends when the library has said that it closes: sooner would be a race inside the library.
type parking struct {
	io.ReadWriteCloser
	mu     sync.Mutex
	moved  sync.Cond
	inside bool // somebody waits for bytes
	frozen bool
	closed bool // the close frame is on its way
	wrote  time.Time
}

func (p *parking) set(field *bool, v bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*field = v
	p.moved.Broadcast()
}

func (p *parking) Read(b []byte) (int, error) {
	p.set(&p.inside, true)
	n, err := p.ReadWriteCloser.Read(b)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.frozen {
		p.inside = err != nil // after an error nobody comes back
		return n, err
	}
	for !p.closed {
		p.moved.Wait()
	}
	return 0, io.EOF
}

func (p *parking) Write(b []byte) (int, error) {
	p.mu.Lock()
	p.wrote = time.Now()
	p.mu.Unlock()
	if len(b) > 0 && b[0] == 0x88 {
		p.set(&p.closed, true)
	}
	return p.ReadWriteCloser.Write(b)
}

func (p *parking) Close() error {
	p.set(&p.inside, true) // nobody comes back
	p.set(&p.closed, true)
	return p.ReadWriteCloser.Close()
}

func (p *parking) freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.inside {
		p.moved.Wait()
	}
	p.frozen = true
}

// lull is how long nothing is written by a library that has answered all that it was given.
const lull = 250 * time.Millisecond

// rest returns when nothing was written for a while. The library answers what it was handed on goroutines of its own, and
// forgets its socket without a lock when it disconnects: a race inside it, unless the answers are out by then.
func (p *parking) rest() {
	for begin := time.Now(); ; {
		p.mu.Lock()
		last := p.wrote
		p.mu.Unlock()
		if last.Before(begin) {
			last = begin
		}
		left := lull - time.Since(last)
		if left <= 0 {
			return
		}
		<-time.After(left)
	}
}

// freeze stops the last websocket that was opened.
func (f *toFake) freeze() {
	f.mu.Lock()
	last := f.last
	f.mu.Unlock()
	if last != nil {
		last.freeze()
		last.rest()
	}
}

func (f *toFake) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = f.base.Scheme, f.base.Host, ""
	resp, err := f.next.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusSwitchingProtocols {
		p := &parking{ReadWriteCloser: resp.Body.(io.ReadWriteCloser)}
		p.moved.L = &p.mu
		resp.Body = p
		f.mu.Lock()
		f.last = p
		f.mu.Unlock()
	}
	return resp, err
}

func fakeHTTP(t *testing.T, s *Server) *toFake {
	t.Helper()
	base, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	next := &http.Transport{}
	t.Cleanup(next.CloseIdleConnections)
	return &toFake{base: base, next: next}
}

// openStore opens the library's tables in a directory.
func openStore(t *testing.T, dir string) *sqlstore.Container {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "wa.db")+
		"?_pragma=foreign_keys(1)&_pragma=busy_timeout(20000)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	container := sqlstore.NewWithDB(db, "sqlite", nil)
	if err := container.Upgrade(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = container.Close() })
	return container
}

func newDevice(t *testing.T) *store.Device {
	return openStore(t, t.TempDir()).NewDevice()
}

// newClient is a client of the fake; it is not connected.
func newClient(t *testing.T, s *Server, d *store.Device) *client {
	t.Helper()
	c := &client{t: t, ctx: within(t), changed: make(chan struct{})}
	c.Client = whatsmeow.NewClient(d, clientLog{c})
	c.net = fakeHTTP(t, s)
	hc := &http.Client{Transport: c.net}
	c.SetWebsocketHTTPClient(hc)
	c.SetPreLoginHTTPClient(hc)
	c.SetMediaHTTPClient(hc)
	c.EnableAutoReconnect = false
	c.SynchronousAck = true
	c.EnableDecryptedEventBuffer = true
	c.AddEventHandlerWithSuccessStatus(func(evt any) bool {
		c.mu.Lock()
		fail := c.fail
		c.mu.Unlock()
		c.note(evt) // whoever waits for it may change what the next one meets
		_, message := evt.(*events.Message)
		return !message || !fail
	})
	t.Cleanup(c.leave)
	return c
}

func (c *client) leave() {
	c.net.freeze()
	c.Disconnect()
}

// linked is a client whose device is linked, connected and ready.
func linked(t *testing.T, s *Server) *client {
	t.Helper()
	d := newDevice(t)
	if err := s.Adopt(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, s, d)
	c.connect()
	return c
}

func (c *client) connect() {
	c.t.Helper()
	n := c.count(isConnected)
	if err := c.ConnectContext(c.ctx); err != nil {
		c.t.Fatal(err)
	}
	c.await("Connected", func() bool { return c.count(isConnected) > n })
}

func isConnected(evt any) bool { _, ok := evt.(*events.Connected); return ok }

func (c *client) count(is func(any) bool) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.events {
		if is(e) {
			n++
		}
	}
	return n
}

func (c *client) await(what string, cond func() bool) {
	c.t.Helper()
	for {
		c.mu.Lock()
		changed := c.changed
		c.mu.Unlock()
		if cond() {
			return
		}
		select {
		case <-changed:
		case <-c.ctx.Done():
			c.mu.Lock()
			defer c.mu.Unlock()
			c.t.Fatalf("no %s; events: %#v", what, c.events)
		}
	}
}

// awaitEvent returns the n-th event of a type, from 1.
func awaitEvent[E any](c *client, n int) E {
	c.t.Helper()
	var found E
	c.await("event", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		k := 0
		for _, e := range c.events {
			if e, ok := e.(E); ok {
				if k++; k == n {
					found = e
					return true
				}
			}
		}
		return false
	})
	return found
}

// texts waits for n messages that say something.
func (c *client) texts(n int) (all []*events.Message) {
	c.t.Helper()
	c.await("message", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		all = all[:0]
		for _, e := range c.events {
			if m, ok := e.(*events.Message); ok && textOf(m) != "" {
				all = append(all, m)
			}
		}
		return len(all) >= n
	})
	return all
}

func textOf(m *events.Message) string {
	if t := m.Message.GetConversation(); t != "" {
		return t
	}
	return m.Message.GetExtendedTextMessage().GetText()
}

// clientLog makes the library's lines events: some things it tells nowhere else.
type clientLog struct{ c *client }

type line string

func (l clientLog) Errorf(f string, a ...any) { l.say("E "+f, a) }
func (l clientLog) Warnf(f string, a ...any)  { l.say("W "+f, a) }
func (l clientLog) Infof(f string, a ...any)  { l.say("I "+f, a) }
func (l clientLog) Debugf(f string, a ...any) { l.say("D "+f, a) }
func (l clientLog) Sub(string) waLog.Logger   { return l }

func (l clientLog) say(f string, a []any) {
	if testing.Verbose() && l.c.t.Context().Err() == nil {
		l.c.t.Logf(f, a...)
	}
	l.c.note(line(fmt.Sprintf(f, a...)))
}

func (c *client) note(evt any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, evt)
	close(c.changed)
	c.changed = make(chan struct{})
}

// gone waits until the library has done with a connection that the server has closed. To disconnect at the same time is
// a race inside the library.
func (c *client) gone() {
	c.t.Helper()
	c.await("end of the connection", func() bool {
		return c.count(func(e any) bool {
			l, is := e.(line)
			return is && strings.Contains(string(l), "OnDisconnect() called, but it was expected")
		}) > 0
	})
}
