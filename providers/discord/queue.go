package discord

import (
	"context"
	"sync"
	"time"
)

// event is one dispatch of the gateway on its way to the taker.
type event struct {
	seq  int64
	size int // bytes on the wire
	what any // nil = of no interest; its place in the sequence is
}

// maxQueued bounds what waits in bytes.
const maxQueued = 64 << 20

// queue is between the reader, which must never wait, and the taker, which waits for the store.
type queue struct {
	limit int
	wake  chan struct{}

	mu     sync.Mutex // guards the following fields
	events []event
	bytes  int
}

func newQueue(limit int) *queue { return &queue{limit: limit, wake: make(chan struct{}, 1)} }

// push is false when the queue is full. One event always fits.
func (q *queue) push(e event) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.events) > 0 && (len(q.events) >= q.limit || q.bytes+e.size > maxQueued) {
		return false
	}
	q.events = append(q.events, e)
	q.bytes += e.size
	signal(q.wake)
	return true
}

// pop waits for the next event, but no longer than d.
func (q *queue) pop(ctx context.Context, d time.Duration) (e event, ok bool) {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		if e, ok = q.first(); ok {
			return e, true
		}
		select {
		case <-q.wake:
		case <-t.C:
			return event{}, false
		case <-ctx.Done():
			return event{}, false
		}
	}
}

func (q *queue) first() (event, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.events) == 0 {
		return event{}, false
	}
	e := q.events[0]
	q.events[0] = event{} // let it go
	q.events = q.events[1:]
	q.bytes -= e.size
	return e, true
}
