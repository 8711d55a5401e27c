package bridge

import (
	"fmt"

	"github.com/clawdbot/gateway/transport/wire"
)

// maxNodeID bounds the name of a node, in bytes.
const maxNodeID = 200

// maxWaits is how many decisions one connection may wait for.
const maxWaits = 4

// named refuses a hello or pair-request without a usable name. It is true when the frame may be looked at.
func (c *Conn) named(a About, size int) bool {
	switch {
	case size > c.srv.limits.StrangerLine:
		c.refuse(wire.CodeInvalidRequest, fmt.Sprintf("line is longer than %d bytes", c.srv.limits.StrangerLine))
	case a.NodeID == "":
		c.refuse(wire.CodeInvalidRequest, "nodeId required")
	case len(a.NodeID) > maxNodeID:
		c.refuse(wire.CodeInvalidRequest, fmt.Sprintf("nodeId is longer than %d bytes", maxNodeID))
	default:
		return true
	}
	return false
}

// onHello has the core judge a hello. Reading waits for it, so that what was sent right behind it is not refused.
func (c *Conn) onHello(h Hello) {
	c.authMu.Lock()
	defer c.authMu.Unlock()
	node, refused := c.srv.core.Hello(c.ctx, c, h)
	c.become(node, refused)
}

// become makes the connection a node's. The caller holds c.authMu.
func (c *Conn) become(node Node, refused *ErrorFrame) {
	if refused != nil {
		c.Send(*refused)
		return
	}
	c.mu.Lock()
	old := c.node
	c.node = node
	c.mu.Unlock()
	if old != nil && old != node {
		old.Closed()
	}
	c.lines.SetLimit(c.srv.limits.Line)
	c.release()
	c.patience()
}

// onPairRequest waits for the decision beside the reading. A repeat of one that is waited for changes nothing.
func (c *Conn) onPairRequest(p PairRequest) {
	c.mu.Lock()
	_, waits := c.pairing[p.NodeID]
	full := len(c.pairing) >= maxWaits
	if !waits && !full {
		c.pairing[p.NodeID] = struct{}{}
	}
	c.mu.Unlock()
	switch {
	case waits:
	case full:
		c.refuse(wire.CodeInvalidRequest, "too many pair requests on one connection")
	default:
		c.waits.Go(func() {
			defer c.recovered()
			c.pair(p)
		})
	}
}

func (c *Conn) pair(p PairRequest) {
	token, refused := c.srv.core.Pair(c.ctx, c, p)
	c.mu.Lock()
	delete(c.pairing, p.NodeID)
	c.mu.Unlock()
	if refused != nil {
		c.Send(*refused)
		return
	}
	c.authMu.Lock()
	defer c.authMu.Unlock()
	node, refused := c.srv.core.Admit(c.ctx, c, p, token)
	c.become(node, refused)
}
