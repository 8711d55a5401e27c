package actors

import (
	"errors"
	"strconv"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// Behavior is what an actor does with a message. An error, or a panic, is a failure of the actor:
// its Restart says what comes next. Receive does no I/O and does not block.
type Behavior[M any] interface {
	Receive(c *Context[M], m M) error
}

// Starter is a Behavior that prepares each incarnation before its first message. An error is a
// failure like one of Receive.
type Starter[M any] interface {
	Start(c *Context[M]) error
}

// Stopper is a Behavior that cleans up when an incarnation ends, by failure or by stop. Ctx is
// already cancelled; the children are not yet stopped. Stop must not block. Its panics are
// logged and otherwise ignored. It runs also if Start failed.
type Stopper[M any] interface {
	Stop(c *Context[M])
}

// Props says how to make an actor.
type Props[M any] struct {
	Kind     string             // what sort of actor, for logs, metrics and the inspector: "conn"
	New      func() Behavior[M] // makes one incarnation; no I/O, no goroutines
	Mailbox  Mailbox            // zero: 1024 messages, 8 MiB, Refuse
	Restart  Restart            // zero: the first failure stops the actor
	OnGiveUp func(reason error) // called once, at once, if a failure or StopActor ends the actor; must not block
}

// Overflow says what happens to a message for a full mailbox.
type Overflow int

const (
	Refuse     Overflow = iota // Tell returns ErrFull
	StopActor                  // Tell returns ErrFull, and the actor is stopped with ErrFull as the reason
	DropNewest                 // Tell returns nil, the message's Reply fails with ErrFull, and Info.Dropped counts it
)

// Mailbox bounds the queue of an actor. A message counts with its Size() bytes, or 64 if it has
// no such method. A single message larger than Bytes is accepted into an empty queue.
type Mailbox struct {
	Count    int   // messages; 0 means 1024
	Bytes    int64 // 0 means 8 MiB
	Overflow Overflow
}

const (
	defaultCount   = 1024
	defaultBytes   = 8 << 20
	defaultMsgSize = 64
)

// Restart says how a failed actor is restarted: after Min, then 2*Min, 4*Min and so on up to Max
// (0 means Min), of which a random half is taken off. More than Limit failures inside Window
// (0 means ever) stop the actor for good.
type Restart struct {
	Min, Max time.Duration
	Window   time.Duration
	Limit    int
}

// Parent is where an actor is spawned: a *System, or the *Context of the actor that becomes its
// parent, within that actor's own Start or Receive.
type Parent interface {
	parent() (*System, *cell, spawner)
}

type spawner interface {
	SpawnNamed(*actor.Props, string) (*actor.PID, error)
}

// Spawn makes an actor under p. Its path is the path of p, "/" and name. The error is an *Error that
// wraps ErrNameTaken, or ErrStopped if p is stopping.
func Spawn[M any](p Parent, name string, props Props[M]) (Ref[M], error) {
	sys, up, sp := p.parent()
	c := newCell(sys, up, name, props.Kind, props.Mailbox, props.Restart, props.OnGiveUp)
	var produce actor.Producer
	if props.New != nil && name != "" {
		produce = func() actor.Actor {
			ctx := &Context[M]{life{cell: c}}
			return &runner{life: &ctx.life, create: func() handlers { return handlersOf(props.New(), ctx) }}
		}
	}
	if err := spawn(sp, c, produce); err != nil {
		return Ref[M]{}, err
	}
	return Ref[M]{address: address{c}}, nil
}

// spawn is Spawn without its type, so that it is in the program once.
func spawn(sp spawner, c *cell, produce actor.Producer) error {
	if produce == nil {
		return &Error{c.path, errors.New("spawn without a name or Props.New")}
	}
	if sp == nil {
		return &Error{c.path, ErrStopped}
	}
	if err := c.sys.register(c); err != nil {
		return &Error{c.path, err}
	}
	// protoactor frees its names before the parent knows that the child is gone, so its ids are
	// never used twice.
	id := strconv.FormatUint(c.seq, 36)
	pp := actor.PropsFromProducer(produce,
		actor.WithMailbox(func() actor.Mailbox { return &c.box }),
		actor.WithSupervisor(c.sys.strategy))
	if _, err := sp.SpawnNamed(pp, id); err != nil {
		c.finish()
		return &Error{c.path, err}
	}
	return nil
}
