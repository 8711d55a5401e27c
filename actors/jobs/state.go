package jobs

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// State is the table of jobs. It outlives the actor and is safe for concurrent use.
type State struct {
	mu     sync.Mutex
	jobs   map[string]*Job
	claims [512]string // names that were used lately
	next   int         // where the next one goes
	limit  int         // of what runs at a time in one session
	closed bool        // nothing is started any more
	reaped bool        // what the last gateway left has been looked for
}

// NewState is an empty table.
func NewState() *State { return &State{jobs: map[string]*Job{}, limit: MaxSession} }

// claim takes a name, once.
func (s *State) claim(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id == "" || s.jobs[id] != nil || slices.Contains(s.claims[:], id) {
		return false
	}
	s.claims[s.next], s.next = id, (s.next+1)%len(s.claims)
	return true
}

func (s *State) put(j *Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs[j.ID] = j
	if s.closed {
		go j.Kill(Stopped)
	}
}

// Of are the jobs of a session, the latest first.
func (s *State) Of(session string) []*Job {
	return s.which(func(j *Job) bool { return j.Spec.Session == session })
}

// Find is a job of a session.
func (s *State) Find(session, id string) (*Job, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j, ok := s.jobs[id]
	return j, ok && j.Spec.Session == session
}

// Forget takes a job that has ended out of the table, and says whether it did.
func (s *State) Forget(j *Job) bool {
	if j.Info().Running {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.jobs, j.ID)
	return true
}

// EndSession ends the jobs of a session.
func (s *State) EndSession(session string) {
	for _, j := range s.Of(session) {
		j.Kill(Killed)
	}
}

func (s *State) which(is func(*Job) bool) (all []*Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if is(j) {
			all = append(all, j)
		}
	}
	slices.SortFunc(all, func(a, b *Job) int { return cmp.Or(b.Began.Compare(a.Began), cmp.Compare(a.ID, b.ID)) })
	return all
}

func (s *State) running() []*Job { return s.which(func(j *Job) bool { return j.Info().Running }) }

// sweep forgets jobs that have ended before a time, and the oldest of those that are too many. It says when the next one is due.
func (s *State) sweep(keep time.Duration, now time.Time) (next time.Duration, more bool) {
	over := s.which(func(j *Job) bool { return !j.Info().Running })
	slices.SortFunc(over, func(a, b *Job) int { return b.Info().Ended.Compare(a.Info().Ended) })
	for i, j := range over {
		left := keep - now.Sub(j.Info().Ended)
		if left <= 0 || i >= maxEnded {
			s.Forget(j)
			continue
		}
		next, more = left, true // the last one is the oldest
	}
	return next, more
}
