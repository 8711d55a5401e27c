package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/transport/wire"
	"github.com/clawdbot/gateway/transport/ws"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 60 * time.Second

// gateway is a small gateway on a real ws.Server.
type gateway struct {
	*ws.Server
	url  string
	addr string
	hs   *http.Server
	done chan struct{}

	mu       sync.Mutex
	sessions []*ws.Session
}

const token = "secret"

func startGateway(t *testing.T) *gateway { return startGatewayAt(t, "127.0.0.1:0") }

func startGatewayAt(t *testing.T, addr string) *gateway {
	t.Helper()
	g := &gateway{done: make(chan struct{})}
	srv, err := ws.NewServer(ws.Options{Auth: ws.Settings{Token: token}, Open: g.open})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	g.Server, g.addr = srv, ln.Addr().String()
	g.url = "ws://" + g.addr
	g.hs = ws.HTTPServer(srv, nil)
	go func() {
		defer close(g.done)
		_ = g.hs.Serve(ln)
	}()
	t.Cleanup(g.stop)
	return g
}

func (g *gateway) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = g.Shutdown(ctx)
	_ = g.hs.Close()
	<-g.done
}

func (g *gateway) open(s *ws.Session, p *wire.ConnectParams) ws.Handler {
	hello := wire.HelloOK{
		Type: "hello-ok", Protocol: 2, Server: wire.HelloServer{Version: "test", ConnID: s.Peer().ConnID},
		Features: wire.HelloFeatures{Methods: wire.Methods(), Events: wire.Events()},
		Snapshot: wire.Snapshot{Health: wire.Raw("{}")}, Policy: wire.NewHelloPolicy(),
	}
	frame, err := wire.AppendResponse(nil, wire.QuoteID(s.ConnectID()), wire.Result{Payload: hello})
	if err != nil {
		panic(err)
	}
	s.Hello(frame)
	g.mu.Lock()
	g.sessions = append(g.sessions, s)
	g.mu.Unlock()
	return handler{s, g}
}

// emit sends an event with a number of its own to everybody.
func (g *gateway) emit(seq int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.sessions {
		s.Offer(wire.AppendEvent(nil, "tick", wire.Raw(fmt.Sprintf(`{"ts":%d}`, seq)), seq, nil), false)
	}
}

type handler struct {
	s *ws.Session
	g *gateway
}

func (h handler) Closed(int, string) {}

func (h handler) Request(r *wire.Request) {
	send := func(res wire.Result) {
		frame, err := wire.AppendResponse(nil, wire.QuoteID(r.ID), res)
		if err != nil {
			panic(err)
		}
		h.s.Send(frame)
	}
	defer h.s.Done()
	switch r.Method {
	case "echo":
		send(wire.Result{Payload: wire.Raw(r.Params)})
	case "health":
		send(wire.Result{Payload: wire.Raw(`{"ok":true}`)})
	case "system-presence":
		send(wire.Result{Payload: wire.Raw(`[{"text":"here","ts":1}]`)})
	case "agent":
		send(wire.Result{Payload: wire.Raw(`{"runId":"r","status":"accepted"}`)})
		send(wire.Result{Payload: wire.Raw(`{"runId":"r","status":"ok"}`)})
	case "fail":
		send(wire.Result{Payload: wire.Raw(`{"status":"error"}`), Err: wire.InvalidRequest("no such thing")})
	case "silent":
	case "drop":
		h.s.Close(4001, "because")
	}
}

func dial(t *testing.T, o Options) *Client {
	t.Helper()
	if o.Token == "" {
		o.Token = token
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := Dial(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func within[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("%s did not come", what)
		panic("unreachable")
	}
}

func TestClient_calls(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	c := dial(t, Options{URL: g.url})
	ctx := t.Context()
	if h := c.Hello(); h.Server.Version != "test" || h.Policy.TickIntervalMs != 30000 {
		t.Errorf("hello %+v", h)
	}

	var echo struct{ A int }
	if err := c.Call(ctx, "echo", map[string]any{"A": 7}, &echo); err != nil || echo.A != 7 {
		t.Errorf("echo %+v, %v", echo, err)
	}
	if err := c.Call(ctx, "health", nil, nil); err != nil {
		t.Error(err)
	}

	type status struct {
		Status string `json:"status"`
	}
	var st status
	if err := c.Call(ctx, "agent", nil, &st); err != nil || st.Status != "accepted" {
		t.Errorf("agent: %+v, %v", st, err)
	}
	if err := c.CallExpectFinal(ctx, "agent", nil, &st); err != nil || st.Status != "ok" {
		t.Errorf("agent final: %+v, %v", st, err)
	}

	err := c.Call(ctx, "fail", nil, &st)
	we, ok := errors.AsType[*wire.Error](err)
	if !ok || we.Code != wire.CodeInvalidRequest || we.Message != "no such thing" || st.Status != "error" {
		t.Errorf("fail: %+v, %v", st, err)
	}

	if err := c.Call(ctx, "echo", func() {}, nil); err == nil {
		t.Error("unencodable params accepted")
	}
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if err := c.Call(short, "silent", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("silent: %v", err)
	}
	if err := c.Call(ctx, "health", nil, nil); err != nil {
		t.Errorf("after a timed out call: %v", err)
	}
}

func TestClient_concurrentCalls(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	c := dial(t, Options{URL: g.url})
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			var got struct{ N int }
			if err := c.Call(t.Context(), "echo", map[string]int{"N": i}, &got); err != nil || got.N != i {
				t.Errorf("call %d: %+v, %v", i, got, err)
			}
		})
	}
	wg.Wait()
}

func TestClient_unauthorized(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	for _, o := range []Options{{URL: g.url, Token: "wrong"}, {URL: g.url, Password: "wrong"}, {URL: g.url}} {
		o.Reconnect = true
		_, err := Dial(t.Context(), o)
		if !errors.Is(err, ErrUnauthorized) {
			t.Errorf("%v", err)
		}
		if we, ok := errors.AsType[*wire.Error](err); !ok || we.Message != "unauthorized" {
			t.Errorf("%v hides the gateway's words", err)
		}
		if strings.Contains(fmt.Sprintf("%v %+v", err, o), "wrong") {
			t.Errorf("%v shows the secret", err)
		}
	}
}

// Without Reconnect the client ends with its socket, and calls in flight say why.
func TestClient_closedInFlight(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	lost := make(chan error, 1)
	c := dial(t, Options{URL: g.url, OnClose: func(err error) { lost <- err }})
	sub := c.Events(1)
	failed := make(chan error, 1)
	go func() { failed <- c.Call(t.Context(), "silent", nil, nil) }()
	err := c.Call(t.Context(), "drop", nil, nil)
	for _, err := range []error{err, within(t, failed, "the other call"), within(t, lost, "OnClose")} {
		if !errors.Is(err, ErrClosed) || !strings.Contains(err.Error(), "gateway closed (4001): because") {
			t.Errorf("%v", err)
		}
	}
	<-c.Done()
	if err := c.Call(t.Context(), "health", nil, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("call after the end: %v", err)
	}
	if _, open := <-sub.C; open || !errors.Is(sub.Err(), ErrClosed) {
		t.Errorf("subscription: open %v, %v", open, sub.Err())
	}
	if _, open := <-c.Events(1).C; open {
		t.Error("a subscription after the end is open")
	}
}

// A gap leads to a refresh without anybody asking; a lower number does not.
func TestClient_gapRefreshes(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	gaps := make(chan [2]int64, 10)
	refreshed := make(chan Refresh, 10)
	events := make(chan int64, 10)
	c := dial(t, Options{
		URL:       g.url,
		OnGap:     func(expected, got int64) { gaps <- [2]int64{expected, got} },
		OnEvent:   func(e Event) { events <- e.Seq },
		OnRefresh: func(_ context.Context, r Refresh) { refreshed <- r },
	})
	for _, seq := range []int64{5, 6, 2, 3, 7} { // the first may be anything; 2 starts over; 7 skips
		g.emit(seq)
		if got := within(t, events, "event"); got != seq {
			t.Fatalf("event %d, want %d", got, seq)
		}
	}
	if got := within(t, gaps, "gap"); got != [2]int64{4, 7} {
		t.Errorf("gap %v", got)
	}
	r := within(t, refreshed, "refresh")
	if string(r.Health) != `{"ok":true}` || len(r.Presence) != 1 || r.Presence[0].Text != "here" {
		t.Errorf("refresh %+v", r)
	}
	_ = c.Close()
	if len(gaps)+len(refreshed) != 0 {
		t.Errorf("%d more gaps, %d more refreshes", len(gaps), len(refreshed))
	}
}

func TestClient_subscriptions(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	c := dial(t, Options{URL: g.url})
	a, b, slow := c.Events(10), c.Events(10), c.Events(1)
	for seq := range int64(3) {
		g.emit(seq + 1)
	}
	for _, s := range []*Subscription{a, b} {
		for seq := range int64(3) {
			e := within(t, s.C, "event")
			var p wire.TickEvent
			if err := e.Decode(&p); err != nil || e.Name != "tick" || e.Seq != seq+1 || p.TS != seq+1 {
				t.Errorf("event %+v, %v", e, err)
			}
		}
	}
	<-slow.C
	if _, open := <-slow.C; open || !errors.Is(slow.Err(), ErrSlowSubscriber) {
		t.Errorf("slow subscriber: open %v, %v", open, slow.Err())
	}
	b.Close()
	b.Close()
	if _, open := <-b.C; open || b.Err() != nil {
		t.Error("closed subscription is open")
	}
	g.emit(4)
	if e := within(t, a.C, "event"); e.Seq != 4 {
		t.Errorf("event %+v", e)
	}
}

// The client comes back to a restarted gateway, refreshes, and gives up when its credentials are refused.
func TestClient_reconnects(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	hellos := make(chan string, 10)
	refreshed := make(chan Refresh, 10)
	c := dial(t, Options{
		URL: g.url, Reconnect: true, MinBackoff: time.Millisecond, MaxBackoff: 10 * time.Millisecond,
		OnHello:   func(h wire.HelloOK) { hellos <- h.Server.ConnID },
		OnRefresh: func(_ context.Context, r Refresh) { refreshed <- r },
	})
	first := within(t, hellos, "hello")
	sub := c.Events(10)
	g.stop()
	if err := c.Call(t.Context(), "health", nil, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("call while the gateway is away: %v", err)
	}

	g = startGatewayAt(t, g.addr)
	if again := within(t, hellos, "second hello"); again == first || again != c.Hello().Server.ConnID {
		t.Error("the second hello is not the new one")
	}
	within(t, refreshed, "refresh")
	if err := c.Call(t.Context(), "health", nil, nil); err != nil {
		t.Error(err)
	}
	g.emit(1)
	within(t, sub.C, "event over the new socket")

	if err := g.SetAuth(ws.Settings{Token: "changed"}); err != nil {
		t.Fatal(err)
	}
	within(t, c.Done(), "the end")
	if !errors.Is(c.Err(), ErrUnauthorized) {
		t.Errorf("ended with %v", c.Err())
	}
}

// Close during the wait for a reconnect does not wait for it.
func TestClient_closeWhileAway(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	lost := make(chan error, 1)
	c := dial(t, Options{URL: g.url, Reconnect: true, MinBackoff: time.Hour, MaxBackoff: time.Hour, OnClose: func(err error) { lost <- err }})
	g.stop()
	if err := within(t, lost, "OnClose"); err.Error() != "gateway closed (1012): service restart" {
		t.Errorf("%v", err)
	}
	_ = c.Close()
	if !errors.Is(c.Err(), ErrClosed) {
		t.Error(c.Err())
	}
}

func TestClient_backoff(t *testing.T) {
	t.Parallel()
	c := &Client{o: Options{}.withDefaults()}
	for attempt, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30, 30} {
		want *= time.Second
		for range 100 {
			if d := c.backoff(attempt); d < want/2 || d > want {
				t.Fatalf("attempt %d: %v, want %v to %v", attempt, d, want/2, want)
			}
		}
	}
	if d := c.backoff(1000); d < 15*time.Second || d > 30*time.Second {
		t.Errorf("attempt 1000: %v", d)
	}
}
