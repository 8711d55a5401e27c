package acp

import (
	"context"
	"errors"
	"sync"
	"time"
)

var errClosed = errors.New("closed")

// queue counts the updates that the library has and nobody has looked at.
type queue struct {
	mu     sync.Mutex
	less   *sync.Cond // there is one less, or it is closed
	n      int        // guarded by mu, like closed
	closed bool
}

func newQueue() *queue {
	q := &queue{}
	q.less = sync.NewCond(&q.mu)
	return q
}

// wait waits until there are at most so many. False = that is not to be waited for any more.
func (q *queue) wait(most int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.n > most && !q.closed {
		q.less.Wait()
	}
	return !q.closed
}

// add waits until there is room for one more. One goroutine adds.
func (q *queue) add() bool {
	if !q.wait(maxQueue - 1) {
		return false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.n++
	return true
}

func (q *queue) done() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.n--
	q.less.Broadcast()
}

// settle waits until there are none, also when it is closed, but not for longer than limit, nor for what is not wanted any more.
func (q *queue) settle(ctx context.Context, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.less.Broadcast()
	})()
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.n > 0 && ctx.Err() == nil {
		q.less.Wait()
	}
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.less.Broadcast()
}
