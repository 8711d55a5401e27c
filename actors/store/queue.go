package store

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// maxQueued bounds the operations that wait for the writer.
const maxQueued = 16384

// rewakeAfter is when an operation that nobody has taken calls for the writer again: a wake-up can be lost, an
// operation must not be.
const rewakeAfter = time.Second

// request is one Op with its caller. It is answered exactly once, or withdrawn before it ran.
type request struct {
	op    Op
	done  func(error)
	taken atomic.Bool // by the engine, or by the caller who withdraws it
	err   error       // what op returned; the engine's
}

// take claims the right to run (or to withdraw) the request.
func (r *request) take() bool { return r.taken.CompareAndSwap(false, true) }

// queue holds what waits for the writer. It lives outside of the writer actor, so that nothing in it is lost or
// answered twice when an incarnation ends.
type queue struct {
	wake func() // calls for the writer; must not block

	mu      sync.Mutex // guards the following fields
	waiting []*request
	busy    bool // somebody has promised to call next again
	closed  error
	late    *time.Timer // calls wake again, should the first call be lost
}

var errFull = unavailable(errors.New("too many operations are waiting"))

// push adds r at the end, or says why not.
func (q *queue) push(r *request) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed != nil {
		return q.closed
	}
	if len(q.waiting) >= maxQueued {
		return errFull
	}
	q.waiting = append(q.waiting, r)
	if !q.busy {
		q.callLocked()
	}
	return nil
}

// callLocked wakes the writer without the lock held by whoever answers: wake only posts a message.
func (q *queue) callLocked() {
	q.wake()
	if q.late == nil {
		q.late = time.AfterFunc(rewakeAfter, q.rewake)
		return
	}
	q.late.Reset(rewakeAfter)
}

func (q *queue) rewake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.busy && len(q.waiting) > 0 {
		q.callLocked()
	}
}

// next takes up to limit requests that nobody has withdrawn. With none left it returns nil, and from then on a push
// wakes the writer again.
func (q *queue) next(limit int) (batch []*request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := 0
	for ; i < len(q.waiting) && len(batch) < limit; i++ {
		if r := q.waiting[i]; r.take() {
			batch = append(batch, r)
		}
	}
	q.dropLocked(i)
	q.busy = len(batch) > 0
	if q.late != nil && q.busy {
		q.late.Stop()
	}
	return batch
}

func (q *queue) dropLocked(n int) {
	q.waiting = append(q.waiting[:0], q.waiting[n:]...)
	clear(q.waiting[len(q.waiting) : len(q.waiting)+n])
}

// putBack returns requests that next gave and that were not run, to the front.
func (q *queue) putBack(rs []*request) {
	if len(rs) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range rs {
		r.taken.Store(false)
	}
	q.waiting = append(append(make([]*request, 0, len(rs)+len(q.waiting)), rs...), q.waiting...)
}

// idle takes back the promise of next: the goroutine that gave it is gone.
func (q *queue) idle() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy = false
	if len(q.waiting) > 0 && q.closed == nil {
		q.callLocked()
	}
}

// close makes push refuse with err. What waits stays, to be taken with next.
func (q *queue) close(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed == nil {
		q.closed = err
	}
	if q.late != nil {
		q.late.Stop()
	}
}

func (q *queue) depth() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}
