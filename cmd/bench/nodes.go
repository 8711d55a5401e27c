package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	nodeCount  = 2000
	invokers   = 8
	frozenNode = "node-frozen"
	nodeToken  = "00112233445566778899aabbccddeeff"
)

// nodes measures what a connected node and an invoke cost, beside a server that sends back each line, and what the
// others notice of a node that does not read.
func (b *bench) nodes() error {
	if err := raiseFiles(nodeCount*2 + 1000); err != nil {
		return err
	}
	var mem, bareMem, cpu, bareCPU, ratio, quiet, frozen, perSecond []float64
	for range b.rounds {
		e, err := b.echoes()
		if err != nil {
			return err
		}
		f, err := b.fleet()
		if err != nil {
			return err
		}
		mem, bareMem = append(mem, f.memory), append(bareMem, e.memory)
		cpu, bareCPU, ratio = append(cpu, f.cpu), append(bareCPU, e.cpu), append(ratio, f.cpu/e.cpu)
		quiet, frozen, perSecond = append(quiet, f.quiet), append(frozen, f.frozen), append(perSecond, f.perSecond)
	}
	b.note("bench -only nodes")
	m, bm := median(mem), median(bareMem)
	b.add("memory per node, 2,000 connected", fmt.Sprintf("%.1f KiB", m), fmt.Sprintf("%.1f KiB", bm), fmt.Sprintf("%.2f", m/bm), "", true)
	b.add(fmt.Sprintf("CPU per `node.invoke` of 2,000 nodes, %d at once (%.0f a second)", invokers, median(perSecond)),
		fmt.Sprintf("%.1f µs", median(cpu)), fmt.Sprintf("%.1f µs", median(bareCPU)), fmt.Sprintf("%.1f", median(ratio)), "", true)
	q, fr := median(quiet), median(frozen)
	b.add("`node.invoke` p99 beside a node that does not read", fmt.Sprintf("%.1f ms", fr), "", fmt.Sprintf("%.2f", fr/q),
		fmt.Sprintf("≤ 1.50 of without (%.1f ms)", q), fr <= 1.5*q)
	return nil
}

// figures are those of one round with one server.
type figures struct {
	memory    float64 // KiB per connection
	cpu       float64 // µs of the server per operation
	perSecond float64 // operations
	quiet     float64 // ms, p99
	frozen    float64 // ms, p99 beside a node that does not read
}

// echoes measures the bare server: as many connections, as many questions at once.
func (b *bench) echoes() (f figures, err error) {
	addr, err := freeAddr()
	if err != nil {
		return f, err
	}
	self, err := os.Executable()
	if err != nil {
		return f, err
	}
	s := &server{cmd: exec.Command(self, "-echo", addr), addr: addr, name: "echo"}
	if err := s.cmd.Start(); err != nil {
		return f, err
	}
	defer s.stop()
	if err := s.up(b.ctx); err != nil {
		return f, err
	}
	before := rssOf(s.cmd.Process.Pid)
	conns := make([]*echoConn, nodeCount)
	for i := range conns {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return f, err
		}
		defer c.Close()
		conns[i] = &echoConn{c: c, r: bufio.NewReaderSize(c, 1024)}
		if err := conns[i].ask(); err != nil { // each has spoken once, as a node has
			return f, err
		}
	}
	f.memory = (rssOf(s.cmd.Process.Pid) - before) / nodeCount
	f.cpu, f.perSecond, err = b.busy(s.cmd.Process.Pid, func(int) error { return conns[rand.IntN(nodeCount)].ask() })
	return f, err
}

type echoConn struct {
	mu sync.Mutex // one question at a time
	c  net.Conn
	r  *bufio.Reader
}

// question is as long as an invoke on the wire.
var question = []byte(`{"type":"invoke","id":"0f8fad5b-d9cb-469f-a165-70867728950e","command":"canvas.eval","paramsJSON":"{\"javaScript\":\"1+1\"}"}` + "\n")

func (e *echoConn) ask() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, err := e.c.Write(question); err != nil {
		return err
	}
	_, err := e.r.ReadSlice('\n')
	return err
}

// echo is the bare server: each line comes back.
func echo(ctx context.Context, addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	go func() { <-ctx.Done(); _ = l.Close() }()
	for {
		c, err := l.Accept()
		if err != nil {
			return nil // asked to stop
		}
		go func() {
			defer c.Close()
			r := bufio.NewReader(c)
			for {
				line, err := r.ReadSlice('\n')
				if err != nil {
					return
				}
				if _, err := c.Write(line); err != nil {
					return
				}
			}
		}()
	}
}

// busy has invokers call do in a closed loop, and returns the CPU of a process for each call in µs.
func (b *bench) busy(pid int, do func(worker int) error) (cpu, perSecond float64, err error) {
	ctx, cancel := context.WithTimeout(b.ctx, b.dur)
	defer cancel()
	var n atomic.Int64
	var wg sync.WaitGroup
	failed := make(chan error, invokers)
	before, start := cpuOf(pid), time.Now()
	for w := range invokers {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := do(w); err != nil {
					failed <- err
					return
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	select {
	case err := <-failed:
		return 0, 0, err
	default:
	}
	return float64((cpuOf(pid) - before).Microseconds()) / float64(n.Load()), float64(n.Load()) / took.Seconds(), nil
}

// fleet measures the gateway with its nodes.
func (b *bench) fleet() (f figures, err error) {
	s, bridgeAddr, err := b.withNodes()
	if err != nil {
		return f, err
	}
	defer s.stop()
	clients := make([]*client.Client, invokers+1) // the last one is for the node that does not read
	for i := range clients {
		c, err := client.Dial(b.ctx, client.Options{URL: "ws://" + s.addr, Token: "test", Client: wire.ConnectClient{Mode: "cli"}})
		if err != nil {
			return f, err
		}
		defer c.Close()
		clients[i] = c
	}
	if err := b.nodesImported(clients[0]); err != nil {
		return f, err
	}
	before := rssOf(s.cmd.Process.Pid)
	for i := range nodeCount {
		c, err := node(bridgeAddr, nodeID(i))
		if err != nil {
			return f, fmt.Errorf("node %d: %w", i, err)
		}
		defer c.Close()
		go serveNode(c)
	}
	f.memory = (rssOf(s.cmd.Process.Pid) - before) / nodeCount
	var key atomic.Int64
	invoke := func(c *client.Client, id string) error { return b.invoke(c, id, key.Add(1), `{"javaScript":"1+1"}`) }
	for i := range 200 { // caches and pages of the first calls are not the price of a call
		if err := invoke(clients[i%invokers], nodeID(i)); err != nil {
			return f, err
		}
	}
	f.cpu, f.perSecond, err = b.busy(s.cmd.Process.Pid, func(w int) error { return invoke(clients[w], nodeID(rand.IntN(nodeCount))) })
	if err != nil {
		return f, err
	}
	if f.quiet, err = b.paced(clients[:invokers], invoke); err != nil {
		return f, err
	}
	thaw, err := b.freeze(bridgeAddr, clients[invokers], &key)
	if err != nil {
		return f, err
	}
	defer thaw()
	f.frozen, err = b.paced(clients[:invokers], invoke)
	return f, err
}

func (b *bench) invoke(c *client.Client, id string, key int64, params string) error {
	limit := int64(30_000)
	return c.Call(b.ctx, "node.invoke", wire.NodeInvokeParams{
		NodeID: id, Command: "canvas.eval", Params: wire.Raw(params), IdempotencyKey: "bench-" + strconv.FormatInt(key, 10), TimeoutMs: &limit,
	}, nil)
}

// paced invokes 200 times a second, whether the last one has been answered or not, and returns the p99 in ms.
func (b *bench) paced(clients []*client.Client, invoke func(*client.Client, string) error) (float64, error) {
	const every = 5 * time.Millisecond
	total := int(b.dur / every)
	took, failed := make(chan float64, total), make(chan error, total)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := range total {
		<-tick.C
		go func() {
			start := time.Now()
			if err := invoke(clients[n%len(clients)], nodeID(rand.IntN(nodeCount))); err != nil {
				failed <- err
			}
			took <- float64(time.Since(start).Microseconds()) / 1000
		}()
	}
	all := make([]float64, 0, total)
	for range total {
		all = append(all, <-took)
	}
	select {
	case err := <-failed:
		return 0, err
	default:
	}
	return p99(all), nil
}

// freeze connects a node that does not read, and has it invoked until nothing more fits into its socket.
func (b *bench) freeze(addr string, c *client.Client, key *atomic.Int64) (thaw func(), err error) {
	n, err := node(addr, frozenNode)
	if err != nil {
		return nil, err
	}
	params := `{"javaScript":"` + strings.Repeat("x", 256<<10) + `"}`
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() { _ = b.invoke(c, frozenNode, key.Add(1), params) }) // fails when the node is gone
	}
	select { // what is measured is the node that does not read, not how its commands were taken in
	case <-time.After(3 * time.Second):
	case <-b.ctx.Done():
	}
	return func() { _ = n.Close(); wg.Wait() }, nil
}

func nodeID(i int) string { return "node-" + strconv.Itoa(i) }

// withNodes starts a gateway on a state directory whose nodes are paired already.
func (b *bench) withNodes() (s *server, bridgeAddr string, err error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, "", err
	}
	if bridgeAddr, err = freeAddr(); err != nil {
		return nil, "", err
	}
	_, port, _ := net.SplitHostPort(bridgeAddr)
	paired := map[string]any{}
	paired[frozenNode] = pairedNode(frozenNode)
	for i := range nodeCount {
		paired[nodeID(i)] = pairedNode(nodeID(i))
	}
	state := b.stateDir(addr)
	text, err := json.Marshal(paired)
	if err == nil {
		err = errors.Join(os.MkdirAll(filepath.Join(state, "nodes"), 0o700), os.WriteFile(filepath.Join(state, "nodes", "paired.json"), text, 0o600))
	}
	if err != nil {
		return nil, "", err
	}
	s, err = b.configured(addr, `bridge: {bind: "loopback"}, canvasHost: {enabled: false}`, "CLAWDBOT_BRIDGE_PORT="+port)
	return s, bridgeAddr, err
}

func pairedNode(id string) map[string]any {
	return map[string]any{
		"nodeId": id, "token": nodeToken, "displayName": id, "platform": "iOS 18.2", "version": "2026.1.5", "deviceFamily": "iPhone",
		"caps": []string{"canvas"}, "commands": []string{"canvas.eval"}, "createdAtMs": 1767500000000, "approvedAtMs": 1767500001000,
	}
}

// nodesImported waits until the gateway knows all nodes.
func (b *bench) nodesImported(c *client.Client) error {
	for {
		var r wire.NodeListResult
		if err := c.Call(b.ctx, "node.list", struct{}{}, &r); err != nil {
			return err
		}
		if len(r.Nodes) > nodeCount {
			return nil
		}
		select {
		case <-b.ctx.Done():
			return b.ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// node connects one and reads the answer to its hello.
func node(addr, id string) (net.Conn, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	_, err = fmt.Fprintf(c, `{"type":"hello","nodeId":%q,"token":%q,"platform":"iOS 18.2","version":"2026.1.5","caps":["canvas"],"commands":["canvas.eval"]}`+"\n", id, nodeToken)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	line, one := []byte{}, make([]byte, 1) // not a byte more than the answer: what follows is serveNode's
	for len(line) == 0 || line[len(line)-1] != '\n' {
		if _, err := c.Read(one); err != nil {
			return nil, errors.Join(err, c.Close())
		}
		line = append(line, one[0])
	}
	if !strings.Contains(string(line), `"hello-ok"`) {
		return nil, errors.Join(fmt.Errorf("not let in: %s", line), c.Close())
	}
	return c, c.SetDeadline(time.Time{})
}

// serveNode answers each invoke at once.
func serveNode(c net.Conn) {
	r := bufio.NewReaderSize(c, 1024)
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return
		}
		var f struct{ Type, ID string }
		if json.Unmarshal(line, &f) != nil || f.Type != "invoke" {
			continue
		}
		if _, err := fmt.Fprintf(c, `{"type":"invoke-res","id":%q,"ok":true,"payloadJSON":"{\"result\":\"2\"}"}`+"\n", f.ID); err != nil {
			return
		}
	}
}
