package bridge

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long anything may take that should happen soon.
const patience = 30 * time.Second

// core knows one token, lets everybody pair, and keeps the connections.
type core struct {
	decide chan string // what Pair answers: a token, or "" for no
	mu     sync.Mutex
	nodes  map[string]*node // guarded by mu: the last one of each id
}

// node keeps what it is told.
type node struct {
	conn   *Conn
	reqs   chan func() // done of each request
	closed chan struct{}
}

func (n *node) Req(_ Req, done func()) { n.reqs <- done }
func (n *node) Event(e Event)          { n.conn.Send(e) }
func (n *node) InvokeRes(InvokeRes)    {}
func (n *node) Closed()                { close(n.closed) }

func (c *core) Hello(_ context.Context, conn *Conn, h Hello) (Node, *ErrorFrame) {
	if h.Token != "good" {
		return nil, &ErrorFrame{CodeUnauthorized, "invalid token"}
	}
	n := &node{conn, make(chan func(), 1000), make(chan struct{})}
	c.mu.Lock()
	c.nodes[h.NodeID] = n
	c.mu.Unlock()
	conn.Welcome(HelloOK{ServerName: "s"}) // whoever hears it finds the node
	return n, nil
}

func (c *core) Pair(ctx context.Context, _ *Conn, _ PairRequest) (string, *ErrorFrame) {
	select {
	case token := <-c.decide:
		if token != "" {
			return token, nil
		}
		return "", &ErrorFrame{CodeUnauthorized, "pairing rejected"}
	case <-ctx.Done():
		return "", &ErrorFrame{CodeUnauthorized, "disconnected"}
	}
}

func (c *core) Admit(ctx context.Context, conn *Conn, p PairRequest, token string) (Node, *ErrorFrame) {
	conn.Send(PairOK{token})
	return c.Hello(ctx, conn, Hello{p.About, "good"})
}

func (c *core) node(id string) *node {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nodes[id]
}

func serve(t *testing.T, l Limits) (*Server, *core) {
	t.Helper()
	c := &core{decide: make(chan string, 10), nodes: map[string]*node{}}
	s, err := Listen(Options{Core: c, Limits: l})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if used := s.budget.Used(); used != 0 {
			t.Errorf("%d bytes are still claimed", used)
		}
	})
	return s, c
}

// peer is the other end.
type peer struct {
	t  *testing.T
	nc net.Conn
	r  *bufio.Reader
}

func dial(t *testing.T, s *Server) *peer {
	t.Helper()
	nc, err := net.DialTimeout("tcp", s.Addr(), patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &peer{t, nc, bufio.NewReader(nc)}
}

func (p *peer) say(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.nc, text+"\n"); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) hears(want string) {
	p.t.Helper()
	got, err := p.r.ReadString('\n')
	if err != nil || !strings.Contains(got, want) {
		p.t.Fatalf("heard %q, %v; want %s", got, err, want)
	}
}

func (p *peer) greet(id string) {
	p.t.Helper()
	p.say(fmt.Sprintf(`{"type":"hello","nodeId":%q,"token":"good"}`, id))
	p.hears(`"hello-ok"`)
}

// gone says that the other end has closed the connection.
func (p *peer) gone() {
	p.t.Helper()
	_, err := io.Copy(io.Discard, p.r)
	if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
		p.t.Fatal("the connection is still open")
	}
}

func TestStrangers_boundedPerAddress(t *testing.T) {
	t.Parallel()
	s, _ := serve(t, Limits{PerAddress: 2, Waiting: 1, Wait: time.Hour})
	first, second := dial(t, s), dial(t, s)
	for _, p := range []*peer{first, second} {
		p.say(`{"type":"ping"}`)
		p.hears("not authenticated")
	}
	third := dial(t, s) // it waits for a place
	third.say(`{"type":"ping"}`)
	waits := func(n int) {
		t.Helper()
		for until := time.Now().Add(patience); ; {
			s.strangers.mu.Lock()
			users := s.strangers.users
			s.strangers.mu.Unlock()
			if users == n {
				return
			}
			if time.Now().After(until) {
				t.Fatalf("%d strangers, want %d", users, n)
			}
			<-time.After(time.Millisecond)
		}
	}
	waits(3)
	dial(t, s).gone() // and this is one too many
	first.greet("n1") // no stranger any more
	third.hears("not authenticated")
	waits(2)
	_ = second.nc.Close()
	third.greet("n3")
	waits(0)
	if s.Conns() != 2 {
		t.Errorf("%d connections", s.Conns())
	}
}

func TestStrangers_waitEnds(t *testing.T) {
	t.Parallel()
	s, _ := serve(t, Limits{PerAddress: 1, Wait: time.Millisecond})
	p := dial(t, s)
	p.say(`{"type":"ping"}`)
	p.hears("not authenticated")
	dial(t, s).gone()
}

func TestStrangers_network(t *testing.T) {
	t.Parallel()
	for a, want := range map[string]string{
		"::ffff:192.0.2.1": "192.0.2.1", "192.0.2.1": "192.0.2.1", "2001:db8::1": "2001:db8::", "2001:db8:0:0:5::9": "2001:db8::",
		"fe80::1%eth0": "fe80::",
	} {
		if got := network(netip.MustParseAddr(a)).String(); got != want {
			t.Errorf("%s: %s, want %s", a, got, want)
		}
	}
}

// TestStrangers_longLine: what has no end is cut off, with a word why.
func TestStrangers_longLine(t *testing.T) {
	t.Parallel()
	s, _ := serve(t, Limits{StrangerLine: 1000, Line: 5000})
	p := dial(t, s)
	go func() { // the other end stops reading: this may fail
		for range 100 {
			if _, err := io.WriteString(p.nc, strings.Repeat("x", 1<<20)); err != nil {
				return
			}
		}
	}()
	p.hears("line is longer than 1000 bytes")
	p.gone()

	q := dial(t, s)
	q.greet("n1")
	q.say(`{"type":"ping","id":"` + strings.Repeat("y", 4000) + `"}`) // a node may say more
	q.hears("yyy")
	q.say(`{"type":"hello","nodeId":"n1","displayName":"` + strings.Repeat("y", 4000) + `"}`) // but not there
	q.hears("line is longer than 1000 bytes")
	q.say(`{"type":"ping","id":"still here"}`)
	q.hears("still here")
	q.say(strings.Repeat("z", 6000))
	q.hears("line is longer than 5000 bytes")
	q.gone()
}

// TestIdle: a stranger that says nothing is sent away; a node may be silent for as long as it likes.
func TestIdle(t *testing.T) {
	t.Parallel()
	s, c := serve(t, Limits{Idle: 3 * time.Second})
	p, q := dial(t, s), dial(t, s)
	p.greet("n1")
	q.say(`{"type":"pair-request","nodeId":"n2"}`)
	c.decide <- "t"
	q.hears(`"pair-ok","token":"t"`)
	q.hears(`"hello-ok"`)
	dial(t, s).gone()
	for _, p := range []*peer{p, q} {
		p.say(`{"type":"ping","id":"a"}`)
		p.hears(`"pong"`)
	}
}

// TestHello_refusedLater: a hello that fails changes nothing, whoever it names; one that does not moves the connection.
func TestHello_refusedLater(t *testing.T) {
	t.Parallel()
	s, c := serve(t, Limits{})
	p := dial(t, s)
	p.greet("n1")
	p.say(`{"type":"hello","nodeId":"n2","token":"bad"}`)
	p.hears("invalid token")
	p.say(`{"type":"event","event":"mine"}`)
	p.hears(`"mine"`)
	first := c.node("n1")
	p.greet("n2")
	select {
	case <-first.closed:
	case <-time.After(patience):
		t.Fatal("the first node was not closed")
	}
	p.say(`{"type":"hello","nodeId":"` + strings.Repeat("n", 201) + `","token":"good"}`)
	p.hears("nodeId is longer than 200 bytes")
}

func TestPair_bounded(t *testing.T) {
	t.Parallel()
	s, c := serve(t, Limits{})
	p := dial(t, s)
	for i := range 4 {
		p.say(fmt.Sprintf(`{"type":"pair-request","nodeId":"n%d"}`, i))
	}
	p.say(`{"type":"pair-request","nodeId":"n1"}`) // waits already
	p.say(`{"type":"pair-request","nodeId":"n5"}`)
	p.hears("too many pair requests")
	c.decide <- ""
	p.hears("pairing rejected")
	p.say(`{"type":"ping"}`)
	p.hears("not authenticated")
}

// TestReq_inFlight: so many requests may wait for their answer, and no more; other frames go on.
func TestReq_inFlight(t *testing.T) {
	t.Parallel()
	s, c := serve(t, Limits{InFlight: 3})
	p := dial(t, s)
	p.greet("n1")
	for i := range 3 {
		p.say(fmt.Sprintf(`{"type":"req","id":"r%d","method":"m"}`, i))
	}
	p.say(`{"type":"req","id":"r3","method":"m"}`)
	p.hears(`"id":"r3","ok":false,"error":{"code":"UNAVAILABLE"`)
	p.say(`{"type":"ping","id":"a"}`)
	p.hears(`"pong"`)
	n := c.node("n1")
	(<-n.reqs)()
	p.say(`{"type":"req","id":"r4","method":"m"}`)
	p.say(`{"type":"ping","id":"b"}`)
	p.hears(`"b"`)
	for range 3 {
		(<-n.reqs)()
	}
}

// TestMemory: long lines share what there is.
func TestMemory(t *testing.T) {
	t.Parallel()
	s, c := serve(t, Limits{Memory: 1 << 20})
	p, q := dial(t, s), dial(t, s)
	p.greet("n1")
	q.greet("n2")
	p.say(`{"type":"req","id":"r1","method":"m","paramsJSON":"` + strings.Repeat("x", 400<<10) + `"}`)
	n := c.node("n1")
	done := <-n.reqs // and is being handled
	go func() { _, _ = io.WriteString(q.nc, strings.Repeat("y", 2<<20)) }()
	q.hears(ErrMemory.Error())
	q.gone()
	p.say(`{"type":"ping","id":"a"}`)
	p.hears(`"pong"`)
	done()
}

// TestOffer_frozenNode: a node that takes nothing misses what is droppable, is closed in the end, and holds up nobody.
func TestOffer_frozenNode(t *testing.T) {
	t.Parallel()
	s, c := serve(t, Limits{Events: 1 << 20, Queue: 8 << 20})
	frozen, other := dial(t, s), dial(t, s)
	frozen.greet("n1")
	other.greet("n2")
	n := c.node("n1")
	line := Append(nil, Event{"e", new(strings.Repeat("x", 64<<10))})
	offered := 0
	for n.conn.Offer(line, true) { // until the kernel and the queue are full
		if offered++; offered > 10_000 {
			t.Fatal("a droppable event is never dropped")
		}
	}
	if n.conn.Ended() {
		t.Fatal("droppable events have closed the connection")
	}
	for n.conn.Offer(line, false) {
		if offered++; offered > 20_000 {
			t.Fatal("the queue has no end")
		}
	}
	select {
	case <-n.closed:
	case <-time.After(patience):
		t.Fatal("the node is still there")
	}
	other.say(`{"type":"ping","id":"a"}`)
	other.hears(`"pong"`)
}

// TestOffer_large: behind an event of many times the limit, others still go out to a node that reads.
func TestOffer_large(t *testing.T) {
	t.Parallel()
	s, c := serve(t, Limits{Events: 1 << 10})
	p := dial(t, s)
	p.greet("n1")
	n := c.node("n1")
	for i := range 3 {
		if !n.conn.Offer(Append(nil, Event{"large", new(strings.Repeat("x", 4<<20))}), false) {
			t.Fatal("a large event was not taken")
		}
		if !n.conn.Offer(Append(nil, Event{fmt.Sprint("small", i), nil}), false) {
			t.Fatal("nor was the one behind it")
		}
		p.hears(`"large"`)
		p.hears(fmt.Sprint("small", i))
	}
}

// TestGarbage: whatever comes, the connection and its neighbours live on.
func TestGarbage(t *testing.T) {
	t.Parallel()
	s, _ := serve(t, Limits{})
	p, q := dial(t, s), dial(t, s)
	p.greet("n1")
	for _, text := range []string{"\x00\xff\xfe", "{", `{"type":{}}`, "[[[[", `"hello"`, strings.Repeat("[", 1000), `{"type":"ping","id":"\ud800"`} {
		q.say(text)
		q.hears("INVALID_REQUEST")
	}
	if _, err := io.WriteString(q.nc, `{"type":"pi`); err != nil { // half a line
		t.Fatal(err)
	}
	_ = q.nc.Close()
	p.say(`{"type":"ping","id":"a"}`)
	p.hears(`"pong"`)
}

func TestListen_alsoOnLoopback(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"": false, "0.0.0.0": false, "::": false, "localhost": false, "127.0.0.1": false, "127.1.2.3": false, "::1": false,
		"100.64.0.1": true, "fd7a:115c:a1e0::1": true, "192.0.2.1": true,
	} {
		if special(host) != want {
			t.Errorf("%q: %v", host, !want)
		}
	}
	if _, err := Listen(Options{Host: "192.0.2.1", Port: 1}); err == nil || !strings.HasPrefix(err.Error(), "listen for nodes: ") {
		t.Errorf("an address that is not this host's: %v", err)
	}
}

// TestShutdown_manyStrangers: nobody who just sits there holds up the end.
func TestShutdown_manyStrangers(t *testing.T) {
	t.Parallel()
	s, _ := serve(t, Limits{})
	var peers []*peer
	for range 20 { // some of them wait for a place
		peers = append(peers, dial(t, s))
	}
	peers[0].say(`{"type":"pair-request","nodeId":"n"}`)
	peers[0].say(`{"type":"ping"}`)
	peers[0].hears("not authenticated")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil || s.Conns() != 0 {
		t.Fatalf("%v, %d connections", err, s.Conns())
	}
	for _, p := range peers {
		p.gone()
	}
}

// TestCheck: a node that shows that it is there stays, whatever it was silent for before; one that does not is let go.
func TestCheck(t *testing.T) {
	t.Parallel()
	s, c := serve(t, Limits{})
	there, dead := dial(t, s), dial(t, s)
	there.greet("n1")
	dead.greet("n2")
	for _, id := range []string{"n1", "n2"} {
		c.node(id).conn.Check(2 * time.Second)
	}
	there.hears(`"ping"`)
	there.say(`{"type":"pong","id":"check"}`)
	dead.hears(`"ping"`)
	dead.gone()
	there.say(`{"type":"ping","id":"a"}`)
	there.hears(`"pong"`)
}
