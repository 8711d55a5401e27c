package store

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Stats is what the writer has done so far. Ops / Commits is how many operations shared one sync.
type Stats struct {
	Commits, Ops         uint64
	LastSync, MedianSync time.Duration // of COMMIT, the sync included; the median is of the last 64
	WALBytes             int64         // in the write-ahead log at the last commit
	QueueDepth           int           // operations that wait
	Failures             uint64        // batches that could not be committed
	Problem              string        // why the last batch could not; "" = it was, or there was none
}

// meter counts commits.
type meter struct {
	walFrames atomic.Int64

	mu           sync.Mutex // guards the following fields
	commits, ops uint64
	syncs        [64]time.Duration // ring
	failures     uint64
	problem      string
}

// ended notes how a batch ended.
func (m *meter) ended(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.problem = ""
	if err != nil {
		m.failures++
		m.problem = err.Error()
	}
}

func (m *meter) committed(ops int, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.syncs[m.commits%uint64(len(m.syncs))] = took
	m.commits++
	m.ops += uint64(ops)
}

func (m *meter) read() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	st := Stats{Commits: m.commits, Ops: m.ops, WALBytes: m.walFrames.Load() * pageSize, Failures: m.failures, Problem: m.problem}
	if n := min(m.commits, uint64(len(m.syncs))); n > 0 {
		st.LastSync = m.syncs[(m.commits-1)%uint64(len(m.syncs))]
		recent := slices.Clone(m.syncs[:n])
		slices.Sort(recent)
		st.MedianSync = recent[n/2]
	}
	return st
}

// Stats reads the counters of the writer. It may be called from any goroutine.
func (s *Store) Stats() Stats {
	st := s.engine.stats.read()
	st.QueueDepth = s.engine.q.depth()
	return st
}
