package node

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/actors/pairing"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// Options for the actors. Store, Stream and Directory are required; without Presence, Method, Request and Subscribed no
// node may be attached.
type Options struct {
	Store     *store.Store
	Stream    eventstream.Stream
	Directory *Directory
	Dir       string           // of settings: voicewake.json is there
	Now       func() time.Time // nil = time.Now
	// Running says whether the bridge is listening; nil = it is not.
	Running func() bool
	// Presence lists a node as connected or not. It must not block.
	Presence func(e wire.PresenceEntry)
	// Method is a row of the method table.
	Method func(name string) (wire.Method, bool)
	// Request accepts the run that a node asks for with agent.request. It must not block; c gets its outcome.
	Request func(c *wire.Call, r Request)
	// Subscribed is told that a node follows a session: it wants to hear soon that the gateway is well. It must not block.
	Subscribed func()
	// MainKey is the session that is meant when a node names none.
	MainKey func() string
	// AnswerLimit is how long an owner may take to answer a node's call that it has not accepted; 0 = 30 s.
	AnswerLimit time.Duration
}

// Request is what a node asks for with agent.request.
type Request struct {
	Message, SessionKey, Thinking string
	Deliver                       bool   // to Channel, one of the messaging surfaces
	Channel, To                   string // To is "" for whom that was last
	TimeoutSeconds                *int64 // nil = the default
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.AnswerLimit == 0 {
		o.AnswerLimit = 30 * time.Second
	}
	return o
}

func (o Options) words() *wakeWords {
	return &wakeWords{path: filepath.Join(o.Dir, "voicewake.json"), now: o.Now}
}

// Props describes the supervisor. Its name is "nodes".
func Props(o Options) actors.Props[Message] {
	o = o.withDefaults()
	words := o.words()
	return actors.Props[Message]{
		Kind: "nodes",
		New: func() actors.Behavior[Message] {
			return &nodes{o: &o, words: words, nodes: map[string]actors.Ref[NodeMessage]{}, joins: map[string]*join{}, looking: map[string]bool{}}
		},
		Mailbox: actors.Mailbox{Count: 1 << 15, Bytes: 512 << 20}, // results of commands can be long
		Restart: actors.Restart{Min: 10 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

type nodes struct {
	o       *Options
	words   *wakeWords
	nodes   map[string]actors.Ref[NodeMessage] // of connected nodes, and of those that are just going
	waiting map[string][]Attach                // connections of nodes whose former actor is not gone yet
	joins   map[string]*join                   // invokes under way, by idempotency key
	joinSeq uint64
	looking map[string]bool // nodes whose mailbox is being looked into; true = once more after that
}

// Start joins the event stream for the directory.
func (n *nodes) Start(*actors.Context[Message]) error {
	n.o.Stream.Listen("nodes", n.o.Directory)
	return nil
}

func (n *nodes) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case List:
		actors.Answer(c, m.Reply, n.list, Message(done{}))
	case Describe:
		actors.Answer(c, m.Reply, func(ctx context.Context) (wire.NodeDescribeResult, error) { return n.describe(ctx, m.NodeID) }, Message(done{}))
	case Rename:
		actors.Answer(c, m.Reply, func(ctx context.Context) (wire.NodeRenameResult, error) { return n.rename(ctx, m) }, Message(done{}))
	case Talk:
		n.onTalk(m)
	case Triggers:
		actors.Answer(c, m.Reply, func(context.Context) (wire.Voicewake, error) {
			words, err := n.words.get()
			return wire.Voicewake{Triggers: words}, err
		}, Message(done{}))
	case SetTriggers:
		n.onSetTriggers(c, m)
	case Attach:
		n.onAttach(c, m)
	case started:
		n.onStarted(c, m)
	case gone:
		n.onGone(c, m)
	case TokenChanged:
		if ref, ok := n.nodes[m.NodeID]; ok {
			_ = ref.Tell(recheck{})
		}
	case Check:
		for _, ref := range n.nodes {
			_ = ref.Tell(answer{}) // one that is gone has no connection
		}
	default:
		n.onInvokes(c, m)
	}
	return nil
}

// onInvokes handles what has to do with invokes.
func (n *nodes) onInvokes(c *actors.Context[Message], m Message) {
	switch m := m.(type) {
	case Invoke:
		n.onInvoke(c, m)
	case claimed:
		n.onClaimed(c, m)
	case ran:
		n.onRan(c, m)
	case settled:
		n.onSettled(m)
	case taken:
		n.onTaken(c, m)
	case overdue:
		n.onOverdue(c, m)
	}
}

func (n *nodes) list(ctx context.Context) (r wire.NodeListResult, err error) {
	err = n.o.Store.View(ctx, func(v *store.View) error {
		paired, err := pairing.Nodes(v)
		r.Nodes = rows(paired, n.o.Directory.Connected())
		return err
	})
	r.TS = n.o.Now().UnixMilli()
	return r, err
}

func (n *nodes) describe(ctx context.Context, id string) (wire.NodeDescribeResult, error) {
	all, err := n.list(ctx)
	if err != nil {
		return wire.NodeDescribeResult{}, err
	}
	for _, r := range all.Nodes {
		if r.NodeID == id {
			return wire.NodeDescribeResult{TS: all.TS, NodeRow: r}, nil
		}
	}
	return wire.NodeDescribeResult{}, wire.InvalidRequest("unknown nodeId")
}

func (n *nodes) rename(ctx context.Context, m Rename) (wire.NodeRenameResult, error) {
	r := wire.NodeRenameResult{NodeID: m.NodeID, DisplayName: m.Name}
	return r, n.o.Store.Do(ctx, func(tx *store.Tx) error {
		known, err := pairing.RenameNode(tx, m.NodeID, m.Name)
		if err == nil && !known {
			err = wire.InvalidRequest("unknown nodeId")
		}
		return err
	})
}

func (n *nodes) onTalk(m Talk) {
	t := wire.TalkMode{Enabled: m.Params.Enabled, Phase: m.Params.Phase, TS: n.o.Now().UnixMilli()}
	n.o.Stream.PublishThen(wire.Event{Name: wire.EventTalkMode, Payload: t, Droppable: true}, func() { m.Send(t) })
}

func (n *nodes) onSetTriggers(c *actors.Context[Message], m SetTriggers) {
	actors.Pipe(c, func(context.Context) (struct{}, error) {
		err := n.words.set(m.Triggers, func(words []string) {
			n.o.Directory.tellWords(words)
			v := wire.Voicewake{Triggers: words}
			n.o.Stream.PublishThen(wire.Event{Name: wire.EventVoicewakeChanged, Payload: v, Droppable: true}, func() { m.Send(v) })
		})
		if err != nil {
			m.Fail(err)
		}
		return struct{}{}, nil
	}, func(struct{}, error) Message { return done{} })
}

// Connect makes a connection that of a node whose token has been checked, and returns the node's actor, which gets what
// the node says. hello-ok is queued by then. It may be called again for the same connection: what the node says of itself
// is then replaced. It blocks until ctx ends; it is for the goroutine that reads the connection.
func Connect(ctx context.Context, ref actors.Ref[Message], o Options, l Live, s Socket) (actors.Ref[NodeMessage], error) {
	o = o.withDefaults()
	state := wakeState{n: o.Directory.last()}
	var err error
	if state.words, err = o.words().get(); err != nil {
		state.words = defaultTriggers
	}
	for {
		node, err := actors.Ask(ctx, ref, func(r actors.Reply[actors.Ref[NodeMessage]]) Message {
			return Attach{Reply: r, Live: l, Socket: s, words: state}
		})
		if err == nil || ctx.Err() != nil || !errors.Is(err, actors.ErrStopped) {
			return node, err
		}
		// The actor of the connection before this one was just going, or the supervisor was.
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

func (n *nodes) onAttach(c *actors.Context[Message], m Attach) {
	id := m.Live.NodeID
	if ref, ok := n.nodes[id]; ok {
		if ref.Tell(attach{m}) != nil { // it is going; the next one is for m
			n.wait(id, m)
		}
		return
	}
	n.spawn(c, id, m)
}

func (n *nodes) wait(id string, m Attach) {
	if n.waiting == nil {
		n.waiting = map[string][]Attach{}
	}
	n.waiting[id] = append(n.waiting[id], m)
}

func (n *nodes) spawn(c *actors.Context[Message], id string, m Attach) {
	ref, err := actors.Spawn(c, "node/"+id, nodeProps(n.o, id, c.Self()))
	if err != nil {
		m.Fail(err)
		return
	}
	n.nodes[id] = ref
	actors.Watch(c, ref, func(error) Message { return gone{id, ref} })
	if err := ref.Tell(attach{m}); err != nil {
		m.Fail(err)
	}
}

func (n *nodes) onGone(c *actors.Context[Message], m gone) {
	if n.nodes[m.id] != m.ref {
		return
	}
	delete(n.nodes, m.id)
	waiting := n.waiting[m.id]
	delete(n.waiting, m.id)
	for _, a := range waiting {
		n.onAttach(c, a)
	}
}
