package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/file"
)

// Options say where the state is.
type Options struct {
	Dir string       // state directory; made when missing
	Log *slog.Logger // nil = no log
	Now func() time.Time

	// OnFatal is called when the store cannot go on: three failures within a minute. The process should end with
	// an error. It must not block. Nil = nothing happens.
	OnFatal func(error)

	// Fault is for tests: it is called at the stages migrate, open, begin, op, commit and committed, and what it returns
	// happens there. "committed" is after the sync and before the callers hear of it.
	Fault func(stage string) error
}

func (o Options) withDefaults() (Options, error) {
	if o.Dir == "" {
		return o, errors.New("store: Options.Dir is empty")
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return o, fmt.Errorf("store: state directory: %w", err)
	}
	o.Dir = dir
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.OnFatal == nil {
		o.OnFatal = func(error) {}
	}
	if o.Fault == nil {
		o.Fault = func(string) error { return nil }
	}
	return o, nil
}

// Store is the durable state of one gateway.
type Store struct {
	opts    Options
	lock    *dirLock
	blobs   *blobs
	engine  *engine
	readers *readers
	maxKeys int // most idempotency keys that a sweep leaves

	mu      sync.Mutex // guards the following fields
	ref     actors.Ref[Message]
	stopped chan struct{}            // closed when the writer is gone and the queue is drained; nil = never started
	fences  map[string]*atomic.Int64 // by side database: the token in force

	close    sync.Once
	closeErr error
}

// Op changes the database. It runs once, on the writer's goroutine, and must not block: other callers wait in the same
// batch. Its error, or its panic, takes back what it did and nothing else.
type Op func(tx *Tx) error

// Open takes the lock on the state directory and opens the database in it, which it migrates when it is older. The
// error may be a *LockedError, *CorruptError, *VersionError or *MigrationError. View works from here on, Commit after Start.
func Open(o Options) (_ *Store, err error) {
	o, err = o.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := privateDir(o.Dir); err != nil {
		return nil, err
	}
	s := &Store{opts: o, maxKeys: maxKeys, blobs: &blobs{dir: filepath.Join(o.Dir, "blobs"), log: o.Log}}
	if s.lock, err = acquireLock(filepath.Join(o.Dir, "gateway.lock"), o.Now()); err != nil {
		return nil, err
	}
	if err := s.openDatabase(); err != nil {
		return nil, errors.Join(err, s.lock.release())
	}
	return s, nil
}

func (s *Store) openDatabase() error {
	path := filepath.Join(s.opts.Dir, "gateway.db")
	if err := prepareDatabaseFile(path); err != nil {
		return err
	}
	if err := privateDir(s.blobs.dir); err != nil {
		return err
	}
	if err := file.SyncDir(s.opts.Dir); err != nil { // a commit is worth nothing in a file whose name is lost
		return err
	}
	steps, err := embeddedSteps(migrationFiles)
	if err != nil {
		return err
	}
	db, err := openWriter(path)
	if err != nil {
		return err
	}
	m := &migrator{db: db, path: path, backups: filepath.Join(s.opts.Dir, "backups"), steps: steps,
		log: s.opts.Log, now: s.opts.Now, fault: s.opts.Fault}
	if err := m.run(context.Background()); err != nil {
		return errors.Join(err, db.Close())
	}
	reading, err := openReaders(path)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	s.readers = newReaders(reading, path)
	s.engine = s.newEngine(db, path)
	return nil
}

func (s *Store) newEngine(db *sql.DB, path string) *engine {
	return &engine{
		q:       &queue{wake: func() { s.tell(wake{}) }},
		db:      db,
		path:    path,
		blobs:   s.blobs,
		log:     s.opts.Log,
		now:     s.opts.Now,
		fault:   s.opts.Fault,
		onFatal: s.opts.OnFatal,
		onGrown: func() { s.tell(sweep{}) },
		stats:   &meter{},
	}
}

// SetLockInfo adds the address the gateway listens on to what a second start is told about us.
func (s *Store) SetLockInfo(addr string) error { return s.lock.setInfo(addr) }

// Start spawns the writer actor, named "store", under p. When that actor has stopped, what is queued is still
// committed, and later operations fail with ErrUnavailable.
func (s *Store) Start(p actors.Parent) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped != nil {
		return errors.New("store: started twice")
	}
	ref, err := spawnWriter(p, s)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	s.ref = ref
	s.stopped = make(chan struct{})
	go func(stopped chan struct{}) {
		<-ref.Done()
		s.engine.drain(errClosed)
		close(stopped)
	}(s.stopped)
	return nil
}

// tell posts a message to the writer, unless there is none (yet): then its Start looks at the queue first.
func (s *Store) tell(m Message) {
	s.mu.Lock()
	ref := s.ref
	s.mu.Unlock()
	// An error means that the writer has stopped; the goroutine of Start takes the queue over.
	_ = ref.Tell(m)
}

// Commit queues op for the next batch. It never blocks. done runs exactly once, on the writer's goroutine (on the caller's
// when op cannot be queued), with the error of op, an error that wraps ErrUnavailable, or nil: op is durable. It must
// only Tell. It may be nil.
func (s *Store) Commit(op Op, done func(error)) {
	r := &request{op: op, done: done}
	if err := s.engine.q.push(r); err != nil {
		r.err = err
		s.engine.tell(r)
	}
}

// Do is Commit for goroutines: it waits. When ctx ends before op has begun, op will never run; once op has begun, Do
// waits for the outcome all the same, so that its caller always knows it.
func (s *Store) Do(ctx context.Context, op Op) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	outcome := make(chan error, 1)
	r := &request{op: op, done: func(err error) { outcome <- err }}
	if err := s.engine.q.push(r); err != nil {
		return err
	}
	select {
	case err := <-outcome:
		return err
	case <-ctx.Done():
		if r.take() {
			return ctx.Err()
		}
		return <-outcome
	}
}

// View runs f within a read-only transaction: it sees one moment of the database, with all that was durable when it
// began. It waits for one of four connections and never for the writer. For goroutines.
func (s *Store) View(ctx context.Context, f func(v *View) error) error {
	return s.readers.use(ctx, func(h *handle) error {
		return f(&View{h: h, blobs: s.blobs, now: s.opts.Now})
	})
}

// Close stops the writer, commits what is queued, closes the database and gives the lock back.
func (s *Store) Close() error {
	s.close.Do(func() {
		s.mu.Lock()
		ref, stopped := s.ref, s.stopped
		s.mu.Unlock()
		if stopped != nil {
			ref.Stop()
			<-stopped
		} else {
			s.engine.drain(errClosed)
		}
		s.closeErr = errors.Join(s.readers.shut(), s.engine.db.Close(), s.lock.release())
	})
	return s.closeErr
}
