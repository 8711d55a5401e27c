package models

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	// openAfter is how many requests in a row must fail for a provider to count as down.
	openAfter = 5
	// firstPause is how long it is then left alone; twice as long each time that it is still down, up to maxPause.
	firstPause = 15 * time.Second
	maxPause   = 5 * time.Minute
)

// States of a circuit on the wire.
const (
	circuitOpen    = "open"      // nobody is asked
	circuitProbing = "half-open" // the next request is a try, or one is on its way
)

// circuit keeps requests from a provider that is down, so that turns go to their fallbacks at once. After a pause one request
// is let through: it closes the circuit, or opens it for longer. It may be used from any goroutine.
type circuit struct {
	provider string
	changed  func(open bool, err error) // called without the lock
	now      func() time.Time

	mu       sync.Mutex
	failures int       // guarded by mu; in a row
	last     error     // guarded by mu; the latest of them
	since    time.Time // guarded by mu; of the first opening
	until    time.Time // guarded by mu; zero = it is closed
	pause    time.Duration
	trying   bool // guarded by mu; a request was let through
}

// enter lets a request through, or says why not. force: a person asks. leave must follow if it does.
func (c *circuit) enter(force bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.until.IsZero() || force {
		return nil
	}
	now := c.now()
	if now.Before(c.until) || c.trying {
		return c.down(now)
	}
	c.trying = true
	return nil
}

// down is the error of requests that are kept back.
func (c *circuit) down(now time.Time) error {
	wait := max(time.Second, c.until.Sub(now))
	text := fmt.Sprintf("%s is down: %d requests in a row have failed, the last one: %v. ", c.provider, c.failures, c.last)
	if c.until.After(now) {
		text += fmt.Sprintf("The next try is at %s, in %s", c.until.Format("15:04:05 MST"), wait.Round(time.Second))
	} else {
		text += "A try is on its way"
	}
	return &model.Error{Kind: model.Down, RetryAfter: wait, Message: text}
}

// leave notes how a request ended. One that was given up by whoever made it says nothing, nor does one that
// crashed.
func (c *circuit) leave(ctx context.Context, err error) {
	failed := down(err)
	c.mu.Lock()
	wasOpen := !c.until.IsZero()
	c.trying = false
	switch {
	case err != nil && ctx.Err() != nil, errors.Is(err, errCrashed):
		c.mu.Unlock()
		return
	case !failed:
		c.failures, c.last, c.until, c.since, c.pause = 0, nil, time.Time{}, time.Time{}, 0
	default:
		c.failures++
		c.last = err
		if c.failures >= openAfter {
			c.open(err)
		}
	}
	isOpen := !c.until.IsZero()
	c.mu.Unlock()
	if isOpen != wasOpen {
		c.changed(isOpen, err)
	}
}

// open begins a pause, or a longer one when it is over and nothing has become better. The caller holds mu.
func (c *circuit) open(err error) {
	now := c.now()
	if now.Before(c.until) { // of requests that were on their way
		return
	}
	if c.since.IsZero() {
		c.since = now
	}
	c.pause = min(max(2*c.pause, firstPause), maxPause)
	wait := c.pause
	if e, ok := errors.AsType[*model.Error](err); ok { // the vendor knows better
		wait = min(max(wait, e.RetryAfter), maxPause)
	}
	c.until = now.Add(wait)
}

// down tells whether an error is the provider's fault, and not that of the request, the key or the account.
func down(err error) bool {
	switch model.KindOf(err) {
	case model.Overloaded, model.Unreachable, model.Disconnected, model.Malformed:
		return true
	}
	return false
}

// status is how the circuit stands; nil = closed.
func (c *circuit) status() *wire.ModelCircuit {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.until.IsZero() {
		return nil
	}
	s := &wire.ModelCircuit{State: circuitOpen, Failures: int64(c.failures), Since: c.since.UnixMilli(), RetryAt: c.until.UnixMilli(), Error: c.last.Error()}
	if !c.now().Before(c.until) {
		s.State = circuitProbing
	}
	return s
}

// guarded is an API behind a circuit.
type guarded struct {
	model.API
	circuit *circuit
	force   bool
}

func (g guarded) Stream(ctx context.Context, r model.Request, emit func(model.Event)) (reply model.Reply, err error) {
	if err := g.circuit.enter(g.force); err != nil {
		return model.Reply{}, err
	}
	err = errCrashed // should Stream not return
	defer func() { g.circuit.leave(ctx, err) }()
	reply, err = g.API.Stream(ctx, r, emit)
	return reply, err
}

var errCrashed = errors.New("the request crashed")

// forced asks whether or not the provider counts as down: a person wants to know.
func forced(t Target) Target {
	if g, ok := t.API.(guarded); ok {
		g.force = true
		t.API = g
	}
	return t
}
