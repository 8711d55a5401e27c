package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/clawdbot/gateway/transport/wire"
)

// frame is one message of the gateway, with its bytes.
type frame struct {
	Type         string
	ID           any
	OK           bool
	Payload      json.RawMessage
	Error        *wire.Error
	Event        string
	Seq          *int64
	StateVersion *wire.StateVersion
	raw          string
}

// decode reads the payload.
func (f frame) decode(t testing.TB, v any) {
	t.Helper()
	if err := wire.Unmarshal(f.Payload, v); err != nil {
		t.Fatalf("payload of %s: %v", cut(f.raw), err)
	}
}

// socket is a client that keeps every frame in the order of its arrival. It is written without the project's own
// client, which hides what must be seen here.
type socket struct {
	t     testing.TB
	ws    *websocket.Conn
	hello wire.HelloOK

	mu      sync.Mutex // guards the fields below
	frames  []frame
	err     error // how the socket ended
	changed chan struct{}
	lastID  int
}

// open opens a socket and says nothing.
func open(t testing.TB, url string, header http.Header) *socket {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ws, resp, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: httpClient(), HTTPHeader: header, Host: header.Get("Host")})
	if err != nil {
		t.Fatalf("dial: %v (%v)", err, resp)
	}
	ws.SetReadLimit(-1)
	s := &socket{t: t, ws: ws, changed: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.read()
	}()
	t.Cleanup(func() {
		_ = ws.CloseNow()
		<-done
	})
	return s
}

// dial opens a socket and introduces itself; change alters the connect params.
func dial(t testing.TB, url string, change ...func(p *wire.ConnectParams)) *socket {
	t.Helper()
	s := open(t, url, nil)
	f := s.connect(change...)
	if !f.OK {
		t.Fatalf("connect refused: %s", f.raw)
	}
	f.decode(t, &s.hello)
	return s
}

// connect sends the connect request and gives its answer.
func (s *socket) connect(change ...func(p *wire.ConnectParams)) frame {
	s.t.Helper()
	p := wire.ConnectParams{MinProtocol: 2, MaxProtocol: 2, Client: wire.ConnectClient{
		Name: "tester", Version: "1.2.3", Platform: "test", Mode: "test",
	}}
	for _, f := range change {
		f(&p)
	}
	s.send("connect-1", "connect", p)
	_, f := s.wait("the answer to connect", 0, response("connect-1"))
	return f
}

// as gives the client a mode and an instance id.
func as(mode, instance string) func(p *wire.ConnectParams) {
	return func(p *wire.ConnectParams) { p.Client.Mode, p.Client.InstanceID = mode, instance }
}

func token(secret string) func(p *wire.ConnectParams) {
	return func(p *wire.ConnectParams) { p.Auth = &wire.ConnectAuth{Token: secret} }
}

func (s *socket) read() {
	for {
		_, b, err := s.ws.Read(context.Background())
		f := frame{raw: string(b)}
		if err == nil {
			if json.Unmarshal(b, &f) != nil {
				f.Type = "broken"
			}
		}
		s.mu.Lock()
		if err != nil {
			s.err = err
		} else {
			s.frames = append(s.frames, f)
		}
		close(s.changed)
		s.changed = make(chan struct{})
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// write sends a text as it is.
func (s *socket) write(text string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.ws.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		s.t.Fatalf("write: %v", err)
	}
}

// send sends a request and waits for nothing.
func (s *socket) send(id, method string, params any) {
	s.t.Helper()
	raw, err := wire.Marshal(wire.RequestFrame{Type: "req", ID: id, Method: method, Params: params})
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(string(raw))
}

// call sends a request and waits for its (first) answer.
func (s *socket) call(method string, params any) frame {
	s.t.Helper()
	id := s.nextID()
	s.send(id, method, params)
	_, f := s.wait("the answer to "+method, 0, response(id))
	return f
}

// ok is call for what must succeed; result may be nil.
func (s *socket) ok(method string, params, result any) frame {
	s.t.Helper()
	f := s.call(method, params)
	if !f.OK {
		s.t.Fatalf("%s refused: %s", method, cut(f.raw))
	}
	if result != nil {
		f.decode(s.t, result)
	}
	return f
}

// until asks, without parameters, until the answer holds want.
func (s *socket) until(method, want string) frame {
	s.t.Helper()
	ctx := deadline(s.t)
	for {
		f := s.ok(method, nil, nil)
		if strings.Contains(f.raw, want) {
			return f
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			s.t.Fatalf("%s never answered with %s: %s", method, want, f.raw)
		}
	}
}

// refused is call for what must fail; it gives the error.
func (s *socket) refused(method string, params any) *wire.Error {
	s.t.Helper()
	f := s.call(method, params)
	if f.OK || f.Error == nil {
		s.t.Fatalf("%s was not refused: %s", method, cut(f.raw))
	}
	return f.Error
}

func (s *socket) nextID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	return fmt.Sprintf("r%d", s.lastID)
}

// wait finds the first frame from index from on that matches, and waits for it to come.
func (s *socket) wait(what string, from int, match func(frame) bool) (int, frame) {
	s.t.Helper()
	return s.within(patience, what, from, match)
}

// within is wait with a patience of its own.
func (s *socket) within(patience time.Duration, what string, from int, match func(frame) bool) (int, frame) {
	s.t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		s.mu.Lock()
		frames, err, changed := s.frames, s.err, s.changed
		s.mu.Unlock()
		for ; from < len(frames); from++ {
			if match(frames[from]) {
				return from, frames[from]
			}
		}
		if err != nil {
			s.t.Fatalf("waiting for %s: the socket ended: %v\n%s", what, err, tail(frames))
		}
		select {
		case <-changed:
		case <-timeout.C:
			s.t.Fatalf("waiting for %s: it did not come\n%s", what, tail(frames))
		}
	}
}

// mark is the index of the next frame.
func (s *socket) mark() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.frames)
}

// all gives the frames so far, from index from on.
func (s *socket) all(from int) []frame {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.frames[from:len(s.frames):len(s.frames)]
}

// ended waits for the end of the socket and gives the close frame's code and reason.
func (s *socket) ended() (websocket.StatusCode, string) {
	s.t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		s.mu.Lock()
		err, changed := s.err, s.changed
		s.mu.Unlock()
		if err != nil {
			var ce websocket.CloseError
			if !errors.As(err, &ce) {
				s.t.Fatalf("the socket ended without a close frame: %v", err)
			}
			return ce.Code, ce.Reason
		}
		select {
		case <-changed:
		case <-timeout.C:
			s.t.Fatal("the socket did not end")
		}
	}
}

// close closes the socket and waits until the gateway has closed it too.
func (s *socket) close() { _ = s.ws.Close(websocket.StatusNormalClosure, "") }

func response(id string) func(frame) bool {
	return func(f frame) bool { return f.Type == "res" && f.ID == id }
}

// final is the answer of agent that is not the acknowledgement.
func final(id string) func(frame) bool {
	return func(f frame) bool {
		return f.Type == "res" && f.ID == id && !strings.Contains(string(f.Payload), `"status":"accepted"`)
	}
}

func event(name string) func(frame) bool {
	return func(f frame) bool { return f.Type == "event" && f.Event == name }
}

// containing is an event whose payload contains all of these texts.
func containing(name string, texts ...string) func(frame) bool {
	return func(f frame) bool {
		if f.Event != name {
			return false
		}
		for _, t := range texts {
			if !strings.Contains(string(f.Payload), t) {
				return false
			}
		}
		return true
	}
}

// chat is a chat event of a run in a state.
func chat(runID, state string) func(frame) bool {
	return containing("chat", fmt.Sprintf(`"runId":%q`, runID), fmt.Sprintf(`"state":%q`, state))
}

func tail(frames []frame) string {
	var b strings.Builder
	for _, f := range frames[max(0, len(frames)-12):] {
		fmt.Fprintln(&b, " ", cut(f.raw))
	}
	return b.String()
}

func cut(s string) string { return s[:min(len(s), 300)] }
