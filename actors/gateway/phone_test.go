package gateway_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/pairing"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// line is one line of the gateway to a node.
type line struct {
	Type, ID, Event, Code, Message, Token, Command, Method string
	ServerName, CanvasHostURL                              string
	OK                                                     bool
	ParamsJSON, PayloadJSON                                *string
	Error                                                  *wire.Error
	raw                                                    string
}

// payload is the text in payloadJSON; "" = null, or absent.
func (l line) payload() string {
	if l.PayloadJSON == nil {
		return ""
	}
	return *l.PayloadJSON
}

// phone is a node that keeps every line in the order of its arrival. It is written without the bridge's own codec, so
// that a mistake of that is seen.
type phone struct {
	t  testing.TB
	nc net.Conn

	mu      sync.Mutex // guards the fields below
	lines   []line
	err     error // how the connection ended
	changed chan struct{}
	frozen  chan struct{} // not nil: nothing is read until it is closed
}

// ring connects a node to the bridge and says nothing.
func ring(t testing.TB, g *gateway.Gateway) *phone {
	t.Helper()
	nc, err := (&net.Dialer{Timeout: patience}).Dial("tcp", g.BridgeAddr())
	if err != nil {
		t.Fatalf("dial the bridge: %v", err)
	}
	p := &phone{t: t, nc: nc, changed: make(chan struct{})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.read()
	}()
	t.Cleanup(func() {
		_ = nc.Close()
		p.thaw()
		<-ended
	})
	return p
}

// freeze has the phone stop reading.
func (p *phone) freeze() {
	if err := p.nc.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil { // the kernel is not to read for it
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frozen = make(chan struct{})
}

func (p *phone) thaw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.frozen != nil {
		close(p.frozen)
		p.frozen = nil
	}
}

func (p *phone) read() {
	r := bufio.NewReader(p.nc)
	for {
		p.mu.Lock()
		frozen := p.frozen
		p.mu.Unlock()
		if frozen != nil {
			<-frozen
		}
		text, err := r.ReadString('\n')
		l := line{raw: strings.TrimSuffix(text, "\n")}
		if err == nil && (json.Unmarshal([]byte(text), &l) != nil || l.Type == "") {
			l.Type = "broken"
		}
		p.mu.Lock()
		if err != nil {
			p.err = err
		} else {
			p.lines = append(p.lines, l)
		}
		close(p.changed)
		p.changed = make(chan struct{})
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// say writes a frame, or a text as it is, and the end of the line.
func (p *phone) say(frame any) {
	p.t.Helper()
	text, raw := frame.(string)
	if !raw {
		b, err := json.Marshal(frame)
		if err != nil {
			p.t.Fatal(err)
		}
		text = string(b)
	}
	if err := p.nc.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.nc.Write([]byte(text + "\n")); err != nil {
		p.t.Fatalf("write to the bridge: %v", err)
	}
}

// wait finds the first line from index from on that matches, and waits for it to come.
func (p *phone) wait(what string, from int, match func(line) bool) (int, line) {
	p.t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		p.mu.Lock()
		lines, err, changed := p.lines, p.err, p.changed
		p.mu.Unlock()
		for ; from < len(lines); from++ {
			if match(lines[from]) {
				return from, lines[from]
			}
		}
		if err != nil {
			p.t.Fatalf("waiting for %s: the connection ended: %v\n%s", what, err, p.tail())
		}
		select {
		case <-changed:
		case <-timeout.C:
			p.t.Fatalf("waiting for %s: it did not come\n%s", what, p.tail())
		}
	}
}

func (p *phone) tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	for _, l := range p.lines[max(0, len(p.lines)-12):] {
		fmt.Fprintln(&b, " ", cut(l.raw))
	}
	return b.String()
}

// mark is the index of the next line.
func (p *phone) mark() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.lines)
}

// all gives the lines so far.
func (p *phone) all() []line {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lines[:len(p.lines):len(p.lines)]
}

// ended waits until the gateway has closed the connection.
func (p *phone) ended() {
	p.t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		p.mu.Lock()
		err, changed := p.err, p.changed
		p.mu.Unlock()
		if err != nil {
			return
		}
		select {
		case <-changed:
		case <-timeout.C:
			p.t.Fatalf("the connection did not end\n%s", p.tail())
		}
	}
}

// is a line of this type; that of an event has its name behind a space.
func is(kind string) func(line) bool {
	return func(l line) bool { return strings.TrimSpace(l.Type+" "+l.Event) == kind }
}

// res is the answer to a request.
func res(id string) func(line) bool {
	return func(l line) bool { return l.Type == "res" && l.ID == id }
}

// call sends a request and waits for its answer.
func (p *phone) call(id, method, params string) line {
	p.t.Helper()
	from := p.mark()
	p.say(map[string]any{"type": "req", "id": id, "method": method, "paramsJSON": params})
	_, l := p.wait("the answer to "+method, from, res(id))
	return l
}

// hello is what a node says first.
func hello(id, token string, more ...map[string]any) map[string]any {
	h := map[string]any{"type": "hello", "nodeId": id, "displayName": "Phone " + id, "platform": "Android", "version": "1.0", "token": token}
	for _, m := range more {
		for k, v := range m {
			h[k] = v
		}
	}
	return h
}

// knows has the store know these nodes; the token of each is its id and "-token".
func knows(ids ...string) store.Op {
	return func(tx *store.Tx) error {
		for _, id := range ids {
			n := wire.NodePaired{NodeID: id, Token: id + "-token", DisplayName: "Phone " + id, Platform: "Android", Version: "1.0", CreatedAtMs: 1, ApprovedAtMs: 1}
			if _, err := pairing.AdoptNode(tx, n); err != nil {
				return err
			}
		}
		return nil
	}
}

// paired is a node that is connected.
func paired(t testing.TB, g *gateway.Gateway, id string) *phone {
	t.Helper()
	p := ring(t, g)
	p.greet(id)
	return p
}

// greet says hello and waits until the node is connected.
func (p *phone) greet(id string) {
	p.t.Helper()
	from := p.mark()
	p.say(hello(id, id+"-token"))
	p.wait("the wake words", from, is("event voicewake.changed"))
}

// invoked waits for an invoke of a command.
func (p *phone) invoked(from int, command string) (int, line) {
	p.t.Helper()
	return p.wait("the invoke of "+command, from, func(l line) bool { return l.Type == "invoke" && l.Command == command })
}

// answers answers an invoke.
func (p *phone) answers(id string, payload string) {
	p.t.Helper()
	p.say(map[string]any{"type": "invoke-res", "id": id, "ok": true, "payloadJSON": payload})
}
