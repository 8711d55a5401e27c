package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/clawdbot/gateway/transport/wire"
)

// readLimit is the largest message a client takes if it does not say more, as the reference client's.
const readLimit = 25 << 20

const codeAbnormal = 1006 // the socket broke without a close frame

const closeTimeout = time.Second // for the gateway to answer a close frame

// link is one socket from connect to its end, and the calls that wait on it.
type link struct {
	o       *Options
	ws      *websocket.Conn
	conn    net.Conn // under ws
	hello   wire.HelloOK
	out     chan []byte   // to the writer goroutine
	done    chan struct{} // closed when the socket is gone; err is set then
	heard   atomic.Int64  // when the last frame came, Unix ns
	lastSeq int64         // read goroutine only

	mu      sync.Mutex // guards the fields below
	pending map[string]waiter
	cause   *ClosedError // why we close it ourselves
	err     error
}

type waiter struct {
	final  bool
	answer chan *wire.ResponseFrame // buffered
}

func openLink(ctx context.Context, o *Options) (*link, error) {
	ws, conn, err := openSocket(ctx, o)
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(max(o.ReadLimit, readLimit))
	return &link{
		o: o, ws: ws, conn: conn,
		out:     make(chan []byte),
		done:    make(chan struct{}),
		pending: make(map[string]waiter),
	}, nil
}

// introduce sends connect and waits for the hello.
func (l *link) introduce(ctx context.Context, id string) error {
	params := wire.ConnectParams{MinProtocol: wire.ProtocolVersion, MaxProtocol: wire.ProtocolVersion, Client: l.o.Client}
	if l.o.Token != "" || l.o.Password != "" {
		params.Auth = &wire.ConnectAuth{Token: l.o.Token, Password: l.o.Password}
	}
	b, err := encodeRequest(id, wire.MethodConnect, params)
	if err != nil {
		return err
	}
	if err := l.ws.Write(ctx, websocket.MessageText, b); err != nil {
		return fmt.Errorf("connect: %w", closed(err))
	}
	for {
		_, b, err := l.ws.Read(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return fmt.Errorf("connect: no hello: %w", ctx.Err())
			}
			return fmt.Errorf("connect: %w", closed(err))
		}
		f, err := wire.ParseServerFrame(b)
		if err != nil || f.Response == nil || f.Response.ID != id {
			continue // not for us yet
		}
		if e := refusal(f.Response); e != nil {
			if strings.HasPrefix(e.Message, "unauthorized") && !e.Retryable {
				return unauthorized(e, l.o)
			}
			return fmt.Errorf("connect: %w", e)
		}
		if err := wire.Unmarshal(f.Response.Payload, &l.hello); err != nil || l.hello.Type != "hello-ok" {
			return errors.New("connect: the answer is no hello-ok")
		}
		return nil
	}
}

// serve reads until the socket is gone or ctx ends, and says why. No call is left waiting.
func (l *link) serve(ctx context.Context, dispatch func(*link, Event)) error {
	l.heard.Store(time.Now().UnixNano())
	stop := context.AfterFunc(ctx, func() { l.close(&ClosedError{Code: int(wire.CloseNormal)}) })
	var wg sync.WaitGroup
	wg.Go(l.write)
	wg.Go(l.watch)
	err := l.read(dispatch)
	stop()
	l.mu.Lock()
	if l.cause != nil {
		err = l.cause
	}
	l.err = err
	l.mu.Unlock()
	close(l.done)
	_ = l.ws.CloseNow() // releases the writer
	wg.Wait()
	return err
}

func (l *link) read(dispatch func(*link, Event)) error {
	for {
		_, b, err := l.ws.Read(context.Background())
		if err != nil {
			return closed(err)
		}
		l.heard.Store(time.Now().UnixNano())
		f, err := wire.ParseServerFrame(b)
		switch {
		case err != nil:
			l.o.Log.Debug("frame ignored", "err", err)
		case f.Event != nil:
			dispatch(l, eventOf(f.Event))
		default:
			l.settle(f.Response)
		}
	}
}

func (l *link) settle(r *wire.ResponseFrame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w, ok := l.pending[r.ID]
	if !ok || (w.final && accepted(r)) {
		return
	}
	delete(l.pending, r.ID)
	w.answer <- r
}

func (l *link) write() {
	for {
		select {
		case b := <-l.out:
			if l.ws.Write(context.Background(), websocket.MessageText, b) != nil {
				return // the reader sees the broken socket too
			}
		case <-l.done:
			return
		}
	}
}

// watch closes the socket when the gateway has been silent for too long.
func (l *link) watch() {
	limit := l.o.TickTimeout
	if limit == 0 {
		limit = 2 * wire.Millis(l.hello.Policy.TickIntervalMs)
	}
	if limit <= 0 {
		return
	}
	ticker := time.NewTicker((limit + 1) / 2)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			if now.Sub(time.Unix(0, l.heard.Load())) > limit {
				l.close(&ClosedError{Code: int(wire.CloseTickTimeout), Reason: wire.ReasonTickTimeout})
				return
			}
		case <-l.done:
			return
		}
	}
}

// close ends the socket from this side, politely if the gateway answers.
func (l *link) close(why *ClosedError) {
	l.mu.Lock()
	if l.cause == nil {
		l.cause = why
	}
	l.mu.Unlock()
	_ = l.conn.SetDeadline(time.Now().Add(closeTimeout))
	_ = l.ws.Close(websocket.StatusCode(why.Code), why.Reason) // serve reports what there is to report
}

// call sends a request and waits for its answer.
func (l *link) call(ctx context.Context, id, method string, params any, final bool) (*wire.ResponseFrame, error) {
	b, err := encodeRequest(id, method, params)
	if err != nil {
		return nil, err
	}
	w := waiter{final: final, answer: make(chan *wire.ResponseFrame, 1)}
	l.mu.Lock()
	l.pending[id] = w
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.pending, id)
		l.mu.Unlock()
	}()
	select {
	case l.out <- b:
	case <-l.done:
		return nil, l.ended()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case r := <-w.answer:
		return r, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.done:
	}
	select {
	case r := <-w.answer: // it came just before the end
		return r, nil
	default:
		return nil, l.ended()
	}
}

func (l *link) ended() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

func encodeRequest(id, method string, params any) ([]byte, error) {
	f := wire.RequestFrame{Type: "req", ID: id, Method: method, Params: params}
	b, err := wire.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encode params: %w", err)
	}
	return b, nil
}

// closed turns what reading a socket ended with into a ClosedError.
func closed(err error) error {
	if ce, ok := errors.AsType[websocket.CloseError](err); ok {
		return &ClosedError{Code: int(ce.Code), Reason: ce.Reason}
	}
	return &ClosedError{Code: codeAbnormal, Reason: err.Error()}
}
