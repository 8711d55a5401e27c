package client

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/clawdbot/gateway/transport/wire"
)

// Client is a connection to a gateway. Its methods are safe for concurrent use.
type Client struct {
	o      Options
	ctx    context.Context
	cancel context.CancelFunc
	lastID atomic.Uint64
	done   chan struct{}
	tasks  sync.WaitGroup // refreshes

	mu         sync.Mutex // guards the fields below
	link       *link      // nil while there is no socket
	lost       error      // why there is none
	hello      wire.HelloOK
	subs       map[*Subscription]struct{}
	refreshing bool
	again      bool // another refresh was asked for meanwhile
}

// Dial connects and waits for the hello. ctx bounds only that. A refusal is a *wire.Error; refused
// credentials wrap ErrUnauthorized too.
func Dial(ctx context.Context, o Options) (*Client, error) {
	c := &Client{o: o.withDefaults(), done: make(chan struct{}), subs: make(map[*Subscription]struct{})}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	l, err := c.connect(ctx)
	if err != nil {
		c.cancel()
		return nil, err
	}
	c.attach(l)
	go c.run(l)
	return c, nil
}

// Hello is the gateway's answer to the last connect.
func (c *Client) Hello() wire.HelloOK {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hello
}

// Done is closed when the client has ended for good: Close was called, the socket was lost without
// Reconnect, or the credentials were refused. Err then says why.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err is why there is no connection now; nil while there is one.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost
}

// Close ends the connection and waits until nothing of the client runs any more. Do not call it from a
// callback.
func (c *Client) Close() error {
	c.cancel()
	<-c.done
	c.tasks.Wait()
	return nil
}

// Call calls a method and waits for its first answer. Params are encoded as JSON (nil sends none), the
// payload is decoded into result (nil ignores it), also when the answer is an error with a payload. Errors
// of the gateway are *wire.Error.
func (c *Client) Call(ctx context.Context, method string, params, result any) error {
	return c.call(ctx, method, params, result, false)
}

// CallExpectFinal is Call for methods that answer twice ("agent"): it passes over the answer whose status
// is "accepted".
func (c *Client) CallExpectFinal(ctx context.Context, method string, params, result any) error {
	return c.call(ctx, method, params, result, true)
}

func (c *Client) call(ctx context.Context, method string, params, result any, final bool) error {
	c.mu.Lock()
	l, lost := c.link, c.lost
	c.mu.Unlock()
	if l == nil {
		return lost
	}
	r, err := l.call(ctx, c.nextID(), method, params, final)
	if err != nil {
		return fmt.Errorf("call %s: %w", method, err)
	}
	refused := refusal(r)
	if result != nil && len(r.Payload) > 0 {
		if err := wire.Unmarshal(r.Payload, result); err != nil && refused == nil {
			return fmt.Errorf("call %s: decode payload: %w", method, err)
		}
	}
	if refused != nil {
		return refused
	}
	return nil
}

func (c *Client) nextID() string { return strconv.FormatUint(c.lastID.Add(1), 10) }
