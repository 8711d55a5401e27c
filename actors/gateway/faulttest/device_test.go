package faulttest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// deviceID is the node of a cell.
const deviceID = "fault-phone"

// phone is a node as it should be: it comes back when its socket is lost, carries out what it is told, and keeps count.
type phone struct {
	s     *scene
	addr  string // of the bridge, or of the cable to it
	token string
	stop  chan struct{} // closed when it is to go
	done  chan struct{} // closed when it has gone

	mu       sync.Mutex // guards the fields below
	conn     net.Conn   // nil while it is away
	welcome  bool       // the gateway has said hello on it
	ran      map[string]int
	commands map[string]int // that it was told, by their ids
	answers  map[string]int // by the id of its request, on one socket each
	hellos   int
	asked    int      // requests on the socket that it has
	cuts     int      // sockets that it lost
	wrong    []string // what must not be
}

// frame is what a phone reads of a line.
type frame struct {
	Type, ID, Code, Message, Token, Command string
	OK                                      bool
	ParamsJSON                              *string
	Error                                   *wire.Error
}

// devices: a node is paired, connects, is told what to do and asks for things. It is there only where the fault has to do
// with nodes: the others have enough to do.
func (s *scene) devices() {
	switch s.cell.kind {
	case "node", "nodes", "pairing", bridge:
	default:
		return
	}
	if s.phone == nil {
		s.admit()
	}
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() { s.invoke(fmt.Sprint("invoke-", i)) })
		s.pause(60 * time.Millisecond)
	}
	all.Wait()
}

// admit pairs the node and waits until it is connected. Where faults hit the node itself, that is before them.
func (s *scene) admit() {
	p := &phone{s: s, addr: s.g.BridgeAddr(), commands: map[string]int{}, stop: make(chan struct{}), done: make(chan struct{}), ran: map[string]int{}, answers: map[string]int{}}
	s.phone = p
	if s.cell.faulty() {
		p.addr = s.cables()
	}
	if p.token = p.pair(); p.token == "" {
		close(p.done)
		s.t.Error("the node was not paired")
		return
	}
	go p.live()
	s.t.Cleanup(p.leave)
	if err := s.every(20*time.Millisecond, func() bool { return p.connected() }); err != nil { // the socket that it was paired on is gone
		s.t.Error("the node is paired and cannot connect")
	}
}

// invoke has the node do something once, and judges the answer.
func (s *scene) invoke(key string) {
	params, limit := wire.Raw(fmt.Sprintf(`{"mark":%q}`, key)), int64(soon.Milliseconds())
	switch { // a lost answer is waited for all that time
	case s.cell.lossy():
		limit = 2000
	case s.cell.kind == "node" && s.cell.fault == "drop":
		limit = 4000
	}
	call := wire.NodeInvokeParams{NodeID: deviceID, Command: "test.mark", Params: params, IdempotencyKey: key, TimeoutMs: &limit}
	for n := 0; ; n++ {
		var r wire.NodeInvokeResult
		err := s.busy.must("node.invoke", call, &r)
		switch {
		case err == nil:
			s.phone.expect(key, 1)
			s.note(keyed{"node.invoke", key, call})
			return
		case strings.Contains(err.Message, "node not connected") && n < 400: // it is on its way; a key is used up by that
			call.IdempotencyKey = fmt.Sprint(key, "-again-", n)
			s.pause(50 * time.Millisecond)
		case s.cell.expect.unknown && isUnknown(err): // it may have done it, and is not told again
			s.phone.expect(key, -1)
			s.note(keyed{"node.invoke", call.IdempotencyKey, call})
			return
		default:
			s.t.Errorf("%s ended with %+v", key, err)
			return
		}
	}
}

// isUnknown: the node's connection ended with the command under way.
func isUnknown(e *wire.Error) bool {
	b, err := wire.Marshal(e.Details)
	return err == nil && strings.Contains(string(b), `"unknown"`)
}

// expect: the node has carried out a mark this often; -1 = at most once.
func (p *phone) expect(mark string, times int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.ran[mark]; n != times && !(times < 0 && n <= 1) {
		p.wrong = append(p.wrong, fmt.Sprintf("%s was carried out %d times, want %d", mark, n, times))
	}
}

// dial opens a socket to the bridge and sends one frame.
func (p *phone) dial(first map[string]any) (net.Conn, *bufio.Reader, error) {
	c, err := net.DialTimeout("tcp", p.addr, soon)
	if err != nil {
		return nil, nil, err
	}
	if err := write(c, first); err != nil {
		return nil, nil, errors.Join(err, c.Close())
	}
	return c, bufio.NewReader(c), nil
}

func write(c net.Conn, v map[string]any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = c.Write(append(b, '\n'))
	return err
}

func read(r *bufio.Reader) (f frame, err error) {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(line, &f)
}

// pair asks to be let in until it is: a request that is lost is made again.
func (p *phone) pair() (token string) {
	for start := time.Now(); token == "" && time.Since(start) < patience/2 && p.s.ctx.Err() == nil; {
		token = p.ask()
	}
	return token
}

// ask makes one request, and has it approved.
func (p *phone) ask() string {
	c, r, err := p.dial(map[string]any{
		"type": "pair-request", "nodeId": deviceID, "displayName": "Phone", "platform": "iOS 18.2", "caps": []string{"canvas"}, "commands": []string{"test.mark"},
	})
	if err != nil {
		p.s.pause(50 * time.Millisecond)
		return ""
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(p.patience()))
	told := make(chan string, 1)
	go func() {
		defer close(told)
		for {
			f, err := read(r)
			if err != nil || f.Type == "error" {
				return
			}
			if f.Type == "pair-ok" {
				told <- f.Token
				return
			}
		}
	}()
	for {
		p.approve()
		select {
		case token := <-told: // "" = refused, or cut
			if token == "" {
				p.s.pause(50 * time.Millisecond)
			}
			return token
		case <-time.After(50 * time.Millisecond):
		case <-p.s.ctx.Done():
			return ""
		}
	}
}

// approve lets in what asks.
func (p *phone) approve() {
	var l wire.NodePairListResult
	if err := p.s.busy.must("node.pair.list", struct{}{}, &l); err != nil {
		p.s.t.Errorf("node.pair.list: %v", err)
		return
	}
	for _, n := range l.Pending {
		err := p.s.busy.must("node.pair.approve", wire.NodePairApproveParams{RequestID: n.RequestID}, nil)
		if err != nil && !strings.Contains(err.Message, "unknown requestId") { // a first try had done it
			p.s.t.Errorf("node.pair.approve: %v", err)
		}
	}
}

// live keeps the node connected until it is to go.
func (p *phone) live() {
	defer close(p.done)
	for {
		lived := p.session()
		select {
		case <-p.stop:
			return
		case <-time.After(20 * time.Millisecond):
		}
		if lived {
			p.cut()
		}
	}
}

func (p *phone) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cuts++
}

func (p *phone) connected() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.welcome
}

// patience is how long the node waits for an answer to its first line. On a connection that loses lines it is short.
func (p *phone) patience() time.Duration {
	if p.s.cell.lossy() {
		return 2 * time.Second
	}
	return soon
}

// session is one connection, from hello to its end.
func (p *phone) session() (lived bool) {
	c, r, err := p.dial(map[string]any{"type": "hello", "nodeId": deviceID, "token": p.token, "platform": "iOS 18.2", "commands": []string{"test.mark"}})
	if err != nil {
		return false
	}
	defer c.Close()
	p.mu.Lock()
	p.conn, p.answers, p.asked = c, map[string]int{}, 0
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.conn, p.welcome = nil, false
	}()
	_ = c.SetReadDeadline(time.Now().Add(p.patience()))
	select {
	case <-p.stop: // before it could be seen that there is a socket to close
		return false
	default:
	}
	for {
		f, err := read(r)
		if err != nil {
			return lived
		}
		switch f.Type {
		case "error":
			if f.Code != "UNAVAILABLE" && f.Code != "INVALID_REQUEST" {
				p.fail("refused: %s %s", f.Code, f.Message)
			}
			return lived
		case "hello-ok":
			lived = true
			_ = c.SetReadDeadline(time.Time{})
			p.mu.Lock()
			p.welcome = true
			p.mu.Unlock()
			p.greeted(c)
		case "invoke":
			if !p.told(f.ID) {
				p.carryOut(c, f)
			}
		case "res":
			p.answered(f)
		}
	}
}

func (p *phone) fail(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wrong = append(p.wrong, fmt.Sprintf(format, args...))
}

// asks are what a node wants to know, and what it may not.
var asks = []string{"voicewake.get", "sessions.list", "health", "node.list"}

// greeted asks for a few things at once.
func (p *phone) greeted(c net.Conn) {
	p.mu.Lock()
	p.hellos++
	p.asked += len(asks)
	n := p.hellos
	p.mu.Unlock()
	for _, method := range asks {
		if write(c, map[string]any{"type": "req", "id": fmt.Sprint(method, " ", n), "method": method, "paramsJSON": "{}"}) != nil {
			return // the read loop sees it too
		}
	}
}

func (p *phone) carryOut(c net.Conn, f frame) {
	var params struct{ Mark string }
	if f.ParamsJSON == nil || json.Unmarshal([]byte(*f.ParamsJSON), &params) != nil {
		p.fail("an invoke without its params: %+v", f)
		return
	}
	p.mu.Lock()
	p.ran[params.Mark]++
	p.mu.Unlock()
	_ = write(c, map[string]any{"type": "invoke-res", "id": f.ID, "ok": true, "payloadJSON": `{"mark":"` + params.Mark + `"}`})
}

// answered: each request has one answer, and what a node may not ask for is forbidden.
func (p *phone) answered(f frame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	twice := p.s.cell.faulty() && p.s.cell.fault == "duplicate"
	if p.answers[f.ID]++; p.answers[f.ID] > 1 && !twice {
		p.wrong = append(p.wrong, fmt.Sprintf("%s was answered %d times", f.ID, p.answers[f.ID]))
	}
	forbidden := strings.HasPrefix(f.ID, "node.list")
	switch {
	case f.OK == (f.Error != nil), forbidden && f.OK, forbidden && !f.Error.Retryable && f.Error.Code != "FORBIDDEN":
		p.wrong = append(p.wrong, fmt.Sprintf("the answer to %s: %+v", f.ID, f))
	case !f.OK && !forbidden && !f.Error.Retryable:
		p.wrong = append(p.wrong, fmt.Sprintf("%s was refused for good: %+v", f.ID, f.Error))
	}
}

// leave ends the node.
func (p *phone) leave() {
	select {
	case <-p.stop:
	default:
		close(p.stop)
	}
	p.mu.Lock()
	if p.conn != nil {
		_ = p.conn.Close()
	}
	p.mu.Unlock()
	<-p.done
}

// check: afterwards the node is connected, and listed, and each command that it was told was carried out once at most.
func (p *phone) check(sn *seen) {
	if p == nil {
		return // no node in this cell
	}
	s := p.s
	if p.token == "" {
		return // said already
	}
	err := s.every(50*time.Millisecond, func() bool {
		var r wire.NodeDescribeResult
		return s.busy.must("node.describe", wire.NodeDescribeParams{NodeID: deviceID}, &r) == nil && r.Connected
	})
	if err != nil {
		s.t.Error("the node is not connected any more")
	}
	s.invoke("invoke-afterwards")
	if s.cell.faulty() {
		if err := s.every(20*time.Millisecond, p.connected); err != nil {
			p.fail("it is not welcome any more")
		}
		p.asksAgain()
	}
	if err := s.every(50*time.Millisecond, p.allAnswered); err != nil {
		p.fail("requests of the node were not answered: %v", p.answers)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for mark, n := range p.ran {
		if n > 1 {
			p.wrong = append(p.wrong, fmt.Sprintf("%s was carried out %d times", mark, n))
		}
	}
	if len(p.wrong) > 0 {
		s.t.Errorf("the node: %v", p.wrong)
	}
	if p.cuts > 0 && !s.cell.expect.unknown {
		s.t.Errorf("the node's socket was closed %d times", p.cuts)
	}
	if s.cell.crashed() && p.cuts == 0 {
		s.t.Error("the node's socket was not closed")
	}
	sn.Closed += p.cuts
}

// allAnswered: everything that the node has asked for on its socket.
func (p *phone) allAnswered() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.answers) == p.asked
}
