package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// One batch is at most so many operations, and ends after the operation that made it so many bytes.
const (
	maxBatchOps   = 256
	maxBatchBytes = 1 << 20
)

// So many failed batches within this time are more than bad luck: Options.OnFatal hears of them.
const (
	fatalFailures = 3
	fatalWindow   = time.Minute
	failurePause  = 250 * time.Millisecond // before the next try: what ails the disk may pass
)

// engine runs what is queued, batch by batch, on the one write connection. It knows nothing of actors.
type engine struct {
	q       *queue
	db      *sql.DB // the write pool, of one connection
	path    string
	blobs   *blobs
	log     *slog.Logger
	now     func() time.Time
	fault   func(stage string) error
	onFatal func(error)
	onGrown func() // enough rows were added that a sweep is due; must not block
	stats   *meter
	trouble atomic.Pointer[trouble] // nil = what is written can be

	turn     sync.Mutex // held by the goroutine that runs batches: it guards the following fields
	h        *handle    // nil = to be opened by the next batch
	unlooked int        // batches, the large ones counted more than once, since the last look at the length of the log
	tight    time.Time  // when the disk was full last; zero = never
	grown    int
	failures []time.Time // of failed batches, within fatalWindow
	broken   bool        // the last batch failed
}

// run commits what is queued until ctx ends; the batch in hand is always finished. It is the body of one edge goroutine.
// A run that begins before the last one has ended waits for it.
func (e *engine) run(ctx context.Context, kick <-chan struct{}) {
	e.turn.Lock()
	defer e.turn.Unlock()
	defer e.q.idle()
	idle := time.NewTimer(idleCheckpoint)
	defer idle.Stop()
	for ctx.Err() == nil {
		if e.runBatch() {
			e.pause(ctx)
			e.limitWAL()
			idle.Reset(idleCheckpoint)
			continue
		}
		select {
		case <-ctx.Done():
		case <-kick:
		case <-idle.C:
			e.shortenWAL(idleWALFrames)
			if e.trouble.Load() != nil {
				e.probe()
				idle.Reset(probeEvery)
			}
		}
	}
}

func (e *engine) pause(ctx context.Context) {
	if !e.broken {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(failurePause):
	}
}

// drain refuses what comes with err, commits what is queued, and closes the connection. For good.
func (e *engine) drain(err error) {
	e.q.close(err)
	e.turn.Lock()
	defer e.turn.Unlock()
	for e.runBatch() {
	}
	e.discard()
}

// runBatch commits one batch and answers its callers. It reports false when nothing was queued.
func (e *engine) runBatch() bool {
	batch := e.q.next(maxBatchOps)
	if len(batch) == 0 {
		return false
	}
	// An operation may end this very goroutine (runtime.Goexit), and its callers must be answered all the same.
	err := unavailable(errors.New("the writer ended within the batch"))
	ran := len(batch)
	defer func() {
		e.q.putBack(batch[ran:])
		e.answer(batch[:ran], err)
	}()
	ran, err = e.commit(batch)
	return true
}

func (e *engine) answer(batch []*request, batchErr error) {
	e.broken = batchErr != nil
	e.stats.ended(batchErr)
	if e.broken {
		batchErr = e.failed(batchErr)
	}
	for _, r := range batch {
		if r.err == nil {
			r.err = batchErr
		}
		e.tell(r)
	}
}

// tell answers one caller. A panic of its callback is its own affair.
func (e *engine) tell(r *request) {
	defer func() {
		if p := recover(); p != nil {
			e.log.Error("store callback panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	if r.done != nil {
		r.done(r.err)
	}
}

// commit runs the operations of a batch, in one transaction, until it is large enough. ran says how many it took on;
// with an error nothing of them is known to be stored.
func (e *engine) commit(batch []*request) (ran int, err error) {
	ran = len(batch)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the writer panicked: %v", p)
		}
		if err != nil {
			err = unavailable(err)
		}
	}()
	if err := e.open(); err != nil {
		return ran, err
	}
	if err := e.begin(); err != nil {
		return ran, err
	}
	tx := &Tx{View: View{h: e.h, blobs: e.blobs, now: e.now}}
	e.h.written = 0
	ran = 0
	for _, r := range batch {
		ran++
		if err := e.runOp(tx, r); err != nil {
			return ran, err
		}
		if e.h.written >= maxBatchBytes {
			break
		}
	}
	if err := e.fault("commit"); err != nil {
		return ran, err
	}
	began := time.Now()
	if _, err := e.h.exec("COMMIT"); err != nil {
		return ran, err
	}
	e.stats.committed(ran, time.Since(began))
	if err := e.fault("committed"); err != nil {
		return ran, err
	}
	e.count(tx.grown)
	e.recovered()
	return ran, nil
}

func (e *engine) begin() error {
	if err := e.fault("begin"); err != nil {
		return err
	}
	_, err := e.h.exec("BEGIN IMMEDIATE")
	return err
}

// runOp runs one operation so that its error takes back only what it did. The error of runOp itself is one of the
// transaction: SQLite has given it up, or the savepoint is gone.
func (e *engine) runOp(tx *Tx, r *request) error {
	if _, err := e.h.exec("SAVEPOINT op"); err != nil {
		return err
	}
	if r.err = e.protect(tx, r.op); r.err != nil {
		if _, err := e.h.exec("ROLLBACK TO op"); err != nil {
			return errors.Join(r.err, err)
		}
	}
	_, err := e.h.exec("RELEASE op")
	return err
}

// protect turns a panic of an operation into its error.
func (e *engine) protect(tx *Tx, op Op) (err error) {
	defer func() {
		if p := recover(); p != nil {
			e.log.Error("store operation panicked", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("store operation panicked: %v", p)
		}
	}()
	if err := e.fault("op"); err != nil {
		return err
	}
	return op(tx)
}

func (e *engine) open() error {
	if e.h != nil {
		return nil
	}
	if err := e.fault("open"); err != nil {
		return err
	}
	h, err := newHandle(e.db, e.path)
	if err != nil {
		return err
	}
	e.h = h
	return nil
}

// discard closes the connection, and with it rolls back what is open; the next batch opens a new one.
func (e *engine) discard() {
	if e.h != nil {
		e.h.discard()
		e.h = nil
	}
}

// failed books a batch that could not be committed, and returns what its callers are told.
func (e *engine) failed(err error) error {
	if why := obstacle(filepath.Dir(e.path), err); why != nil {
		e.obstructed(why, err)
		e.discard()
		return unavailable(why)
	}
	e.log.Error("store batch failed", "err", err)
	e.discard()
	now := time.Now()
	recent := e.failures[:0]
	for _, t := range e.failures {
		if now.Sub(t) < fatalWindow {
			recent = append(recent, t)
		}
	}
	e.failures = append(recent, now)
	if len(e.failures) >= fatalFailures {
		e.failures = nil
		e.onFatal(fmt.Errorf("store failed %d times within %v: %w", fatalFailures, fatalWindow, err))
	}
	return err
}

// count asks for a sweep when the swept tables have grown by a good deal since the last time.
func (e *engine) count(rows int) {
	e.grown += rows
	if e.grown >= sweepEvery {
		e.grown = 0
		e.onGrown()
	}
}
