package canvas

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	maxClients  = 4096             // reload sockets at a time
	maxIncoming = 64 << 10         // bytes of one message from a page; all are ignored
	writeLimit  = 10 * time.Second // for one message to one page
	closeLimit  = time.Second      // for a page to answer that the socket closes
)

// clients are the reload sockets. The zero value has none and is ready for use.
type clients struct {
	mu      sync.Mutex
	open    map[*client]struct{} // guarded by mu
	closed  bool                 // guarded by mu
	running sync.WaitGroup
}

type client struct {
	due chan struct{} // holds one: several changes are one reload
	end context.CancelFunc
}

// add registers a socket; nil when there are too many or the Host is closed.
func (s *clients) add() (*client, context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.open) >= maxClients {
		return nil, nil
	}
	if s.open == nil {
		s.open = map[*client]struct{}{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &client{due: make(chan struct{}, 1), end: cancel}
	s.open[c] = struct{}{}
	s.running.Add(1)
	return c, ctx
}

func (s *clients) remove(c *client) {
	c.end()
	s.mu.Lock()
	delete(s.open, c)
	s.mu.Unlock()
	s.running.Done()
}

// reload tells every page. It never blocks.
func (s *clients) reload() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		select {
		case c.due <- struct{}{}:
		default:
		}
	}
}

// close ends all sockets and waits until they are gone.
func (s *clients) close() {
	s.mu.Lock()
	s.closed = true
	for c := range s.open {
		c.end()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// Pages says how many pages wait for a reload.
func (h *Host) Pages() int {
	h.clients.mu.Lock()
	defer h.clients.mu.Unlock()
	return len(h.clients.open)
}

// serveReload answers an upgrade of the reload socket and holds it until the page leaves.
func (h *Host) serveReload(w http.ResponseWriter, r *http.Request) {
	if !ownPage(r) {
		h.refuse(w, r, http.StatusForbidden, "origin is not allowed")
		return
	}
	c, ctx := h.clients.add()
	if c == nil {
		h.refuse(w, r, http.StatusServiceUnavailable, "too many pages")
		return
	}
	defer h.clients.remove(c)
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // ownPage has looked at Origin
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		return // answered by the library
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(maxIncoming)
	h.clients.running.Go(func() { ignore(conn, c.end) })
	for {
		select {
		case <-ctx.Done():
			cut := time.AfterFunc(closeLimit, func() { _ = conn.CloseNow() })
			_ = conn.Close(websocket.StatusGoingAway, "")
			cut.Stop()
			return
		case <-c.due:
		}
		if write(ctx, conn, "reload") != nil {
			return
		}
	}
}

func write(ctx context.Context, conn *websocket.Conn, text string) error {
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	return conn.Write(ctx, websocket.MessageText, []byte(text))
}

// ignore reads until the page leaves: only that way pings are answered and the end is seen.
func ignore(conn *websocket.Conn, end func()) {
	defer end()
	for {
		_, m, err := conn.Reader(context.Background()) // a context that ends would cut the connection without a word
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, m); err != nil {
			return
		}
	}
}
