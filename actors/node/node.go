package node

import (
	"cmp"
	"context"
	"crypto/subtle"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// How long a node may take to show that it is there, and one that is at work on a command.
const (
	answerLimit = 30 * time.Second
	busyLimit   = 5 * time.Minute
)

// beatEvery is how often the presence of a connected node is told again: entries expire.
const beatEvery = 3 * time.Minute

// nodeProps describe the actor of one node. A failure ends it: Stop closes the socket, and the node comes back.
func nodeProps(o *Options, id string, nodes actors.Ref[Message]) actors.Props[NodeMessage] {
	return actors.Props[NodeMessage]{
		Kind: "node",
		New: func() actors.Behavior[NodeMessage] {
			return &node{o: o, id: id, nodes: nodes, invokes: map[string]*sent{}, calls: map[*call]struct{}{}}
		},
		// Answers of nodes are never dropped while it lives; their memory is bounded by the edge.
		Mailbox: actors.Mailbox{Count: 4096, Bytes: 1 << 30},
	}
}

// node is one connected node.
type node struct {
	o       *Options
	id      string
	nodes   actors.Ref[Message]
	live    Live
	socket  Socket // nil until it is attached
	beating bool

	invokes map[string]*sent   // that wait for the node, by id
	had     ids                // of invokes, waiting or not
	calls   map[*call]struct{} // that the node waits for
	sweeps  bool               // a sweep of them is due
}

// sent is a command that the node is at work on.
type sent struct {
	run    Run
	cancel func() // of its timer
}

func (n *node) Receive(c *actors.Context[NodeMessage], m NodeMessage) error {
	switch m := m.(type) {
	case attach:
		n.onAttach(c, m)
	case Detach:
		if m.Socket == n.socket {
			c.StopSelf()
		}
	case Run:
		n.onRun(c, m)
	case Answered:
		n.onAnswered(m)
	case expired:
		n.end(m.id, Ran{}, errTimeout)
	case Call:
		n.onCall(c, m)
	case sweep:
		n.onSweep(c)
	case late:
		n.onLate(m)
	case Said:
		n.onSaid(c, m)
	case beat:
		if n.socket != nil && n.socket.Ended() { // the word of it was lost
			c.StopSelf()
			return nil
		}
		n.tell(wire.PresenceNodePeriodic)
		c.After(beatEvery, beat{})
		n.recheck(c)
	case recheck:
		n.recheck(c)
	case answer:
		n.onAnswer()
	case checked:
		if !m.valid {
			c.Log().Info("node connection closed: its token is not valid any more", "node", n.id)
			c.StopSelf()
		}
	}
	return nil
}

// Stop closes the connection, however the actor ended, and says so to everybody who waits.
func (n *node) Stop(*actors.Context[NodeMessage]) { n.part(true) }

// onAttach takes a connection over. An older one of the node ends first.
func (n *node) onAttach(c *actors.Context[NodeMessage], m attach) {
	if n.socket != nil && n.socket != m.Socket {
		changed := subtle.ConstantTimeCompare(n.live.TokenHash, m.Live.TokenHash) != 1
		n.part(changed) // with the same token, it has only taken another way
	}
	n.live, n.socket = m.Live, m.Socket
	if !n.o.Directory.put(m.Live, m.Socket, m.words) { // it has ended meanwhile
		m.Send(c.Self())
		c.StopSelf()
		return
	}
	n.tell(wire.PresenceNodeConnected)
	if !n.beating {
		n.beating = true
		c.After(beatEvery, beat{})
	}
	m.Send(c.Self())
	_ = n.nodes.Tell(started{n.id})
	n.recheck(c) // the token may have been changed since it was looked at
}

// part ends the connection that the node has, with what hangs on it (bridge-canvas 1.2, 1.9). told: everybody hears of it.
func (n *node) part(told bool) {
	if n.socket == nil {
		return
	}
	for id := range n.invokes {
		n.end(id, Ran{}, errClosed)
	}
	for k := range n.calls {
		k.drop()
	}
	clear(n.calls)
	n.o.Directory.remove(n.id, n.socket)
	n.socket.Close()
	n.socket = nil
	if told {
		n.tell(wire.PresenceNodeDisconnected)
	}
}

// recheck looks whether the token that the connection was opened with is still the node's.
func (n *node) recheck(c *actors.Context[NodeMessage]) {
	o, id, hash := n.o, n.id, n.live.TokenHash
	actors.Pipe(c, func(ctx context.Context) (valid bool, err error) {
		err = o.Store.View(ctx, func(v *store.View) error {
			row, err := v.Node(id)
			valid = row != nil && subtle.ConstantTimeCompare(row.TokenHash, hash) == 1
			return err
		})
		return valid, err
	}, func(valid bool, err error) NodeMessage {
		return checked{valid: valid || err != nil || subtle.ConstantTimeCompare(n.live.TokenHash, hash) != 1}
	})
}

// onAnswer: an app does not read while it is at work on a command.
func (n *node) onAnswer() {
	if n.socket == nil {
		return
	}
	limit := answerLimit
	if len(n.invokes) > 0 {
		limit = busyLimit
	}
	n.socket.Check(limit)
}

// tell lists the node's presence (bridge-canvas 1.9).
func (n *node) tell(reason string) {
	if n.o.Presence == nil {
		return
	}
	l, none := n.live, int64(0)
	e := wire.PresenceEntry{
		Host: cmp.Or(l.DisplayName, l.NodeID), Version: cmp.Or(l.Version, "unknown"), Platform: l.Platform, DeviceFamily: l.DeviceFamily,
		ModelIdentifier: l.ModelIdentifier, Mode: "remote", Reason: reason, LastInputSeconds: &none, InstanceID: l.NodeID,
	}
	if !l.Loopback {
		e.IP = l.RemoteIP
	}
	e.Text = "Node: " + e.Host
	if e.IP != "" {
		e.Text += " (" + e.IP + ")"
	}
	e.Text += " · app " + e.Version + " · last input 0s ago · mode remote · reason " + reason
	n.o.Presence(e)
}

func (n *node) onRun(c *actors.Context[NodeMessage], m Run) {
	if n.socket == nil || n.socket.Ended() {
		m.Fail(errNotSent)
		c.StopSelf()
		return
	}
	if !n.had.add(m.ID) { // a doubled message: the node is not told twice
		return
	}
	n.invokes[m.ID] = &sent{run: m, cancel: c.After(m.Timeout, expired{m.ID})}
	m.Send(struct{}{})
	if !n.socket.Invoke(m.ID, m.Command, m.ParamsJSON) {
		n.end(m.ID, Ran{}, errNotSent)
		c.StopSelf()
	}
}

// onAnswered ends an invoke. An answer that nobody waits for, or that comes from another connection, is dropped.
func (n *node) onAnswered(m Answered) {
	if m.Socket == n.socket {
		n.end(m.ID, m.Ran, nil)
	}
}

func (n *node) end(id string, r Ran, err error) {
	i := n.invokes[id]
	if i == nil {
		return
	}
	delete(n.invokes, id)
	i.cancel()
	i.run.Done(r, err)
}

// ids are the last few that were added.
type ids struct {
	young, old map[string]struct{}
}

const maxIDs = 1024

// add is false when the id is there already.
func (s *ids) add(id string) bool {
	if _, ok := s.young[id]; ok {
		return false
	}
	if _, ok := s.old[id]; ok {
		return false
	}
	if s.young == nil || len(s.young) >= maxIDs {
		s.old, s.young = s.young, map[string]struct{}{}
	}
	s.young[id] = struct{}{}
	return true
}
