package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// readConns is how many views can run at the same time.
const readConns = 4

// readers is the pool of read-only connections. One is opened when all that are open are in use: an idle gateway has one.
type readers struct {
	db    *sql.DB
	path  string
	slots chan struct{} // one per view that may run

	mu   sync.Mutex
	idle []*handle // guarded by mu: open and not in use, the last used one last

	close  sync.Once
	closed chan struct{}
}

var errClosed = unavailable(errors.New("the store is closed"))

func newReaders(db *sql.DB, path string) *readers {
	p := &readers{db: db, path: path, slots: make(chan struct{}, readConns), closed: make(chan struct{})}
	for range readConns {
		p.slots <- struct{}{}
	}
	return p
}

// take returns a connection that is open, nil if there is none.
func (p *readers) take() (h *handle) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		h, p.idle = p.idle[n-1], p.idle[:n-1]
	}
	return h
}

func (p *readers) put(h *handle) {
	p.mu.Lock()
	p.idle = append(p.idle, h)
	p.mu.Unlock()
}

// use lends a connection to f, within a transaction: all that f reads is of one moment.
func (p *readers) use(ctx context.Context, f func(*handle) error) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-p.closed:
		return errClosed
	case <-p.slots:
	}
	h, healthy := p.take(), false
	defer func() {
		switch {
		case healthy:
			p.put(h)
		case h != nil:
			h.discard()
		}
		p.slots <- struct{}{}
	}()
	if h == nil {
		var err error
		if h, err = newHandle(p.db, p.path); err != nil {
			return unavailable(err)
		}
	}
	if _, err := h.exec("BEGIN"); err != nil {
		return err
	}
	err := f(h)
	_, endErr := h.exec("COMMIT")
	healthy = endErr == nil
	return firstError(err, endErr)
}

// shut waits for the views that run and closes the connections.
func (p *readers) shut() error {
	p.close.Do(func() {
		close(p.closed)
		for range readConns {
			<-p.slots
		}
		for h := p.take(); h != nil; h = p.take() {
			h.discard()
		}
	})
	return p.db.Close()
}
