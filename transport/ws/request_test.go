package ws

import (
	"fmt"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

func invalidFrame(id, text string) string {
	return `{"type":"res","id":` + id + `,"ok":false,"error":{"code":"INVALID_REQUEST","message":"invalid request frame: ` + text + `"}}`
}

// The table of protocol 1.6. The connection stays open after each message.
func TestRequest_laterMessages(t *testing.T) {
	t.Parallel()
	h := startHost(t, func(o *Options) {
		o.Check = func(method string, params []byte) *wire.Error { return wire.Validate(method, params) }
	})
	c := h.connect(t)
	for _, tc := range []struct {
		name, frame, want string // no want: silence
	}{
		{"not JSON", "hello", ""},
		{"nothing", "", ""},
		{"request", `{"type":"req","id":"a","method":"m"}`, `{"type":"res","id":"a","ok":true,"payload":{"method":"m"}}`},
		{"null", "null", invalidFrame(`"invalid"`, "data must be object")},
		{"no id", `{"type":"req","method":"m"}`, invalidFrame(`"invalid"`, "data must have required property 'id'")},
		{"null id", `{"type":"req","id":null,"method":"m"}`, invalidFrame(`"invalid"`, "data/id must be string")},
		{"empty id", `{"type":"req","id":"","method":"m"}`, invalidFrame(`""`, "data/id must NOT have fewer than 1 characters")},
		{"numeric id", `{"type":"req","id":7,"method":"m"}`, invalidFrame("7", "data/id must be string")},
		{"object id", `{"type":"req","id":{},"method":"m"}`, invalidFrame("{}", "data/id must be string")},
		{"extra key", `{"type":"req","id":"a","method":"m","x":1}`, invalidFrame(`"a"`, "data must NOT have additional properties")},
		{"event", `{"type":"event","event":"tick"}`, ""},
		{"too deep", `{"type":"req","id":"a","method":"m","params":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`,
			invalidFrame(`"a"`, "data must NOT be nested deeper than 64 levels")},
		{"duplicate key", `{"type":"req","id":"a","method":"m","method":"n"}`, invalidFrame(`"a"`, "data must NOT have duplicate keys")},
		{"trailing data", `{"type":"req","id":"a","method":"m"} x`, invalidFrame(`"a"`, "data must NOT be followed by more data")},
		{"connect again", connectFrame(""), `{"type":"res","id":"c1","ok":false,"error":{"code":"INVALID_REQUEST","message":"connect is only valid as the first request"}}`},
		{"schema", `{"type":"req","id":"a","method":"sessions.list","params":{"foo":1}}`,
			`{"type":"res","id":"a","ok":false,"error":{"code":"INVALID_REQUEST","message":"invalid sessions.list params: data must NOT have additional properties"}}`},
	} {
		c.text(t, tc.frame)
		if tc.want != "" {
			if got := c.next(t); got != tc.want {
				t.Errorf("%s:\ngot  %s\nwant %s", tc.name, got, tc.want)
			}
		}
		if tc.name == "event" {
			if got := c.next(t); !strings.HasPrefix(got, `{"type":"res","id":"invalid","ok":false,"error":{"code":"INVALID_REQUEST","message":"invalid request frame: `) {
				t.Errorf("event: %s", got)
			}
		}
		c.silent(t)
	}
}

func TestRequest_sizeLimit(t *testing.T) {
	t.Parallel()
	h := startHost(t, nil)
	frame := func(n int) string {
		s := `{"type":"req","id":"a","method":"m","params":"`
		return s + strings.Repeat("x", n-len(s)-2) + `"}`
	}
	c := h.connect(t)
	c.text(t, frame(512<<10))
	c.expect(t, `{"type":"res","id":"a","ok":true,"payload":{"method":"m"}}`)
	c.text(t, frame(512<<10+1))
	c.expect(t, "close 1009")

	// Many small fragments are one message.
	c = h.connect(t)
	go func() {
		_, _ = c.Write(encodeFrame(opText, strings.Repeat("x", 200<<10), true))
		for range 4 {
			_, _ = c.Write(encodeFrame(0, strings.Repeat("x", 100<<10), true))
		}
	}()
	c.expect(t, "close 1009")
}

func TestRequest_invalidUTF8(t *testing.T) {
	t.Parallel()
	h := startHost(t, nil)
	for _, op := range []byte{opText, opBinary} {
		c := h.connect(t)
		c.frame(t, fin|op, "{\"type\":\"\xff\xfe\"}", true)
		c.expect(t, "close 1007")
	}
}

// Compression is not negotiated, so a compressed bomb is a protocol violation, never inflated.
func TestRequest_noCompression(t *testing.T) {
	t.Parallel()
	h := startHost(t, nil)
	c := h.upgrade(t, "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: foo\r\n")
	c.frame(t, fin|0x40|opText, strings.Repeat("\x00", 1000), true)
	if got := c.next(t); !strings.HasPrefix(got, "close 1002") {
		t.Fatalf("got %s", got)
	}
}

// Reading pauses at the limit of calls in flight and goes on when one is done.
func TestRequest_pauseInFlight(t *testing.T) {
	t.Parallel()
	h := &host{opened: make(chan *client, 1)}
	started := startHost(t, func(o *Options) { h.holding(o); o.Limits.InFlight = 3 })
	c := started.upgrade(t, "")
	c.text(t, connectFrame(""))
	s := within(t, h.opened, "connection")
	s.hello()
	c.expect(t, string(helloFrame("c1")))
	for i := range 10 {
		c.text(t, fmt.Sprintf(`{"type":"req","id":"%d","method":"m"}`, i))
	}
	var first *wire.Request
	for i := range 3 {
		r := within(t, s.requests, "request")
		if r.ID != fmt.Sprint(i) {
			t.Fatalf("request %s out of order", r.ID)
		}
		if first == nil {
			first = r
		}
	}
	eventually(t, "the reader pauses", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.paused()
	})
	if n := len(s.requests); n != 0 {
		t.Fatalf("%d requests beyond the limit", n)
	}
	s.answer(first)
	if r := within(t, s.requests, "request after one is done"); r.ID != "3" {
		t.Fatalf("request %s", r.ID)
	}
	if n := len(s.requests); n != 0 {
		t.Fatalf("%d requests beyond the limit", n)
	}
}

// Reading pauses while responses wait that the client does not take.
func TestRequest_pauseQueuedResponses(t *testing.T) {
	t.Parallel()
	h := &host{opened: make(chan *client, 1)}
	started := startHost(t, func(o *Options) { h.holding(o); o.Limits.Responses = 100 })
	c := started.upgrade(t, "")
	c.text(t, connectFrame(""))
	s := within(t, h.opened, "connection")
	s.hello()
	c.expect(t, string(helloFrame("c1")))

	big := []byte(`"` + strings.Repeat("x", 32<<20) + `"`) // more than the sockets buffer
	c.text(t, `{"type":"req","id":"a","method":"m"}`)
	within(t, s.requests, "request")
	s.Send(big)
	s.Done()
	c.text(t, `{"type":"req","id":"b","method":"m"}`)
	c.text(t, `{"type":"req","id":"c","method":"m"}`)
	// If the reader was past its check when the response came, one request slips through.
	eventually(t, "the reader pauses", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.paused()
	})
	next := "b"
	if len(s.requests) > 0 {
		if r := <-s.requests; r.ID != next {
			t.Fatalf("request %s", r.ID)
		}
		s.Done()
		next = "c"
	}
	if n := len(s.requests); n != 0 {
		t.Fatalf("%d requests beyond the limit", n)
	}
	c.expect(t, string(big))
	if r := within(t, s.requests, "request after the response was taken"); r.ID != next {
		t.Fatalf("request %s", r.ID)
	}
}

func TestRequest_handlerPanic(t *testing.T) {
	t.Parallel()
	h := startHost(t, func(o *Options) {
		o.Open = func(s *Session, p *wire.ConnectParams) Handler {
			c := newClient(s, p)
			c.hello()
			return panicking{c}
		}
	})
	c := h.connect(t)
	c.text(t, `{"type":"req","id":"a","method":"m"}`)
	c.expect(t, "close 1011")
	eventually(t, "the connection is gone", func() bool { return h.Count() == 0 })
}

type panicking struct{ *client }

func (panicking) Request(*wire.Request) { panic("boom") }
