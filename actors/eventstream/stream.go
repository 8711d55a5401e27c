package eventstream

import (
	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Stream is how other actors publish: it encodes on the publisher's goroutine and never blocks.
type Stream struct {
	ref   actors.Ref[Message]
	state *State
}

// NewStream wraps the actor's address and the state it shares with its supervisor.
func NewStream(ref actors.Ref[Message], state *State) Stream { return Stream{ref, state} }

// Publish broadcasts an event.
func (s Stream) Publish(ev wire.Event) { s.PublishThen(ev, nil) }

// PublishThen broadcasts an event and calls then once it has been offered to every client, or lost. For the
// methods whose event comes before their response (protocol 2). then must not block.
func (s Stream) PublishThen(ev wire.Event, then func()) {
	payload, err := wire.Marshal(ev.Payload)
	if err != nil {
		s.drop(ev.Droppable, then)
		return
	}
	m := Publish{Name: ev.Name, Payload: payload, Droppable: ev.Droppable, Stamped: ev.StateVersion != nil}
	m.Reply = s.reply(ev.Droppable, then)
	if s.ref.Tell(m) != nil {
		s.drop(ev.Droppable, then)
	}
}

// Run broadcasts an agent event (stream and data) and what chat event follows from it; see PublishRun.
func (s Stream) Run(ev PublishRun, data any, then func()) {
	if ev.Stream != "" {
		raw, err := wire.Marshal(data)
		if err != nil {
			s.drop(false, then)
			return
		}
		ev.Data = raw
	}
	ev.Reply = s.reply(false, then)
	if s.ref.Tell(ev) != nil {
		s.drop(false, then)
	}
}

// Join adds a sink: from now on it gets every event. It may wait while one event is handed out.
func (s Stream) Join(id string, sink Sink) {
	s.state.sinks.add(id, func(e Event) { sink.Offer(e.Frame, e.Droppable) })
}

// Listen adds a listener, as Join adds a sink; the two share their ids.
func (s Stream) Listen(id string, l Listener) { s.state.sinks.add(id, l.Hear) }

// Leave removes a sink or listener. Unknown ids are ignored.
func (s Stream) Leave(id string) { s.state.sinks.remove(id) }

// Versions is the current stateVersion.
func (s Stream) Versions() wire.StateVersion {
	return wire.StateVersion{Presence: s.state.Presence.Load(), Health: s.state.Health.Load()}
}

// BumpPresence counts the presence version up; the presence actor alone calls it.
func (s Stream) BumpPresence() int64 { return s.state.Presence.Add(1) }

// BumpHealth counts the health version up; the health actor alone calls it.
func (s Stream) BumpHealth() int64 { return s.state.Health.Add(1) }

// reply notices an event that the actor lost in a crash before it had a number.
func (s Stream) reply(droppable bool, then func()) actors.Reply[int64] {
	if droppable && then == nil {
		return actors.Reply[int64]{}
	}
	return actors.ReplyTo(func(_ int64, err error) {
		if err != nil && !droppable {
			s.state.lost.Add(1)
		}
		if then != nil {
			then()
		}
	})
}

func (s Stream) drop(droppable bool, then func()) {
	if !droppable {
		s.state.lost.Add(1)
	}
	if then != nil {
		then()
	}
}
