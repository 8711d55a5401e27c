package actortest

import (
	"time"

	"github.com/clawdbot/gateway/actors"
)

type action string

const (
	crash      action = "crash"
	crashAfter action = "crash after"
	delay      action = "delay"
	drop       action = "drop"
	duplicate  action = "duplicate"
	reorder    action = "reorder"
)

type side int

const (
	nowhere side = iota
	sending
	receiving
)

func (a action) side() side {
	switch a {
	case "":
		return nowhere
	case crash, crashAfter:
		return receiving
	}
	return sending
}

// Rule is one rule of Faults: narrow it with Nth, Every, Chance and Times, then end with one action.
type Rule struct {
	f     *Faults // its mu guards the following
	which []Match
	nth   int
	every int
	p     float64
	times int
	act   action
	delay time.Duration
	seen  int
	acted int
	held  map[string]*heldMessage // by path, what Reorder keeps
}

// Nth hits the n-th of the messages only; the first is 1.
func (r *Rule) Nth(n int) *Rule { return r.set(func() { r.nth = n }) }

// Every hits each n-th of the messages.
func (r *Rule) Every(n int) *Rule { return r.set(func() { r.every = n }) }

// Chance hits a message with probability p, decided by the seed.
func (r *Rule) Chance(p float64) *Rule { return r.set(func() { r.p = p }) }

// Times hits at most n messages.
func (r *Rule) Times(n int) *Rule { return r.set(func() { r.times = n }) }

// Crash fails the actor in place of handling the message.
func (r *Rule) Crash() { r.set(func() { r.act = crash }) }

// CrashAfter fails the actor after it handled the message.
func (r *Rule) CrashAfter() { r.set(func() { r.act = crashAfter }) }

// Delay delivers the message d later.
func (r *Rule) Delay(d time.Duration) { r.set(func() { r.act, r.delay = delay, d }) }

// Drop loses the message. Its Reply, if any, fails with actors.ErrFull.
func (r *Rule) Drop() { r.set(func() { r.act = drop }) }

// Duplicate delivers the message twice.
func (r *Rule) Duplicate() { r.set(func() { r.act = duplicate }) }

// Reorder lets the next of the messages to the same actor overtake this one. If none comes within
// 100 ms it is delivered anyway.
func (r *Rule) Reorder() { r.set(func() { r.act = reorder }) }

func (r *Rule) set(change func()) *Rule {
	r.f.mu.Lock()
	defer r.f.mu.Unlock()
	change()
	return r
}

func (r *Rule) means(d actors.Delivery) bool {
	typed := false
	for _, m := range r.which {
		if !m.f(d) {
			return false
		}
		typed = typed || m.typed
	}
	_, start := d.Message.(actors.Starting)
	return typed || !start
}

// hits decides about the message that was just counted.
func (r *Rule) hits() bool {
	switch {
	case r.times > 0 && r.acted >= r.times:
		return false
	case r.nth > 0 && r.seen != r.nth:
		return false
	case r.every > 0 && r.seen%r.every != 0:
		return false
	case r.p > 0 && r.f.rng.Float64() >= r.p:
		return false
	}
	return true
}
