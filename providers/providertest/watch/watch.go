// Package watch is a lock on a state that others wait for: the fake platforms are built on it.
package watch

import (
	"context"
	"sync"
)

// Lock guards a state. Whoever changes it calls Broadcast before Unlock. The zero value is ready.
type Lock struct {
	sync.Mutex
	changed chan struct{} // closed at the next change; nil while nobody waits
}

// Changed is closed at the next change. The lock is held.
func (l *Lock) Changed() <-chan struct{} {
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	return l.changed
}

// Broadcast wakes everybody who waits. The lock is held.
func (l *Lock) Broadcast() {
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// Wait returns when cond, called with the lock held, is true. The error is ctx's.
func (l *Lock) Wait(ctx context.Context, cond func() bool) error {
	for {
		l.Lock()
		if cond() {
			l.Unlock()
			return nil
		}
		changed := l.Changed()
		l.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
