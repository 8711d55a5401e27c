package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// pendingLimit is how many bytes of log lines may wait for a console or disk that does not take them.
const pendingLimit = 256 << 10

// lineWriter writes lines from a goroutine of its own: nobody who logs ever waits for a full pipe or a slow disk.
// Lines beyond the limit are dropped and counted. Each Write must be whole lines.
type lineWriter struct {
	w io.Writer

	mu      sync.Mutex // guards the fields below
	wake    *sync.Cond
	pending []byte
	dropped int
	closed  bool
	done    chan struct{}
}

func newLineWriter(w io.Writer) *lineWriter {
	l := &lineWriter{w: w, done: make(chan struct{})}
	l.wake = sync.NewCond(&l.mu)
	go l.loop()
	return l
}

func (l *lineWriter) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
	case len(l.pending)+len(line) > pendingLimit:
		l.dropped++
	default:
		l.pending = append(l.pending, line...)
		l.wake.Signal()
	}
	return len(line), nil
}

func (l *lineWriter) loop() {
	defer close(l.done)
	var batch []byte
	for {
		l.mu.Lock()
		for len(l.pending) == 0 && !l.closed {
			l.wake.Wait()
		}
		if len(l.pending) == 0 {
			l.mu.Unlock()
			return
		}
		batch, l.pending = l.pending, batch[:0]
		if l.dropped > 0 {
			batch = fmt.Appendf(batch, `{"level":"warn","message":"log lines dropped: the output does not keep up","lines":%d}`+"\n", l.dropped)
			l.dropped = 0
		}
		l.mu.Unlock()
		_, _ = l.w.Write(batch) // there is no place left to report it to
	}
}

// Close writes what is pending, for a second at most, and ends the goroutine once its last write returns.
func (l *lineWriter) Close() {
	l.mu.Lock()
	l.closed = true
	l.wake.Signal()
	l.mu.Unlock()
	select {
	case <-l.done:
	case <-time.After(time.Second):
	}
}
