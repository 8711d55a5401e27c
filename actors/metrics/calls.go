package metrics

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// Other is the label of everything that has no row of its own.
const Other = "other"

// codes are the error codes that have a counter of their own, and Other.
var codes = [...]string{wire.CodeInvalidRequest, wire.CodeUnavailable, wire.CodeNotLinked, wire.CodeAgentTimeout, Other}

// bounds of the histogram of answers. Most calls take well under a millisecond; those that wait for a run take minutes.
var bounds = [...]time.Duration{
	time.Millisecond, 5 * time.Millisecond, 25 * time.Millisecond, 100 * time.Millisecond,
	500 * time.Millisecond, 2500 * time.Millisecond, 10 * time.Second, time.Minute,
}

// Calls counts the calls of the methods that there are. A nil *Calls counts nothing.
type Calls struct {
	names []string // sorted
	rows  map[string]*Method
}

// NewCalls makes the counters of these methods, and one for all other names.
func NewCalls(methods []string) *Calls {
	c := &Calls{names: slices.Compact(slices.Sorted(slices.Values(append([]string{Other}, methods...)))), rows: map[string]*Method{}}
	for _, name := range c.names {
		c.rows[name] = &Method{}
	}
	return c
}

// Of is the counter of a method. Look it up once, and keep it.
func (c *Calls) Of(method string) *Method {
	if c == nil {
		return nil
	}
	if m := c.rows[method]; m != nil {
		return m
	}
	return c.rows[Other]
}

// Method counts the calls of one method. A nil *Method counts nothing. Safe for concurrent use.
type Method struct {
	errors  [len(codes)]atomic.Uint64
	answers [len(bounds) + 1]atomic.Uint64 // by how long they took; the last is of all that took longer
	nanos   atomic.Int64
}

// Done counts a call that got its last answer, took after it had come. err is what it was answered with, nil = a payload.
func (m *Method) Done(took time.Duration, err *wire.Error) {
	if m == nil {
		return
	}
	if err != nil {
		m.Failed(err)
	}
	i := 0
	for i < len(bounds) && took > bounds[i] {
		i++
	}
	m.answers[i].Add(1)
	m.nanos.Add(int64(took))
}

// Failed counts an error alone, as of a call that was refused before anybody had it.
func (m *Method) Failed(err *wire.Error) {
	if m == nil {
		return
	}
	i := 0
	for i < len(codes)-1 && codes[i] != err.Code {
		i++
	}
	m.errors[i].Add(1)
}

// Write adds the families of the calls.
func (c *Calls) Write(t *Text) {
	if c == nil {
		return
	}
	t.Family("clawdbot_call_errors_total", Counter, "Calls of WebSocket clients that were answered with an error, also those refused for their params. Methods without errors are left out.")
	for _, name := range c.names {
		for i, code := range codes {
			if n := c.rows[name].errors[i].Load(); n > 0 {
				t.Sample(float64(n), "method", name, "code", code)
			}
		}
	}
	t.Family("clawdbot_call_duration_seconds", histogram, "How long calls of WebSocket clients took until their last answer. Methods that nobody has called are left out.")
	for _, name := range c.names {
		m := c.rows[name]
		var counts [len(bounds) + 1]uint64
		called := false
		for i := range counts {
			counts[i] = m.answers[i].Load()
			called = called || counts[i] > 0
		}
		if called {
			t.histogram(bounds[:], counts[:], time.Duration(m.nanos.Load()), "method", name)
		}
	}
}
