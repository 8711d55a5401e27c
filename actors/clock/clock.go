package clock

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/clawdbot/gateway/actors"
)

const (
	tickEvery = 5 * time.Second
	// slack is what may be odd: a busy machine ticks late, and a clock is slewed.
	slack = 5 * time.Second
	// pause is how late a tick may be before the process was not just busy.
	pause = 30 * time.Second
)

// Reading is what the clocks show at one moment.
type Reading struct {
	Wall time.Time     // of its time of day alone is made use of
	Mono time.Duration // since some moment; it does not go on while the machine sleeps
}

// Jump says how time went wrong since the last tick.
type Jump struct {
	By     time.Duration // the wall clock went ahead of the monotonic one by so much; negative: it was set back
	Paused time.Duration // the process did nothing for so long, by the monotonic clock; 0 = it did
}

// Back says that the wall clock was set back.
func (j Jump) Back() bool { return j.By < 0 }

func (j Jump) String() string {
	switch {
	case j.By < 0:
		return fmt.Sprintf("the clock was set back by %v", -j.By.Round(time.Second))
	case j.By > 0:
		return fmt.Sprintf("the machine has slept, or its clock was set ahead, by %v", j.By.Round(time.Second))
	}
	return fmt.Sprintf("the process stood still for %v", j.Paused.Round(time.Second))
}

// Options say what the actor does. Jumped is required.
type Options struct {
	// Jumped is told of each jump. It must not block.
	Jumped func(Jump)
	// Alive, every AliveEvery, tells somebody that the gateway is well, if it is; nil = nobody wants to know. It may take a
	// while, but holds up the actor.
	Alive      func()
	AliveEvery time.Duration
	Read       func() Reading // nil = the machine's clocks
	Every      time.Duration  // between two ticks; 0 = 5 s
}

// Message is everything the actor accepts.
type Message interface{ clockMessage() }

type (
	tick  struct{}
	alive struct{}
)

func (tick) clockMessage()  {}
func (alive) clockMessage() {}

// Props describes the actor. Its name is "clock".
func Props(o Options) actors.Props[Message] {
	if o.Every == 0 {
		o.Every = tickEvery
	}
	if o.Read == nil {
		began := time.Now()
		o.Read = func() Reading {
			now := time.Now()
			return Reading{Wall: now, Mono: now.Sub(began)} // both have a monotonic reading
		}
	}
	return actors.Props[Message]{
		Kind:    "clock",
		New:     func() actors.Behavior[Message] { return &clock{o: o} },
		Restart: actors.Restart{Min: 10 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

type clock struct {
	o    Options
	last Reading
}

func (k *clock) Start(c *actors.Context[Message]) error {
	k.last = k.o.Read()
	c.After(k.o.Every, tick{})
	if k.o.Alive != nil {
		c.After(0, alive{})
	}
	return nil
}

func (k *clock) Receive(c *actors.Context[Message], m Message) error {
	switch m.(type) {
	case tick:
		c.After(k.o.Every, tick{})
		now := k.o.Read()
		j, jumped := compare(k.last, now, k.o.Every)
		k.last = now
		if jumped {
			c.Log().Warn("time has jumped: connections and schedules are looked at", slog.String("what", j.String()))
			k.o.Jumped(j)
		}
	case alive:
		c.After(k.o.AliveEvery, alive{})
		k.o.Alive()
	}
	return nil
}

// compare says how time went wrong between two readings that should be every apart.
func compare(a, b Reading, every time.Duration) (j Jump, jumped bool) {
	wall, mono := b.Wall.Round(0).Sub(a.Wall.Round(0)), b.Mono-a.Mono // Round takes the monotonic reading away
	if by := wall - mono; by > slack || by < -slack {
		j.By, jumped = by, true
	}
	if mono > every+pause {
		j.Paused, jumped = mono, true
	}
	return j, jumped
}
