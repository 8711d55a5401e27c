package faulttest

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
)

// bridge is the kind of the cells whose faults hit the connection of the node, which no actor reads: its lines pass through
// here, each as a message would, in both directions. A crash cuts the connection, in the middle of the line or behind it.
const bridge = "bridge"

// faulty says whether the fault is one of the node's connection.
func (c cell) faulty() bool { return c.kind == bridge }

// lossy says whether lines of that connection are lost.
func (c cell) lossy() bool { return c.faulty() && c.fault == "drop" }

// line is one line on its way.
type line string

// cable is one connection of the node, in two halves.
type cable struct {
	s      *scene
	name   string
	ends   [2]net.Conn
	writes [2]sync.Mutex // held while a line goes to that end
}

// cables puts a faulty cable between the node and the bridge, and returns the address of the near end.
func (s *scene) cables() string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	var all sync.WaitGroup
	s.t.Cleanup(func() {
		_ = ln.Close()
		all.Wait()
	})
	all.Go(func() {
		for n := 0; ; n++ {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			far, err := net.DialTimeout("tcp", s.g.BridgeAddr(), soon)
			if err != nil { // the gateway is stopping
				_ = near.Close()
				continue
			}
			c := &cable{s: s, name: fmt.Sprint(bridge, "/", n), ends: [2]net.Conn{near, far}}
			all.Go(func() { c.pass(0, 1) })
			all.Go(func() { c.pass(1, 0) })
		}
	})
	return ln.Addr().String()
}

// pass carries the lines of one end to the other, until either is gone.
func (c *cable) pass(from, to int) {
	defer c.cut()
	r := bufio.NewReader(c.ends[from])
	for {
		text, err := r.ReadString('\n')
		if err != nil {
			return
		}
		d := actors.Delivery{Path: fmt.Sprint(c.name, "/", to), Kind: bridge, Message: line(text)}
		c.s.faults.Send(d, func() { c.deliver(d, to, text) })
	}
}

func (c *cable) deliver(d actors.Delivery, to int, text string) {
	c.writes[to].Lock()
	defer c.writes[to].Unlock()
	written := false
	defer func() {
		switch r := recover(); r.(type) {
		case nil:
		case actortest.Injected:
			if !written {
				_, _ = c.ends[to].Write([]byte(text[:len(text)/2]))
			}
			c.cut()
		default:
			panic(r)
		}
	}()
	c.s.faults.Receive(d, func() {
		written = true
		_, _ = c.ends[to].Write([]byte(text)) // whoever reads sees that it is gone
	})
}

func (c *cable) cut() {
	for _, end := range c.ends {
		_ = end.Close()
	}
}

// bridged is what is expected of the faults of the node's connection.
func bridged(fault string) expect {
	switch fault {
	case "crash", "crash after":
		return expect{says: "the node comes back; a command in flight has an unknown outcome and is not sent again", unknown: true}
	case "delay":
		return expect{says: "answers come later, to whom they belong"}
	case "drop":
		return expect{
			says:    "a node whose hello is not answered comes back; a command that was lost, or its answer, has an unknown outcome and is not sent again",
			unknown: true,
		}
	case "duplicate":
		return expect{says: "a hello and a request of the node are answered twice; the second answer to a command changes nothing"}
	default:
		return expect{says: "each answer finds its command or request by its id"}
	}
}

// asksAgain has the node, when all is over, ask anew for what it wants to know: what was asked before may have been lost.
func (p *phone) asksAgain() {
	p.mu.Lock()
	c := p.conn
	p.answers, p.asked = map[string]int{}, 0
	p.mu.Unlock()
	if c != nil {
		p.greeted(c)
	}
}

// told says whether the node has this command already: as a node should, it does not carry out a line that came twice.
func (p *phone) told(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.commands[id]++
	return p.s.cell.faulty() && p.commands[id] > 1
}

// crashed says whether the cell ends connections of the node.
func (c cell) crashed() bool {
	return strings.HasPrefix(c.fault, "crash") && (c.kind == "node" || c.faulty())
}
