package models

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	// openAfter is how many requests in a row must fail for a provider, or one of its models, to count as down.
	openAfter = 5
	// firstPause is how long it is then left alone; twice as long each time that it is still down, up to maxPause.
	firstPause = 15 * time.Second
	maxPause   = 5 * time.Minute
	// mostFailing bounds of how many models of a provider it is known that they fail.
	mostFailing = 1000
)

// States of a circuit on the wire.
const (
	circuitOpen    = "open"      // nobody is asked
	circuitProbing = "half-open" // the next request is a try, or one is on its way
)

// circuit keeps requests from what is down, so that turns go to their fallbacks at once. After a pause one request is let
// through: it closes the circuit, or opens it for longer. Its breaker has the lock.
type circuit struct {
	name     string // of a provider, or provider/model
	failures int    // in a row
	last     error  // the latest of them
	since    time.Time
	until    time.Time // zero = it is closed
	pause    time.Duration
	trying   bool // a request was let through
}

func (c *circuit) open() bool { return !c.until.IsZero() }

// enter lets a request through, or says why not.
func (c *circuit) enter(now time.Time) error {
	if !c.open() {
		return nil
	}
	if now.Before(c.until) || c.trying {
		return c.down(now)
	}
	c.trying = true
	return nil
}

// down is the error of requests that are kept back.
func (c *circuit) down(now time.Time) error {
	wait := max(time.Second, c.until.Sub(now))
	text := fmt.Sprintf("%s is down: %d requests in a row have failed, the last one: %v. ", c.name, c.failures, c.last)
	if c.until.After(now) {
		text += fmt.Sprintf("The next try is at %s, in %s", c.until.Format("15:04:05 MST"), wait.Round(time.Second))
	} else {
		text += "A try is on its way"
	}
	return &model.Error{Kind: model.Down, RetryAfter: wait, Message: text}
}

func (c *circuit) answered() { *c = circuit{name: c.name} }

// failed begins a pause after the last failure that is borne, or a longer one when it is over and nothing has become better.
func (c *circuit) failed(now time.Time, err error) {
	c.failures++
	c.last = err
	if c.failures < openAfter || now.Before(c.until) { // the latter: of requests that were on their way
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

// status is how the circuit stands.
func (c *circuit) status(now time.Time) wire.ModelCircuit {
	s := wire.ModelCircuit{State: circuitOpen, Failures: int64(c.failures), Since: c.since.UnixMilli(), RetryAt: c.until.UnixMilli(), Error: c.last.Error()}
	if !now.Before(c.until) {
		s.State = circuitProbing
	}
	return s
}

// fault is whose a failure is.
type fault int

const (
	noFault       fault = iota // the request's, or the account's: what was asked is there, and answers
	modelFault                 // the model's: others of the provider may well answer
	providerFault              // the provider's: no model of it will answer
)

// faultOf takes it for the model's where that is not clear: others are then asked, and show how the provider is.
func faultOf(err error) fault {
	e, ok := errors.AsType[*model.Error](err)
	if !ok {
		return noFault
	}
	switch e.Kind {
	case model.Unreachable:
		return providerFault
	case model.BadKey:
		if e.Status != http.StatusForbidden { // that may be about this model
			return providerFault
		}
	case model.Overloaded:
		// With 503 and 529 vendors speak of a model that has too much to do. An event of a stream has no status.
		if e.Status >= 500 && e.Status != http.StatusServiceUnavailable && e.Status != 529 {
			return providerFault
		}
		return modelFault
	case model.RateLimited, model.UnknownModel, model.Disconnected, model.Malformed:
		return modelFault
	}
	return noFault
}

// breaker is the circuits of a provider: its own, and one for each model that fails. It may be used from any goroutine.
type breaker struct {
	changed func(name string, open bool, err error) // called without the lock
	now     func() time.Time

	mu     sync.Mutex
	whole  circuit             // guarded by mu
	models map[string]*circuit // guarded by mu; by id, those whose last request has failed
}

func newBreaker(provider string, now func() time.Time, changed func(name string, open bool, err error)) *breaker {
	return &breaker{changed: changed, now: now, whole: circuit{name: provider}, models: map[string]*circuit{}}
}

// enter lets a request to a model through, or says why not. force: a person asks. leave must follow if it does.
func (b *breaker) enter(id string, force bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if force {
		return nil
	}
	now := b.now()
	m := b.models[id]
	if m == nil {
		return b.whole.enter(now)
	}
	was := b.whole.trying
	if err := b.whole.enter(now); err != nil {
		return err
	}
	err := m.enter(now)
	if err != nil {
		b.whole.trying = was
	}
	return err
}

// leave notes how a request ended. One that was given up by whoever made it says nothing, nor does one that crashed.
func (b *breaker) leave(ctx context.Context, id string, err error) {
	b.mu.Lock()
	m := b.models[id]
	if m == nil {
		m = &circuit{name: b.whole.name + "/" + id}
	}
	wholeWas, modelWas := b.whole.open(), m.open()
	b.whole.trying, m.trying = false, false
	if silent := err != nil && ctx.Err() != nil || errors.Is(err, errCrashed); !silent {
		b.note(id, m, err)
	}
	wholeIs, modelIs, provider := b.whole.open(), m.open(), b.whole.name
	b.mu.Unlock()
	if wholeIs != wholeWas {
		b.changed(provider, wholeIs, err)
	}
	if modelIs != modelWas {
		b.changed(m.name, modelIs, err)
	}
}

// note counts the end of a request to a model, whose circuit is m. The caller holds mu.
func (b *breaker) note(id string, m *circuit, err error) {
	switch faultOf(err) {
	case providerFault:
		b.whole.failed(b.now(), err)
		return
	case modelFault:
		m.failed(b.now(), err)
		if len(b.models) >= mostFailing {
			clear(b.models)
		}
		b.models[id] = m
	default:
		m.answered()
		delete(b.models, id)
	}
	b.whole.answered()
}

// status adds the circuits that are open, by the name of the provider or provider/model.
func (b *breaker) status(all map[string]wire.ModelCircuit) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if b.whole.open() {
		all[b.whole.name] = b.whole.status(now)
	}
	for _, m := range b.models {
		if m.open() {
			all[m.name] = m.status(now)
		}
	}
}

// guarded is an API behind a breaker.
type guarded struct {
	model.API
	breaker *breaker
	asked   func(context.Context, Asked) // nil = nobody is told
	force   bool
}

func (g guarded) Stream(ctx context.Context, r model.Request, emit func(model.Event)) (reply model.Reply, err error) {
	if err := g.breaker.enter(r.Model, g.force); err != nil {
		return model.Reply{}, err
	}
	err = errCrashed // should Stream not return
	began := time.Now()
	defer func() {
		g.breaker.leave(ctx, r.Model, err)
		if g.asked != nil {
			g.asked(ctx, Asked{g.breaker.whole.name, r.Model, began, time.Now(), reply.Stop, reply.Usage, err})
		}
	}()
	reply, err = g.API.Stream(ctx, r, emit)
	return reply, err
}

var errCrashed = errors.New("the request crashed")

// forced asks whether or not the model counts as down: a person wants to know.
func forced(t Target) Target {
	if g, ok := t.API.(guarded); ok {
		g.force = true
		t.API = g
	}
	return t
}
