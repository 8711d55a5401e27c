package whatsappfake

import (
	"bytes"
	"context"
	"crypto/cipher"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/coder/websocket"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/binary/token"
	"go.mau.fi/whatsmeow/types"
)

// prologue starts the client's first frame.
var prologue = []byte{'W', 'A', 6, token.DictVersion}

const (
	maxFrame = 1 << 24
	// patience bounds every wait for a client: one that is stopped or overloaded is given up after it.
	patience = 10 * time.Second
	// grace is how long a client gets to act upon a last word that it has read.
	grace = 300 * time.Millisecond
)

// conn is one client's connection. Its reader is the goroutine of the HTTP request; a second one writes.
type conn struct {
	s    *Server
	ws   *websocket.Conn
	done chan struct{} // closed when the reader has ended
	wake chan struct{} // there is something in out

	unread []byte      // reader's: bytes that are no whole frame yet
	in     cipher.AEAD // reader's
	inN    uint32
	toward cipher.AEAD // writer's
	outN   uint32

	// Guarded by s.mu.
	static []byte // the client's noise key
	reg    *registration
	refs   []string
	device *device // after login
	active bool    // the client wants what waits for it
	silent bool
	ended  bool          // the last word was said
	said   chan struct{} // closed when it has been written
	out    []waBinary.Node
}

func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{OriginPatterns: []string{"web.whatsapp.com"}})
	if err != nil {
		return // Accept has answered
	}
	ws.SetReadLimit(maxFrame + 16)
	c := &conn{s: s, ws: ws, done: make(chan struct{}), wake: make(chan struct{}, 1), said: make(chan struct{})}
	if !s.enter(c) {
		_ = ws.CloseNow()
		return
	}
	defer s.leave(c)
	defer func() { _ = ws.CloseNow() }()
	g, err := s.certs.greet(prologue, c.handshakeReader(), c.writeFrame)
	if err != nil {
		return
	}
	c.in, c.toward, c.static = g.fromClient, g.toClient, g.static
	s.mu.Lock()
	s.tasks.Go(c.writeLoop)
	s.mu.Unlock()
	s.admit(c, g.payload)
	for {
		frame, err := c.readFrame(context.Background())
		if err != nil {
			return
		}
		node, err := c.decode(frame)
		if err != nil {
			return
		}
		s.handle(c, node)
	}
}

// handshakeReader reads frames with a deadline, the first one without the prologue.
func (c *conn) handshakeReader() func() ([]byte, error) {
	first := true
	return func() ([]byte, error) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if first {
			first = false
			if err := c.fill(ctx, len(prologue)); err != nil {
				return nil, err
			}
			if !bytes.HasPrefix(c.unread, prologue) {
				return nil, errors.New("not a client of this protocol")
			}
			c.unread = c.unread[len(prologue):]
		}
		return c.readFrame(ctx)
	}
}

// readFrame returns the next frame, whatever the bounds of the websocket messages are.
func (c *conn) readFrame(ctx context.Context) ([]byte, error) {
	if err := c.fill(ctx, 3); err != nil {
		return nil, err
	}
	n := int(c.unread[0])<<16 | int(c.unread[1])<<8 | int(c.unread[2])
	if err := c.fill(ctx, 3+n); err != nil {
		return nil, err
	}
	frame := c.unread[3 : 3+n : 3+n]
	c.unread = c.unread[3+n:]
	return frame, nil
}

func (c *conn) fill(ctx context.Context, n int) error {
	for len(c.unread) < n {
		kind, data, err := c.ws.Read(ctx)
		if err != nil {
			return err
		}
		if kind != websocket.MessageBinary {
			return errors.New("a text message")
		}
		c.unread = append(c.unread, data...)
	}
	return nil
}

func (c *conn) writeFrame(data []byte) error {
	if len(data) >= maxFrame {
		return errors.New("the frame is too large")
	}
	frame := append([]byte{byte(len(data) >> 16), byte(len(data) >> 8), byte(len(data))}, data...)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return c.ws.Write(ctx, websocket.MessageBinary, frame)
}

func (c *conn) decode(frame []byte) (*waBinary.Node, error) {
	plain, err := c.in.Open(nil, nonce(c.inN), frame, nil)
	c.inN++
	if err != nil {
		return nil, err
	}
	if len(plain) == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	if plain, err = waBinary.Unpack(plain); err != nil {
		return nil, err
	}
	return waBinary.Unmarshal(plain)
}

// writeLoop sends what push has queued until the connection ends.
func (c *conn) writeLoop() {
	for {
		select {
		case <-c.wake:
		case <-c.done:
			return
		}
		c.s.mu.Lock()
		nodes, last := c.out, c.ended
		c.out = nil
		if c.silent {
			nodes = nil
		}
		c.s.mu.Unlock()
		for _, n := range nodes {
			data, err := waBinary.Marshal(n)
			if err != nil {
				panic(err) // the nodes are the server's own
			}
			sealed := c.toward.Seal(nil, nonce(c.outN), data, nil)
			c.outN++
			if c.writeFrame(sealed) != nil {
				_ = c.ws.CloseNow() // the reader notices
				return
			}
		}
		if last {
			close(c.said)
			return
		}
	}
}

// push sends a node after those before it. s.mu is held.
func (c *conn) push(n waBinary.Node) {
	if c.ended {
		return
	}
	c.out = append(c.out, n)
	select {
	case c.wake <- struct{}{}:
	default: // the writer knows already
	}
}

// cut closes the connection without a word.
func (c *conn) cut() { _ = c.ws.CloseNow() }

// end says a last word and closes the connection once the client has understood it, or has closed it. s.mu is held.
//
// It answers a ping behind the last word when it has read that, and acts upon it within the time of grace. Nothing is
// said after the last word: the client may close at any time, and the library leaks a goroutine when a stanza comes then.
func (c *conn) end(last waBinary.Node) {
	if c.ended {
		return
	}
	c.push(last)
	c.ended, c.active = true, false
	silent := c.silent
	wait := grace
	if last.Attrs["code"] == "515" { // here the client closes
		wait = patience
	}
	c.s.tasks.Go(func() {
		defer c.cut()
		if silent {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		select {
		case <-c.said:
		case <-c.done:
			return
		case <-ctx.Done():
			return
		}
		if c.ws.Ping(ctx) != nil {
			return
		}
		limit := time.NewTimer(wait)
		defer limit.Stop()
		select {
		case <-c.done:
		case <-c.s.stop:
		case <-limit.C:
		}
	})
}

// alive says whether somebody still holds the other end of the connection: a process that was killed does not, however
// recently.
func (c *conn) alive() bool {
	select {
	case <-c.done:
		return false
	default:
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.ws.Ping(ctx); err == nil {
		return true
	}
	return ctx.Err() != nil // it is there and does not answer
}

func reply(n *waBinary.Node, content ...waBinary.Node) waBinary.Node {
	answer := waBinary.Node{Tag: "iq", Attrs: waBinary.Attrs{
		"from": types.ServerJID, "id": n.Attrs["id"], "type": "result",
	}}
	if to, ok := n.Attrs["to"].(types.JID); ok {
		answer.Attrs["from"] = to
	}
	if len(content) > 0 {
		answer.Content = content
	}
	return answer
}

func refuse(n *waBinary.Node, code int, text string) waBinary.Node {
	answer := reply(n, waBinary.Node{Tag: "error", Attrs: waBinary.Attrs{"code": code, "text": text}})
	answer.Attrs["type"] = "error"
	return answer
}
