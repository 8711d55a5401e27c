package board

import (
	"slices"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/canvas/a2ui"
	"github.com/clawdbot/gateway/transport/wire"
)

// What is kept for pages that come later. Messages that have no effect any more are not.
const (
	maxKept  = 2000
	maxBytes = 2 << 20
)

// State outlives the actor: it is made once, by the root, and only the actor touches it.
type State struct {
	epoch, seq, shown int64
	path              string
	visible           bool
	surfaces          a2ui.Surfaces
	kept              []kept
	bytes             int
}

type kept struct {
	seq int64
	a2ui.Message
}

// NewState is a canvas on which nothing was drawn. began tells it apart from those before.
func NewState(began time.Time) *State { return &State{epoch: began.UnixMilli()} }

// Props describes the actor. Its name is "board".
func Props(o Options) actors.Props[Message] {
	if o.Now == nil {
		o.Now = time.Now
	}
	return actors.Props[Message]{
		Kind:    "board",
		New:     func() actors.Behavior[Message] { return &board{o: &o, s: o.State} },
		Mailbox: actors.Mailbox{Count: 256, Bytes: 8 << 20},
		Restart: actors.Restart{Min: 10 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

type board struct {
	o *Options
	s *State
}

func (b *board) Receive(_ *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case Show:
		b.show(m.Path, m.Visible, m.Ask)
		m.Send(struct{}{})
	case Push:
		b.onPush(m)
	case Reset:
		b.s.epoch, b.s.surfaces, b.s.kept, b.s.bytes = b.s.epoch+1, a2ui.Surfaces{}, nil, 0
		b.changed()
		m.Send(struct{}{})
	case Get:
		m.Send(b.get(m))
	}
	return nil
}

// show changes what is seen. What was not to be seen and is now comes forward in any case.
func (b *board) show(path string, visible, ask bool) {
	if path != "" {
		b.s.path = path
	}
	if visible && (ask || !b.s.visible) {
		b.s.shown++
	}
	b.s.visible = visible
	b.changed()
}

func (b *board) onPush(m Push) {
	left, bytes := b.without(m.Messages)
	if len(left)+len(m.Messages) > maxKept || bytes > maxBytes {
		m.Fail(wire.InvalidRequest("the canvas holds too much: take surfaces away with deleteSurface, or all of them with canvas.a2ui.reset"))
		return
	}
	if err := b.s.surfaces.Apply(m.Messages); err != nil {
		m.Fail(wire.InvalidRequest("%v", err))
		return
	}
	for _, one := range m.Messages {
		b.s.seq++
		left = append(left, kept{b.s.seq, one})
	}
	b.s.kept, b.s.bytes = left, bytes
	b.show(b.o.A2UIPath+"/", true, false)
	m.Send(b.s.surfaces.Names())
}

// without is what is kept, less what the messages of a push make needless, and the bytes of it together with theirs.
func (b *board) without(messages []a2ui.Message) (left []kept, bytes int) {
	left = slices.DeleteFunc(slices.Clone(b.s.kept), func(k kept) bool {
		return slices.ContainsFunc(messages, func(m a2ui.Message) bool { return a2ui.Outdated(k.Message, m) })
	})
	for _, k := range left {
		bytes += len(k.Raw)
	}
	for _, m := range messages {
		bytes += len(m.Raw)
	}
	return left, bytes
}

func (b *board) get(m Get) wire.CanvasState {
	s := wire.CanvasState{Epoch: b.s.epoch, Seq: b.s.seq, Visible: b.s.visible, Shown: b.s.shown, Path: b.path(), Messages: []wire.CanvasMessage{}}
	for _, k := range b.s.kept {
		if m.Epoch != b.s.epoch || k.seq > m.After {
			s.Messages = append(s.Messages, wire.CanvasMessage{Seq: k.seq, Message: k.Raw})
		}
	}
	return s
}

func (b *board) path() string {
	if b.s.path == "" {
		return b.o.CanvasPath + "/"
	}
	return b.s.path
}

func (b *board) changed() {
	b.o.Stream.Publish(wire.Event{Name: wire.EventCanvas, Droppable: true, Payload: wire.CanvasEvent{
		Epoch: b.s.epoch, Seq: b.s.seq, Visible: b.s.visible, Shown: b.s.shown, Path: b.path(),
	}})
}
