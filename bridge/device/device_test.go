package device

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/bridge"
	"github.com/clawdbot/gateway/transport/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// peer is the gateway's end of one connection.
type peer struct {
	t    *testing.T
	conn net.Conn
	in   *bridge.LineReader
}

func (p *peer) say(frames ...bridge.Frame) {
	p.t.Helper()
	for _, f := range frames {
		if _, err := p.conn.Write(bridge.Append(nil, f)); err != nil {
			p.t.Errorf("say %s: %v", bridge.TypeOf(f), err)
		}
	}
}

// hear returns the next frame, which must be an F.
func hear[F bridge.Frame](p *peer) F {
	p.t.Helper()
	line, err := p.in.ReadLine()
	if err != nil {
		p.t.Fatalf("hear: %v", err)
	}
	f, err := bridge.Decode(line)
	if err != nil {
		p.t.Fatalf("%s: %v", line, err)
	}
	have, ok := f.(F)
	if !ok {
		p.t.Fatalf("heard %s", line)
	}
	return have
}

// rig is a device in a bubble, and the gateway that it dials.
type rig struct {
	t      *testing.T
	o      Options
	dials  chan *peer // a connection of each dial
	states chan State
	tokens chan string
	d      *Device
	ended  chan error
	stop   context.CancelFunc
}

var errRefused = errors.New("connection refused")

// newRig starts a device. It dials into rig.dials; while nobody takes the connection, dialing is refused.
func newRig(t *testing.T, change func(*Options)) *rig {
	t.Helper()
	r := &rig{t: t, dials: make(chan *peer), states: make(chan State, 1000), tokens: make(chan string, 10), ended: make(chan error, 1)}
	r.o = Options{
		Address: "gateway:18790",
		About:   func() bridge.About { return bridge.About{NodeID: "n1", Platform: "linux", Commands: []string{"x"}} },
		Paired:  func(token string) error { r.tokens <- token; return nil },
		Invoke:  func(context.Context, string, []byte) (any, error) { return nil, nil },
		State:   func(s State) { r.states <- s },
		Dial: func(context.Context, string) (net.Conn, error) {
			here, there := net.Pipe()
			select {
			case r.dials <- &peer{t, there, bridge.NewLineReader(there, 1<<20, nil)}:
				return here, nil
			case <-time.After(time.Second):
				return nil, errRefused
			}
		},
	}
	if change != nil {
		change(&r.o)
	}
	r.d = New(r.o)
	r.d.largest = 1000
	ctx, stop := context.WithCancel(t.Context())
	r.stop = stop
	go func() { r.ended <- r.d.Run(ctx) }()
	return r
}

// end stops the device, which is no error.
func (r *rig) end() {
	r.t.Helper()
	r.stop()
	if err := <-r.ended; err != nil {
		r.t.Error(err)
	}
}

func (r *rig) state(kind StateKind) State {
	r.t.Helper()
	s := <-r.states
	if s.Kind != kind {
		r.t.Fatalf("state %+v, want kind %d", s, kind)
	}
	return s
}

// welcome lets a device with a token in.
func (r *rig) welcome() *peer {
	r.t.Helper()
	p := <-r.dials
	hear[bridge.Hello](p)
	p.say(bridge.HelloOK{ServerName: "gw", CanvasHostURL: "http://c"})
	r.state(Connected)
	return p
}

func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// TestPairing: the whole way of a device that nobody knows, through a request that is forgotten and a token that is
// taken back, to the one that is turned away.
func TestPairing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, nil)
		p := <-r.dials
		if h := hear[bridge.Hello](p); h.Token != "" || h.NodeID != "n1" {
			t.Errorf("%+v", h)
		}
		p.say(bridge.ErrorFrame{Code: bridge.CodeNotPaired, Message: "pairing required"})
		if q := hear[bridge.PairRequest](p); q.NodeID != "n1" || len(q.Commands) != 1 || q.Silent {
			t.Errorf("%+v", q)
		}
		r.state(Waiting)
		p.say(bridge.Event{Event: "early"}, bridge.Ping{ID: "early"}) // ignored in the wait
		time.Sleep(300 * time.Second)
		p.say(bridge.ErrorFrame{Code: bridge.CodeUnauthorized, Message: "pairing expired"})
		hear[bridge.PairRequest](p)
		r.state(Waiting)
		time.Sleep(295 * time.Second) // who joined late hears "rejected" when the request is forgotten
		p.say(bridge.ErrorFrame{Code: bridge.CodeUnauthorized, Message: "pairing rejected"})
		hear[bridge.PairRequest](p)
		r.state(Waiting)
		p.say(bridge.PairOK{Token: "t1"}, bridge.HelloOK{ServerName: "gw", CanvasHostURL: "http://c"})
		if s := r.state(Connected); s.Server != "gw" || <-r.tokens != "t1" || r.d.CanvasHost() != "http://c" {
			t.Errorf("%+v", s)
		}
		time.Sleep(10 * time.Second)
		p.conn.Close()
		r.state(Disconnected)

		p = <-r.dials
		if h := hear[bridge.Hello](p); h.Token != "t1" || r.d.CanvasHost() != "" {
			t.Errorf("%+v", h)
		}
		p.say(bridge.ErrorFrame{Code: bridge.CodeUnauthorized, Message: "invalid token"})
		hear[bridge.PairRequest](p)
		r.state(Waiting)
		time.Sleep(time.Minute)
		p.say(bridge.ErrorFrame{Code: bridge.CodeUnauthorized, Message: "pairing rejected"})
		if err := <-r.ended; !errors.Is(err, ErrRejected) {
			t.Errorf("ended with %v", err)
		}
		if err := r.d.Tell(t.Context(), "x", nil); !errors.Is(err, ErrNotConnected) {
			t.Error(err)
		}
	})
}

// TestPairing_cannotKeep: a token that cannot be kept ends the device: it would ask again each time.
func TestPairing_cannotKeep(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		full := errors.New("no space left")
		r := newRig(t, func(o *Options) { o.Paired = func(string) error { return full } })
		p := <-r.dials
		hear[bridge.Hello](p)
		p.say(bridge.ErrorFrame{Code: bridge.CodeNotPaired})
		hear[bridge.PairRequest](p)
		p.say(bridge.PairOK{Token: "CANARY"})
		if err := <-r.ended; !errors.Is(err, full) {
			t.Error(err)
		}
	})
}

// TestReconnect: the pauses grow to 8 s and begin anew after a connection that has lasted; errors that are not about
// pairing do not make it ask.
func TestReconnect(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRig(t, func(o *Options) { o.Token = "t" })
		var last time.Duration
		for range 10 {
			s := r.state(Disconnected)
			if !errors.Is(s.Err, errRefused) || s.Retry < last*3/4 || s.Retry > maxPause {
				t.Errorf("%+v after %s", s, last)
			}
			last = s.Retry
		}
		if last < maxPause*3/4 {
			t.Errorf("the longest pause is %s", last)
		}
		p := <-r.dials
		hear[bridge.Hello](p)
		p.say(bridge.ErrorFrame{Code: "INVALID_REQUEST", Message: "nodeId required"})
		for s := range r.states {
			if !errors.Is(s.Err, errRefused) {
				if s.Kind != Disconnected || s.Retry < maxPause*3/4 {
					t.Errorf("%+v", s)
				}
				break
			}
		}
		p = <-r.dials
		for len(r.states) > 0 {
			<-r.states
		}
		hear[bridge.Hello](p)
		p.say(bridge.HelloOK{ServerName: "gw"})
		r.state(Connected)
		time.Sleep(steady)
		p.conn.Close()
		if s := r.state(Disconnected); s.Retry > firstPause {
			t.Errorf("after a good connection: %+v", s)
		}
		p = <-r.dials // a gateway that takes the connection and says nothing
		for len(r.states) > 0 {
			<-r.states
		}
		hear[bridge.Hello](p)
		if s := r.state(Disconnected); s.Err == nil {
			t.Errorf("%+v", s)
		}
		r.end()
	})
}

// TestKeepalive: a device pings, answers pings, tells what has changed, and gives a silent gateway up.
func TestKeepalive(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var more atomic.Bool
		r := newRig(t, func(o *Options) {
			o.Token = "t"
			o.About = func() bridge.About {
				a := bridge.About{NodeID: "n1", Caps: []string{"canvas"}}
				if more.Load() {
					a.Caps = append(a.Caps, "camera")
				}
				return a
			}
		})
		p := r.welcome()
		for range 20 { // minutes in which only pongs come
			p.say(bridge.Pong{ID: hear[bridge.Ping](p).ID})
		}
		p.say(bridge.Ping{ID: "g1"})
		if f := hear[bridge.Pong](p); f.ID != "g1" {
			t.Errorf("%+v", f)
		}
		more.Store(true)
		if h := hear[bridge.Hello](p); h.Token != "t" || len(h.Caps) != 2 {
			t.Errorf("%+v", h)
		}
		p.say(bridge.HelloOK{ServerName: "gw", CanvasHostURL: "http://new"})
		synctest.Wait()
		if have := r.d.CanvasHost(); have != "http://new" {
			t.Error(have)
		}
		go func() { // reads, and says nothing more
			for {
				if _, err := p.in.ReadLine(); err != nil {
					return
				}
			}
		}()
		if s := r.state(Disconnected); s.Err == nil {
			t.Errorf("%+v", s)
		}
		r.end()
	})
}

// TestCall: methods, refusals, events, and what becomes of them without a connection.
func TestCall(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		heard := make(chan string, 1)
		r := newRig(t, func(o *Options) {
			o.Token = "t"
			o.Event = func(name string, payload []byte) { heard <- name + string(payload) }
		})
		if _, err := r.d.Call(t.Context(), "health", nil); !errors.Is(err, ErrNotConnected) {
			t.Error(err)
		}
		r.state(Disconnected)
		p := r.welcome()
		p.say(bridge.Event{Event: "voicewake.changed", PayloadJSON: ptr(`{"triggers":[]}`)})
		if have := <-heard; have != `voicewake.changed{"triggers":[]}` {
			t.Error(have)
		}
		type result struct {
			payload json.RawMessage
			err     error
		}
		results := make(chan result, 1)
		call := func(ctx context.Context) {
			payload, err := r.d.Call(ctx, "sessions.list", map[string]int{"limit": 1})
			results <- result{payload, err}
		}
		go call(t.Context())
		q := hear[bridge.Req](p)
		if q.Method != "sessions.list" || *q.ParamsJSON != `{"limit":1}` {
			t.Errorf("%+v", q)
		}
		p.say(bridge.Res{ID: "somebody else's", PayloadJSON: ptr(`1`)}, bridge.Res{ID: q.ID, PayloadJSON: ptr(`{"count":0}`)})
		if r := <-results; r.err != nil || string(r.payload) != `{"count":0}` {
			t.Errorf("%s %v", r.payload, r.err)
		}
		go call(t.Context())
		p.say(bridge.Res{ID: hear[bridge.Req](p).ID, Err: &wire.Error{Code: "FORBIDDEN", Message: "Method not allowed"}})
		if r := <-results; r.err == nil || r.err.Error() == "" {
			t.Error(r.err)
		} else if e, ok := errors.AsType[*wire.Error](r.err); !ok || e.Code != "FORBIDDEN" {
			t.Error(r.err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		go call(ctx)
		hear[bridge.Req](p)
		if r := <-results; !errors.Is(r.err, context.DeadlineExceeded) {
			t.Error(r.err)
		}
		cancel()
		go func() {
			results <- result{err: r.d.Tell(t.Context(), "chat.subscribe", map[string]string{"sessionKey": "main"})}
		}()
		if e := hear[bridge.Event](p); e.Event != "chat.subscribe" || *e.PayloadJSON != `{"sessionKey":"main"}` {
			t.Errorf("%+v", e)
		}
		if r := <-results; r.err != nil {
			t.Error(r.err)
		}
		go call(t.Context())
		hear[bridge.Req](p)
		p.conn.Close()
		if r := <-results; !errors.Is(r.err, ErrDisconnected) {
			t.Error(r.err)
		}
		r.end()
	})
}

func ptr[T any](v T) *T { return &v }

// coded is an error with a node's code.
type coded struct{}

func (coded) Error() string    { return "CAMERA_DISABLED: enable it" }
func (coded) NodeCode() string { return "SPECIAL" }

// TestInvoke: answers and failures, beside each other and out of order.
func TestInvoke(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		slow := make(chan struct{})
		r := newRig(t, func(o *Options) {
			o.Token = "t"
			o.Invoke = func(_ context.Context, command string, params []byte) (any, error) {
				switch command {
				case "slow":
					<-slow
					return "late", nil
				case "echo":
					return json.RawMessage(params), nil
				case "coded":
					return nil, coded{}
				case "plain":
					return nil, errors.New("UNAVAILABLE: broken")
				case "panic":
					panic("CANARY")
				case "huge":
					return strings.Repeat("x", 1000), nil
				}
				return nil, nil
			}
		})
		p := r.welcome()
		p.say(bridge.Invoke{ID: "1", Command: "slow"})
		for i, c := range []struct {
			command, want string
			params        *string
		}{
			{"echo", `true {"a":1} `, ptr(`{"a":1}`)}, {"nothing", `true - `, nil}, {"coded", `false - SPECIAL CAMERA_DISABLED: enable it`, nil},
			{"plain", `false - UNAVAILABLE UNAVAILABLE: broken`, nil},
			{"panic", `false - UNAVAILABLE UNAVAILABLE: panic failed inside; the device's log has more`, nil},
			{"huge", `false - UNAVAILABLE UNAVAILABLE: the answer has 1002 bytes, more than 1000`, nil},
		} {
			id := "c" + strconv.Itoa(i)
			p.say(bridge.Invoke{ID: id, Command: c.command, ParamsJSON: c.params})
			f := hear[bridge.InvokeRes](p)
			have := fmt.Sprint(f.OK) + " - "
			if f.PayloadJSON != nil {
				have = fmt.Sprint(f.OK) + " " + *f.PayloadJSON + " "
			}
			if f.Err != nil {
				have += f.Err.Code + " " + f.Err.Message
			}
			if f.ID != id || have != c.want {
				t.Errorf("%s: %q, want %q", c.command, have, c.want)
			}
		}
		close(slow)
		if f := hear[bridge.InvokeRes](p); f.ID != "1" || *f.PayloadJSON != `"late"` {
			t.Errorf("%+v", f)
		}
		r.end()
	})
}

// TestInvoke_once: an id that comes twice, on the same or on another connection, is carried out once; an answer does not
// move to another connection; at most maxInvokes run; the end of Run waits for those that do.
func TestInvoke_once(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var runs, ended atomic.Int64
		release := make(chan struct{})
		r := newRig(t, func(o *Options) {
			o.Token = "t"
			o.Invoke = func(ctx context.Context, command string, _ []byte) (any, error) {
				runs.Add(1)
				defer ended.Add(1)
				if command == "hold" {
					select {
					case <-release:
					case <-ctx.Done():
						time.Sleep(time.Second) // it takes a moment to end
					}
				}
				return nil, nil
			}
		})
		p := r.welcome()
		p.say(bridge.Invoke{ID: "a", Command: "hold"}, bridge.Invoke{ID: "a", Command: "hold"})
		synctest.Wait()
		p.conn.Close()
		r.state(Disconnected)
		p = r.welcome()
		p.say(bridge.Invoke{ID: "a", Command: "hold"}, bridge.Invoke{ID: "b", Command: "quick"})
		if f := hear[bridge.InvokeRes](p); f.ID != "b" || runs.Load() != 2 {
			t.Errorf("%+v after %d runs", f, runs.Load())
		}
		close(release)
		synctest.Wait()
		release = make(chan struct{})
		for i := range maxInvokes {
			p.say(bridge.Invoke{ID: "h" + strconv.Itoa(i), Command: "hold"})
		}
		p.say(bridge.Invoke{ID: "full", Command: "quick"})
		if f := hear[bridge.InvokeRes](p); f.ID != "full" || f.OK || f.Err.Code != "UNAVAILABLE" {
			t.Errorf("%+v", f)
		}
		r.end()
		if runs.Load() != 2+maxInvokes || ended.Load() != runs.Load() {
			t.Errorf("%d runs, %d ended", runs.Load(), ended.Load())
		}
	})
}
