package node

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/actors/pairing"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// Options for the actor. Store and Stream are required.
type Options struct {
	Store  *store.Store
	Stream eventstream.Stream
	Bridge Bridge           // nil = no bridge is running
	Dir    string           // of settings: voicewake.json is there
	Now    func() time.Time // nil = time.Now
}

// connected lists the connected nodes.
func (o *Options) connected() []Live {
	if o.Bridge == nil {
		return nil
	}
	return o.Bridge.Connected()
}

// Props describes the actor. Its name is "nodes".
func Props(o Options) actors.Props[Message] {
	if o.Now == nil {
		o.Now = time.Now
	}
	words := &wakeWords{path: filepath.Join(o.Dir, "voicewake.json"), now: o.Now}
	return actors.Props[Message]{
		Kind:    "nodes",
		New:     func() actors.Behavior[Message] { return &nodes{o: &o, words: words} },
		Restart: actors.Restart{Min: 10 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

type nodes struct {
	o     *Options
	words *wakeWords
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
	case done:
	}
	return nil
}

func (n *nodes) list(ctx context.Context) (r wire.NodeListResult, err error) {
	err = n.o.Store.View(ctx, func(v *store.View) error {
		paired, err := pairing.Nodes(v)
		r.Nodes = rows(paired, n.o.connected())
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
			v := wire.Voicewake{Triggers: words}
			if n.o.Bridge != nil {
				n.o.Bridge.Tell(wire.EventVoicewakeChanged, v)
			}
			n.o.Stream.PublishThen(wire.Event{Name: wire.EventVoicewakeChanged, Payload: v, Droppable: true}, func() { m.Send(v) })
		})
		if err != nil {
			m.Fail(err)
		}
		return struct{}{}, nil
	}, func(struct{}, error) Message { return done{} })
}

// talksHere says whether a phone or tablet is connected, which is where talk mode happens.
func (o *Options) talksHere() bool {
	for _, l := range o.connected() {
		platform := strings.ToLower(strings.TrimSpace(l.Platform))
		for _, p := range []string{"ios", "ipados", "android"} {
			if strings.HasPrefix(platform, p) {
				return true
			}
		}
	}
	return false
}
