package outbox

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/account"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
)

// flights are the attempts in progress, at most one per lane. They outlive the actors: a lane that crashes finds its
// attempt here again, and the platform's answer is not lost.
type flights struct {
	mu    sync.Mutex
	lanes map[store.Lane]*berth
}

func newFlights() *flights { return &flights{lanes: map[store.Lane]*berth{}} }

// berth is where a lane finds its flight.
func (f *flights) berth(l store.Lane) *berth {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.lanes[l]
	if b == nil {
		b = &berth{}
		f.lanes[l] = b
	}
	return b
}

// tidy forgets the berth of a lane that has stopped, unless an attempt goes on.
func (f *flights) tidy(l store.Lane) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b := f.lanes[l]; b != nil && b.current() == nil {
		delete(f.lanes, l)
	}
}

type berth struct {
	mu     sync.Mutex // guards the following fields
	lane   actors.Ref[laneMessage]
	flight *flight
}

func (b *berth) current() *flight {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.flight
}

// take makes the lane the one that hears of the flight, and returns the flight if there is one.
func (b *berth) take(lane actors.Ref[laneMessage]) *flight {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lane = lane
	return b.flight
}

func (b *berth) put(f *flight) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flight = f
}

func (b *berth) tell(m laneMessage) {
	b.mu.Lock()
	lane := b.lane
	b.mu.Unlock()
	_ = lane.Tell(m) // a lane that is gone finds the flight when it comes back
}

// flight is one attempt to send one item, or to find out what became of one.
type flight struct {
	berth *berth
	store *store.Store
	item  store.OutItem
	out   providers.Outgoing
	began time.Time

	mu        sync.Mutex // guards the following fields
	begun     bool       // begin was called: the row may be in state sending
	abandoned bool       // begin comes too late
	asking    bool       // the question now is what became of it
	over      bool
	result    result
}

// result is how a flight ended.
type result struct {
	receipt providers.Receipt    // with nothing else set
	err     *providers.SendError // it failed
	repeat  bool                 // asked about: send it again
	unknown bool                 // asked about: no answer, ask again
}

// begin is called by the account right before the provider is asked: from here on the outcome is in doubt until there is
// an answer, and the table says so.
func (f *flight) begin(ctx context.Context) error {
	f.mu.Lock()
	if f.begun || f.abandoned {
		f.mu.Unlock()
		return account.ErrRepeat
	}
	f.begun = true
	f.mu.Unlock()
	return f.store.Do(ctx, func(tx *store.Tx) error { return tx.OutSending(f.item.ID) })
}

// landed takes the account's answer.
func (f *flight) landed(r providers.Receipt, err error) {
	if err == nil {
		f.end(result{receipt: r})
		return
	}
	f.end(result{err: f.classify(err)})
}

// classify: a lost answer says nothing about an attempt that had begun.
func (f *flight) classify(err error) *providers.SendError {
	if se, ok := errors.AsType[*providers.SendError](err); ok {
		return se
	}
	if !f.abandon() {
		return unsure(err)
	}
	return &providers.SendError{Class: providers.Transient, Err: errors.Join(account.ErrNotBegun, err)}
}

// abandon makes sure that an attempt which has not begun never will. False: it has.
func (f *flight) abandon() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.abandoned = true
	return !f.begun
}

// end sets the result, once, and tells the lane to look.
func (f *flight) end(r result) {
	f.mu.Lock()
	if f.over {
		f.mu.Unlock()
		return
	}
	f.over, f.result = true, r
	f.mu.Unlock()
	f.berth.tell(landed{f})
}

func (f *flight) ended() (result, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.result, f.over
}

// ask turns the flight into a question about its outcome.
func (f *flight) ask() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.begun, f.asking, f.over, f.result = true, true, false, result{}
}

func (f *flight) isAsking() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asking
}

// told takes the answer to that question.
func (f *flight) told(r account.Reconciled, err error) {
	switch {
	case err != nil:
		f.end(result{unknown: true})
	case r.Found:
		f.end(result{receipt: r.Receipt})
	case r.Repeat:
		f.end(result{repeat: true})
	default:
		f.end(result{err: unsure(errors.New("no answer came, and the platform cannot be asked"))})
	}
}

func unsure(err error) *providers.SendError {
	return &providers.SendError{Class: providers.Ambiguous, Err: err}
}

// touched says whether the row may be in state sending.
func (f *flight) touched() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.begun
}
