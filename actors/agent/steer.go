package agent

import (
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// ModeSteered is the queue mode of a waiting message that a run in progress has taken.
const ModeSteered = "steered"

// steering is where messages wait that the runner may take. Whether it has taken one is decided under the lock, so that
// no message is both taken and left over when the runner ends.
type steering struct {
	ready chan struct{}
	took  func() // tells the actor; never blocks

	mu      sync.Mutex // guards the following fields
	known   map[string]bool
	offered []Steer
	taken   []Steer
	foreign bool // one of these comes from a messaging surface
	others  bool // one of those is not from an owner who wrote the message of the turn, too
	lowly   bool // one of those is not elevated
	job     Job  // of the turn
	closed  bool
}

func newSteering(job Job, took func()) *steering {
	return &steering{ready: make(chan struct{}, 1), took: took, known: map[string]bool{}, job: job}
}

func (s *steering) offer(m Steer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.known[m.Job.ID] {
		return
	}
	s.known[m.Job.ID] = true
	s.offered = append(s.offered, m)
	select {
	case s.ready <- struct{}{}:
	default: // it has been told
	}
}

func (s *steering) Ready() <-chan struct{} { return s.ready }

func (s *steering) Take() (said []Said) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.offered) == 0 {
		return nil
	}
	for _, m := range s.offered {
		r := m.Job.Request
		if r.Plain == "" {
			r.Plain = r.Message
		}
		said = append(said, Said{Message: r.Message, Plain: r.Plain, Operator: r.Operator})
		s.count(m.Job)
	}
	s.taken, s.offered = append(s.taken, s.offered...), nil
	s.took()
	return said
}

// close ends the taking.
func (s *steering) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// count notes what a message that was taken takes away.
func (s *steering) count(j Job) {
	if j.Request.Operator {
		return
	}
	s.foreign = true
	s.others = s.others || !j.Request.Owner || !SameSender(j, s.job)
	s.lowly = s.lowly || !j.Request.Elevated
}

// SameSender tells whether one person wrote both, by the same way.
func SameSender(a, b Job) bool {
	return a.Route != nil && b.Route != nil && a.Route.Account == b.Route.Account && a.Request.Sender == b.Request.Sender
}

// limit takes rights from a job that has taken messages of people with less: what is left is what all of them have.
func (s *steering) limit(j Job) Job {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &j.Request
	r.Operator, r.Owner, r.Elevated = r.Operator && !s.foreign, r.Owner && !s.others, r.Elevated && !s.lowly
	r.Foreign = r.Foreign || s.foreign && !r.Owner
	return j
}

// ours are the messages that the end of this run ends.
func (s *steering) ours() (taken []Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.taken {
		if !m.Keep {
			taken = append(taken, m.Job)
		}
	}
	return taken
}

// noteTaken writes down at once what the runner has been told: the transcript shows it, and the messages count no longer
// among those that wait. It is not the end of their runs: should this one not end well, they have turns of their own.
func (r *run) noteTaken() {
	at := time.Now().UnixMilli()
	for _, j := range r.steering.ours() {
		r.o.Commit(func(tx *store.Tx) error {
			waits, err := tx.SetMode(j.ID, ModeSteered)
			if err != nil || !waits {
				return err
			}
			return r.appendSteered(tx, j, at)
		}, func(err error) { // the end of the run makes up for an error
			if err == nil {
				r.o.Stream.Run(eventstream.PublishRun{
					RunID: r.o.Job.EventRunID, SessionKey: r.o.Job.SessionKey, Stream: wire.StreamSteer,
				}, wire.SteerData{RunID: j.chatRunID()}, nil)
			}
		})
	}
}

// appendSteered puts what a person said into the transcript of this run. It happens once per message.
func (r *run) appendSteered(tx *store.Tx, j Job, at int64) error {
	return tx.AppendLine(store.Line{SessionID: r.o.Job.SessionID, RunID: j.ID, Role: "user", Message: UserLine(j, at), At: at})
}

// endSteered adds to the commit of a good end that of the messages that the runner has taken.
func (r *run) endSteered(end store.Op) store.Op {
	if r.steering == nil || r.end.state != Done {
		return end
	}
	taken, at := r.steering.ours(), r.end.at
	return func(tx *store.Tx) error {
		for _, j := range taken {
			ended, err := tx.EndRun(j.ID, string(Done), "steered into "+r.o.Job.ID, at)
			if err != nil {
				return err
			}
			if ended {
				if err := r.appendSteered(tx, j, at); err != nil {
					return err
				}
				if j.IdemKey != "" {
					if err := tx.Settle(j.IdemScope, j.IdemKey, Outcome(j, Done, "", nil)); err != nil {
						return err
					}
				}
			}
		}
		return end(tx)
	}
}
