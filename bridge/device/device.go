package device

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/bridge"
)

// Errors of a device.
var (
	// ErrRejected says that a person has turned the device away. Trying again would only bother them.
	ErrRejected = errors.New("the gateway has turned this device away")
	// ErrNotConnected says that there is no connection now. Nothing was sent.
	ErrNotConnected = errors.New("not connected to a gateway")
	// ErrDisconnected says that the connection ended before the answer came: whether the call took effect is not known.
	ErrDisconnected = errors.New("the connection ended before the answer came")
)

// Options say which gateway, who asks, and what happens.
type Options struct {
	Address string // host:port of the bridge
	// About is what the device says of itself. It is asked at each connect and every half minute: a change is told.
	About func() bridge.About
	// Token is what the gateway has given, "" when nothing yet. Paired keeps a new one; its error ends Run.
	Token  string
	Paired func(token string) error
	// Invoke carries out a command. Params is JSON text, nil when there was none. The result is what encodes to JSON; nil
	// sends none. The code of an error is NodeCode(), if it has that method, else UNAVAILABLE.
	Invoke func(ctx context.Context, command string, params []byte) (any, error)
	// Event hears what the gateway tells. It must not block. Optional.
	Event func(name string, payload []byte)
	// State hears how the connection stands. It must not block. Optional.
	State func(State)
	Log   *slog.Logger
	// Dial opens a connection; nil: TCP.
	Dial func(ctx context.Context, address string) (net.Conn, error)
}

// State is how the connection stands.
type State struct {
	Kind   StateKind
	Server string        // Connected: what the gateway is called
	Err    error         // Disconnected: why
	Retry  time.Duration // Disconnected: when it is tried again
}

// StateKind is one of the constants below.
type StateKind int

// The states of a device.
const (
	Disconnected StateKind = iota
	Waiting                // for somebody to let it in
	Connected
)

// Device is one node. Its methods may be called concurrently.
type Device struct {
	o       Options
	invokes sync.WaitGroup
	places  chan struct{} // of the invokes that run
	seen    seen
	largest int // bytes of JSON text of an answer

	mu      sync.Mutex // guards the rest
	token   string
	session *session // nil while not connected
	canvas  string
}

// maxInvokes is how many run at a time. A phone runs one.
const maxInvokes = 16

// New makes a device; Run connects it.
func New(o Options) *Device {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.State == nil {
		o.State = func(State) {}
	}
	if o.Event == nil {
		o.Event = func(string, []byte) {}
	}
	if o.Dial == nil {
		d := &net.Dialer{Timeout: dialTime}
		o.Dial = func(ctx context.Context, address string) (net.Conn, error) { return d.DialContext(ctx, "tcp", address) }
	}
	return &Device{o: o, token: o.Token, places: make(chan struct{}, maxInvokes), largest: maxPayload}
}

// Run keeps the device connected until ctx ends, which is no error, until a person turns it away (ErrRejected), or until a
// token cannot be kept. When it returns, no command runs any more.
func (d *Device) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer d.invokes.Wait()
	defer stop()
	var wait backoff
	for ctx.Err() == nil {
		began := time.Now()
		err := d.connect(ctx)
		var end *fatal
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &end):
			return end.err
		}
		if time.Since(began) >= steady {
			wait = 0
		}
		pause := wait.next()
		d.o.State(State{Kind: Disconnected, Err: err, Retry: pause})
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
	}
	return nil
}

// fatal is an error after which connecting again is no use.
type fatal struct{ err error }

func (f *fatal) Error() string { return f.err.Error() }
func (f *fatal) Unwrap() error { return f.err }

// CanvasHost is where the gateway serves its canvas, "" when it does not, or is not connected.
func (d *Device) CanvasHost() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.canvas
}

// current is the session that is open.
func (d *Device) current() (*session, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.session == nil {
		return nil, ErrNotConnected
	}
	return d.session, nil
}

// Tell sends an event. Gateways do not confirm events: no error means that it was sent, not that it was understood.
func (d *Device) Tell(_ context.Context, name string, payload any) error {
	s, err := d.current()
	if err != nil {
		return err
	}
	text, err := textOf(payload)
	if err != nil {
		return err
	}
	return s.write(bridge.Event{Event: name, PayloadJSON: text})
}

// Call calls a method of the gateway that nodes may call, and returns the payload of its answer. A refusal is a
// *wire.Error.
func (d *Device) Call(ctx context.Context, method string, params any) (json.RawMessage, error) {
	s, err := d.current()
	if err != nil {
		return nil, err
	}
	text, err := textOf(params)
	if err != nil {
		return nil, err
	}
	id := uuid.NewString()
	answer := s.expect(id)
	defer s.forget(id)
	if err := s.write(bridge.Req{ID: id, Method: method, ParamsJSON: text}); err != nil {
		return nil, err
	}
	select {
	case r := <-answer:
		switch {
		case r.Err != nil:
			return nil, r.Err
		case r.PayloadJSON == nil:
			return nil, nil
		}
		return json.RawMessage(*r.PayloadJSON), nil
	case <-s.done:
		return nil, ErrDisconnected
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// textOf is a value as JSON text in a string, nil for nil.
func textOf(v any) (*string, error) {
	if v == nil {
		return nil, nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	s := string(b)
	return &s, nil
}
