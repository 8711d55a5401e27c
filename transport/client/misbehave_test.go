package client

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/clawdbot/gateway/transport/wire"
)

const hello = `{"type":"hello-ok","protocol":2,"server":{"version":"v","connId":"c"},"features":{"methods":[],"events":[]},` +
	`"snapshot":{"presence":[],"health":{},"stateVersion":{"presence":1,"health":1},"uptimeMs":1},` +
	`"policy":{"maxPayload":1,"maxBufferedBytes":1,"tickIntervalMs":30000}}`

// misbehaving starts a server that runs script for each connection after its connect request was read.
func misbehaving(t *testing.T, script func(c *websocket.Conn, id string)) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = c.CloseNow() }()
		_, b, err := c.Read(context.Background())
		if err != nil {
			return
		}
		req, ferr := wire.ParseRequest(b)
		if ferr != nil || req.Method != "connect" {
			t.Errorf("first frame %s", b)
			return
		}
		script(c, req.ID)
	}))
	t.Cleanup(srv.Close)
	return "ws" + strings.TrimPrefix(srv.URL, "http")
}

func say(c *websocket.Conn, text string) {
	_ = c.Write(context.Background(), websocket.MessageText, []byte(text))
}

func sayHello(c *websocket.Conn, id string) {
	say(c, `{"type":"res","id":"`+id+`","ok":true,"payload":`+hello+`}`)
}

// Frames that break the schema are ignored, as the protocol's other clients do.
func TestMisbehave_brokenFrames(t *testing.T) {
	t.Parallel()
	url := misbehaving(t, func(c *websocket.Conn, id string) {
		say(c, `{"type":"event","event":"connect.challenge","payload":{}}`)
		say(c, "nonsense")
		sayHello(c, id)
		for _, broken := range []string{
			"nonsense", "null", "[]", `{"type":"event"}`, `{"type":"event","event":""}`,
			`{"type":"event","event":"x","seq":null}`, `{"type":"event","event":"x","seq":-1}`, `{"type":"event","event":"x","extra":1}`,
			`{"type":"event","event":"x","stateVersion":{"presence":1}}`,
			`{"type":"res","id":"2","ok":true,"extra":1}`, `{"type":"res","id":"2","ok":"yes"}`, `{"type":"res","id":2,"ok":true}`,
			`{"type":"res","id":"2","ok":false,"error":null}`, `{"type":"res","id":"2","ok":false,"error":{"code":"","message":"m"}}`,
			`{"type":"res","id":"other","ok":true}`, `{"type":"req","id":"2","method":"m"}`,
		} {
			say(c, broken)
		}
		say(c, `{"type":"event","event":"good","payload":null}`)
		_, b, err := c.Read(context.Background())
		if err != nil {
			return
		}
		req, _ := wire.ParseRequest(b)
		say(c, `{"type":"res","id":"`+req.ID+`","ok":true,"payload":null,"error":7}`)
		say(c, `{"type":"res","id":"`+req.ID+`","ok":true,"payload":[1]}`)
		say(c, `{"type":"res","id":"`+req.ID+`","ok":true,"payload":[2]}`) // nobody waits any more
		_, _, _ = c.Read(context.Background())
	})
	events := make(chan string, 100)
	c := dial(t, Options{URL: url, OnEvent: func(e Event) { events <- e.Name }})
	if got := within(t, events, "event"); got != "good" {
		t.Errorf("event %q", got)
	}
	var got []int
	if err := c.Call(t.Context(), "m", nil, &got); err != nil || len(got) != 1 || got[0] != 1 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestMisbehave_connect(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		script func(*websocket.Conn, string)
		want   string
	}{
		"closes":       {func(c *websocket.Conn, _ string) { _ = c.Close(1008, "go away") }, "connect: gateway closed (1008): go away"},
		"breaks off":   {func(c *websocket.Conn, _ string) { _ = c.CloseNow() }, "gateway closed (1006)"},
		"says nothing": {func(c *websocket.Conn, _ string) { _, _, _ = c.Read(context.Background()) }, "connect: no hello"},
		"no hello-ok":  {func(c *websocket.Conn, id string) { say(c, `{"type":"res","id":"`+id+`","ok":true,"payload":{}}`) }, "the answer is no hello-ok"},
		"refuses": {func(c *websocket.Conn, id string) {
			say(c, `{"type":"res","id":"`+id+`","ok":false,"error":{"code":"INVALID_REQUEST","message":"protocol mismatch"}}`)
		}, "connect: protocol mismatch"},
		"refuses for now": {func(c *websocket.Conn, id string) {
			say(c, `{"type":"res","id":"`+id+`","ok":false,"error":{"code":"INVALID_REQUEST","message":"unauthorized: wait","retryable":true}}`)
		}, "connect: unauthorized: wait"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := Options{URL: misbehaving(t, tc.script), ConnectTimeout: time.Minute}
			if name == "says nothing" {
				o.ConnectTimeout = 300 * time.Millisecond
			}
			_, err := Dial(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if errors.Is(err, ErrUnauthorized) {
				t.Error("counts as a refusal for good")
			}
		})
	}
}

func TestMisbehave_noWebSocket(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "host is not allowed", http.StatusForbidden)
	}))
	defer srv.Close()
	_, err := Dial(t.Context(), Options{URL: "ws" + strings.TrimPrefix(srv.URL, "http")})
	if err == nil || !strings.HasSuffix(err.Error(), "403 Forbidden: host is not allowed") {
		t.Error(err)
	}
	srv.Close()
	if _, err := Dial(t.Context(), Options{URL: "ws" + strings.TrimPrefix(srv.URL, "http")}); err == nil {
		t.Error("connected to nothing")
	}
}

// A gateway that falls silent is left with code 4000, and tried again.
func TestMisbehave_silence(t *testing.T) {
	t.Parallel()
	codes := make(chan websocket.CloseError, 10)
	url := misbehaving(t, func(c *websocket.Conn, id string) {
		sayHello(c, id)
		for {
			if _, _, err := c.Read(context.Background()); err != nil {
				if ce, ok := errors.AsType[websocket.CloseError](err); ok {
					codes <- ce
				}
				return
			}
		}
	})
	hellos, lost := make(chan struct{}, 100), make(chan error, 100)
	dial(t, Options{
		URL: url, TickTimeout: 50 * time.Millisecond, Reconnect: true, MinBackoff: time.Millisecond,
		OnHello: func(wire.HelloOK) { hellos <- struct{}{} },
		OnClose: func(err error) { lost <- err },
	})
	within(t, hellos, "hello")
	if got := within(t, codes, "close frame"); got.Code != 4000 || got.Reason != "tick timeout" {
		t.Errorf("%+v", got)
	}
	if err := within(t, lost, "OnClose"); err.Error() != "gateway closed (4000): tick timeout" {
		t.Errorf("%v", err)
	}
	within(t, hellos, "second hello")
}

// A gateway that stops reading holds up a call no longer than its context, and Close no longer than a second.
func TestMisbehave_stopsReading(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	url := misbehaving(t, func(c *websocket.Conn, id string) {
		sayHello(c, id)
		<-release
	})
	t.Cleanup(func() { close(release) })
	c := dial(t, Options{URL: url})
	big := strings.Repeat("x", 16<<20) // more than the sockets buffer
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if err := c.Call(ctx, "m", big, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		cancel()
	}
	closed := make(chan struct{})
	go func() {
		_ = c.Close()
		close(closed)
	}()
	within(t, closed, "the end of Close")
}
