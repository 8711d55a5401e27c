package faulttest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/clawdbot/gateway/transport/wire"
)

// teller is a client that keeps every answer it gets, and never repeats a call: it shows how often each is answered.
// The project's own client hides a second answer.
type teller struct {
	ws     *websocket.Conn
	connID string
	done   chan struct{} // closed when the socket is gone

	mu      sync.Mutex // guards the fields below
	calls   []*told
	byID    map[string]*told
	strays  []string // answers that belong to no call
	err     error
	changed chan struct{}
}

// told is one call and what was said to it.
type told struct {
	id, method string
	key        string // its idempotency key
	params     any
	at         time.Time
	accepted   int
	finals     []wire.ResponseFrame
	took       time.Duration // until the first final answer
}

func dialTeller(t *testing.T, url string) *teller {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ws, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: hc})
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(-1)
	r := &teller{ws: ws, done: make(chan struct{}), byID: map[string]*told{}, changed: make(chan struct{})}
	go r.read()
	t.Cleanup(func() {
		_ = ws.CloseNow()
		<-r.done
	})
	c := r.call("connect", "", wire.ConnectParams{MinProtocol: 2, MaxProtocol: 2, Client: wire.ConnectClient{
		Name: "teller", Version: "1", Platform: "test", Mode: "test",
	}})
	if err := r.wait(ctx, c); err != nil {
		t.Fatal("connect: ", err)
	}
	var hello wire.HelloOK
	if err := wire.Unmarshal(c.finals[0].Payload, &hello); err != nil {
		t.Fatal(err)
	}
	r.connID = hello.Server.ConnID
	return r
}

func (r *teller) read() {
	defer close(r.done)
	for {
		_, b, err := r.ws.Read(context.Background())
		r.mu.Lock()
		if err != nil {
			r.err = err
		} else {
			r.take(b)
		}
		close(r.changed)
		r.changed = make(chan struct{})
		r.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// take files one frame. r.mu is held.
func (r *teller) take(b []byte) {
	f, err := wire.ParseServerFrame(b)
	if err != nil {
		r.strays = append(r.strays, string(b))
		return
	}
	if f.Event != nil {
		return
	}
	c := r.byID[f.Response.ID]
	switch {
	case c == nil:
		r.strays = append(r.strays, string(b))
	case isAccepted(f.Response):
		c.accepted++
	default:
		if len(c.finals) == 0 {
			c.took = time.Since(c.at)
		}
		c.finals = append(c.finals, *f.Response)
	}
}

func isAccepted(f *wire.ResponseFrame) bool {
	var p struct {
		Status string `json:"status"`
	}
	return f.OK && json.Unmarshal(f.Payload, &p) == nil && p.Status == "accepted"
}

// call sends a request. The socket may be gone: then there is no answer, as the caller will see.
func (r *teller) call(method, key string, params any) *told {
	r.mu.Lock()
	c := &told{id: fmt.Sprint("t", len(r.calls)), method: method, key: key, params: params, at: time.Now()}
	r.calls = append(r.calls, c)
	r.byID[c.id] = c
	r.mu.Unlock()
	if params == nil {
		params = struct{}{}
	}
	b, err := wire.Marshal(wire.RequestFrame{Type: "req", ID: c.id, Method: method, Params: params})
	if err != nil {
		panic(err) // a mistake of the test
	}
	_ = r.ws.Write(context.Background(), websocket.MessageText, b) // the reader sees a broken socket too
	return c
}

// wait returns when the call has a final answer, or the socket is gone, or ctx ends.
func (r *teller) wait(ctx context.Context, c *told) error {
	for {
		r.mu.Lock()
		n, err, changed := len(c.finals), r.err, r.changed
		r.mu.Unlock()
		switch {
		case n > 0:
			return nil
		case err != nil:
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%s %s: no answer after %v", c.method, c.key, time.Since(c.at).Round(time.Millisecond))
		}
	}
}
