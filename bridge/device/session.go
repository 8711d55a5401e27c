package device

import (
	"context"
	"errors"
	"fmt"
	"net"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/clawdbot/gateway/bridge"
)

// Times of a connection.
const (
	dialTime  = 8 * time.Second
	helloTime = 10 * time.Second  // until hello-ok
	pairTime  = 330 * time.Second // a gateway gives up after 300
	pendingOf = 290 * time.Second // from then on "rejected" may mean that the request was forgotten
	pingEvery = 25 * time.Second
	silence   = 80 * time.Second // without a byte: the gateway is not there any more
	writeTime = 2 * time.Minute  // for one line, which may be a video
	steady    = 5 * time.Second  // a connection that lasted so long was a good one
)

// maxLine is the longest line that is read or written, in bytes.
const maxLine = 64 << 20

// session is one connection.
type session struct {
	d    *Device
	conn net.Conn
	done chan struct{} // closed when it is over

	reader awake // used by one goroutine, as in is
	in     *bridge.LineReader

	writing sync.Mutex

	mu      sync.Mutex
	answers map[string]chan bridge.Res
}

// connect opens a connection, and returns why it ended.
func (d *Device) connect(ctx context.Context) error {
	conn, err := d.o.Dial(ctx, d.o.Address)
	if err != nil {
		return err
	}
	unhook := context.AfterFunc(ctx, func() { conn.Close() })
	defer unhook()
	s := &session{d: d, conn: conn, done: make(chan struct{}), answers: map[string]chan bridge.Res{}}
	s.in = bridge.NewLineReader(&s.reader, maxLine, nil)
	s.reader.conn = conn
	defer s.in.Close()
	defer conn.Close()
	about := d.o.About()
	if err := s.enter(about); err != nil {
		return err
	}
	d.set(s)
	keeper := make(chan struct{})
	go func() { defer close(keeper); s.keep(about) }()
	err = s.serve(ctx)
	conn.Close()
	d.set(nil)
	close(s.done)
	<-keeper
	return err
}

func (d *Device) set(s *session) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.session = s
	if s == nil {
		d.canvas = ""
	}
}

// enter says hello, and has the device let in if need be.
func (s *session) enter(about bridge.About) error {
	d := s.d
	d.mu.Lock()
	token := d.token
	d.mu.Unlock()
	if err := s.write(bridge.Hello{About: about, Token: token}); err != nil {
		return err
	}
	first := time.Time{} // when it was asked for, the first time
	limit := time.Now().Add(helloTime)
	for {
		f, err := s.read(limit)
		if err != nil {
			return fmt.Errorf("no answer to hello: %w", err)
		}
		switch f := f.(type) {
		case bridge.HelloOK:
			s.welcome(f)
			return nil
		case bridge.PairOK:
			if err := s.paired(f.Token); err != nil {
				return err
			}
			limit = time.Now().Add(helloTime)
		case bridge.ErrorFrame:
			switch again, err := refusal(f, first); {
			case err != nil:
				return err
			case again || first.IsZero():
				first = time.Now()
			}
			if err := s.write(bridge.PairRequest{About: about}); err != nil {
				return err
			}
			d.o.State(State{Kind: Waiting})
			limit = time.Now().Add(pairTime)
		}
	}
}

// refusal decides what an error in place of hello-ok means: asking to be let in (again, when the request was forgotten),
// or the end of it.
func refusal(f bridge.ErrorFrame, first time.Time) (again bool, err error) {
	if f.Code != bridge.CodeNotPaired && f.Code != bridge.CodeUnauthorized {
		return false, fmt.Errorf("the gateway refuses: %s: %s", f.Code, f.Message)
	}
	switch {
	case first.IsZero():
		return false, nil
	case f.Message == "pairing expired", time.Since(first) >= pendingOf:
		return true, nil
	}
	return false, &fatal{ErrRejected}
}

// paired keeps a new token before anything else happens.
func (s *session) paired(token string) error {
	if token == "" {
		return errors.New("the gateway has let this device in without a token")
	}
	if err := s.d.o.Paired(token); err != nil {
		return &fatal{fmt.Errorf("the token cannot be kept: %w", err)}
	}
	s.d.mu.Lock()
	s.d.token = token
	s.d.mu.Unlock()
	return nil
}

// welcome notes what the gateway says of itself.
func (s *session) welcome(f bridge.HelloOK) {
	s.d.mu.Lock()
	s.d.canvas = f.CanvasHostURL
	s.d.mu.Unlock()
	s.d.o.State(State{Kind: Connected, Server: f.ServerName})
}

// serve reads until the connection ends. Nothing that comes is waited for here.
func (s *session) serve(ctx context.Context) error {
	for {
		f, err := s.read(time.Time{})
		if err != nil {
			return err
		}
		switch f := f.(type) {
		case bridge.Invoke:
			s.d.take(ctx, s, f)
		case bridge.Ping:
			s.d.invokes.Go(func() { _ = s.write(bridge.Pong(f)) }) // not behind a video that is being written
		case bridge.Event:
			s.d.o.Event(f.Event, bytesOf(f.PayloadJSON))
		case bridge.Res:
			s.mu.Lock()
			if answer := s.answers[f.ID]; answer != nil {
				answer <- f // there is room for the one that comes
				delete(s.answers, f.ID)
			}
			s.mu.Unlock()
		case bridge.HelloOK:
			s.d.mu.Lock()
			s.d.canvas = f.CanvasHostURL
			s.d.mu.Unlock()
		case bridge.ErrorFrame:
			s.d.o.Log.Warn("the gateway refused a line", "code", f.Code, "message", f.Message)
		}
	}
}

func bytesOf(s *string) []byte {
	if s == nil {
		return nil
	}
	return []byte(*s)
}

// keep pings, and says hello again when the device can do more or less than it has said.
func (s *session) keep(said bridge.About) {
	t := time.NewTicker(pingEvery)
	defer t.Stop()
	for n := 1; ; n++ {
		select {
		case <-s.done:
			return
		case <-t.C:
		}
		if now := s.d.o.About(); !reflect.DeepEqual(now, said) {
			said = now
			s.d.mu.Lock()
			token := s.d.token
			s.d.mu.Unlock()
			if s.write(bridge.Hello{About: now, Token: token}) != nil {
				return
			}
		}
		if s.write(bridge.Ping{ID: strconv.Itoa(n)}) != nil {
			return
		}
	}
}

// read returns the next frame. What is no frame is passed over. A limit that is zero means the usual one: silence.
func (s *session) read(limit time.Time) (bridge.Frame, error) {
	s.reader.limit = limit
	for {
		line, err := s.in.ReadLine()
		if err != nil {
			return nil, err
		}
		f, err := bridge.Decode(line)
		if err == nil {
			return f, nil
		}
		s.d.o.Log.Warn("the gateway sent a line that is no frame", "err", err)
	}
}

// awake is a connection whose reads end at a limit, or after silence.
type awake struct {
	conn  net.Conn
	limit time.Time
}

func (a *awake) Read(p []byte) (int, error) {
	limit := a.limit
	if limit.IsZero() {
		limit = time.Now().Add(silence)
	}
	if err := a.conn.SetReadDeadline(limit); err != nil {
		return 0, err
	}
	return a.conn.Read(p)
}

// write sends one line. An error ends the connection: half a line may be out.
func (s *session) write(f bridge.Frame) error {
	line := bridge.Append(nil, f)
	s.writing.Lock()
	defer s.writing.Unlock()
	err := s.conn.SetWriteDeadline(time.Now().Add(writeTime))
	if err == nil {
		_, err = s.conn.Write(line)
	}
	if err != nil {
		s.conn.Close()
	}
	return err
}

// expect makes room for the answer to a call.
func (s *session) expect(id string) <-chan bridge.Res {
	answer := make(chan bridge.Res, 1)
	s.mu.Lock()
	s.answers[id] = answer
	s.mu.Unlock()
	return answer
}

func (s *session) forget(id string) {
	s.mu.Lock()
	delete(s.answers, id)
	s.mu.Unlock()
}
