package traces

import (
	"context"
	"sync"
	"time"

	"github.com/clawdbot/gateway/transport/otlp"
)

const (
	maxSpans = 4096
	maxBytes = 8 << 20
	batch    = 512             // spans of one request
	delay    = 5 * time.Second // what a span waits for others to go with
)

// Status is how the sending stands.
type Status struct {
	Queued   int    // spans that wait
	Sent     uint64 // spans that a collector has taken
	Dropped  uint64 // spans that did not leave: too many waited, or the collector refused them for good
	Rejected uint64 // spans that a collector has not taken out of what it took
	LastSent time.Time
	Problem  string // why what waits is not taken, and what to do; "" = it is
}

// State is what waits to be sent, and what became of the rest. It outlives the actor's incarnations. Any goroutine.
type State struct {
	changed chan struct{} // holds one: there is something to look at
	flushes chan flush

	mu      sync.Mutex
	waiting []waiting // guarded by mu, as what follows; oldest first
	bytes   int
	next    uint64 // number of the next span
	flying  uint64 // number after the last span that is on its way; 0 = none is
	lost    uint64 // of those on their way, how many had to leave the line meanwhile: they count when it is known whether they arrived
	now     Status
}

// waiting is one span in the line.
type waiting struct {
	number uint64
	since  time.Time
	span   otlp.Encoded
	size   int
}

// flush is the wish that all be sent that waits.
type flush struct {
	ctx  context.Context
	done chan<- struct{}
}

// NewState returns an empty one.
func NewState() *State {
	return &State{changed: make(chan struct{}, 1), flushes: make(chan flush)}
}

// Add puts spans at the end of the line. What is too much goes from its front, and is counted.
func (s *State) Add(spans ...otlp.Span) {
	now := time.Now()
	s.mu.Lock()
	before := len(s.waiting)
	for _, span := range spans {
		e := otlp.Encode(span)
		w := waiting{s.next, now, e, e.Size()}
		s.next++
		s.waiting = append(s.waiting, w)
		s.bytes += w.size
	}
	for len(s.waiting) > maxSpans || s.bytes > maxBytes {
		if s.waiting[0].number < s.flying {
			s.lost++
		} else {
			s.now.Dropped++
		}
		s.cut(1)
	}
	wake := before == 0 || before < batch && len(s.waiting) >= batch
	s.mu.Unlock()
	if wake {
		select {
		case s.changed <- struct{}{}:
		default: // it will look anyhow
		}
	}
}

// cut takes the first n out of the line. The caller holds mu.
func (s *State) cut(n int) {
	for i := range n {
		s.bytes -= s.waiting[i].size
		s.waiting[i] = waiting{}
	}
	if s.waiting = s.waiting[n:]; len(s.waiting) == 0 {
		s.waiting = nil
	}
}

// Status is how it stands now.
func (s *State) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now
	now.Queued = len(s.waiting)
	return now
}

// due is when the next batch is to go; ok is false while nothing waits.
func (s *State) due() (at time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.waiting) == 0:
		return time.Time{}, false
	case len(s.waiting) >= batch:
		return s.waiting[0].since, true
	}
	return s.waiting[0].since.Add(delay), true
}

// take begins to send the batch at the front of the line, where it stays until land says what became of it.
func (s *State) take() (spans []otlp.Encoded) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flying, s.lost = 0, 0
	for _, w := range s.waiting[:min(batch, len(s.waiting))] {
		spans, s.flying = append(spans, w.span), w.number+1
	}
	return spans
}

// outcome is what became of a batch.
type outcome int

const (
	again  outcome = iota // it waits on
	taken                 // the collector has it
	failed                // it never will
)

// land says what became of the batch that take gave out, of n spans.
func (s *State) land(o outcome, n int, rejected int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := 0
	for o != again && gone < len(s.waiting) && s.waiting[gone].number < s.flying {
		gone++
	}
	s.cut(gone)
	if o == taken {
		not := min(uint64(rejected), uint64(n))
		s.now.Sent, s.now.Rejected, s.now.LastSent = s.now.Sent+uint64(n)-not, s.now.Rejected+not, time.Now()
	} else {
		s.now.Dropped += uint64(gone) + s.lost
	}
	s.flying, s.lost = 0, 0
}

// clear forgets what waits, and that there was a problem: nobody wants it any more.
func (s *State) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut(len(s.waiting))
	s.now.Problem = ""
}

// trouble notes why nothing is taken; "" = it is.
func (s *State) trouble(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Problem = text
}

// Flush has all sent that waits, with one try for each batch, and returns when that is done or ctx has ended.
func (s *State) Flush(ctx context.Context) error {
	done := make(chan struct{})
	select {
	case s.flushes <- flush{ctx, done}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
