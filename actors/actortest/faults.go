package actortest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors"
)

// holdAtMost is how long Reorder waits for a message to overtake the held one.
const holdAtMost = 100 * time.Millisecond

// Injected is the panic of Crash and CrashAfter. It is the failure's cause for errors.As.
type Injected struct{ Where string }

func (i Injected) Error() string { return "injected crash: " + i.Where }

// Faults injects what its rules say. The zero value is not usable.
type Faults struct {
	mu    sync.Mutex // guards the following, and the rules
	rng   *rand.Rand
	rules []*Rule
	off   bool
	fired []string
}

var _ actors.Interceptor = (*Faults)(nil)

// NewFaults returns Faults without rules. The seed decides for rules with a Chance.
func NewFaults(seed uint64) *Faults {
	return &Faults{rng: rand.New(rand.NewPCG(seed, seed))}
}

// On adds a rule for the messages that all of the matches mean. It hits every one of them until
// narrowed, and does nothing until it has an action. If several rules hit a message, the first
// one acts.
func (f *Faults) On(which ...Match) *Rule {
	r := &Rule{f: f, which: which, held: map[string]*heldMessage{}}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = append(f.rules, r)
	return r
}

// Enable turns all rules on or off; they are on at first. Off, nothing is counted, and what
// Reorder holds is delivered.
func (f *Faults) Enable(on bool) {
	f.mu.Lock()
	f.off = !on
	var held []func()
	if f.off {
		for _, r := range f.rules {
			for _, h := range r.held {
				held = append(held, h.deliver)
			}
			clear(r.held)
		}
	}
	f.mu.Unlock()
	for _, deliver := range held {
		deliver()
	}
}

// Fired lists what was injected, in order: action, path, message type, and the how-manieth of the
// rule's messages it was.
func (f *Faults) Fired() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.fired)
}

// Send is part of actors.Interceptor.
func (f *Faults) Send(d actors.Delivery, deliver func()) {
	f.mu.Lock()
	overtaken := f.overtaken(d)
	r := f.pick(d, sending, overtaken)
	f.mu.Unlock()
	f.send(r, d, deliver)
	if overtaken != nil {
		overtaken.deliver()
	}
}

// overtaken takes out the message that d overtakes, if one is held for that. f.mu is held.
func (f *Faults) overtaken(d actors.Delivery) *heldMessage {
	for _, r := range f.rules {
		if h := r.held[d.Path]; h != nil && r.means(d) {
			delete(r.held, d.Path)
			return h
		}
	}
	return nil
}

func (f *Faults) send(r *Rule, d actors.Delivery, deliver func()) {
	if r == nil {
		deliver()
		return
	}
	switch r.act {
	case drop:
		d.Discard()
	case duplicate:
		deliver()
		deliver()
	case delay:
		time.AfterFunc(r.delay, deliver)
	case reorder:
		f.hold(r, d.Path, deliver)
	}
}

// heldMessage waits for another to overtake it.
type heldMessage struct {
	rule    *Rule
	deliver func()
}

// hold keeps the message until another overtakes it, or for holdAtMost.
func (f *Faults) hold(r *Rule, path string, deliver func()) {
	h := &heldMessage{r, deliver}
	f.mu.Lock()
	r.held[path] = h
	f.mu.Unlock()
	time.AfterFunc(holdAtMost, func() {
		f.mu.Lock()
		mine := r.held[path] == h
		if mine {
			delete(r.held, path)
		}
		f.mu.Unlock()
		if mine {
			deliver()
		}
	})
}

// Receive is part of actors.Interceptor.
func (f *Faults) Receive(d actors.Delivery, handle func()) {
	f.mu.Lock()
	r := f.pick(d, receiving, nil)
	f.mu.Unlock()
	if r == nil {
		handle()
		return
	}
	if r.act == crashAfter {
		handle()
	}
	panic(Injected{fmt.Sprintf("%s %T", d.Path, d.Message)})
}

// pick counts d for all rules of that side and returns the one that acts. The rule that held the
// overtaken message does not: holding d too would undo the overtaking. f.mu is held.
func (f *Faults) pick(d actors.Delivery, s side, overtaken *heldMessage) *Rule {
	if f.off {
		return nil
	}
	var hit *Rule
	for _, r := range f.rules {
		if r.act.side() != s || !r.means(d) {
			continue
		}
		r.seen++
		if hit == nil && (overtaken == nil || overtaken.rule != r) && r.hits() {
			hit = r
			r.acted++
			f.fired = append(f.fired, fmt.Sprintf("%s %s %T #%d", r.act, d.Path, d.Message, r.seen))
		}
	}
	return hit
}
