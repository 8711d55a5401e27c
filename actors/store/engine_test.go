package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var errTest = errors.New("test error")

// holdWriter keeps the writer busy within an operation until release is called, so that what is committed meanwhile
// is one batch.
func holdWriter(t testing.TB, s *Store) (release func()) {
	t.Helper()
	running, gate := make(chan struct{}), make(chan struct{})
	s.Commit(func(*Tx) error {
		close(running)
		<-gate
		return nil
	}, nil)
	<-running
	return sync.OnceFunc(func() { close(gate) })
}

// outcomes collects the answers of Commit and how often each caller got one.
type outcomes struct {
	mu   sync.Mutex
	errs map[string][]error
	wg   sync.WaitGroup
}

func (o *outcomes) commit(s *Store, name string, op Op) {
	o.wg.Add(1)
	s.Commit(op, func(err error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.errs == nil {
			o.errs = make(map[string][]error)
		}
		o.errs[name] = append(o.errs[name], err)
		if len(o.errs[name]) == 1 {
			o.wg.Done()
		}
	})
}

// wait waits until every caller has an answer and returns the first ones.
func (o *outcomes) wait(t testing.TB) map[string]error {
	t.Helper()
	o.wg.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	first := make(map[string]error, len(o.errs))
	for name, errs := range o.errs {
		if len(errs) != 1 {
			t.Errorf("%s was answered %d times", name, len(errs))
		}
		first[name] = errs[0]
	}
	return first
}

func TestBatch_failingOpTakesBackOnlyItself(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	release := holdWriter(t, s)
	var o outcomes
	o.commit(s, "a", kvPut("a"))
	o.commit(s, "error", func(tx *Tx) error {
		return firstError(tx.Put("test", "error", nil), errTest)
	})
	o.commit(s, "panic", func(tx *Tx) error {
		if err := tx.Put("test", "panic", nil); err != nil {
			return err
		}
		panic("op")
	})
	o.commit(s, "sql", func(tx *Tx) error {
		if err := tx.Put("test", "sql", nil); err != nil {
			return err
		}
		_, err := tx.h.exec("INSERT INTO inbox (account) VALUES (NULL)")
		return err
	})
	o.commit(s, "b", kvPut("b"))
	before := s.Stats()
	release()
	errs := o.wait(t)
	if got := s.Stats(); got.Commits-before.Commits > 2 {
		t.Errorf("%d commits, want the held one and one batch", got.Commits-before.Commits)
	}
	wantErr(t, errs["error"], errTest)
	for _, name := range []string{"panic", "sql"} {
		if errs[name] == nil || errors.Is(errs[name], ErrUnavailable) {
			t.Errorf("%s: error is %v", name, errs[name])
		}
	}
	for _, name := range []string{"a", "b", "error", "panic", "sql"} {
		want := name == "a" || name == "b"
		if want != (errs[name] == nil) || want != hasKey(t, s, name) {
			t.Errorf("%s: error %v, stored %v", name, errs[name], hasKey(t, s, name))
		}
	}
}

func TestBatch_manyOpsShareOneSync(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	before := s.Stats()
	release := holdWriter(t, s)
	var o outcomes
	for i := range 1000 {
		o.commit(s, fmt.Sprint(i), kvPut(fmt.Sprint(i)))
	}
	if d := s.Stats().QueueDepth; d != 1000 {
		t.Errorf("queue depth is %d", d)
	}
	release()
	for name, err := range o.wait(t) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	after := s.Stats()
	if ops, commits := after.Ops-before.Ops, after.Commits-before.Commits; ops != 1001 || commits != 5 { // 1 + 256 + 256 + 256 + 232
		t.Errorf("%d operations in %d commits", ops, commits)
	}
	if after.LastSync <= 0 || after.MedianSync <= 0 || after.QueueDepth != 0 {
		t.Errorf("stats: %+v", after)
	}
}

func TestBatch_endsAtItsSizeLimit(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	release := holdWriter(t, s)
	before := s.Stats()
	big := make([]byte, maxBatchBytes/4)
	var o outcomes
	for i := range 10 {
		key := fmt.Sprint(i)
		o.commit(s, key, func(tx *Tx) error { return tx.Put("test", key, big) })
	}
	release()
	o.wait(t)
	if commits := s.Stats().Commits - before.Commits; commits != 4 { // the held one, 4 + 4 + 2
		t.Errorf("%d commits", commits)
	}
	for i := range 10 {
		if !hasKey(t, s, fmt.Sprint(i)) {
			t.Errorf("operation %d is gone", i)
		}
	}
}

func TestBatch_keepsOrder(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	var ops, dones []int // both on the writer's goroutine
	end := make(chan struct{})
	for i := range 700 {
		s.Commit(func(*Tx) error { ops = append(ops, i); return nil }, func(error) {
			if dones = append(dones, i); i == 699 {
				close(end)
			}
		})
	}
	<-end
	for i := range 700 {
		if ops[i] != i || dones[i] != i {
			t.Fatalf("at %d: operation %d, answer %d", i, ops[i], dones[i])
		}
	}
}

// failAt makes a stage fail while it is on.
type failAt struct {
	stage string
	on    atomic.Bool
}

func (f *failAt) fault(stage string) error {
	if f.on.Load() && stage == f.stage {
		return errTest
	}
	return nil
}

func TestBatch_failureAnswersAllAndPasses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stage  string
		stored bool
	}{{"begin", false}, {"commit", false}, {"committed", true}} {
		t.Run(c.stage, func(t *testing.T) {
			t.Parallel()
			f := &failAt{stage: c.stage}
			s := startStore(t, Options{Fault: f.fault, OnFatal: func(err error) { t.Errorf("fatal: %v", err) }})
			release := holdWriter(t, s)
			f.on.Store(true) // the held batch may fail too
			var o outcomes
			o.commit(s, "a", kvPut("a"))
			o.commit(s, "b", func(tx *Tx) error { return firstError(kvPut("b")(tx), errTest) })
			release()
			errs := o.wait(t)
			f.on.Store(false)
			wantErr(t, errs["a"], ErrUnavailable)
			wantErr(t, errs["a"], errTest)
			wantErr(t, errs["b"], errTest)
			if a, b := hasKey(t, s, "a"), hasKey(t, s, "b"); a != c.stored || b {
				t.Errorf("a is stored: %v, b: %v", a, b)
			}
			write(t, s, kvPut("later")) // on a new connection
		})
	}
}

func TestBatch_threeFailuresAreFatal(t *testing.T) {
	t.Parallel()
	f := &failAt{stage: "open"}
	f.on.Store(true)
	fatal := make(chan error, 10)
	s := startStore(t, Options{Fault: f.fault, OnFatal: func(err error) { fatal <- err }})
	for i := range 3 {
		if len(fatal) > 0 {
			t.Fatalf("fatal after %d failures", i)
		}
		wantErr(t, s.Do(t.Context(), kvPut("a")), ErrUnavailable)
	}
	err := <-fatal
	wantErr(t, err, errTest)
	f.on.Store(false)
	write(t, s, kvPut("a")) // it still tries, should nobody end the process
}

func TestBatch_lostTransactionFailsTheBatch(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	release := holdWriter(t, s)
	var o outcomes
	o.commit(s, "a", kvPut("a"))
	// As SQLite does by itself when the disk is full.
	o.commit(s, "b", func(tx *Tx) error { _, err := tx.h.exec("ROLLBACK"); return err })
	o.commit(s, "c", kvPut("c"))
	release()
	errs := o.wait(t)
	wantErr(t, errs["a"], ErrUnavailable)
	wantErr(t, errs["b"], ErrUnavailable)
	if errs["c"] != nil || hasKey(t, s, "a") || !hasKey(t, s, "c") {
		t.Errorf("c: %v, a stored %v, c stored %v", errs["c"], hasKey(t, s, "a"), hasKey(t, s, "c"))
	}
}

func TestBatch_opThatEndsTheGoroutine(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	var o outcomes
	o.commit(s, "exit", func(*Tx) error { runtime.Goexit(); return nil })
	wantErr(t, o.wait(t)["exit"], ErrUnavailable)
	write(t, s, kvPut("later"))
}

func TestCallback_panicHurtsNobody(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	release := holdWriter(t, s)
	s.Commit(kvPut("a"), func(error) { panic("done") })
	var o outcomes
	o.commit(s, "b", kvPut("b"))
	release()
	if err := o.wait(t)["b"]; err != nil {
		t.Fatal(err)
	}
}

func TestDo_withdrawsWhatHasNotBegun(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	release := holdWriter(t, s)
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan error, 1)
	go func() { got <- s.Do(ctx, kvPut("withdrawn")) }()
	for s.Stats().QueueDepth == 0 {
		runtime.Gosched()
	}
	cancel()
	wantErr(t, <-got, context.Canceled)
	release()
	write(t, s, kvPut("later"))
	if hasKey(t, s, "withdrawn") {
		t.Error("a withdrawn operation ran")
	}
	wantErr(t, s.Do(ctx, kvPut("dead")), context.Canceled)
}

func TestDo_knowsTheOutcomeOfWhatHasBegun(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Do(ctx, func(tx *Tx) error {
		cancel()
		return kvPut("begun")(tx)
	})
	if err != nil || !hasKey(t, s, "begun") {
		t.Errorf("error %v", err)
	}
}

func TestQueue_refusesWhenFull(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	release := holdWriter(t, s)
	var last error
	nop := func(*Tx) error { return nil }
	var wg sync.WaitGroup
	wg.Add(maxQueued)
	for range maxQueued {
		s.Commit(nop, func(error) { wg.Done() })
	}
	s.Commit(nop, func(err error) { last = err }) // at once, on this goroutine
	wantErr(t, last, ErrUnavailable)
	release()
	wg.Wait()
}

func TestView_seesOneMoment(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	read(t, s, func(v *View) error {
		_, before, err1 := v.Get("test", "a")
		write(t, s, kvPut("a"))
		_, after, err2 := v.Get("test", "a")
		if before || after {
			t.Error("a view saw a write that came after it began")
		}
		return firstError(err1, err2)
	})
	if !hasKey(t, s, "a") {
		t.Error("a later view does not see the write")
	}
}

func TestView_poolIsBoundedAndOutlivesErrors(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	for range 2 * readConns {
		wantErr(t, s.View(t.Context(), func(*View) error { return errTest }), errTest)
		func() {
			defer func() { _ = recover() }()
			_ = s.View(t.Context(), func(*View) error { panic("view") })
		}()
	}
	var wg sync.WaitGroup
	gate, inside := make(chan struct{}), make(chan struct{}, readConns)
	for range readConns {
		wg.Go(func() {
			_ = s.View(t.Context(), func(*View) error { inside <- struct{}{}; <-gate; return nil })
		})
	}
	for range readConns {
		<-inside
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	wantErr(t, s.View(ctx, func(*View) error { return nil }), context.DeadlineExceeded)
	close(gate)
	wg.Wait()
	if err := s.View(t.Context(), func(v *View) error { _, err := v.h.exec("DELETE FROM kv"); return err }); err == nil || !strings.Contains(err.Error(), "readonly") {
		t.Errorf("a write through a view: %v", err)
	}
}
