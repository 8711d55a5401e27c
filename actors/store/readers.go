package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// readConns is how many views can run at the same time.
const readConns = 4

// readers is the pool of read-only connections. Each is opened when it is first needed.
type readers struct {
	db    *sql.DB
	path  string
	slots chan *handle // one per connection; nil = not open yet

	close  sync.Once
	closed chan struct{}
}

var errClosed = unavailable(errors.New("the store is closed"))

func newReaders(db *sql.DB, path string) *readers {
	p := &readers{db: db, path: path, slots: make(chan *handle, readConns), closed: make(chan struct{})}
	for range readConns {
		p.slots <- nil
	}
	return p
}

// use lends a connection to f, within a transaction: all that f reads is of one moment.
func (p *readers) use(ctx context.Context, f func(*handle) error) error {
	var h *handle
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-p.closed:
		return errClosed
	case h = <-p.slots:
	}
	healthy := false
	defer func() {
		if !healthy && h != nil {
			h.discard()
			h = nil
		}
		p.slots <- h
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
			if h := <-p.slots; h != nil {
				h.discard()
			}
		}
	})
	return p.db.Close()
}
