package presence

import (
	"strings"
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/transport/wire"
)

// window is how long connects and disconnects are collected before one event tells of all of them.
const window = time.Second

// maxEarly is how many events a window may have before its end, each for a node that has gone and is back within it.
const maxEarly = 5

// encodedFor is how long an encoded list is served while nothing changes.
const encodedFor = 50 * time.Millisecond

// Options for the actor.
type Options struct {
	Stream eventstream.Stream
	Self   wire.PresenceEntry // the gateway's own entry; Ts is filled in
	// System queues what a system-event says for the main session's next turn (protocol 3.2) and calls done when that
	// is on disk. line is given the context of what was queued last; a blank text queues nothing. It must not block.
	System func(line func(lastContext string) (text, context string), done func(error))
}

// Props describes the actor. Its incarnations share the list: who is connected stays listed over a crash.
func Props(o Options) actors.Props[Message] {
	l := newList(o.Self)
	return actors.Props[Message]{
		Kind:    "presence",
		New:     func() actors.Behavior[Message] { return &presence{o: o, list: l, ended: map[string]bool{}} },
		Mailbox: actors.Mailbox{Count: 1 << 15, Bytes: 16 << 20},
		Restart: actors.Restart{Min: 5 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

type presence struct {
	o       Options
	list    *list
	encoded wire.Raw // the list as it was at; nil when an entry has changed since
	at      time.Time
	pending bool            // a publish is due at the end of the window
	early   int             // events that this window has had
	ended   map[string]bool // nodes that are gone, which no event has told of yet
}

func (p *presence) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case List:
		p.onList(m)
	case Connected:
		p.onConnected(c, m)
	case Disconnected:
		p.onDisconnected(c, m)
	case Beacon:
		p.onBeacon(c, m)
	case Report:
		p.onReport(m)
	case publish:
		p.pending, p.early = false, 0
		p.publish(nil)
	}
	return nil
}

// onList serves the list as it was encoded last, if that was a moment ago: the age of the gateway's own entry is then
// off by less than anyone can see.
func (p *presence) onList(m List) {
	now := time.Now()
	if p.encoded == nil || now.Sub(p.at) > encodedFor {
		raw, err := wire.Marshal(p.list.read(now))
		if err != nil {
			m.Fail(err)
			return
		}
		p.encoded, p.at = raw, now
	}
	m.Send(p.encoded)
}

func (p *presence) onConnected(c *actors.Context[Message], m Connected) {
	if m.Peer.Mode != "cli" {
		p.list.upsertPeer(m.Peer, "connect", time.Now())
		p.encoded = nil
		p.o.Stream.BumpPresence()
		p.soon(c)
	}
	m.Send(p.list.read(time.Now()))
}

func (p *presence) onDisconnected(c *actors.Context[Message], m Disconnected) {
	if m.Peer.Mode == "cli" {
		return
	}
	p.list.upsertPeer(m.Peer, "disconnect", time.Now())
	p.encoded = nil
	p.o.Stream.BumpPresence()
	p.soon(c)
}

// onBeacon lists a node. Its end is told of also when it is back at once: somebody may have taken its token away.
func (p *presence) onBeacon(c *actors.Context[Message], m Beacon) {
	k := key(m.Entry.InstanceID)
	gone := m.Entry.Reason == wire.PresenceNodeDisconnected
	if p.ended[k] && !gone && p.early < maxEarly {
		p.early++
		p.publish(nil)
	}
	p.list.beacon(m.Entry, time.Now())
	if gone {
		p.ended[k] = true
	}
	p.encoded = nil
	p.o.Stream.BumpPresence()
	p.soon(c)
}

// onReport merges the report, tells everybody and the agent, and answers after the event and the commit.
func (p *presence) onReport(m Report) {
	p.encoded = nil
	key, before, after := p.list.report(m.Text, m.Fields, time.Now())
	line := func(lastContext string) (text, context string) {
		if strings.HasPrefix(m.Text, "Node:") {
			return changeLine(before, after, lastContext != key), key
		}
		return m.Text, ""
	}
	p.o.Stream.BumpPresence()
	done := both(func(err error) {
		if err != nil {
			m.Fail(err)
			return
		}
		m.Send(struct{}{})
	})
	p.publish(func() { done(nil) })
	p.o.System(line, done)
}

// both calls then once the function it returns has been called twice, with an error if one of them had one.
func both(then func(error)) func(error) {
	var mu sync.Mutex
	var first error
	calls := 0
	return func(err error) {
		mu.Lock()
		calls++
		if err != nil {
			first = err
		}
		over := calls == 2
		mu.Unlock()
		if over {
			then(first)
		}
	}
}

// soon publishes at the end of the window: N connects cost one event a second, not N.
func (p *presence) soon(c *actors.Context[Message]) {
	if p.pending {
		return
	}
	p.pending = true
	c.After(window, publish{})
}

func (p *presence) publish(then func()) {
	clear(p.ended)
	sv := p.o.Stream.Versions()
	p.o.Stream.PublishThen(wire.Event{
		Name: "presence", Payload: wire.PresenceEvent{Presence: p.list.read(time.Now())}, Droppable: true, StateVersion: &sv,
	}, then)
}
