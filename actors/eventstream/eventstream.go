package eventstream

import (
	"log/slog"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// TickInterval is the period of tick events (protocol 6.4).
const TickInterval = wire.TickInterval

// Options for the actor.
type Options struct {
	State *State
	Log   *slog.Logger
}

// Props describes the actor. Its mailbox is wide: a publisher can only drop what does not fit.
func Props(o Options) actors.Props[Message] {
	return actors.Props[Message]{
		Kind:    "eventstream",
		New:     func() actors.Behavior[Message] { return &stream{state: o.State, log: o.Log} },
		Mailbox: actors.Mailbox{Count: 1 << 16, Bytes: 64 << 20},
		Restart: actors.Restart{Min: 5 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

type stream struct {
	state *State
	log   *slog.Logger
}

// Start goes on where the last incarnation stopped.
func (s *stream) Start(c *actors.Context[Message]) error {
	now := time.Now()
	if s.state.next.IsZero() {
		s.state.next = now.Add(TickInterval)
	}
	s.notice()
	c.After(max(0, s.state.next.Sub(now)), tick{})
	return nil
}

func (s *stream) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case Publish:
		s.onPublish(m)
	case PublishRun:
		s.onPublishRun(m)
	case tick:
		s.onTick(c)
	}
	s.notice()
	return nil
}

func (s *stream) onPublish(m Publish) {
	var sv *wire.StateVersion
	if m.Stamped {
		sv = &wire.StateVersion{Presence: s.state.Presence.Load(), Health: s.state.Health.Load()}
	}
	m.Send(s.broadcast(Event{Name: m.Name, Payload: m.Payload, Droppable: m.Droppable}, sv))
}

func (s *stream) onPublishRun(m PublishRun) {
	n := s.state.runs.last(m.RunID)
	if m.Stream != "" {
		n = s.state.runs.next(m.RunID)
		s.broadcast(Event{Name: wire.EventAgent, SessionKey: m.SessionKey, Payload: agentPayload(m, n)}, nil)
	} else if m.Chat != nil && m.Chat.State == wire.ChatAborted {
		n++ // the number the run would have used next (protocol 3.8)
	}
	if m.Chat != nil {
		s.broadcast(Event{
			Name: wire.EventChat, SessionKey: m.Chat.SessionKey, Payload: chatPayload(m.Chat, n), Droppable: m.Chat.State == wire.ChatDelta,
		}, nil)
	}
	m.Send(s.state.seq.Load())
}

func (s *stream) onTick(c *actors.Context[Message]) {
	now := time.Now()
	if now.Before(s.state.next) { // an extra tick (a duplicated message) is not a tick
		return
	}
	for !s.state.next.After(now) {
		s.state.next = s.state.next.Add(TickInterval)
	}
	c.After(s.state.next.Sub(now), tick{})
	payload, err := wire.Marshal(wire.TickEvent{TS: now.UnixMilli()})
	if err == nil {
		s.broadcast(Event{Name: wire.EventTick, Payload: payload, Droppable: true}, nil)
	}
}

// broadcast numbers the event and offers the same bytes to every sink.
func (s *stream) broadcast(e Event, sv *wire.StateVersion) int64 {
	n := s.state.seq.Add(1)
	e.Frame = wire.AppendEvent(make([]byte, 0, len(e.Payload)+len(e.Name)+96), e.Name, e.Payload, n, sv)
	s.state.sinks.each(func(id string, sink func(Event)) bool { return s.offer(id, sink, e) })
	return n
}

// offer shields the others from one sink's panic, and tells whether to keep that one.
func (s *stream) offer(id string, sink func(Event), e Event) (keep bool) {
	defer func() {
		if r := recover(); r != nil {
			s.log.Error("sink removed after a panic", "conn", id, "err", r)
		}
	}()
	sink(e)
	return true
}

// notice tells the clients that something not droppable never got a number.
func (s *stream) notice() {
	n := s.state.lost.Swap(0)
	if n == 0 {
		return
	}
	data, err := wire.Marshal(lostData{Reason: "events lost", Count: n})
	if err != nil {
		return
	}
	s.broadcast(Event{Name: wire.EventAgent, Payload: agentPayload(PublishRun{RunID: "gateway", Stream: "error", Data: data}, 0)}, nil)
}

type lostData struct {
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
}
