package faulttest

import (
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/actors/approvals"
)

// errDisk is what the store's disk says in the cells of the store's batch.
var errDisk = errors.New("injected: the disk says no")

// diskFault is armed by inject, for the kind "store batch".
type diskFault struct{ left atomic.Int64 }

func (d *diskFault) fault(stage string) error {
	if stage == "commit" && d.left.Add(-1) == 0 {
		return errDisk
	}
	return nil
}

func (c cell) storeFault() func(string) error {
	if c.disk == nil {
		return nil
	}
	return c.disk.fault
}

// inject sets the rules of the cell. Which messages are hit, the generator decides.
func (c cell) inject(s *scene, rng *rand.Rand) {
	if c.disk != nil {
		c.disk.left.Store(3 + rng.Int64N(10))
		return
	}
	for _, on := range c.targets(s) {
		rule := s.faults.On(on)
		switch c.fault {
		case "crash":
			rule.Every(c.spread(rng)).Times(c.times()).Crash()
			if c.kind != "conn" && c.kind != "conns" && c.kind != "node" && !c.faulty() {
				s.faults.On(actortest.Kind(c.kind), actortest.Message[actors.Starting]()).Nth(1 + rng.IntN(2)).Crash()
			}
		case "crash after":
			rule.Every(c.spread(rng)).Times(c.times()).CrashAfter()
		case "delay":
			rule.Every(1 + rng.IntN(2)).Delay(time.Duration(50+rng.IntN(250)) * time.Millisecond)
		case "drop":
			rule.Every(c.apart(rng)).Times(c.drops()).Drop()
		case "duplicate":
			rule.Duplicate()
		case "reorder":
			rule.Every(1 + rng.IntN(2)).Reorder()
		}
	}
}

// targets: of the connections, those of the involved clients; of what is asked of approvals, not the looks at the list, which are many.
func (c cell) targets(s *scene) []actortest.Match {
	switch c.kind {
	case "approvals":
		return []actortest.Match{actortest.Message[approvals.Ask](), actortest.Message[approvals.Resolve]()}
	case "conn":
	default:
		return []actortest.Match{actortest.Kind(c.kind)}
	}
	return []actortest.Match{
		actortest.Path("**/" + s.busy.Hello().Server.ConnID),
		actortest.Path("**/" + s.teller.connID),
	}
}

// times is how often an actor of the kind crashes in a cell. A store writer has two failures a minute; an account waits
// longer after each.
func (c cell) times() int {
	switch c.kind {
	case "conn", "conns", "store", "account", "accounts":
		return 1
	case "approvals": // who asks waits 5 s each time; and there are two rules
		return 2
	}
	return 3
}

// drops is how many messages are lost. A chat waits longer after each send that did not begin.
func (c cell) drops() int {
	switch c.kind {
	case "account", "accounts":
		return 3
	case "approvals":
		return c.times()
	}
	return 6
}

// apart: each how-manieth message is lost. A connection has few lines, and all of them are to have their turn.
func (c cell) apart(rng *rand.Rand) int {
	if c.faulty() {
		return c.spread(rng)
	}
	return 1 + rng.IntN(2)
}

// spread: each how-manieth message is hit. Some kinds get few in a cell, some get very many.
func (c cell) spread(rng *rand.Rand) int {
	switch c.kind {
	case bridge:
		return 3 + rng.IntN(3)
	case "eventstream", "sessions":
		return 3 + rng.IntN(12)
	case "conn", "store": // a wake-up of the store stands for all that is queued: on a slow machine there are few
		return 1 + rng.IntN(5)
	}
	return 1 + rng.IntN(2)
}
